"""Artifacts that a look fetched from a server, kept in memory for the reading that follows."""

import threading
from collections.abc import Iterable, Iterator

Key = tuple[str, str, str]
"""Store, run and path of an artifact."""

KEPT_BYTES = 256 * 2**20
LARGEST_BYTES = 16 * 2**20


class Fetched:
    """A bounded number of bytes, handed out once; what does not fit is fetched again when it is read."""

    def __init__(self, max_bytes: int, largest_bytes: int) -> None:
        """Hold nothing yet; never more than `max_bytes`, of one artifact never more than `largest_bytes`."""
        self._kept: dict[Key, bytes] = {}
        self._left, self._largest = max_bytes, largest_bytes
        self._lock = threading.Lock()

    def take(self, key: Key) -> bytes | None:
        """Hand out an artifact and forget it; None if it is not here."""
        with self._lock:
            data = self._kept.pop(key, None)
            self._left += len(data or b"")
            return data

    def keeping(self, key: Key, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Hand on the pieces of an artifact, and keep them once all have come, if they fit."""
        self.take(key)
        held, size = list[bytes](), 0
        for piece in pieces:
            size += len(piece)
            if size <= self._largest:
                held.append(piece)
            else:
                held.clear()
            yield piece
        with self._lock:
            if size <= min(self._left, self._largest):
                self._kept[key] = b"".join(held)
                self._left -= size


FETCHED = Fetched(KEPT_BYTES, LARGEST_BYTES)
"""What this process holds."""
