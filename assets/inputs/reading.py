"""Read artifacts in a worker process that hostile or broken ones cannot take further than itself."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from typing import Self

from assets.inputs.predictions import Predictions
from assets.inputs.quarantine import Quarantine
from assets.inputs.worker import READY, main

START_SECONDS = 120


@dataclass(frozen=True)
class Limits:
    """What one artifact may cost: its size, and the worker's memory and time."""

    max_bytes: int = 256 * 2**20
    memory_bytes: int = 4 * 2**30
    seconds: float = 60.0


class ArtifactReader:
    """Reads artifacts one by one in a worker process, which is started at need and replaced when it dies.

    The worker has one artifact at a time, so the culprit of a crash or a hang is known, and the others come
    through.
    """

    def __init__(self, limits: Limits) -> None:
        """Promise to keep to these limits."""
        self.limits = limits
        self._worker: _Worker | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """End the worker."""
        self._stop()

    def read(self, path: str, data: bytes) -> Predictions | Quarantine:
        """Return the predictions in an artifact, whose path's ending says the format, or why there are none.

        An artifact over which the worker died is tried once more in a fresh one, in case the one before it or
        the machine was to blame.
        """
        used = self._worker is not None
        try:
            return self._attempt(path, data)
        except _LostError as lost:
            if lost.hung or not used:
                return lost.quarantine
        try:
            return self._attempt(path, data)
        except _LostError as lost:
            return lost.quarantine

    def _attempt(self, path: str, data: bytes) -> Predictions | Quarantine:
        self._worker = self._worker or _Worker(self.limits)
        try:
            return self._worker.read(path, data)
        except _LostError:
            self._stop()
            raise

    def _stop(self) -> None:
        if self._worker:
            self._worker.stop()
            self._worker = None


class _LostError(Exception):
    """The worker died or hangs over an artifact."""

    def __init__(self, path: str, reason: str, *, hung: bool = False) -> None:
        super().__init__(reason)
        self.quarantine = Quarantine("unpickle", path, reason)
        self.hung = hung


class _Worker:
    """A process that reads artifacts.

    Its answers are JSON, because an answer that is unpickled would carry an attack from there to here. It is
    started by name and not by multiprocessing, which would import the caller's main module into it.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.connection, theirs = Pipe()
        arguments = (theirs.fileno(), limits.memory_bytes, limits.seconds)
        path = os.pathsep.join((str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")))
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", main.__module__, *map(str, arguments)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "OPENBLAS_NUM_THREADS": "1"},
            # A Ctrl-C is ours to handle; if it reached the worker, it would look like a crash.
            start_new_session=True,
        )
        theirs.close()
        if not self.connection.poll(START_SECONDS) or self._received() != READY:
            self.stop()
            raise RuntimeError(
                "The process that reads artifacts did not start; its own message stands above."
            )

    def read(self, path: str, data: bytes) -> Predictions | Quarantine:
        """Return what the worker makes of an artifact; _LostError if it dies or takes too long."""
        try:
            self.connection.send_bytes(path.encode())
            self.connection.send_bytes(data)
        except OSError:
            raise self._lost(path) from None
        if not self.connection.poll(self.limits.seconds):
            raise _LostError(path, f"takes longer than {self.limits.seconds:g} s to read", hung=True)
        reply = self._received()
        if not reply:
            raise self._lost(path)
        content = json.loads(reply)
        return Quarantine(**content) if "stage" in content else Predictions(**content)

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.connection.close()

    def _received(self) -> bytes:
        """Return the next message, empty if the process is gone."""
        try:
            return self.connection.recv_bytes()
        except (EOFError, OSError):
            return b""

    def _lost(self, path: str) -> _LostError:
        code = self.process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return _LostError(path, f"ends the process that reads it ({how})")
