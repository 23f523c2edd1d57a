"""The data version of a table: its content, whatever the order of its rows.

DuckDB's own `hash()` changed between releases, and its files are never byte-identical, so the rows
are hashed here: each row to 64 bits, column by column, and the rows summed twice (two sums of
differently mixed values, so that duplicates count and swapped cells show). What must and must not
change the version is written down in `tests/test_contents.py`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.engine.hashing import digest

_U64 = np.ndarray[Any, np.dtype[np.uint64]]

_SEED, _COLUMN, _ROW = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xFF51AFD7ED558CCD, 0xA0761D6478BD642F))
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_NULL = np.uint64(0x6E756C6C6E756C6C)
_NAN = np.uint64(0x7FF8000000000000)


def table_version(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> tuple[str, int]:
    """Return the data version of a table and its number of rows, in one pass over its batches.

    Equal for any order of rows and any division into batches; different for another multiset of rows,
    another column name, order or type. NULL differs from every value; 0.0 equals -0.0 and NaN equals NaN.
    A time with a zone is its instant: in which zone a machine shows it does not matter.
    """
    sums, rows = [0, 0], 0
    for batch in batches:
        hashes = _combined(batch.columns, batch.num_rows)
        sums[0] += int(hashes.sum())
        sums[1] += int(_mix(hashes ^ _ROW).sum())
        rows += batch.num_rows
    columns = [[field.name, _meaning(field.type)] for field in schema]
    return digest("table", columns, rows, sums[0] % 2**64, sums[1] % 2**64), rows


def _combined(columns: Sequence[pa.Array], rows: int) -> _U64:
    hashes = np.full(rows, _SEED, dtype=np.uint64)
    for position, column in enumerate(columns, start=1):
        hashes = _mix(hashes * _COLUMN ^ (_hashes(column) + np.uint64(position)))
    return hashes


def _mix(values: _U64) -> _U64:
    """splitmix64's finaliser (Steele, Lea & Flood 2014): every input bit moves every output bit."""
    values = (values ^ (values >> np.uint64(30))) * _MIX1
    values = (values ^ (values >> np.uint64(27))) * _MIX2
    return values ^ (values >> np.uint64(31))


def _hashes(column: pa.Array) -> _U64:
    """Hash each value of a column of any type; nulls are all alike, and like no value."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _hashes(column.storage)
    if pa.types.is_dictionary(kind):
        known = np.append(_hashes(column.dictionary), _NULL)
        positions: Any = pc.fill_null(column.indices.cast(pa.int64()), len(known) - 1)
        return known.take(np.asarray(positions))
    if pa.types.is_map(kind):
        entry = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        return _hashes(column.cast(pa.list_(entry)))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        values = _list_hashes(column)
    elif pa.types.is_struct(kind):
        values = _combined(column.flatten(), len(column))
    elif pa.types.is_union(kind):  # without its tag, a member would equal the same value of another member
        values = _combined([column.type_codes, *map(column.field, range(kind.num_fields))], len(column))
    elif pa.types.is_primitive(kind) and not pa.types.is_interval(kind):
        values = _mix(_bits(column))
    else:
        return _hashes(_spelled_once(column))
    return np.where(np.asarray(column.is_null()), _NULL, values) if column.null_count else values


def _bits(column: pa.Array) -> _U64:
    """Return what a number, boolean or moment is in memory; anything where it is null."""
    kind = column.type
    if pa.types.is_floating(kind):
        values = np.asarray(pc.fill_null(column.cast(pa.float64()), 0.0)) + 0.0  # -0.0 becomes 0.0
        return np.where(np.isnan(values), _NAN, values.view(np.uint64))
    if pa.types.is_temporal(kind):  # DuckDB's dates reach further than Python's
        column = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    whole = pa.uint64() if kind == pa.uint64() else pa.int64()
    return np.asarray(pc.fill_null(column.cast(whole), 0)).view(np.uint64)


def _list_hashes(column: pa.Array) -> _U64:
    """Hash each list: its length, and its values each mixed with its place."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column).cast(pa.int64()), 0))
    owners = np.repeat(np.arange(len(column)), lengths)
    places = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    placed = _mix(_hashes(pc.list_flatten(column)) + _mix(places.astype(np.uint64)))
    sums = np.zeros(len(column), dtype=np.uint64)
    np.add.at(sums, owners, placed)
    return _mix(sums ^ _mix(lengths.astype(np.uint64)))


def _spelled_once(column: pa.Array) -> pa.Array:
    """Hash each distinct text, blob, decimal or interval once, since they repeat."""
    encoded = column.dictionary_encode()
    spelled = [_spelling(value) for value in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(spelled, pa.uint64()))


def _spelling(value: Any) -> int:
    payload = value if isinstance(value, bytes) else str(value).encode()
    return int.from_bytes(hashlib.blake2b(payload, digest_size=8).digest(), "little")


def _meaning(kind: pa.DataType) -> Any:
    """Spell a type by its meaning, in which Arrow's layouts and a machine's time zone have no part."""
    if isinstance(kind, pa.BaseExtensionType):
        return _meaning(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _meaning(kind.value_type)
    if pa.types.is_map(kind):
        return ["map", _meaning(kind.key_type), _meaning(kind.item_type)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return ["list", _meaning(kind.value_type)]
    if pa.types.is_fixed_size_list(kind):
        return ["array", kind.list_size, _meaning(kind.value_type)]
    if pa.types.is_struct(kind) or pa.types.is_union(kind):
        members = [[field.name, _meaning(field.type)] for field in kind]
        return ["struct" if pa.types.is_struct(kind) else "union", members]
    if pa.types.is_timestamp(kind):
        return f"timestamp[{kind.unit}{', zoned' if kind.tz else ''}]"
    return str(kind).removeprefix("large_").removesuffix("_view")
