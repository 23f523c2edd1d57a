"""Running a command and counting what it cost, with the processes that it leaves behind."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "BENCH_MARK"
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 2.0
_TIME = shutil.which("time")


@dataclass(frozen=True)
class Run:
    """What one command did and cost; seconds, CPU being user and system time of all its processes."""

    exit_code: int
    wall: float
    cpu: float
    peak_mb: float | None
    """Of the largest process; None where GNU time is not installed."""
    output: str


def become_subreaper() -> None:
    """Inherit what a command leaves running (daemons, fork servers), so that its cost is counted. Linux only."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], output: Path
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own and return at once; `output` takes what it prints."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"}
    for name in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    with output.open("wb") as file:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], *, inherited: bool = False
) -> Run:
    """Run a command to its end; `inherited` says that this process is a subreaper and owns what is left.

    A small launcher runs it, since the peak of a forked child begins with the pages of its parent.
    """
    output, memory = folder / ".bench-output", folder / ".bench-memory"
    launcher = [_TIME, "-q", "-o", str(memory), "-f", "%M"] if _TIME else []
    began = time.perf_counter()
    process = start([*launcher, *command], folder, variables, output)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime + (_cpu_of_the_left() if inherited else 0.0)
    peak = int(memory.read_text().split()[-1]) / 1024 if _TIME else None
    return Run(process.returncode, wall, cpu, peak, output.read_text(errors="replace"))


def end_marked(mark: str) -> None:
    """Kill the processes that carry this mark in their environment: started here, or by what was started here."""
    for _ in range(5):
        marked = [pid for pid in _others() if _carries(pid, mark)]
        if not marked:
            return
        for pid in marked:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)


def _cpu_of_the_left() -> float:
    cpu, patience = 0.0, time.monotonic() + _PATIENCE
    while time.monotonic() < patience:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            cpu += usage.ru_utime + usage.ru_stime
        else:
            time.sleep(0.02)
    return cpu


def _others() -> list[int]:
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid()
    ]


def _carries(pid: int, mark: str) -> bool:
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
