"""Assets made of lots of numbers, for projects that differ in where the lots come from and what is declared."""

MADE_OF_LOTS = '''
def items(lots, partition_keys) -> pa.Table:
    """One number of one lot."""
    rows = [(lot, place, v) for lot in partition_keys for place, v in enumerate(lots[lot])]
    return pa.table(dict(zip(("lot", "place", "v"), map(list, zip(*rows)))))


@asset
def total(items: ir.Table) -> ir.Table:
    """The sum."""
    return items.aggregate(n=items.v.sum().cast("int64"))


@asset(path="total.txt")
def told(total: pa.Table, output) -> Path:
    """The sum, written down."""
    output.write_text(str(total["n"][0]))
    return output
'''
"""Follows on a source `lots` and the decorator of `items`."""
