"""Data versions of small tables, and values of every type to try."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from assets.engine.contents import table_version

NAN, INF = float("nan"), float("inf")


def version(table: pa.Table, batch: int | None = None) -> str:
    return table_version(table.schema, table.to_batches(max_chunksize=batch))[0]


def column(values: list[Any], kind: pa.DataType | None = None) -> str:
    return version(pa.table({"x": pa.array(values, kind)}))


def of_query(sql: str, *settings: str) -> str:
    with duckdb.connect() as connection:
        for setting in settings:
            connection.execute(setting)
        reader = connection.execute(sql).to_arrow_reader(1000)
        return table_version(reader.schema, reader)[0]


LEAVES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "double": (pa.float64(), [1.0, np.nextafter(1.0, 2), NAN, 0.0, -1.0, INF, -INF, 5e-324]),
    "float": (pa.float32(), [1.0, 1.5, NAN, 0.0]),
    "whole": (pa.int64(), [0, 1, -1, 2**63 - 1, -(2**63)]),
    "unsigned": (pa.uint64(), [0, 1, 2**63, 2**64 - 1]),
    "tiny": (pa.int8(), [0, 1, -128, 127]),
    "boolean": (pa.bool_(), [True, False]),
    "text": (pa.string(), ["", "a", "b", "ab", "A", "NULL", "\u00e9", "e\u0301", "a\x00b"]),
    "blob": (pa.binary(), [b"", b"a", b"\x00", b"\x00\x00"]),
    "date": (pa.date32(), [date(1970, 1, 1), date(2024, 2, 29), date(1, 1, 1)]),
    "time": (pa.time64("us"), [time(0), time(0, 0, 0, 1)]),
    "moment": (pa.timestamp("us"), [datetime(1970, 1, 1), datetime(2024, 1, 1, 0, 0, 0, 1)]),
    "instant": (
        pa.timestamp("us", "UTC"),
        [datetime(1970, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)],
    ),
    "duration": (pa.duration("us"), [timedelta(0), timedelta(1)]),
    "decimal": (pa.decimal128(38, 2), [Decimal("0.00"), Decimal("1.50"), Decimal("-1.50"), Decimal(10**35)]),
}
