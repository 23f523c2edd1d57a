"""What an asset's function is called with, and what it may return."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb

from assets.engine.declarations import Absent, Asset
from assets.engine.errors import UserError
from assets.engine.inventory import Inventory
from assets.engine.lineage.gathering import gathered
from assets.engine.sql import quoted

if TYPE_CHECKING:
    import pyarrow as pa

_SHARED = Lock()


def read_inputs(inventory: Inventory, asset: Asset, cursor: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return what the asset's function is called with, each input in the form that it asks for."""
    given: dict[str, Any] = inventory.settings_argument(asset)
    if asset.connection_parameter:
        given[asset.connection_parameter] = cursor
    if asset.told_lineage:
        given["lineage"] = gathered(inventory, asset)
    backend = None
    for parameter, key in asset.inputs.items():
        if key in inventory.definitions.sources:
            seen = inventory.observation(key)
            if isinstance(seen, Absent):
                raise UserError(f"`{asset.key}` cannot be built: {seen.reason}")
            given[parameter] = seen.value
            continue
        if key not in inventory.versions:
            raise UserError(f"`{asset.key}` reads `{key}`, which is not built: build it first")
        if asset.wants[parameter] == "expression":
            backend = backend or _backend(cursor)
            given[parameter] = backend.table(key)
        elif asset.wants[parameter] == "relation":
            given[parameter] = cursor.sql(f"FROM {quoted(key)}")
        elif asset.wants[parameter] == "file":
            given[parameter] = Path(inventory.definitions.named(key).path or "")
        else:
            read = inventory.definitions.named(key)
            order = ", ".join(map(quoted, read.primary_key)) or ("ALL" if read.view else "")
            table = cursor.execute(
                f"SELECT * FROM {quoted(key)}" + (f" ORDER BY {order}" if order else "")
            ).to_arrow_table()
            given[parameter] = table.to_pandas() if asset.wants[parameter] == "frame" else table
    return given


def _backend(cursor: duckdb.DuckDBPyConnection) -> Any:
    import ibis

    return ibis.duckdb.from_connection(cursor)


def alone(inventory: Inventory, asset: Asset) -> AbstractContextManager[object]:
    """Keep apart, for the length of a block, functions that share what two threads must not use at once.

    That is DuckDB's default connection, in all that name `duckdb`: when two threads use it, as `duckdb.sql` does,
    they wait for each other for ever. And it is Altair, in all that return a chart: its setters
    (`alt.X(...).axis(...)`) keep what they were called on where other threads keep theirs, and a figure got the axes
    of another one.
    """
    if asset.form == "chart":
        return _SHARED
    own = inventory.code.closure(asset.reference, caption=asset.kind == "figure")
    return _SHARED if "duckdb" in own.libraries else nullcontext()


def register(name: str, key: str, value: Any, cursor: duckdb.DuckDBPyConnection) -> None:
    """Let the connection know what an asset's function returned by a name: as it is, or as an Arrow table."""
    if isinstance(value, duckdb.DuckDBPyRelation):
        try:
            cursor.register(name, value)
        except duckdb.InvalidInputException:  # it belongs to another connection
            cursor.register(name, value.to_arrow_table())
    else:
        cursor.register(name, arrow(key, value))


def arrow(key: str, value: Any) -> pa.Table:
    """Return what an asset's function returned as an Arrow table; UserError when it is no table."""
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    if not hasattr(value, "columns"):
        raise UserError(
            f"`{key}` returned a {type(value).__name__}, not the table that its annotation promises"
        )
    named = value.index.names != [None]  # an index that somebody named is data; a running number is not
    return pa.Table.from_pandas(value.reset_index() if named else value, preserve_index=False)
