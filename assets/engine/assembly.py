"""Putting a partitioned table together, in the order of its key: what stands, and what is new, a stretch at a time.

What stands lies in that order already and is copied as it lies; what is new is sorted, so much of it at a time as
memory has room for whatever the size of the table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import duckdb

from assets.engine import contents
from assets.engine.declarations import Asset
from assets.engine.loading import Loading
from assets.engine.sql import quoted
from assets.engine.staging import Query, check_columns, named, partitions_in

if TYPE_CHECKING:
    import pyarrow as pa

_COMPUTED = "_computed_rows"
_AT_ONCE = 32 * 2**20
"""Bytes of rows that are sorted at a time."""


class NewRows(Protocol):
    """The rows of partitions that were computed."""

    @property
    def names(self) -> Collection[str]:
        """The partitions."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Data version of each partition that has rows."""

    def shapes(self) -> Iterable[str]:
        """Return queries without rows, whose columns those of the rows are."""

    def insert(self, names: Sequence[str], table: str, by_key: str) -> None:
        """Append the rows of these partitions, which are given in their order, to a table, ordered by `by_key`."""


@dataclass(frozen=True)
class Standing:
    """Partitions whose rows are taken from the table as it stands."""

    table: str
    """How it is spelled."""
    names: Collection[str]
    versions: Mapping[str, str]
    """Data version of each that has rows."""
    shown: Query | None = None
    """Of a view: the query that is kept in the place of all rows."""


@dataclass(frozen=True)
class Computed:
    """Rows that one query computed, in a temporary table."""

    cursor: duckdb.DuckDBPyConnection
    column: str
    names: Collection[str]
    versions: Mapping[str, str]

    @classmethod
    def of(cls, asset: Asset, query: Query, names: Collection[str]) -> Computed:
        """Run the query; `UserError` when it has rows of a partition that is none of these."""
        column = asset.primary_key[0]
        query.create_temporary(_COMPUTED)
        partitions_in(query.cursor, _COMPUTED, asset.key, column, names)
        versions = contents.partition_versions(query.cursor, _COMPUTED, column)
        return cls(query.cursor, column, frozenset(names), versions)

    def shapes(self) -> Iterable[str]:
        """Return queries without rows, whose columns those of the rows are."""
        return [f"FROM {_COMPUTED} LIMIT 0"] if self.names else []

    def insert(self, names: Sequence[str], table: str, by_key: str) -> None:
        """Append the rows of these partitions to a table."""
        wanted = named(self.cursor, "_wanted", names)
        query = f"FROM {_COMPUTED} WHERE {quoted(self.column)}::VARCHAR IN (FROM {wanted}) {by_key}"
        self.cursor.execute(f"INSERT INTO {table} BY NAME {query}")


@dataclass(frozen=True)
class Loaded:
    """Rows that are kept as parts."""

    cursor: duckdb.DuckDBPyConnection
    loading: Loading

    @property
    def names(self) -> Collection[str]:
        """The partitions."""
        return self.loading.names

    @property
    def versions(self) -> Mapping[str, str]:
        """Data version of each partition that has rows."""
        return self.loading.parts.versions

    def shapes(self) -> Iterable[str]:
        """Return queries without rows, whose columns those of the rows are."""
        blank = self.loading.blank
        schemas = self.loading.parts.schemas() or ([] if blank is None else [blank.schema])
        for number, schema in enumerate(schemas):
            self.cursor.register(f"_shape{number}", schema.empty_table())
        return [f"FROM _shape{number}" for number in range(len(schemas))]

    def insert(self, names: Sequence[str], table: str, by_key: str) -> None:
        """Append the rows of these partitions to a table, a bounded amount at a time."""
        for some in self.loading.parts.slices(names, _AT_ONCE):
            found = [self._only(rows, wanted) for rows, wanted in self.loading.parts.rows(some)]
            tables = _alike(found)
            into = table if len(tables) == 1 else "_mixed"
            if len(tables) > 1:
                self.cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {into} AS FROM {table} LIMIT 0")
            for rows in tables:
                _execute(self.cursor, f"INSERT INTO {into} BY NAME FROM given {by_key}", rows)
            if len(tables) > 1:
                self.cursor.execute(f"INSERT INTO {table} BY NAME FROM {into} {by_key}")

    def _only(self, rows: pa.Table, names: Sequence[str] | None) -> pa.Table:
        """Return the rows of some partitions."""
        if names is None:
            return rows
        import pyarrow as pa
        import pyarrow.compute as pc

        labels = self.loading.labels(rows, self.cursor)
        return rows.filter(pc.is_in(labels, pa.array(names, pa.string())))


def _alike(tables: Iterable[pa.Table]) -> list[pa.Table]:
    """Return one table for each schema."""
    import pyarrow as pa

    of_schema: dict[str, list[pa.Table]] = {}
    for table in tables:
        of_schema.setdefault(table.schema.to_string(), []).append(table)
    return [pa.concat_tables(alike) for alike in of_schema.values()]


def _execute(cursor: duckdb.DuckDBPyConnection, statement: str, given: pa.Table) -> None:
    """Run a statement in which the rows are called `given`, which is how DuckDB finds them here.

    A table that is registered under a name would be held, all of its memory, until the transaction ends.
    """
    cursor.execute(statement)


@dataclass
class _Stretch:
    """Partitions that follow each other in the order of the key, all of them new or all of them standing."""

    start: int = 0
    stop: int = 0
    """Standing ones are rows from start to stop, which is not among them."""
    names: list[str] = field(default_factory=list)
    """New ones."""


def assemble(
    asset: Asset,
    table: str,
    new: NewRows,
    standing: Standing,
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    """Create a table of the new rows and of those that stand, in one transaction; or the view that shows both.

    Its columns are those of both, and their types such as hold both.
    """
    if standing.shown is not None:
        return standing.shown.create(table, (), view=True)
    cursor.execute("BEGIN")
    try:
        shapes = [*new.shapes(), *([f"FROM {standing.table} LIMIT 0"] if standing.names else [])]
        shape = " UNION ALL BY NAME ".join(f"({query})" for query in shapes)
        check_columns(asset, Query(shape, cursor))
        cursor.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS {shape}")
        _fill(asset, table, new, standing, cursor)
        cursor.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed has rolled back already
            cursor.execute("ROLLBACK")
        raise


def _fill(
    asset: Asset, table: str, new: NewRows, standing: Standing, cursor: duckdb.DuckDBPyConnection
) -> None:
    old, column = standing.table, asset.primary_key[0]
    by_key = "ORDER BY " + ", ".join(map(quoted, asset.primary_key))
    rows = _rows_of(cursor, old, column, standing.names)
    if rows is None:  # somebody wrote the same rows anew, in another order
        cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE _sorted AS FROM {old} {by_key}")
        old, rows = "_sorted", _rows_of(cursor, "_sorted", column, standing.names) or {}
    order = _in_order(cursor, table, column, {*new.names, *standing.names})
    for stretch in _stretches(order, rows, new.names):
        if not stretch.names:
            within = f"rowid >= {stretch.start} AND rowid < {stretch.stop}"
            cursor.execute(f"INSERT INTO {quoted(table)} BY NAME FROM {old} WHERE {within}")
            continue
        new.insert(stretch.names, quoted(table), by_key)


def _in_order(
    cursor: duckdb.DuckDBPyConnection, table: str, column: str, names: Collection[str]
) -> list[str]:
    """Return the partitions in the order of the column that names them, which need not be that of texts."""
    kinds = contents.schema_of(cursor, table)
    if kinds[column] == "VARCHAR":
        return sorted(names)  # DuckDB sorts texts by their bytes, which is the same
    given = named(cursor, "_all", names)
    found = cursor.execute(f"FROM {given} ORDER BY TRY_CAST(name AS {kinds[column]}), name").fetchall()
    return [name for (name,) in found]


def _rows_of(
    cursor: duckdb.DuckDBPyConnection, old: str, column: str, standing: Collection[str]
) -> dict[str, tuple[int, int]] | None:
    """Return the first row and the end of each partition that stands; None if rows of others lie between its own."""
    if not standing:
        return {}
    found = cursor.execute(
        f"SELECT {quoted(column)}::VARCHAR, min(rowid), max(rowid) + 1, count(*) FROM {old} GROUP BY 1"
    ).fetchall()
    if any(stop - start != count for _, start, stop, count in found):
        return None
    return {name: (start, stop) for name, start, stop, _ in found if name in standing}


def _stretches(
    order: Iterable[str], rows: Mapping[str, tuple[int, int]], new: Collection[str]
) -> list[_Stretch]:
    found: list[_Stretch] = []
    last = _Stretch()
    for name in order:
        if name in new:
            if not last.names:
                last = _Stretch()
                found.append(last)
            last.names.append(name)
        elif name in rows:
            start, stop = rows[name]
            if last.names or last.stop != start or not found:
                last = _Stretch(start, stop)
                found.append(last)
            last.stop = stop
    return found
