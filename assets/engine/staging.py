"""A table on its way: the query that makes it, and the checks that it must pass before it is kept."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from assets.engine.declarations import Asset
from assets.engine.errors import UserError
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


def check_rows(cursor: duckdb.DuckDBPyConnection, asset: Asset, table: str) -> None:
    """Refuse a table whose key is null or repeated, or with a value out of its range."""
    staging, key = quoted(table), ", ".join(map(quoted, asset.primary_key))
    questions = []
    if asset.primary_key:
        null = " OR ".join(f"{quoted(c)} IS NULL" for c in asset.primary_key)
        questions.append((f"has a null in its key ({key})", f"SELECT count(*) FROM {staging} WHERE {null}"))
        repeated = f"SELECT count(*) FROM (FROM {staging} SELECT 1 GROUP BY {key} HAVING count(*) > 1)"
        questions.append((f"has a key ({key}) more than once", repeated))
    for column, (low, high) in asset.ranges.items():
        outside = f"{quoted(column)} < '{low}'::DOUBLE OR {quoted(column)} > '{high}'::DOUBLE"
        outside += f" OR isnan({quoted(column)}::DOUBLE)"
        questions.append(
            (f"has `{column}` outside {low} to {high}", f"SELECT count(*) FROM {staging} WHERE {outside}")
        )
    for finding, question in questions:
        (count,) = cursor.execute(question).fetchall()[0]
        if count:
            raise UserError(f"table `{asset.key}` {finding}: {count} rows; nothing was published")
