"""A real Dask scheduler and real workers, in processes of their own on loopback, started as flows/README.md says.

Test modules name this module in `pytest_plugins` and do not import its fixtures.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NO_DASHBOARD = ("--dashboard-address", "127.0.0.1:0")


def documented(beginning: str) -> list[str]:
    """The words of the one command of flows/README.md that begins so, without the first."""
    lines = (ROOT / "flows" / "README.md").read_text("utf-8").splitlines()
    (found,) = [line for line in lines if line.startswith(f"$ {beginning}")]
    return found.split()[2:]


@dataclass
class Cluster:
    """A scheduler and its workers; whatever it started ends with it."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the scheduler listens."""
        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    def start_scheduler(self) -> None:
        file = self.folder / "scheduler.json"
        command = [word if word != "8786" else "0" for word in documented("dask scheduler")]
        self._start("scheduler", *command, "--scheduler-file", str(file), *NO_DASHBOARD)
        self._await("scheduler", file.exists)

    def start_worker(self, name: str, **environment: str) -> None:
        command = [word if "8786" not in word else self.address for word in documented("dask worker")]
        options = ("--host", "127.0.0.1", "--no-nanny", "--name", name, "--local-directory", str(self.folder))
        self._start(name, *command, *options, *NO_DASHBOARD, **environment)
        self._await(name, lambda: "Registered to" in (self.folder / f"{name}.log").read_text())

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.kill()
            process.wait(30)

    def _start(self, name: str, *arguments: str, **environment: str) -> None:
        home = {"HOME": str(self.folder), "PYTHONPATH": str(ROOT)} | environment
        with (self.folder / f"{name}.log").open("w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                cwd=self.folder,
                env={**os.environ, **home},
                stdout=log,
                stderr=log,
            )

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        for _ in range(600):
            assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()
            if ready():
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / f"{name}.log").read_text())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler alone."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    started = Cluster(folder)
    try:
        started.start_scheduler()
        yield started
    finally:
        started.stop()
