"""A table on its way: the query that makes it, and the checks that it must pass before it is kept."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import duckdb

from assets.engine.declarations import Asset
from assets.engine.errors import CheckError, UserError
from assets.engine.sql import literal, quoted, table_or_view


@dataclass(frozen=True)
class Query:
    """A query with the connection to run it on."""

    sql: str
    cursor: duckdb.DuckDBPyConnection
    recorded: str | None = None
    """SQL that says by itself, on any connection, what is asked of the tables; whatever partitions it is asked of."""

    def columns(self) -> list[str]:
        """Return the names of its columns."""
        return [name for name, *_ in self.cursor.execute(f"FROM ({self.sql}) LIMIT 0").description or ()]

    def create(self, table: str, key: Sequence[str], *, view: bool) -> None:
        """Run it into a table, in the order of its key; or make a view of it, in no order, which each reader would pay.

        A table is a set of rows: without a key the order is that of all its columns, whoever made it.
        """
        order = ", ".join(map(quoted, key)) or "ALL"
        query = self.sql if view else f"FROM ({self.sql}) ORDER BY {order}"
        self.cursor.execute(f"CREATE OR REPLACE {table_or_view(view)} {quoted(table)} AS {query}")

    def create_temporary(self, table: str) -> None:
        """Run it into a temporary table, as its rows come."""
        self.cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {quoted(table)} AS {self.sql}")


def named(cursor: duckdb.DuckDBPyConnection, table: str, names: Iterable[str]) -> str:
    """Make a temporary table of names; return how it is spelled."""
    listed = ", ".join(map(literal, sorted(names)))  # a parameter would make DuckDB import pandas
    cursor.execute(
        f"CREATE OR REPLACE TEMPORARY TABLE {quoted(table)} AS SELECT unnest([{listed}]::VARCHAR[]) AS name"
    )
    return quoted(table)


def partitions_in(
    cursor: duckdb.DuckDBPyConnection, table: str, key: str, column: str, asked: Collection[str]
) -> set[str]:
    """Return the partitions that a table has rows of.

    Raises UserError for rows of a partition that was not asked for: the next build would take them for another's.
    """
    _check_names_partitions(key, column, Query(f"FROM {quoted(table)}", cursor).columns())
    rows = cursor.execute(f"SELECT DISTINCT {quoted(column)}::VARCHAR FROM {quoted(table)}").fetchall()
    found = {name for (name,) in rows}
    for name in found - set(asked):
        value = "NULL" if name is None else f"'{name}'"
        raise UserError(
            f"`{key}` has rows whose `{column}` is {value}, which is no partition asked for: the first column of its "
            "primary_key must name the partition"
        )
    return found


def _check_names_partitions(key: str, column: str, columns: Collection[str]) -> None:
    if column not in columns:
        raise UserError(
            f"`{key}` has partitions, so its primary_key must begin with the column that names them"
        )


def check_columns(asset: Asset, query: Query) -> None:
    """Refuse a query without a column that the declaration names."""
    wanted = (*asset.primary_key, *asset.ranges)
    columns = query.columns() if wanted else []
    if asset.partitions_def:
        _check_names_partitions(asset.key, asset.primary_key[0], columns)
    for name in wanted:
        if name not in columns:
            there = ", ".join(f"`{column}`" for column in columns)
            raise UserError(
                f"`{asset.key}` has no column `{name}`, which its declaration names; it has {there}"
            )


@dataclass(frozen=True)
class RowCheck:
    """One promise that a declaration makes of a table's rows."""

    name: str
    promise: str
    finding: str
    """What is said of a table that breaks it."""
    broken_by: str
    """A query, for a table called `_asked`, of one row for each that breaks it."""


def row_checks(asset: Asset) -> list[RowCheck]:
    """Return what the declaration promises: a key that is neither null nor repeated, values within their ranges."""
    checks, key = list[RowCheck](), ", ".join(map(quoted, asset.primary_key))
    if asset.primary_key:
        said, null = f"({key})", " OR ".join(f"{quoted(c)} IS NULL" for c in asset.primary_key)
        repeated = f"FROM _asked SELECT 1 GROUP BY {key} HAVING count(*) > 1"
        checks = [
            RowCheck(
                "key_not_null",
                f"No null in the key {said}.",
                f"has a null in its key {said}",
                f"FROM _asked WHERE {null}",
            ),
            RowCheck("key_unique", f"No key {said} twice.", f"has a key {said} more than once", repeated),
        ]
    for column, (low, high) in asset.ranges.items():
        outside = f"{quoted(column)} < '{low}'::DOUBLE OR {quoted(column)} > '{high}'::DOUBLE"
        outside += f" OR isnan({quoted(column)}::DOUBLE)"
        promise, finding = f"`{column}` is from {low} to {high}.", f"has `{column}` outside {low} to {high}"
        word = re.sub(r"\W", "_", column, flags=re.ASCII)
        name = _another(f"range_of_{word}", [check.name for check in checks])
        checks.append(RowCheck(name, promise, finding, f"FROM _asked WHERE {outside}"))
    return checks


def _another(name: str, taken: Sequence[str]) -> str:
    """Return the name, numbered where columns that differ in other signs only would share it."""
    numbered = (f"{name}_{number}" for number in count(2))
    return name if name not in taken else next(n for n in numbered if n not in taken)


def broken(cursor: duckdb.DuckDBPyConnection, check: RowCheck, table: str) -> int:
    """Return how many rows of a table break the promise; of a key that is repeated, how many keys."""
    asked = f"WITH _asked AS (FROM {quoted(table)}) SELECT count(*) FROM ({check.broken_by})"
    ((count,),) = cursor.execute(asked).fetchall()
    return int(count)


def check_rows(cursor: duckdb.DuckDBPyConnection, asset: Asset, table: str) -> None:
    """Refuse a table whose key is null or repeated, or with a value out of its range."""
    for check in row_checks(asset):
        if count := broken(cursor, check, table):
            raise CheckError(
                f"table `{asset.key}` {check.finding}: {count} rows; nothing was published", [check.name]
            )
