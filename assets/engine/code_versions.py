"""Code versions: one word for how an asset is made, for those who compare words, as Dagster does.

It moves when a decision would find code, settings or libraries changed, and only then; and it is the same before a
build and after, though the expression that a table is made with is known only once what it reads is there.
"""

from assets.engine.declarations import Asset
from assets.engine.errors import ExpressionError
from assets.engine.inventory import Inventory
from assets.engine.records import Record


def code_version(inventory: Inventory, asset: Asset) -> str:
    """Return the code version of an asset as it is declared now; no source is looked at, and no row of a table.

    What is made otherwise than by an expression has that of its code. An expression keeps the one on record
    for as long as it is the same, however it is written; else it has that of how it is written.
    """
    if asset.form != "expression":
        return inventory.making(asset).making()
    record = inventory.records.get(asset.key)
    if record is None:
        return inventory.written(asset)
    try:
        unchanged = inventory.making(asset).making() == record.ingredients.making()
    except ExpressionError:
        unchanged = False
    return recorded(record) if unchanged else inventory.written(asset)


def recorded(record: Record) -> str:
    """Return the code version that an asset had when it was built."""
    return record.code_version or record.ingredients.making()
