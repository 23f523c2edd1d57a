"""The query that makes all of a table: compiled from its expression, or what its function returns."""

from __future__ import annotations

from contextlib import AbstractContextManager

import duckdb

from assets.engine.arguments import alone, read_inputs, register
from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.engine.records import Record
from assets.engine.staging import Query

_COMPUTED = "_computed"
"""Name under which data is handed to DuckDB; no asset can be called so, keys do not begin with _."""


def whole(
    inventory: Inventory,
    planning: AbstractContextManager[object],
    asset: Asset,
    record: Record,
    cursor: duckdb.DuckDBPyConnection,
) -> Query:
    """Return the query for all of a table, to run on `cursor`; a function that is no expression is run for it.

    `planning` is held while the inventory compiles, which one thread may do at a time.
    """
    if asset.form == "expression":
        return _expression(inventory, planning, asset, record, cursor)
    given = read_inputs(inventory, asset, cursor)
    with alone(inventory, asset):
        returned = asset.function(**given)
        if asset.view and isinstance(returned, duckdb.DuckDBPyRelation):
            return Query(returned.sql_query(), cursor)
        register(_COMPUTED, asset.key, returned, cursor)
    return Query(f"FROM {_COMPUTED}", cursor)


def _expression(
    inventory: Inventory,
    planning: AbstractContextManager[object],
    asset: Asset,
    record: Record,
    cursor: duckdb.DuckDBPyConnection,
) -> Query:
    before = inventory.records.get(asset.key)
    if before and before.sql and before.source_hash == record.source_hash:
        # only data moved: the SQL on record still says it, without ibis
        return Query(before.sql, cursor, recorded=before.sql)
    with planning:
        compiled = inventory.compiled(asset)
    for name, data in compiled.memtables.items():
        cursor.register(name, data)
    if compiled.functions:
        from assets.engine.expressions import register_udfs

        register_udfs(cursor, compiled)
    return Query(compiled.sql, cursor, recorded=compiled.sql if compiled.portable else None)
