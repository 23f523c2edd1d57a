"""What a command takes with all processes that it starts: CPU, wall clock, and the peak of memory."""

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
_EVERY_SECONDS = 0.05
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user + system), wall-clock seconds, and the largest sum of resident memory, in MB.

    Memory that processes share is counted in each of them.
    """

    cpu: float
    wall: float
    peak_mb: float


class CommandError(RuntimeError):
    """A command that was to be measured failed."""


def cost(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, timeout: float = 7200
) -> Cost:
    """Run `python -m COMMAND` in a folder and return what it took; CommandError shows what it said."""
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))
    }
    wrapped = [sys.executable, "-m", "tests.bench_extraction.measured", *command]
    done = subprocess.run(
        wrapped,
        cwd=folder,
        env={**outside, "PYTHONPATH": str(ROOT), "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure(command: Sequence[str]) -> tuple[Cost, int]:
    """Run a command as a child and wait for it and whatever it leaves behind; return its cost and exit code.

    Whoever loses its parent becomes a child of this process, so that no CPU time is lost.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=sys.stderr)
    peak, over = [0], threading.Event()
    watch = threading.Thread(target=_watch, args=(peak, over))
    watch.start()
    code = child.wait()
    wall = time.perf_counter() - started
    with suppress(ChildProcessError):
        while True:
            os.wait()
    over.set()
    watch.join()
    times = os.times()
    return Cost(times.children_user + times.children_system, wall, peak[0] / 1e6), code


def _watch(peak: list[int], over: threading.Event) -> None:
    """Look at all descendants now and then, and remember the largest sum."""
    me = psutil.Process()
    while not over.wait(_EVERY_SECONDS):
        found = 0
        for process in me.children(recursive=True):
            with suppress(psutil.Error):
                found += process.memory_info().rss
        peak[0] = max(peak[0], found)


if __name__ == "__main__":
    measured, exit_code = measure([sys.executable, "-m", *sys.argv[1:]])
    print(json.dumps(asdict(measured)))
    sys.exit(exit_code)
