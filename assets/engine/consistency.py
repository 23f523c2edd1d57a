"""Whether records agree: each with itself, and with what there is of all that it says the asset was made from.

The content that a record names is hashed elsewhere. Who edits a table and its record together is found here: what
was made from it was made from something else.
"""

from collections.abc import Iterator

import duckdb

from assets.engine.contents import scan
from assets.engine.decide import State
from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.engine.lineage.gathering import gathered
from assets.engine.records import Record
from assets.engine.sql import quoted


def contradictions(inventory: Inventory) -> dict[str, str]:
    """Say of each asset whose record contradicts itself, or what is there, in what; nothing of those that are gone."""
    assert inventory.tables is not None, "whoever looks can ask the tables"
    with inventory.tables() as connection:
        found = {
            key: "; ".join(_of(inventory, asset, inventory.records[key], connection))
            for key, asset in inventory.definitions.assets.items()
            if key in inventory.records and key in inventory.versions
        }
    return {key: told for key, told in found.items() if told}


def _of(
    inventory: Inventory, asset: Asset, record: Record, connection: duckdb.DuckDBPyConnection
) -> Iterator[str]:
    if record.ingredients.input_hash(asset.key) != record.input_hash:
        yield "its record was edited: the input hash is not that of its ingredients"
    if asset.key in inventory.tables_there:
        ((rows,),) = connection.execute(f"SELECT count(*) FROM {quoted(asset.key)}").fetchall()
        if rows != record.rows:
            yield f"its record was edited: it counts {record.rows:,} rows, the table has {rows:,}"
    now = _now(inventory, asset, record, connection)
    moved = [key for key, version in record.ingredients.inputs.items() if now.get(key, version) != version]
    if moved:
        yield f"made from `{'`, `'.join(moved)}` as it no longer is"


def _now(
    inventory: Inventory, asset: Asset, record: Record, connection: duckdb.DuckDBPyConnection
) -> dict[str, str]:
    """Return what the inputs are now that the record says the asset was made from; sources are not looked at."""
    if asset.told_lineage:  # what is not fresh now was told of as fresh
        entries = gathered(inventory, asset).entries.values()
        return {entry.key: entry.digest for entry in entries if entry.state == State.FRESH.value}
    read = {key: columns for key, columns in record.columns_read.items() if key in inventory.tables_there}
    in_part = {key: scan(connection, key, columns).data_version for key, columns in read.items()}
    return {**inventory.versions, **in_part}
