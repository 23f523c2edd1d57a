"""How code that may hang or take memory reaches the guard of the build that runs, with nobody to hand it on.

One build runs at a time in a process. This stands apart from the guard itself: an asset's code reaches what it calls,
and a new sentence of the guard's must not have everything computed again.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class Watch(Protocol):
    """What a guard does for the code that it watches."""

    def doing(self, what: str) -> AbstractContextManager[None]:
        """Tell, by this name, that the block takes long."""

    def narrowed(self, count: int) -> int:
        """Return how many to take at once where there might be memory for `count`."""


_current: Watch | None = None


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Let this guard, in all threads, watch what is done within the block."""
    global _current
    _current = watch
    try:
        yield
    finally:
        _current = None


def doing(what: str) -> AbstractContextManager[None]:
    """Let the guard of the running build, if there is one, tell when the block takes long."""
    return _current.doing(what) if _current else nullcontext()


def narrowed(count: int) -> int:
    """Return how many of `count` the running build has memory to take at once."""
    return _current.narrowed(count) if _current else count
