"""What the DuckDB file says of itself: COMMENTs on tables, views and columns, written and read back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.engine import ledger
from assets.engine.declarations import Asset
from assets.engine.sql import literal, quoted, table_or_view

if TYPE_CHECKING:
    import duckdb

_COMMENT = re.compile(r"(.*?)\n\n(?:Key: ([^\n]*)\n)?Group: ([^\n]*)", re.DOTALL)


@dataclass(frozen=True)
class Column:
    """A column as the file describes it."""

    name: str
    type: str
    meaning: str | None


@dataclass(frozen=True)
class Described:
    """A table or view as the file describes it."""

    name: str
    kind: str
    """`table` or `view`."""
    group: str | None
    """None where the file does not say."""
    description: str
    primary_key: tuple[str, ...]
    columns: tuple[Column, ...]


def comments(asset: Asset, columns: Iterable[str]) -> Iterable[str]:
    """Yield the statements that say in the file itself what a table and its columns are."""
    table = quoted(asset.key)
    key = f"Key: {', '.join(asset.primary_key)}\n" if asset.primary_key else ""
    said = f"{asset.description}\n\n{key}Group: {asset.group_name}"
    yield f"COMMENT ON {table_or_view(asset.view)} {table} IS {literal(said)}"
    for name in columns:
        if name in asset.columns:
            yield f"COMMENT ON COLUMN {table}.{quoted(name)} IS {literal(asset.columns[name])}"


def described(connection: "duckdb.DuckDBPyConnection") -> list[Described]:
    """Return what the file says of each table and view that is on record, by group and name."""
    known = ledger.keys(connection)
    tables = connection.execute(
        "SELECT table_name, comment, 'table' FROM duckdb_tables() "
        "UNION ALL SELECT view_name, comment, 'view' FROM duckdb_views()"
    ).fetchall()
    columns: dict[str, list[Column]] = {}
    for name, *column in connection.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE NOT internal ORDER BY table_name, column_index"
    ).fetchall():
        columns.setdefault(name, []).append(Column(*column))
    found = [
        _described(name, kind, comment or "", columns[name])
        for name, comment, kind in tables
        if name in known
    ]
    return sorted(found, key=lambda table: (table.group or "", table.name))


def _described(name: str, kind: str, comment: str, columns: Iterable[Column]) -> Described:
    parts = _COMMENT.fullmatch(comment)
    description, key, group = parts.groups() if parts else (comment, None, None)
    return Described(name, kind, group, description, tuple(key.split(", ")) if key else (), tuple(columns))
