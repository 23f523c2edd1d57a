"""Artifacts piece by piece, within bounds."""

import hashlib
from collections.abc import Iterable, Iterator

from assets.inputs.artifacts.opening import too_large

PIECE_BYTES = 1 << 20


def at_most(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """Hand on the pieces of an artifact; ArtifactError as soon as there are more than `max_bytes`."""
    left = max_bytes
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise too_large(max_bytes)
        yield piece


def sha256_of(pieces: Iterable[bytes]) -> str:
    """Return the sha256 of the pieces of an artifact, in hexadecimal digits."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
