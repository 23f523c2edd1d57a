"""What a running build says of itself to whoever looks from outside: a small file, replaced every few seconds."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from assets.engine.progress import Progress, duration

EVERY_SECONDS = 2.0
_SILENT_SECONDS = 10 * EVERY_SECONDS
"""After so long without a beat a build was killed, and its number may be another process by now."""


class Heartbeat:
    """Writes how far a build is to `path`; the file goes when its context ends, unless the process is killed."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self._path, self._progress = path, progress
        self._last: float | None = None

    def __enter__(self) -> Self:
        """Write nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the file away."""
        self._path.unlink(missing_ok=True)

    def beat(self) -> None:
        """Say how far it is, if it was not said just now."""
        if self._last is not None and time.monotonic() - self._last < EVERY_SECONDS:
            return
        self._last = time.monotonic()
        standing = self._progress.standing()
        said = {
            "process": os.getpid(),
            "at": round(time.time(), 3),
            "done": standing and standing.done,
            "total": standing and standing.total,
            "unit": self._progress.unit,
            "seconds_left": standing and standing.seconds_left,
        }
        new = self._path.with_suffix(".new")
        with suppress(OSError):  # nobody misses it on a full disk
            new.write_text(json.dumps(said), encoding="utf-8")
            new.replace(self._path)


def heard(path: Path, lock: Path) -> str | None:
    """Return what a running build said last, in words; None if none runs: the file may be a killed one's."""
    try:
        said = json.loads(path.read_text("utf-8"))
        if lock.read_text("utf-8").strip() != str(said["process"]) or not _is_there(said["process"]):
            return None
        return _sentence(said) if time.time() - said["at"] < _SILENT_SECONDS else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True  # and somebody else's
    except ProcessLookupError:
        return False
    return True


def _sentence(said: dict[str, Any]) -> str:
    parts = []
    if said["total"] is not None:
        parts = [f"{said['done']:,} of {said['total']:,} {said['unit']}"]
    if said["seconds_left"] is not None:
        parts.append(f"{duration(said['seconds_left'])} left")
    told = f": {', '.join(parts)}" if parts else ""
    return f"a build is running{told} (process {said['process']})"
