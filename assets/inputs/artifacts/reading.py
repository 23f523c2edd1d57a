"""Read artifacts in worker processes that hostile or broken ones cannot take further than themselves."""

import atexit
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from assets.engine.errors import TransientError, UserError
from assets.engine.watching import doing
from assets.inputs.artifacts.answers import NONSENSE, digest_in, understood
from assets.inputs.artifacts.assignment import Assignment, Limits
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.worker import ANSWER_BYTES, READY, main
from assets.inputs.quarantine import Quarantine

START_SECONDS = 120
PAUSE_SECONDS = 30
"""So long at most nothing moves within a message, either way; a stopped process must not stop this one."""
FAREWELL_SECONDS = 2
"""So long a killed process is waited for. One that sleeps in the kernel stays until that wakes it."""
_KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "VIRTUAL_ENV")
"""Of this process's environment what a worker gets to know."""


@dataclass(frozen=True)
class Outcome:
    """What became of an artifact, and the SHA-256 of the bytes that were looked into, None if they cannot be had."""

    sha256: str | None
    found: Predictions | Quarantine


class WorkerPool:
    """Workers that outlive a batch: starting one costs as much as reading a hundred artifacts.

    Each has one artifact at a time, so the culprit of a crash or a hang is known, and the others come through.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin with no worker, as in a forked process, where they are another's."""
        self._idle: list[_Worker] = []
        self._busy = 0
        self._changed = threading.Condition()

    def read(self, assignment: Assignment, data: bytes = b"", *, jobs: int = 1) -> Outcome:
        """Return what is in an artifact, whose path's ending says the format; wait while `jobs` others are read.

        An artifact over which a worker died is tried once more in a fresh one, in case the one before it or the
        machine was to blame. One that takes too long is not, though a disk that hangs may be the cause: it stays set
        aside until it changes or its build is forced.

        Raises TransientError if a disk fails in passing, UserError if this machine grants too little memory.
        """
        _require_memory(assignment.limits)
        with self._changed:
            self._changed.wait_for(lambda: self._busy < jobs)
            self._busy += 1
        try:
            with doing(assignment.what):
                return self._read(assignment, data)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """End the workers that are idle."""
        with self._changed:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()

    def _read(self, assignment: Assignment, data: bytes) -> Outcome:
        try:
            return self._attempt(self._waiting() or _Worker(), assignment, data)
        except _LostError as lost:
            if lost.hung:
                return lost.outcome
        try:
            return self._attempt(_Worker(), assignment, data)
        except _LostError as lost:
            return lost.outcome

    def _attempt(self, worker: "_Worker", assignment: Assignment, data: bytes) -> Outcome:
        try:
            return worker.read(assignment, data)
        finally:
            if worker.waits:
                with self._changed:
                    self._idle.append(worker)
            else:
                worker.stop()

    def _waiting(self) -> "_Worker | None":
        """Return a worker that waits, None if there is none; those that ended meanwhile are let go."""
        while True:
            with self._changed:
                if not self._idle:
                    return None
                worker = self._idle.pop()
            if not worker.ended:
                return worker
            worker.stop()


class _LostError(Exception):
    """The worker died or hangs over an artifact."""

    def __init__(self, path: str, sha256: str | None, reason: str, *, hung: bool = False) -> None:
        super().__init__(reason)
        self.outcome = Outcome(sha256, Quarantine("unpickle", path, reason))
        self.hung = hung


class _Worker:
    """A process that reads artifacts.

    It is started by name and not by multiprocessing, which would import the caller's main module into it.
    """

    def __init__(self) -> None:
        self.connection, theirs = _connections()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", main.__module__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.PIPE,  # never written to: it closes when this process ends, however it ends
            env=_environment(),
            # A Ctrl-C is ours to handle; if it reached the worker, it would look like a crash.
            start_new_session=True,
        )
        theirs.close()
        self.waits = self._started()
        """Whether it is ready for an artifact, and not in the midst of one."""
        if not self.waits:
            self.stop()
            raise RuntimeError(
                "The process that reads artifacts did not start; its own message stands above."
            )

    @property
    def ended(self) -> bool:
        """Whether it ended while it waited: there is nothing else that it would say."""
        return self.connection.poll()

    def read(self, assignment: Assignment, data: bytes) -> Outcome:
        """Return what the worker makes of an artifact; _LostError if it dies, takes too long or answers nonsense."""
        self.waits = False
        seconds, sha256, packed = assignment.limits.seconds, None, b""
        deadline = time.monotonic() + seconds
        try:
            self.connection.send_bytes(assignment.to_json())
            self.connection.send_bytes(data)
            said = self._said(deadline)
            if "sha256" in said:
                sha256 = digest_in(said)
                said, packed = self._said(deadline), self._received(assignment.limits.max_bytes, deadline)
            found = understood(said, packed, keep_refits=assignment.keep_refits)
        except TimeoutError:
            reason = f"takes longer than {seconds:g} s to read"
            raise _LostError(assignment.path, sha256, reason, hung=True) from None
        except (EOFError, OSError):
            raise _LostError(assignment.path, sha256, self._end()) from None
        except NONSENSE:
            raise _LostError(assignment.path, sha256, "answers nonsense") from None
        self.waits = True
        if isinstance(found, TransientError):
            raise found
        return Outcome(sha256, found)

    def stop(self) -> None:
        """End the process, whatever it does; one that sleeps in the kernel ends when that wakes it."""
        self.process.kill()
        self.connection.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(FAREWELL_SECONDS)

    def _started(self) -> bool:
        try:
            return self._received(len(READY), time.monotonic() + START_SECONDS) == READY
        except (EOFError, OSError):
            return False

    def _said(self, deadline: float) -> Any:
        return json.loads(self._received(ANSWER_BYTES, deadline))

    def _received(self, max_bytes: int, deadline: float) -> bytes:
        """Return the next message; TimeoutError if it does not come in time, another OSError if it never will."""
        if not self.connection.poll(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
        return self.connection.recv_bytes(max_bytes)

    def _end(self) -> str:
        """Say how the process ended."""
        try:
            code = self.process.wait(FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            return "stops the process that reads it"
        return f"ends the process that reads it ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"


def _require_memory(limits: Limits) -> None:
    """Refuse a `ulimit -v` that no worker can lift: what is read must not depend on the machine."""
    granted = resource.getrlimit(resource.RLIMIT_AS)[1]
    if resource.RLIM_INFINITY != granted < limits.memory_bytes:
        raise UserError(
            f"`ulimit -v` allows {granted // 2**20} MiB, and reading an artifact may take "
            f"{limits.memory_bytes // 2**20} MiB: raise it, or lower `max_artifact_mb`"
        )


def _connections() -> tuple[Connection, Connection]:
    """Return two connected ends; at ours a transfer that stands still is an OSError."""
    ours, theirs = socket.socketpair()
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PAUSE_SECONDS, 0))
    return Connection(ours.detach()), Connection(theirs.detach())


def _environment() -> dict[str, str]:
    """Return what a worker gets to know: where Python and our code are, and no credentials."""
    path = os.pathsep.join((str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")))
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": path.rstrip(os.pathsep), "OPENBLAS_NUM_THREADS": "1"}


POOL = WorkerPool()
"""The workers of this process."""

atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
