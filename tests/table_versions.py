"""Data versions of small tables, and values of every type to try."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from assets.engine.contents import Contents, scan

NAN, INF = float("nan"), float("inf")


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@contextmanager
def registered(table: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """Hand a table to DuckDB under the name `given`."""
    connection().register("given", table)
    try:
        yield connection()
    finally:
        connection().unregister("given")


def version(table: pa.Table, batch: int | None = None) -> str:
    """Return the data version of a table that is handed over in batches of so many rows.

    Not in slices: of structs in structs, DuckDB 1.5 reads the nulls of a slice as something else.
    """
    if batch:
        rows = table.to_pylist()
        parts = [rows[start : start + batch] for start in range(0, len(rows), batch)]
        table = pa.Table.from_batches(
            [pa.RecordBatch.from_pylist(part, table.schema) for part in parts], table.schema
        )
    with registered(table) as cursor:
        return scan(cursor, "given").data_version


def column(values: list[Any], kind: pa.DataType | None = None) -> str:
    return version(pa.table({"x": pa.array(values, kind)}))


def contents(sql: str, *settings: str) -> Contents:
    """Return what a table holds that is made by a query, in a database of its own."""
    with duckdb.connect() as own:
        for setting in settings:
            own.execute(setting)
        own.execute(f"CREATE TABLE given AS {sql}")
        return scan(own, "given")


def of_query(sql: str, *settings: str) -> str:
    return contents(sql, *settings).data_version


LEAVES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "double": (pa.float64(), [1.0, np.nextafter(1.0, 2), NAN, 0.0, -0.0, -1.0, INF, -INF, 5e-324]),
    "float": (pa.float32(), [1.0, 1.5, NAN, 0.0, -0.0]),
    "whole": (pa.int64(), [0, 1, -1, 2**63 - 1, -(2**63)]),
    "unsigned": (pa.uint64(), [0, 1, 2**63, 2**64 - 1]),
    "tiny": (pa.int8(), [0, 1, -128, 127]),
    "boolean": (pa.bool_(), [True, False]),
    "text": (pa.string(), ["", "a", "b", "ab", "A", "NULL", "\u00e9", "e\u0301", "a\x00b", "a" * 100]),
    "blob": (pa.binary(), [b"", b"a", b"\x00", b"\x00\x00"]),
    "date": (pa.date32(), [date(1970, 1, 1), date(2024, 2, 29), date(1, 1, 1)]),
    "time": (pa.time64("us"), [time(0), time(0, 0, 0, 1)]),
    "moment": (pa.timestamp("us"), [datetime(1970, 1, 1), datetime(2024, 1, 1, 0, 0, 0, 1)]),
    "instant": (
        pa.timestamp("us", "UTC"),
        [datetime(1970, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)],
    ),
    "decimal": (pa.decimal128(38, 2), [Decimal("0.00"), Decimal("1.50"), Decimal("-1.50"), Decimal(10**35)]),
}


# One column of each type, nested up to two deep, with a way to make values of it.
COLUMNS = st.recursive(
    st.sampled_from(sorted(LEAVES)).map(
        lambda name: (LEAVES[name][0], st.none() | st.sampled_from(LEAVES[name][1]))
    ),
    lambda inner: (
        inner.map(lambda c: (pa.list_(c[0]), st.none() | st.lists(c[1], max_size=3)))
        | inner.map(lambda c: (pa.list_(c[0], 2), st.none() | st.lists(c[1], min_size=2, max_size=2)))
        | inner.map(
            lambda c: (
                pa.map_(pa.string(), c[0]),
                st.none()
                | st.dictionaries(st.sampled_from("ab"), c[1]).map(lambda entries: [*entries.items()]),
            )
        )
        | st.tuples(inner, inner).map(
            lambda p: (
                pa.struct([("a", p[0][0]), ("b", p[1][0])]),
                st.none() | st.fixed_dictionaries({"a": p[0][1], "b": p[1][1]}),
            )
        )
    ),
    max_leaves=3,
)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    columns = draw(st.lists(COLUMNS, min_size=1, max_size=3))
    rows = draw(st.integers(0, 6))
    arrays = [pa.array(draw(st.lists(v, min_size=rows, max_size=rows)), kind) for kind, v in columns]
    return pa.table(dict(zip("xyz", arrays, strict=False)))
