"""What differs between two states of a table: columns, rows, and values by column.

Rows are matched by a key where one is given that is unique on both sides. Without it they are counted as
the multisets that they are, and as few rows as possible are taken to have changed. NULL equals NULL here,
and NaN equals NaN.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from assets.engine.sql import quoted

if TYPE_CHECKING:
    import duckdb

_EXAMPLES = 5
_NAMED = 3
"""Columns that a sentence names before it counts the others."""

_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)")

_GONE_AND_COME = (
    "SELECT [coalesce(sum(greatest(n, 0)), 0)::BIGINT, coalesce(sum(greatest(-n, 0)), 0)::BIGINT]"
)


@dataclass(frozen=True)
class Example:
    """One value that changed, as text; None for NULL."""

    key: Mapping[str, str | None]
    column: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class TableDelta:
    """What differs between an old and a new state of a table."""

    rows_before: int
    rows_after: int
    rows_added: int
    rows_removed: int
    rows_changed: int
    matched_by: Sequence[str] = ()
    """Columns by which rows were matched; empty when they were counted as multisets."""
    columns_added: Sequence[str] = ()
    columns_removed: Sequence[str] = ()
    columns_retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    columns_reordered: bool = False
    """Whether the columns that both have come in another order."""
    changed: Mapping[str, int] = field(default_factory=dict)
    """Column -> in how many rows its value changed, for those where any did."""
    examples: Sequence[Example] = ()
    """Some of the values that changed, in the order of the key; none without a key."""

    def summary(self) -> str:
        """Return it as one line; `no difference` when there is none."""
        return "; ".join([*self._about_columns(), *self._about_rows()]) or "no difference"

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    def _about_columns(self) -> Iterator[str]:
        for columns, verb in ((self.columns_added, "added"), (self.columns_removed, "removed")):
            if columns:
                yield f"{_listed(columns)} {verb}"
        for column, (old, new) in self.columns_retyped.items():
            yield f"column {column} is {new}, was {old}"
        if self.columns_reordered:
            yield "columns in another order"

    def _about_rows(self) -> Iterator[str]:
        if self.rows_changed:
            where = f", {_listed(list(self.changed))}" if self.changed else ""
            yield f"{self.rows_changed:,} of {self.rows_before:,} rows changed{where}"
        for count, verb in ((self.rows_added, "added"), (self.rows_removed, "removed")):
            if count:
                yield f"{count:,} row{'s' * (count > 1)} {verb}"


@dataclass(frozen=True)
class _Pair:
    """The columns that an old and a new table have in common, and how their values are compared."""

    cursor: "duckdb.DuckDBPyConnection"
    old: str
    new: str
    columns: Mapping[str, bool]
    """Column -> whether it is compared as text."""

    def select(self, table: str, columns: Iterable[str]) -> str:
        """Return the query of some columns, by place (c0, c1, ...): no name is then in the way of another."""
        values = [f"{quoted(c)}{'::VARCHAR' * self.columns[c]} AS c{n}" for n, c in enumerate(columns)]
        return f"SELECT {', '.join(['true AS here', *values])} FROM {quoted(table)}"

    def count(self, table: str, what: str = "*") -> int:
        """Return a count over a table."""
        ((found,),) = self.cursor.execute(f"SELECT count({what}) FROM {quoted(table)}").fetchall()
        return int(found)


def compare(cursor: "duckdb.DuckDBPyConnection", old: str, new: str, key: Sequence[str] = ()) -> TableDelta:
    """Return what differs between two tables or views, matching rows by `key` where that can be done."""
    before, after = _schema(cursor, old), _schema(cursor, new)
    common = [column for column in before if column in after]
    pair = _Pair(cursor, old, new, {c: _as_text(before[c], after[c]) for c in common})
    rows = _by_key(pair, key) if _identifies(pair, key) else _as_multisets(pair)
    return TableDelta(
        columns_added=[column for column in after if column not in before],
        columns_removed=[column for column in before if column not in after],
        columns_retyped={c: (before[c], after[c]) for c in common if before[c] != after[c]},
        columns_reordered=common != [column for column in after if column in before],
        **rows,
    )


def _schema(cursor: "duckdb.DuckDBPyConnection", table: str) -> dict[str, str]:
    description = cursor.execute(f"FROM {quoted(table)} LIMIT 0").description or []
    return {name: str(kind) for name, kind, *_ in description}


def _as_text(old: str, new: str) -> bool:
    """Tell whether values are compared as text: of other types, and intervals, whose month equals 30 days."""
    numbers = _NUMBER.fullmatch(old) and _NUMBER.fullmatch(new)
    return (old != new and not numbers) or "INTERVAL" in old


def _identifies(pair: _Pair, key: Sequence[str]) -> bool:
    if not key or any(column not in pair.columns for column in key):
        return False
    row = f"DISTINCT row({', '.join(map(quoted, key))})"  # as a row, since NULL alone would not be counted
    return all(pair.count(table, row) == pair.count(table) for table in (pair.old, pair.new))


def _by_key(pair: _Pair, key: Sequence[str]) -> dict[str, Any]:
    columns = [*key, *(column for column in pair.columns if column not in key)]
    keys, rest = range(len(key)), range(len(key), len(columns))
    matching = " AND ".join(f"o.c{n} IS NOT DISTINCT FROM n.c{n}" for n in keys)
    old, new = (pair.select(table, columns) for table in (pair.old, pair.new))
    joined = f"({old}) AS o FULL JOIN ({new}) AS n ON {matching}"
    counted = ", ".join(f"count(*) FILTER ({_changed([n])})" for n in rest)
    ((before, after, kept, changed, *each),) = pair.cursor.execute(
        "SELECT count(o.here), count(n.here), count(*) FILTER (o.here AND n.here), "
        f"count(*) FILTER ({_changed(rest)}), {counted} FROM {joined}"
    ).fetchall()
    changes = {n: count for n, count in zip(rest, each, strict=True) if count}
    return {
        "rows_before": before,
        "rows_after": after,
        "rows_added": after - kept,
        "rows_removed": before - kept,
        "rows_changed": changed,
        "matched_by": key,
        "changed": {columns[n]: count for n, count in changes.items()},
        "examples": list(islice(_examples(pair.cursor, joined, columns, keys, list(changes)), _EXAMPLES)),
    }


def _changed(places: Iterable[int]) -> str:
    """Return the condition that a row is on both sides, with other values in any of these places."""
    differs = " OR ".join(f"o.c{n} IS DISTINCT FROM n.c{n}" for n in places)
    return f"o.here AND n.here AND ({differs or 'false'})"


def _examples(
    cursor: "duckdb.DuckDBPyConnection",
    joined: str,
    columns: Sequence[str],
    keys: range,
    changes: Sequence[int],
) -> Iterator[Example]:
    """Give the values that changed in the first rows that did."""
    shown = [f"o.c{n}::VARCHAR" for n in keys]
    for n in changes:
        shown += [_changed([n]), f"o.c{n}::VARCHAR", f"n.c{n}::VARCHAR"]
    rows = cursor.execute(
        f"SELECT {', '.join(shown)} FROM {joined} WHERE {_changed(changes)} "
        f"ORDER BY {', '.join(f'o.c{n}' for n in keys)} LIMIT {_EXAMPLES}"
    ).fetchall()
    for row in rows:
        key = dict(zip(columns, row[: len(keys)], strict=False))
        values = iter(row[len(keys) :])
        for n, differs, old, new in zip(changes, values, values, values, strict=True):
            if differs:
                yield Example(key, columns[n], old, new)


def _as_multisets(pair: _Pair) -> dict[str, Any]:
    columns, places = list(pair.columns), [f"c{n}" for n in range(len(pair.columns))]
    old, new = (pair.select(table, columns) for table in (pair.old, pair.new))
    signed = f"SELECT 1 AS one, * FROM ({old}) UNION ALL SELECT -1, * FROM ({new})"
    surplus = f"SELECT {', '.join(['sum(one) AS n', *places])} FROM ({signed}) GROUP BY ALL HAVING n <> 0"
    each = [f"SELECT sum(n) AS n FROM _surplus GROUP BY {place}" for place in places]
    counted = ", ".join(f"({_GONE_AND_COME} FROM ({query}))" for query in ("FROM _surplus", *each))
    (((gone, come), *values),) = pair.cursor.execute(
        f"WITH _surplus AS MATERIALIZED ({surplus}) SELECT {counted}"
    ).fetchall()
    changes = {column: min(counts) for column, counts in zip(columns, values, strict=True)}
    return {
        "rows_before": pair.count(pair.old),
        "rows_after": pair.count(pair.new),
        "rows_added": come - min(gone, come),
        "rows_removed": gone - min(gone, come),
        "rows_changed": min(gone, come),
        "changed": {column: count for column, count in changes.items() if count},
    }


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return f"column{'s' * (len(columns) > 1)} {', '.join(columns[:_NAMED])}{more}"
