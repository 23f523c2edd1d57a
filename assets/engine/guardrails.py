"""What a build may take of a machine: memory, disk, and time in which something does not end."""

import contextvars
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count as counting
from pathlib import Path
from typing import Self

from assets.engine.errors import UserError
from assets.engine.machine import free_bytes, resident_bytes
from assets.engine.progress import duration
from assets.engine.watching import watched_by

_GO_ON = "what was finished is kept: {}, then run the same command again"
_SOFT = 0.8
"""Share of the memory limit from which less is read at a time."""


@dataclass(frozen=True)
class GuardLimits:
    """What a build may take."""

    memory_bytes: int | None = None
    """Resident memory of this process and those that it started, together; None: as much as there is."""
    disk_reserve_bytes: int = 0
    """What stays free on each disk that is written to; 0: all may be taken."""
    stall_seconds: float = 60.0
    """After so long it is told what is being waited for."""


@dataclass
class _Waiting:
    """Something that was begun and has not ended."""

    what: str
    since: float
    tell_at: float


class Guard:
    """Watches a build: within its context a thread measures memory and looks for what hangs.

    The thread only tells. What ends a build is `check`, called between two pieces of work, so that what was done is
    kept. A guard that was never entered tells nothing.
    """

    def __init__(
        self,
        limits: GuardLimits,
        tell: Callable[[str], None],
        *,
        folders: Sequence[Path] = (),
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.limits, self.folders = limits, folders
        self._tell, self._beat = tell, beat
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._numbers = counting()
        self._near_told = False
        self._over = threading.Event()

    def __enter__(self) -> Self:
        """Begin to watch."""
        # The context goes along, so that what the thread tells reaches the log of the flow that it belongs to.
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._watch,), name="guard", daemon=True)
        thread.start()
        self._ends = ExitStack()
        self._ends.callback(thread.join)
        self._ends.callback(self._over.set)
        self._ends.enter_context(watched_by(self))
        return self

    def __exit__(self, *_: object) -> None:
        """End the watch."""
        self._ends.close()

    def check(self) -> None:
        """Raise UserError where the memory limit is passed or the reserve of a disk is touched."""
        used, limit = self._measured(), self.limits.memory_bytes
        if limit is not None and used > limit:
            raise UserError(
                f"stopped with {_size(used)} of memory used, the limit is {_size(limit)} (`memory_limit_gb`); "
                + _GO_ON.format("raise the limit or lower `jobs`")
            )
        for folder in self.folders:
            if lack := lack_of_disk(folder, self.limits.disk_reserve_bytes):
                raise UserError(f"stopped: {lack}; " + _GO_ON.format("make room"))

    def require(self, byte_count: int, what: str) -> None:
        """Raise UserError unless each disk has room for so many bytes beside its reserve."""
        for folder in self.folders:
            if lack := lack_of_disk(folder, self.limits.disk_reserve_bytes, byte_count):
                raise UserError(
                    f"{what} may need {_size(byte_count)}, but {lack}: make room, then run the same command again"
                )

    def narrowed(self, count: int) -> int:
        """Return how many of `count` to take at once: from four fifths of the memory limit on fewer, at least one."""
        used, limit = self._measured(), self.limits.memory_bytes
        if limit is None or used <= _SOFT * limit:
            return count
        room = max(0.0, (limit - used) / ((1 - _SOFT) * limit))
        return max(1, int(count * room))

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Watch the block: it is told, with its name, if it has not ended after `stall_seconds`."""
        now = time.monotonic()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = _Waiting(what, now, now + self.limits.stall_seconds)
        try:
            yield
        finally:
            with self._lock:
                del self._waiting[number]

    def _watch(self) -> None:
        interval = min(1.0, max(0.02, self.limits.stall_seconds / 5))
        while not self._over.wait(interval):
            for look in (self._measured, self._tell_stalls, self._beat):
                with suppress(
                    Exception
                ):  # such as a log on a full disk: what fails once must not end the watch
                    look()

    def _tell_stalls(self) -> None:
        for waiting, passed in self._stalled():
            self._tell(f"waiting for {waiting.what} since {duration(passed)}")

    def _stalled(self) -> list[tuple[_Waiting, float]]:
        """Return what is to be told now, and for how long it lasts; it is told again after twice that time."""
        now, found = time.monotonic(), []
        with self._lock:
            for waiting in self._waiting.values():
                if now >= waiting.tell_at:
                    found.append((waiting, now - waiting.since))
                    waiting.tell_at = now + (now - waiting.since)
        return found

    def _measured(self) -> int:
        """Measure the memory that is used, in bytes; tell, once, that it is near the limit."""
        used, limit = resident_bytes(), self.limits.memory_bytes
        with self._lock:
            near = limit is not None and used > _SOFT * limit and not self._near_told
            self._near_told = self._near_told or near
        if near and limit is not None:
            self._tell(
                f"{_size(used)} of memory used, the limit is {_size(limit)} (`memory_limit_gb`): reading less at a "
                "time from here on"
            )
        return used


def lack_of_disk(folder: Path, reserve: int, needed: int = 0) -> str:
    """Say that the disk of a folder has no room for so many bytes beside its reserve; nothing if it has."""
    free = free_bytes(folder)
    if free >= needed + reserve:
        return ""
    kept = f", of which {_size(reserve)} are to stay so (`disk_reserve_gb`)" if reserve else ""
    return f"the disk of {folder} has {_size(free)} free{kept}"


def _size(byte_count: int) -> str:
    return f"{byte_count / 1e9:,.1f} GB" if byte_count >= 1e9 else f"{byte_count / 1e6:.0f} MB"
