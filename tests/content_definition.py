"""The data version of a table once more, in plain Python: as defined, without DuckDB, and slowly."""

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from assets.engine.hashing import digest

EPOCH = datetime(1970, 1, 1)


def data_version(kinds: Mapping[str, DuckDBPyType], rows: Sequence[Sequence[Any]]) -> str:
    """Return the data version of these rows, whose values are Python's, or text where DuckDB's are spelled."""
    total = sum(hashed(of_row(row, list(kinds.values()))) for row in rows)
    return digest("table", [[name, str(kind)] for name, kind in kinds.items()], len(rows), total)


def of_row(row: Sequence[Any], kinds: Sequence[DuckDBPyType]) -> list[int | None]:
    return [word for value, kind in zip(row, kinds, strict=True) for word in words(value, kind)]


def hashed(row: Iterable[int | None]) -> int:
    bits = constant("row", 0, 16)
    for place, word in enumerate(row):
        if word is None:
            bits ^= (2**64 - 1) * 2**64 + constant("null", place, 8)
        else:
            bits ^= word * (constant("multiplier", place, 8) | 2**63 | 1)
    folded = (bits % 2**64) * (bits // 2**64)
    return (folded % 2**48) * (folded // 2**88)


def constant(name: str, place: int, size: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{name} {place}".encode()).digest()[:size], "big")


def words(value: Any, kind: DuckDBPyType) -> list[int | None]:
    members: list[Any] = list(kind.children) if kind.id in ("struct", "map", "list", "array", "union") else []
    kinds = [of for _, of in members]
    if kind.id == "struct":
        held = [None] * len(members) if value is None else list(value.values())
        return [int(value is None), *of_row(held, kinds)]
    if kind.id == "union":  # its first member is the tag
        tag, content = (None, None) if value is None else value
        held = [content if name == tag else None for name, _ in members[1:]]
        return [None if tag is None else text(tag), *of_row(held, kinds[1:])]
    if value is None:
        return [None]
    if kind.id == "map":
        return [listed([of_row(entry, kinds) for entry in value])]
    return [listed([words(item, kinds[0]) for item in value]) if members else word(value, kind)]


def listed(items: Sequence[Sequence[int | None]]) -> int:
    return sum(hashed([place, *item]) for place, item in enumerate(items, start=1)) % 2**64


def word(value: Any, kind: DuckDBPyType) -> int:
    match value:
        case int():  # a number, and what stands for infinity
            return value % 2**64
        case float():
            return int.from_bytes(struct.pack(">d", value + 0.0 if value == value else float("nan")), "big")
        case str() | bytes():
            return text(value)
        case Decimal():
            return text(format(value, "f"))
        case datetime():
            moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return (moment - EPOCH) // timedelta(microseconds=1) % 2**64
        case date():
            return (value - EPOCH.date()).days % 2**64
        case time():
            return (datetime.combine(EPOCH, value) - EPOCH) // timedelta(microseconds=1)
    raise AssertionError(f"no rule for {value!r} of type {kind}")


def text(value: str | bytes) -> int:
    return int.from_bytes(
        hashlib.md5(value.encode() if isinstance(value, str) else value).digest()[:8], "little"
    )
