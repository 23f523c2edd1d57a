"""The data version of a table: its content, whatever the order of its rows.

DuckDB works it out, in arithmetic that no release can change (its own `hash()` did change, and its files
are never byte-identical). In words here, and once more in Python in `tests/content_definition.py`:

- A cell is one or more *words* of 64 bits, or NULL: a whole number is its bits, and so is a DOUBLE; a text is
  the first half of its MD5; a struct has the words of its members (`_words`).
- A row is 128 bits: the XOR of its words, each times a multiplier that belongs to its place; where a word is
  NULL, a constant of that place that is no such product.
- Its hash are 88 bits, by two products of one part of these bits with another. Multiplying by constants alone
  would be linear: rows a constant step apart would have hashes so, and sums of them would fall together.
- A table is the names and types of its columns, the number of its rows and the sum of their hashes: so the
  order of rows does not count, and duplicates do.
- A list is one word: the sum, as of a table, of its items, each with its place in front.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.sql import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from duckdb.sqltypes import DuckDBPyType

Schema = Mapping[str, str]
"""Column name -> DuckDB type, as DuckDB spells it, in the order of the columns."""

_AT_ONCE = 50  # tables in one query: planning costs less than one by one, and more again in the thousands
_HALF = f"{2**64 - 1}::UHUGEINT"
_INFINITE = f"CASE WHEN {{0}} > '1970-01-01' THEN {2**63 - 1} WHEN {{0}} < '1970-01-01' THEN {1 - 2**63} END"
_UNSIGNED = {"boolean", "utinyint", "usmallint", "uinteger", "ubigint"}
_SIGNED = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "{0}"),
    **dict.fromkeys(
        ("timestamp", "timestamp_s", "timestamp_ms", "timestamp with time zone"),
        f"coalesce(epoch_us({{0}}), {_INFINITE})",  # asked for its microseconds, infinity is NULL
    ),
    "timestamp_ns": f"coalesce(epoch_ns({{0}}), {_INFINITE})",
    "date": "({0} - DATE '1970-01-01')",
    "time": "epoch_us({0})",
    "time_ns": "epoch_ns({0})",
}
"""Type -> a whole number that says its value."""
_SPELLED = {
    "decimal", "hugeint", "uhugeint", "bignum", "bit", "uuid", "enum", "interval", "time with time zone",
}  # fmt: skip
"""Types that are hashed as the text that DuckDB spells them as."""


@dataclass(frozen=True)
class Contents:
    """What a table holds: its columns, the data version of its rows, and how many there are."""

    schema: Schema
    data_version: str
    rows: int


def scan(cursor: "DuckDBPyConnection", name: str, columns: Sequence[str] | None = None) -> Contents:
    """Return what a table, view or registered name holds, or what it holds in some of its columns.

    The data version is the same for any order of the rows, and another for another multiset of rows or other
    names, types or order of the columns. NULL differs from every value; 0.0 equals -0.0 and NaN equals NaN.
    Columns count in the order of the table; those that it does not have are left out.

    Raises
    ------
    UserError
        A column has a type that has no rule here.
    """
    kinds = {n: kind for n, kind in _kinds(cursor, name).items() if columns is None or n in columns}
    ((rows, total),) = cursor.execute(_sums(name, kinds)).fetchall()
    return _contents(kinds, rows, total)


def scan_all(cursor: "DuckDBPyConnection", names: Iterable[str]) -> dict[str, Contents]:
    """Return what `scan` says of each table, sooner where they are many and small: several in one query."""
    kinds = {name: _kinds(cursor, name) for name in names}
    queries = [f"SELECT {literal(name)}, * FROM ({_sums(name, kinds[name])})" for name in kinds]
    batches = [" UNION ALL ".join(queries[i : i + _AT_ONCE]) for i in range(0, len(queries), _AT_ONCE)]
    found = [row for batch in batches for row in cursor.execute(batch).fetchall()]
    return {name: _contents(kinds[name], rows, total) for name, rows, total in found}


def partition_versions(cursor: "DuckDBPyConnection", name: str, column: str) -> dict[str, str]:
    """Return the data version of each partition: of the rows that have one value, as text, in `column`.

    Each stands for the content of those rows as the data version of a table does for its own, and is spelled so that
    `added_up` can tell from those of all partitions what `scan` says of the table, without looking into it again.

    Raises
    ------
    UserError
        A row belongs to no partition: it has NULL there.
    """
    kinds = _kinds(cursor, name)
    found = cursor.execute(_sums(name, kinds, f"{quoted(column)}::VARCHAR")).fetchall()
    if any(partition is None for partition, *_ in found):
        raise UserError(f"`{name}` has NULL in `{column}`, which names the partition of each row: fill it")
    columns = _columns({name: str(kind) for name, kind in kinds.items()})
    return {partition: f"{rows}.{total or 0:x}.{columns}" for partition, rows, total in found}


def added_up(schema: Schema, versions: Iterable[str]) -> Contents | None:
    """Return what `scan` says of the table whose partitions have these versions; None when they have other columns."""
    rows = total = 0
    columns = _columns(schema)
    for version in versions:
        count, _, rest = version.partition(".")
        hashes, _, of = rest.partition(".")
        if of != columns:
            return None
        rows, total = rows + int(count), total + int(hashes, 16)
    return Contents(schema, _version(schema, rows, total), rows)


def schema_of(cursor: "DuckDBPyConnection", name: str) -> Schema:
    """Return the columns of a table, view or registered name, each with its type."""
    return {column: str(kind) for column, kind in _kinds(cursor, name).items()}


def _columns(schema: Schema) -> str:
    return digest("columns", list(schema.items()))[:16]


def _kinds(cursor: "DuckDBPyConnection", name: str) -> "dict[str, DuckDBPyType]":
    described = cursor.execute(f"FROM {quoted(name)} LIMIT 0").description or []
    cursor.fetchall()  # a result that is not fetched keeps its transaction open
    return {column: kind for column, kind, *_ in described}


def _contents(kinds: "Mapping[str, DuckDBPyType]", rows: int, total: int | None) -> Contents:
    schema = {name: str(kind) for name, kind in kinds.items()}
    return Contents(schema, _version(schema, rows, total or 0), rows)


def _version(schema: Schema, rows: int, total: int) -> str:
    return digest("table", list(schema.items()), rows, total)


def _sums(name: str, kinds: "Mapping[str, DuckDBPyType]", group: str | None = None) -> str:
    """Spell the query for the number of rows and the sum of their hashes, of the whole table or by group."""
    words = [word for column, kind in kinds.items() for word in _words(quoted(column), kind, column)]
    key, by = ("_key, ", " GROUP BY _key") if group else ("", "")
    rows = f"SELECT {f'{group} AS _key, ' if group else ''}{_row(words)} AS _row FROM {quoted(name)}"
    rows = f"SELECT {key}{_folded('_row')} AS _row FROM ({rows})"
    return f"SELECT {key}count(*), sum({_hash('_row')}) FROM ({rows}){by}"


def _folded(row: str) -> str:
    return f"({row} & {_HALF}) * ({row} >> 64)"


def _hash(folded: str) -> str:
    """Spell the hash of a row from its folded bits; half a trillion of 88 bits can be summed."""
    return f"(({folded} & {2**48 - 1}::UHUGEINT) * ({folded} >> 88))::HUGEINT"


def _row(words: Iterable[str], *first: str) -> str:
    """Spell the 128 bits of a row of these words, and of those in front that are never NULL."""
    parts = [f"{_constant('row', 0, 16)}::UHUGEINT"]
    for place, word in enumerate([*first, *words]):
        product = f"{word} * {_constant('multiplier', place, 8) | 1 << 63 | 1}::UHUGEINT"
        null = (2**64 - 1) << 64 | _constant("null", place, 8)  # no product of two words gets there
        parts.append(product if place < len(first) else f"coalesce({product}, {null}::UHUGEINT)")
    while len(parts) > 1:  # in pairs, since DuckDB refuses an expression that nests a thousand deep
        pairs = [f"xor({a}, {b})" for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[2 * len(pairs) :]
    return parts[0]


@cache
def _constant(name: str, place: int, size: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{name} {place}".encode()).digest()[:size], "big")


def _words(value: str, kind: "DuckDBPyType", column: str, depth: int = 0) -> Iterator[str]:
    """Spell the words of a cell: each of type UHUGEINT, and below 2**64 or NULL."""
    word = _word(value, kind.id)
    if word:
        yield word
    elif kind.id == "struct":
        yield f"({value} IS NULL)::UHUGEINT"
        yield from _fields(value, kind, column, depth)
    elif kind.id == "union":
        yield _text(f"union_tag({value})::VARCHAR")
        for name, member in _members(kind)[1:]:  # the first is the tag
            yield from _words(f"union_extract({value}, {literal(name)})", member, column, depth)
    elif kind.id == "map":
        yield _items(f"map_entries({value})", _fields(f"_item{depth}", kind, column, depth + 1), depth)
    elif kind.id in {"list", "array"}:
        ((_, member),) = _members(kind)
        yield _items(value, _words(f"_item{depth}", member, column, depth + 1), depth)
    else:
        raise UserError(f"column `{column}` has the type {kind}, which cannot be hashed: cast it to another")


def _members(kind: "DuckDBPyType") -> "list[tuple[str, DuckDBPyType]]":
    return [(name, member) for name, member in kind.children if not isinstance(member, int | list)]


def _fields(value: str, kind: "DuckDBPyType", column: str, depth: int) -> Iterator[str]:
    for position, (_, member) in enumerate(_members(kind), start=1):
        yield from _words(f"struct_extract_at({value}, {position})", member, column, depth)


def _items(value: str, words: Iterable[str], depth: int) -> str:
    """Spell the word of a list; `words` are those of an item of it, under its name at this depth."""
    row = _row(words, f"_place{depth}::UHUGEINT")
    rows = f"[{row} FOR _item{depth}, _place{depth} IN {value}]"
    folded = f"[{_folded('_row')} FOR _row IN {rows}]"
    hashes = f"[{_hash('_row')} FOR _row IN {folded}]"
    total = f"coalesce(list_sum({hashes}), len({value}))"  # the sum of no items is NULL, as that of no list
    return f"({total} & {2**64 - 1}::HUGEINT)::UHUGEINT"


def _word(value: str, kind: str) -> str | None:
    """Spell the one word of a cell of a simple type; None for another type."""
    if kind in _UNSIGNED:
        return f"{value}::UHUGEINT"
    if kind in _SIGNED:
        return _bits(_SIGNED[kind].format(value))
    if kind in {"float", "double"}:  # adding zero takes the sign from -0.0
        return f"(CASE WHEN isnan({value}) THEN 'nan' ELSE {value}::DOUBLE + 0.0 END)::BIT::UBIGINT::UHUGEINT"
    if kind in {"varchar", "blob"}:
        return _text(value)
    return _text(f"{value}::VARCHAR") if kind in _SPELLED else None


def _bits(value: str) -> str:
    """Spell a whole number as 64 bits, a negative one as its two's complement."""
    negative = f"({value}::HUGEINT + {2**64}::HUGEINT)::UHUGEINT"
    return f"(CASE WHEN {value} >= 0 THEN {value}::UHUGEINT ELSE {negative} END)"


def _text(value: str) -> str:
    return f"(md5_number({value}) & {_HALF})"
