"""Open an artifact on a local disk: a regular file within its run's folder, and nothing that hangs or never ends."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from assets.inputs.stores.runs import ArtifactError

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
"""Without waiting (a pipe nobody writes to), through no link that appeared a moment ago, taking over no terminal."""

_OTHER_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(places: Sequence[Path], path: str) -> BinaryIO:
    """Open the artifact `path` below the first of `places` that has it, unbuffered.

    Raises ArtifactError if it is gone, forbidden, no regular file or, its links resolved, outside that folder.
    """
    try:
        root = _place_of(places, path).resolve()
        target = (root / path).resolve(strict=True)
        if not target.is_relative_to(root):
            raise ArtifactError("lies outside the run's artifact folder")
        _refuse_other_kinds(target.stat().st_mode)  # to open a device may already do something
        file = os.fdopen(os.open(target, _FLAGS), "rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtifactError("is not there") from error
    except PermissionError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}") from error
    except RuntimeError as error:  # what resolve makes of it
        raise ArtifactError("is a link that leads to itself") from error
    try:
        _refuse_other_kinds(os.fstat(file.fileno()).st_mode)  # of what lies there by now
    except ArtifactError:
        file.close()
        raise
    return file


def read_whole(file: BinaryIO, max_bytes: int) -> bytes:
    """Return the bytes of a regular file; ArtifactError if there are more than `max_bytes`, or more than it says."""
    size = os.fstat(file.fileno()).st_size
    if size > max_bytes:
        raise too_large(max_bytes)
    pieces, left = [], size + 1
    while left and (piece := file.read(left)):
        pieces.append(piece)
        left -= len(piece)
    if left != 1:
        raise ArtifactError("changed while it was read")
    return b"".join(pieces)


def too_large(max_bytes: int) -> ArtifactError:
    """Say that an artifact is larger than `max_artifact_mb` allows."""
    return ArtifactError(f"is larger than {max_bytes / 2**20:.0f} MiB, the size limit")


def _refuse_other_kinds(mode: int) -> None:
    kind = next((name for is_kind, name in _OTHER_KINDS if is_kind(mode)), None)
    if kind:
        raise ArtifactError(f"is {kind}, not a file")


def _place_of(places: Sequence[Path], path: str) -> Path:
    for place in places:
        if os.path.lexists(place / path):
            return place
    raise ArtifactError(
        "is not there" if any(map(os.path.isdir, places)) else "the run's artifact folder is gone"
    )
