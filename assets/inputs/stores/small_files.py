"""The small files of a file store: `meta.yaml`, params and tags."""

import os
import stat

from assets.inputs.stores.runs import Facts

LARGEST_BYTES = 2**20
"""MLflow itself writes no tag of more than 8,000 characters."""


class UnreadableError(Exception):
    """A file that is there and cannot be read; the message says why, and names no folder."""


def read_small(path: str, seen: dict[str, Facts]) -> bytes | None:
    """Return what is in a file, None if there is none, and keep in `seen` what its statistics were before.

    Raises UnreadableError if it is forbidden, a link to nothing, no file, or larger than a MiB. A pipe is
    not waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        seen.setdefault(path, None)
        return None
    except OSError as error:
        seen.setdefault(path, None)
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    try:
        found = os.fstat(descriptor)
        seen.setdefault(path, facts_of(found))
        return _content(descriptor, found)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def facts_of(found: os.stat_result) -> list[int]:
    """Return statistics as `stamp.facts` gives them."""
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def _content(descriptor: int, found: os.stat_result) -> bytes | None:
    if stat.S_ISDIR(found.st_mode):
        return None  # `a/b` is a key of its own, and makes `a` a folder
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError("is no regular file")
    pieces, left = [], LARGEST_BYTES + 1
    while left and (piece := os.read(descriptor, left)):
        pieces.append(piece)
        left -= len(piece)
    if not left:
        raise UnreadableError("is larger than a MiB")
    return b"".join(pieces)
