"""A table as a Parquet file and back: exactly, or not at all.

Parquet has no place for some of DuckDB's types: a HUGEINT becomes a DOUBLE, a TIMETZ loses its zone, a
negative INTERVAL is refused. Those are written as text, which DuckDB reads back exactly. A table with a
column of any type that is not known to come back exactly is not written.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine.sql import literal, quoted

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_EXACT = re.compile(
    "BIGINT|BLOB|BOOLEAN|DATE|DOUBLE|FLOAT|INTEGER|JSON|SMALLINT|TIME|TINYINT|UBIGINT|UINTEGER|USMALLINT|UTINYINT"
    r"|UUID|VARCHAR|DECIMAL\(\d+,\d+\)|TIMESTAMP( WITH TIME ZONE|_MS|_NS)?"
)
_AS_TEXT = re.compile("BIGNUM|BIT|HUGEINT|INTERVAL|TIME WITH TIME ZONE|TIMESTAMP_S|UHUGEINT")


def write(cursor: "duckdb.DuckDBPyConnection", table: str, schema: Mapping[str, str], path: Path) -> bool:
    """Write a table to a Parquet file; return False, writing nothing, when a type would not come back exactly.

    Rows keep their order. `schema` has the DuckDB type of each column. Raises what DuckDB raises.
    """
    stored = {column: stored_type(cursor, kind) for column, kind in schema.items()}
    if None in stored.values():
        return False
    columns = ", ".join(f"CAST({quoted(c)} AS {kind}) AS {quoted(c)}" for c, kind in stored.items())
    # A group of rows is held in memory until it is full: few, where a row may hold thousands of values.
    group = 2_048 if any(kind.endswith("]") for kind in schema.values()) else 122_880
    cursor.execute(  # without dictionaries, in which 0.0 and -0.0 would be one
        f"COPY (SELECT {columns} FROM {quoted(table)}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, "
        f"DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE {group}, USE_TMP_FILE false)"
    )
    return True


def reading(path: Path, schema: Mapping[str, str]) -> str:
    """Return the query that reads a written table back, each column as the type it had."""
    columns = ", ".join(f"CAST({quoted(c)} AS {kind}) AS {quoted(c)}" for c, kind in schema.items())
    # a folder may be called `[x]`, which would be a pattern, or `x=1`, which would be taken for a column
    exactly = "".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(path))
    return f"SELECT {columns} FROM read_parquet({literal(exactly)}, hive_partitioning = false)"


def stored_type(cursor: "duckdb.DuckDBPyConnection", kind: str) -> str | None:
    """Return the type as which a column of a DuckDB type is written; None when it would not come back exactly."""
    return kind if _EXACT.fullmatch(kind) else _stored(cursor.sqltype(kind))


def _stored(kind: "DuckDBPyType") -> str | None:
    name = str(kind)
    if _EXACT.fullmatch(name):
        return name
    if _AS_TEXT.fullmatch(name) or kind.id == "enum":
        return "VARCHAR"
    return _nested(kind) if kind.id in {"list", "array", "map", "struct"} else None


def _nested(kind: "DuckDBPyType") -> str | None:
    parts = {name: _stored(part) for name, part in kind.children if not isinstance(part, int | list)}
    if None in parts.values():
        return None
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{quoted(name)} {part}' for name, part in parts.items())})"
    listed = ", ".join(str(part) for part in parts.values())
    size = dict(kind.children).get("size", "")
    return f"MAP({listed})" if kind.id == "map" else f"{listed}[{size}]"
