"""Artifacts are opened in a process of their own, which they may kill, and nothing else."""

import errno
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from written_stores import metrics

import assets
from assets.engine.errors import TransientError
from assets.inputs.artifacts import reading
from assets.inputs.artifacts import worker as worker_process
from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.reading import Outcome, WorkerPool
from assets.inputs.quarantine import Quarantine

PATH = "metrics/metrics_run.pickle"
LIMITS = Limits(memory_bytes=2**30, seconds=1)
WORK = Assignment("run", PATH, limits=LIMITS)
RISKS = np.array([[0.25, 0.5], [0.75, 0.75]])
GOOD = pickle.dumps(metrics(["a", "b"], np.array([0, 1]), RISKS))
EXPECTED = Predictions(["a", "b"], [0, 1], [0.375, 0.75], [0.125 * 2**0.5, 0.0], 2, RISKS.tobytes())


def nested(times: int) -> tuple[object, ...]:
    """A tuple that holds the next smaller one twice: small to write, endless to hash."""
    value: tuple[object, ...] = ()
    for _ in range(times):
        value = (value, value)
    return value


def with_key(written: bytes) -> bytes:
    """A pickle of a dict whose only key is the value that `written` puts on the stack."""
    return b"\x80\x04}" + written + b"Ns."


HANGING = with_key(pickle.dumps(nested(60), protocol=4)[11:-1])
CRASHING = with_key(b")" + b"\x85" * 500_000)  # a tuple in a tuple ...: hashing it exhausts C's stack
GREEDY = b"\x80\x05\x96" + (3 * 2**30).to_bytes(8, "little") + b"."  # announces a bytearray of 3 GiB


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    opened = WorkerPool()
    yield opened
    opened.close()


def read(pool: WorkerPool, data: bytes, path: str = PATH) -> Predictions | Quarantine:
    return pool.read(Assignment("run", path, limits=LIMITS), data).found


def worker(pool: WorkerPool) -> reading._Worker:
    """The one worker that waits."""
    (waiting,) = pool._idle
    return waiting


def test_a_good_artifact_between_bad_ones_comes_through(pool: WorkerPool) -> None:
    found = [read(pool, data) for data in (CRASHING, GOOD, GREEDY, GOOD, HANGING, GOOD)]
    assert found == [
        Quarantine("unpickle", PATH, "ends the process that reads it (SIGSEGV)"),
        EXPECTED,
        Quarantine("unpickle", PATH, "needs more memory than the limit"),
        EXPECTED,
        Quarantine("unpickle", PATH, "takes longer than 1 s to read"),
        EXPECTED,
    ]


def test_the_bytes_have_their_sha256_whatever_becomes_of_them(pool: WorkerPool) -> None:
    for data in (GOOD, CRASHING, GREEDY, HANGING):
        assert pool.read(WORK, data).sha256 == sha256(data).hexdigest()


def test_an_artifact_is_not_blamed_for_a_worker_that_died_before(pool: WorkerPool) -> None:
    assert read(pool, GOOD) == EXPECTED
    os.kill(worker(pool).process.pid, signal.SIGKILL)
    assert read(pool, GOOD) == EXPECTED


def test_an_artifact_is_not_blamed_for_a_worker_that_dies_while_it_is_asked(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(pool, GOOD)
    monkeypatch.setattr(reading._Worker, "ended", False)
    os.kill(worker(pool).process.pid, signal.SIGKILL)
    assert read(pool, GOOD) == EXPECTED


def test_the_first_artifact_of_all_is_not_blamed_for_a_kernel_short_of_memory(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, start = [], reading._Worker.__init__

    def dying(one: reading._Worker) -> None:
        start(one)
        if not started:
            one.process.kill()
        started.append(one)

    monkeypatch.setattr(reading._Worker, "__init__", dying)
    assert read(pool, GOOD) == EXPECTED
    assert len(started) == 2


def test_one_worker_serves_many_artifacts_and_ends_with_its_pool(pool: WorkerPool) -> None:
    read(pool, GOOD)
    first = worker(pool)
    read(pool, b"")
    assert worker(pool) is first
    pool.close()
    assert first.process.returncode is not None


def test_at_most_so_many_artifacts_are_read_at_a_time_as_there_are_jobs(pool: WorkerPool) -> None:
    threads = [threading.Thread(target=pool.read, args=(WORK, GOOD), kwargs={"jobs": 2}) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(pool._idle) <= 2


def test_a_worker_that_cannot_start_is_a_fault_of_ours_and_not_of_the_artifact(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="did not start"):
        read(pool, GOOD)


def test_a_worker_that_is_stopped_is_given_up_when_time_is_over(pool: WorkerPool) -> None:
    read(pool, GOOD)
    os.kill(worker(pool).process.pid, signal.SIGSTOP)
    assert read(pool, GOOD) == Quarantine("unpickle", PATH, "takes longer than 1 s to read")


def test_bytes_that_a_stopped_worker_does_not_take_are_given_up(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAUSE_SECONDS", 1)
    read(pool, GOOD)
    os.kill(worker(pool).process.pid, signal.SIGSTOP)
    found = read(pool, bytes(2**24))  # a fresh worker takes them
    assert found == Quarantine("unpickle", PATH, "cannot be read (UnpicklingError)")


def test_a_process_that_does_not_end_is_not_waited_for(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FAREWELL_SECONDS", 0.05)
    read(pool, GOOD)
    asleep = worker(pool)
    monkeypatch.setattr(asleep.process, "kill", lambda: None)  # as one that sleeps in the kernel takes it
    os.kill(asleep.process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, asleep.process.pid, os.WSTOPPED)
    pool.close()
    assert asleep.process.returncode is None
    os.kill(asleep.process.pid, signal.SIGKILL)
    asleep.process.wait()


def test_a_disk_that_fails_in_passing_is_no_fault_of_the_artifact(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(worker_process, "open_regular", failing)
    monkeypatch.setattr(reading._Worker, "ended", False)
    read(pool, GOOD)
    waiting = worker(pool)
    ours, theirs = reading._connections()
    worker_process.serve(theirs, replace(WORK, places=("/",)), b"")
    waiting.connection = ours
    with pytest.raises(TransientError, match=f"{PATH}: Input/output error"):
        read(pool, b"")
    assert worker(pool) is waiting


def test_an_artifact_of_unknown_kind_is_named(pool: WorkerPool) -> None:
    found = read(pool, b"", "model/model.joblib")
    assert isinstance(found, Quarantine)
    assert (found.stage, found.field) == ("artifact", "model/model.joblib")
    assert ".parquet" in found.reason


def test_refits_that_are_not_wanted_do_not_travel(pool: WorkerPool) -> None:
    outcome = pool.read(Assignment("run", PATH, keep_refits=False), GOOD)
    assert isinstance(outcome.found, Predictions)
    assert (outcome.found.n_bootstrap, outcome.found.packed_refits) == (2, b"")
    assert outcome == Outcome(outcome.sha256, outcome.found)


def test_an_answer_is_no_larger_than_an_artifact_may_be(pool: WorkerPool) -> None:
    shared = np.broadcast_to(np.float64(0.5), (1000, 1000))
    codes = [str(number) for number in range(1000)]
    large = pickle.dumps(metrics(codes, np.arange(1000) % 2, shared))
    small = Assignment("run", PATH, limits=Limits(max_bytes=7 * 2**20))
    assert pool.read(small, large).found == Quarantine(
        "validate", PATH, "holds 1000 subjects x 1000 refits, which is more than `max_artifact_mb` allows"
    )


def test_the_worker_imports_neither_pandas_nor_pyarrow_nor_mlflow() -> None:
    heavy = "{'pandas', 'pyarrow', 'mlflow', 'prefect'}"
    code = f"import sys, assets.inputs.artifacts.worker; print(sorted({heavy} & set(sys.modules)))"
    root = Path(assets.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
