"""Views: queries that the DuckDB file keeps in the place of rows, so that they show what their inputs are now.

A view has no content of its own. That of one that is not as recorded may be its own fault, or that of a table
which it shows; once that table is mended, it is looked at again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb

from assets.engine.contents import Schema, scan
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.sql import quoted

if TYPE_CHECKING:
    from assets.engine.inventory import Inventory


def names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of all views in the file; one that a user made in a schema of their own is none of ours."""
    found = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal AND NOT temporary"
    ).fetchall()
    return {name for (name,) in found}


def shown(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[str, Schema]:
    """Return data version and schema of what a view shows now; of one that cannot be read, a version like no other."""
    try:
        found = scan(connection, name)
    except duckdb.Error as error:  # what it reads is gone or changed
        return digest("cannot be read", str(error)), {}
    return found.data_version, found.schema


def look_again(inventory: "Inventory", key: str) -> None:
    """Look again at the views that show this table, which was just mended, and were not as recorded."""
    for view in inventory.definitions.views_of([key]):
        record, seen = inventory.records.get(view), inventory.versions.get(view)
        if record is None or not record.is_view or seen in (None, record.data_version):
            continue
        assert inventory.tables is not None, "a view that was seen can be seen again"
        with inventory.tables() as connection:
            inventory.versions[view], inventory.schemas[view] = shown(connection, view)


def check(key: str, sql: str, tables: Mapping[str, Schema]) -> None:
    """Refuse a query that would not run for whoever has only these tables.

    Such as one of files, of data at hand, or of functions in Python.
    """
    with duckdb.connect(config={"enable_external_access": "false", "threads": 1}) as stranger:
        stranger.execute("SET python_enable_replacements = false")
        for name, schema in tables.items():
            columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in schema.items())
            stranger.execute(f"CREATE TABLE {quoted(name)} ({columns})")
        try:
            stranger.execute(f"FROM ({sql}) LIMIT 0")
        except duckdb.Error as error:
            raise UserError(
                f"`{key}` cannot be a view: whoever opens the file has nothing but the tables that it reads, and of "
                f"these alone it cannot be made: {str(error).splitlines()[0]}; without view=True its rows are kept"
            ) from error
