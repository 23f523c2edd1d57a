"""Guardrails of a build: each is made to fire by the real thing."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assets.engine import guardrails, machine
from assets.engine.errors import UserError
from assets.engine.guardrails import Guard, GuardLimits
from assets.engine.watching import doing, narrowed

pytest_plugins = ["small_disks"]
MEGABYTE = 10**6
ALLOCATE = """
import sys
held = bytearray(int(sys.argv[1]))
held[::4096] = b"x" * len(held[::4096])
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def allocating(byte_count: int, *, below: str = "") -> Iterator[None]:
    """Run a process that holds so much memory; `below` a shell, if asked for: a grandchild."""
    command = [sys.executable, "-c", ALLOCATE, str(byte_count)]
    if below:
        command = [below, "-c", '"$@"; true', below, *command]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        yield
        process.communicate()


@contextmanager
def guarding(limits: GuardLimits, *folders: Path) -> Iterator[tuple[Guard, list[str]]]:
    told: list[str] = []
    with Guard(limits, told.append, folders=folders) as guard:
        yield guard, told


def await_that(condition: Callable[[], object]) -> None:
    """Wait for what must happen, however slow the machine."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("shell", ["", "sh"])
def test_memory_of_processes_that_we_started_counts_and_is_free_when_they_end(shell: str) -> None:
    before = machine.resident_bytes()
    with allocating(200 * MEGABYTE, below=shell):
        assert machine.resident_bytes() - before > 190 * MEGABYTE
    assert machine.resident_bytes() - before < 100 * MEGABYTE


def test_both_ways_of_measuring_agree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with allocating(200 * MEGABYTE):
        ours = machine.resident_bytes()
        monkeypatch.setattr(machine, "_PROC", tmp_path)  # as on a machine without /proc
        assert machine.resident_bytes() == pytest.approx(ours, rel=0.1)


def test_the_hard_limit_stops_and_says_what_to_do() -> None:
    limit = machine.resident_bytes() + 100 * MEGABYTE
    with guarding(GuardLimits(memory_bytes=limit)) as (guard, _):
        guard.check()
        with allocating(200 * MEGABYTE), pytest.raises(UserError) as stopped:
            guard.check()
        guard.check()  # the memory is free again
    message = str(stopped.value)
    assert re.search(r"the limit is [0-9.]+ [MG]B \(`memory_limit_gb`\)", message)
    assert "what was finished is kept" in message and "run the same command again" in message


def test_the_soft_limit_narrows_batches_and_is_said_once() -> None:
    limit = machine.resident_bytes() + 400 * MEGABYTE
    with guarding(GuardLimits(memory_bytes=4 * limit)) as (guard, _):
        assert guard.narrowed(16) == 16
    with allocating(350 * MEGABYTE), guarding(GuardLimits(memory_bytes=limit)) as (guard, told):
        assert 1 <= guard.narrowed(16) < 16
        guard.check()
        guard.narrowed(16)
    assert len(told) == 1 and "`memory_limit_gb`" in told[0]


def test_beyond_the_limit_one_run_is_taken_at_a_time() -> None:
    with guarding(GuardLimits(memory_bytes=MEGABYTE)):
        assert narrowed(16) == 1
    assert narrowed(16) == 16


def test_the_watch_itself_tells_that_memory_runs_short() -> None:
    with guarding(GuardLimits(memory_bytes=MEGABYTE)) as (_, told):
        await_that(lambda: told)
    assert "reading less at a time" in told[0]


def test_a_process_is_stopped_by_what_it_allocates_itself() -> None:
    code = (
        "from assets.engine.guardrails import Guard, GuardLimits\n"
        "held = []\n"
        "with Guard(GuardLimits(memory_bytes=150_000_000), print) as guard:\n"
        "    for number in range(100):\n"
        "        guard.check()\n"
        "        held.append(b'x' * 10_000_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "UserError: stopped with 1" in done.stderr and "the limit is 150 MB" in done.stderr
    assert done.stdout.count("reading less at a time") == 1


def test_a_disk_without_its_reserve_stops(tmp_path: Path) -> None:
    free = machine.free_bytes(tmp_path / "not" / "there" / "yet")
    with guarding(GuardLimits(disk_reserve_bytes=free // 2), tmp_path) as (guard, _):
        guard.check()
        guard.require(free // 10, "the build")
        with pytest.raises(UserError, match=r"runs may need .* make room"):
            guard.require(free, "runs")
    guard = Guard(GuardLimits(disk_reserve_bytes=free * 2), print, folders=[tmp_path])
    with pytest.raises(UserError, match=r"stopped: .*`disk_reserve_gb`.*what was finished is kept"):
        guard.check()


def test_a_disk_that_fills_stops(small_disk: Callable[[int], Path]) -> None:
    disk = small_disk(8)
    with guarding(GuardLimits(disk_reserve_bytes=2 * MEGABYTE), disk) as (guard, _):
        guard.check()
        (disk / "filling").write_bytes(bytes(7 * MEGABYTE))
        with pytest.raises(UserError, match="stopped: the disk of"):
            guard.check()
        (disk / "filling").unlink()
        guard.check()


def test_what_hangs_is_named_with_how_long_it_hangs(tmp_path: Path) -> None:
    pipe = tmp_path / "metrics_run.pickle"
    os.mkfifo(pipe)
    with guarding(GuardLimits(stall_seconds=0.3)) as (_, told):
        reading = threading.Thread(target=_read, args=(pipe, "run 123 (metrics/metrics_run.pickle)"))
        reading.start()
        await_that(lambda: told)
        pipe.write_bytes(b"at last")
        reading.join()
        time.sleep(0.2)  # the watch may have been about to tell
        before = len(told)
        time.sleep(0.4)
        assert len(told) == before, "it was told of what has ended"
    what, _, since = told[0].partition(" since ")
    assert what == "waiting for run 123 (metrics/metrics_run.pickle)"
    assert float(since.removesuffix(" s")) >= 0.3


def _read(path: Path, what: str) -> None:
    with doing(what):
        path.read_bytes()


def test_one_of_two_that_hangs_is_told_though_the_other_goes_on() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as worker:
        worker.send_signal(signal.SIGSTOP)
        with guarding(GuardLimits(stall_seconds=0.3)) as (guard, told):
            waiting = threading.Thread(target=_wait, args=(worker, "the stopped one"))
            waiting.start()
            while not told:
                with guard.doing("one that ends"):
                    time.sleep(0.02)
            worker.send_signal(signal.SIGCONT)
            worker.communicate(b"\n")
            waiting.join()
    assert all(line.startswith("waiting for the stopped one since ") for line in told)


def _wait(worker: "subprocess.Popen[bytes]", what: str) -> None:
    with doing(what):
        worker.wait()


def test_a_long_stall_is_told_at_growing_intervals() -> None:
    with guarding(GuardLimits(stall_seconds=0.1)) as (guard, told), guard.doing("a server"):
        await_that(lambda: len(told) >= 4)
    passed = [float(line.split()[-2]) for line in told]
    assert passed[3] >= 0.8, "each time after twice as long"


def test_what_fails_is_not_waited_for_any_more() -> None:
    with guarding(GuardLimits(stall_seconds=0.1)) as (guard, told):
        with pytest.raises(ValueError), guard.doing("a bad artifact"):
            raise ValueError
        time.sleep(0.3)
    assert told == []


@pytest.mark.parametrize("fails", ["tell", "beat", "ps"])
def test_the_watch_goes_on_when_something_that_it_calls_fails(
    fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    calls = dict.fromkeys(("tell", "beat", "ps"), 0)

    def called(name: str) -> int:
        calls[name] += 1
        if name == fails and calls[name] == 1:
            raise OSError("no room")
        return 0

    def beat() -> None:
        called("beat")

    def tell(line: str) -> None:
        called("tell")
        told.append(line)

    monkeypatch.setattr(guardrails, "resident_bytes", lambda: called("ps"))
    watching = Guard(GuardLimits(stall_seconds=0.1), tell, beat=beat)
    with watching as guard, guard.doing("a server"):
        await_that(lambda: told and min(calls.values()) > 1)
    assert told[0].startswith("waiting for a server since ")


def test_without_a_guard_nothing_is_watched_and_a_guard_that_was_not_entered_refuses_nothing() -> None:
    with doing("anything"):
        pass
    told: list[str] = []
    guard = Guard(GuardLimits(), told.append)
    with guard.doing("anything"):
        guard.check()
        guard.require(10**18, "anything")
    assert guard.narrowed(7) == 7 and told == []


def test_the_watch_ends_with_its_build_also_when_that_fails() -> None:
    with pytest.raises(KeyError), guarding(GuardLimits(memory_bytes=1)):
        raise KeyError
    assert narrowed(16) == 16
    assert "guard" not in {thread.name for thread in threading.enumerate()}
