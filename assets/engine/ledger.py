"""The ledger: a record of every materialisation, in the DuckDB file beside the tables it speaks of."""

import json
from typing import TYPE_CHECKING, Any

from assets.engine.errors import BUILD_TABLES, UserError
from assets.engine.records import Ingredients, Record
from assets.engine.sql import literal

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION = 2
"""Version of the layout of the file; a file of another version is refused, never guessed at."""

LEDGER = "_materializations"
_FORMAT = "_file_format"

_DDL = f"""
CREATE TABLE {_FORMAT} (schema_version INTEGER NOT NULL);
CREATE TABLE {LEDGER} (
    sequence BIGINT PRIMARY KEY, asset_key VARCHAR NOT NULL, input_hash VARCHAR NOT NULL,
    data_version VARCHAR NOT NULL, n_rows BIGINT NOT NULL, built_at TIMESTAMP NOT NULL, seconds DOUBLE NOT NULL,
    ingredients JSON NOT NULL, columns_read JSON NOT NULL, upstream_versions JSON NOT NULL,
    partitions JSON NOT NULL, partition_versions JSON NOT NULL, source_hash VARCHAR NOT NULL, sql VARCHAR,
    code_version VARCHAR);
COMMENT ON TABLE {LEDGER} IS 'One materialisation of one table: what it was made from and what came out.';
COMMENT ON TABLE {_FORMAT} IS 'Version of the layout of this file.';
INSERT INTO {_FORMAT} VALUES ({SCHEMA_VERSION});
"""

_JSON = ("ingredients", "columns_read", "upstream_versions", "partitions", "partition_versions")
_COLUMNS = ", ".join(
    (
        "asset_key, input_hash, data_version, n_rows, built_at, seconds",
        *_JSON,
        "source_hash, sql, code_version",
    )
)
_RECORDS = f"(FROM {LEDGER} UNION ALL BY NAME SELECT NULL::VARCHAR AS code_version WHERE false)"
"""All records; files that were written before there was a code version lack its column."""


def create(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make an empty ledger in a file that holds nothing; give that of an earlier program the column that it lacks."""
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        connection.execute(_DDL)
    elif LEDGER in tables:
        connection.execute(f"ALTER TABLE {LEDGER} ADD COLUMN IF NOT EXISTS code_version VARCHAR")


def check_format(connection: "duckdb.DuckDBPyConnection", path: object) -> None:
    """Refuse a file that is not of this project or is of another schema version."""
    known = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if _FORMAT not in known or LEDGER not in known:
        raise UserError(
            f"{path} is a DuckDB file, but not one that this project made (it has no ledger): move it away, "
            "or set another `database` in pyproject.toml"
        )
    (version,) = connection.execute(f"SELECT schema_version FROM {_FORMAT}").fetchall()[0]
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{path} has schema version {version}, this program reads {SCHEMA_VERSION}: "
            + ("update the program" if version > SCHEMA_VERSION else f"move the file away and {BUILD_TABLES}")
        )


def keys(connection: "duckdb.DuckDBPyConnection") -> set[str]:
    """Return the names of all tables that were ever recorded."""
    return {key for (key,) in connection.execute(f"SELECT DISTINCT asset_key FROM {LEDGER}").fetchall()}


def read(connection: "duckdb.DuckDBPyConnection") -> dict[str, Record]:
    """Return the newest record of each table."""
    newest = "QUALIFY row_number() OVER (PARTITION BY asset_key ORDER BY sequence DESC) = 1"
    rows = connection.execute(f"SELECT {_COLUMNS} FROM {_RECORDS} {newest}").fetchall()
    return {row[0]: _record(row) for row in rows}


def history(connection: "duckdb.DuckDBPyConnection", key: str, limit: int | None = None) -> list[Record]:
    """Return the records of one table, newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {_RECORDS} WHERE asset_key = {literal(key)} ORDER BY sequence DESC"
        + (f" LIMIT {limit:d}" if limit is not None else "")
    ).fetchall()
    return [_record(row) for row in rows]


def write(connection: "duckdb.DuckDBPyConnection", record: Record) -> None:
    """Add a record; belongs in the transaction that writes its table.

    Which partitions a table has is asked of its newest record only, and may be megabytes: earlier ones forget it.
    """
    texts = {name: json.dumps(getattr(record, name), sort_keys=True, default=_plain) for name in _JSON}
    values = [
        literal(record.key),
        literal(record.input_hash),
        literal(record.data_version),
        str(record.rows),
        f"{literal((record.built_at or '').removesuffix('+00:00'))}::TIMESTAMP",
        repr(record.seconds),
        *map(literal, texts.values()),
        literal(record.source_hash),
        "NULL" if record.sql is None else literal(record.sql),
        literal(record.code_version),
    ]
    if record.partitions or record.partition_versions:
        connection.execute(
            f"UPDATE {LEDGER} SET partitions = '{{}}', partition_versions = '{{}}' "
            f"WHERE asset_key = {literal(record.key)}"
        )
    # spelled out: parameters make DuckDB import pandas, which costs more than writing a table
    connection.execute(
        f"INSERT INTO {LEDGER} SELECT coalesce(max(sequence), 0) + 1, {', '.join(values)} FROM {LEDGER}"
    )


def _plain(value: Any) -> Any:
    return value.as_dict() if isinstance(value, Ingredients) else dict(value)


def _record(row: tuple[Any, ...]) -> Record:
    key, input_hash, data_version, rows, built_at, seconds, *texts, source_hash, sql, code_version = row
    ingredients, *mappings = map(json.loads, texts)
    return Record(
        key=key,
        input_hash=input_hash,
        data_version=data_version,
        ingredients=Ingredients(**ingredients),
        rows=rows,
        built_at=f"{built_at.isoformat(timespec='seconds')}+00:00",  # DuckDB's TIMESTAMP has no zone: it is UTC
        seconds=seconds,
        source_hash=source_hash,
        sql=sql,
        code_version=code_version or "",
        **dict(zip(_JSON[1:], mappings, strict=True)),
    )
