"""No worker outlives the process that reads, however that ends; and it knows nothing that it need not know."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socketpair

import pytest

import assets

ROOT = Path(assets.__file__).parents[1]
PATIENCE = 30

READING = """
import sys
from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.reading import POOL
from test_inputs_reading import GOOD, HANGING
work = Assignment("run", "metrics.pickle", limits=Limits(seconds=600))
POOL.read(work, GOOD)
print(POOL._idle[-1].process.pid, flush=True)
"""
ENDS = {
    "at once": "",
    "by an error": "raise ValueError",
    "by an exit from a thread's midst": (
        "import os, threading\n"
        "threading.Thread(target=POOL.read, args=(work, HANGING), daemon=True).start()\nos._exit(3)"
    ),
}


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one that ended and whose end nobody asked for is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(condition: Callable[[], bool]) -> bool:
    """Wait for something that must come soon; tell whether it came."""
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def started(code: str) -> tuple[subprocess.Popen[str], int]:
    """A process that reads artifacts, and the id of its worker."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    process = subprocess.Popen(
        [sys.executable, "-c", READING + code],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("end", ENDS)
def test_no_worker_stays_when_the_process_ends(end: str) -> None:
    process, worker = started(ENDS[end])
    process.wait(PATIENCE)
    assert until(lambda: not is_alive(worker))


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_stays_when_the_process_is_killed_although_c_code_is_busy(kind: int) -> None:
    process, worker = started("POOL.read(work, HANGING)")
    before = cpu_seconds(worker)
    assert until(lambda: cpu_seconds(worker) > before + 0.1), "the worker is at work"
    process.send_signal(kind)
    process.wait(PATIENCE)
    assert until(lambda: not is_alive(worker))


def test_no_worker_stays_when_the_process_is_killed_while_it_waits() -> None:
    process, worker = started("import time; time.sleep(600)")
    process.kill()
    process.wait()
    assert until(lambda: not is_alive(worker))


def test_a_forked_process_neither_uses_nor_ends_the_workers_of_its_parent() -> None:
    forked = (
        "import os\n"
        "if os.fork() == 0:\n"
        "    POOL.read(work, GOOD); print(POOL._idle[-1].process.pid, flush=True); POOL.close(); os._exit(0)\n"
        "os.wait()\n"
        "before = POOL._idle[-1].process.pid; POOL.read(work, GOOD)\n"
        "print(before, POOL._idle[-1].process.pid, flush=True)"
    )
    process, worker = started(forked)
    assert process.stdout is not None
    of_child, of_parent = process.stdout.read().splitlines()
    assert of_child != str(worker)
    assert of_parent == f"{worker} {worker}"
    process.wait(PATIENCE)


def test_a_worker_that_is_asked_nothing_ends(tmp_path: Path) -> None:
    ours, theirs = socketpair()
    code = f"import assets.inputs.artifacts.worker as w; w.IDLE_SECONDS = 0.1; w.main({theirs.fileno()})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.PIPE
    )
    theirs.close()
    assert Connection(ours.detach()).recv_bytes() == b"ready"
    assert process.wait(PATIENCE) == 0


def test_a_worker_knows_no_credentials_and_no_folder_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "of-the-server")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-bucket")
    process, worker = started("import time; time.sleep(600)")
    known = Path(f"/proc/{worker}/environ").read_text()
    process.kill()
    process.wait()
    assert "of-the" not in known
    assert "PATH=" in known


def test_a_worker_writes_nowhere_and_leaves_no_core() -> None:
    process, worker = started("import time; time.sleep(600)")
    written = [str(Path(f"/proc/{worker}/fd/{number}").readlink()) for number in (1, 2)]
    limits = Path(f"/proc/{worker}/limits").read_text().splitlines()
    process.kill()
    process.wait()
    assert written == [os.devnull] * 2
    assert next(line for line in limits if "core" in line).split()[4:6] == ["0", "0"]


def printed(code: str) -> str:
    """What a program prints that has 1 GiB of address space and may not have more."""
    narrow = "import resource as r; r.setrlimit(r.RLIMIT_AS, (2**30, 2**30))\n"
    done = subprocess.run(
        [sys.executable, "-c", narrow + code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_machine_that_grants_too_little_memory_is_said_and_no_artifact_blamed() -> None:
    code = (
        "from assets.engine.errors import UserError\n"
        "from assets.inputs.artifacts.assignment import Assignment, Limits\nfrom assets.inputs.artifacts.reading import POOL\n"
        "try: POOL.read(Assignment('run', 'p.csv', limits=Limits(memory_bytes=2**31)), b'')\n"
        "except UserError as error: print(error)\n"
    )
    assert printed(code) == (
        "`ulimit -v` allows 1024 MiB, and reading an artifact may take 2048 MiB: "
        "raise it, or lower `max_artifact_mb`"
    )


def test_a_worker_is_bound_in_memory_and_wakes_when_nobody_keeps_its_time() -> None:
    code = (
        "import signal\nfrom assets.inputs.artifacts.assignment import Limits\nfrom assets.inputs.artifacts.worker import bind\n"
        "bind(Limits(memory_bytes=2**29, seconds=89.5)); print(r.getrlimit(r.RLIMIT_AS)[0], signal.alarm(0))"
    )
    assert printed(code) == f"{2**29} 100"
