"""One build at a time: a lock that the kernel frees when its holder dies, even by `kill -9`."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def build_lock(path: Path, waiting: Callable[[str], None]) -> Iterator[bool]:
    """Hold the lock for the length of the block; yield whether another build was waited for.

    `waiting` is told once who holds it. Whoever waited should look again before building: the other
    build has most likely done the work.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        waited = not _try(file.fileno())
        if waited:
            file.seek(0)
            waiting(
                f"another build is running (process {file.read().strip() or 'unknown'}): waiting for it to end"
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield waited


def is_held(path: Path) -> bool:
    """Tell whether a build is going on, without keeping one from beginning."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
