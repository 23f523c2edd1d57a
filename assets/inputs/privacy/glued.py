"""Codes in bytes of databases and other formats that put texts side by side without anything between them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_LEAST = 6
"""Bytes from which a code does not appear by chance in bytes that are compressed."""
_HEAD = 3
_PIECE = 2**22


@dataclass(frozen=True)
class Needles:
    """Codes as bytes, by how they begin."""

    by_head: Mapping[int, Mapping[bytes, str]]
    lengths: frozenset[int]
    begins: npt.NDArray[np.bool_]
    """For each value that three bytes can have: whether a code begins so."""

    @classmethod
    def of(cls, codes: Iterable[str]) -> "Needles":
        """Take the codes that are long enough."""
        by_head = defaultdict[int, dict[bytes, str]](dict)
        for code in codes:
            if len(content := code.encode()) >= _LEAST:
                by_head[int.from_bytes(content[:_HEAD])][content] = code
        begins = np.zeros(256**_HEAD, dtype=bool)
        begins[list(by_head)] = True
        lengths = frozenset(len(content) for codes in by_head.values() for content in codes)
        return cls(by_head, lengths, begins)

    def found_in(self, content: bytes) -> Iterator[str]:
        """Yield the codes that stand anywhere in the bytes, each as often as it does."""
        longest = max(self.lengths, default=0)
        for start in range(0, len(content) if longest else 0, _PIECE):
            piece = content[start : start + _PIECE + longest]
            values = np.frombuffer(piece, dtype=np.uint8).astype(np.uint32)
            heads = values[:-2] << 16 | values[1:-1] << 8 | values[2:]
            for position in np.flatnonzero(self.begins[heads]).tolist():
                yield from self._at(piece, position, int(heads[position]))

    def _at(self, piece: bytes, position: int, head: int) -> Iterator[str]:
        codes = self.by_head[head]
        for length in self.lengths:
            if (code := codes.get(piece[position : position + length])) is not None:
                yield code
