"""The ledger: a record of every materialisation, in the DuckDB file beside the tables it speaks of."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assets.engine.decide import Ingredients, Record
from assets.engine.errors import UserError

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION = 1
"""Version of the layout of the file; a file of another version is refused, never guessed at."""

LEDGER = "_materializations"
_FORMAT = "_file_format"

_DDL = f"""
CREATE TABLE IF NOT EXISTS {_FORMAT} (schema_version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS {LEDGER} (
    sequence BIGINT PRIMARY KEY, asset_key VARCHAR NOT NULL, input_hash VARCHAR NOT NULL,
    data_version VARCHAR NOT NULL, n_rows BIGINT NOT NULL, built_at TIMESTAMP NOT NULL, seconds DOUBLE NOT NULL,
    ingredients JSON NOT NULL, partitions JSON NOT NULL, source_hash VARCHAR NOT NULL, sql VARCHAR);
COMMENT ON TABLE {LEDGER} IS 'One materialisation of one table: what it was made from and what came out.';
COMMENT ON TABLE {_FORMAT} IS 'Version of the layout of this file.';
INSERT INTO {_FORMAT} SELECT {SCHEMA_VERSION} WHERE NOT EXISTS (FROM {_FORMAT});
"""


def create(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make an empty ledger where there is none."""
    connection.execute(_DDL)


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
            + (
                "update the program"
                if version > SCHEMA_VERSION
                else "move the file away and run `make extract`"
            )
        )


def read(connection: "duckdb.DuckDBPyConnection") -> dict[str, Record]:
    """Return the newest record of each table."""
    rows = connection.execute(
        f"SELECT asset_key, input_hash, data_version, n_rows, built_at, seconds, ingredients, partitions, "
        f"source_hash, sql FROM {LEDGER} QUALIFY row_number() OVER (PARTITION BY asset_key ORDER BY sequence DESC) = 1"
    ).fetchall()
    return {row[0]: _record(row) for row in rows}


def write(connection: "duckdb.DuckDBPyConnection", record: Record) -> None:
    """Add a record; belongs in the transaction that writes its table."""
    connection.execute(
        f"INSERT INTO {LEDGER} SELECT coalesce(max(sequence), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "
        f"FROM {LEDGER}",
        [
            record.key,
            record.input_hash,
            record.data_version,
            record.rows,
            datetime.now(UTC).replace(tzinfo=None),  # DuckDB's TIMESTAMP has no zone; the file says UTC
            record.seconds,
            json.dumps(record.ingredients.as_dict(), sort_keys=True),
            json.dumps(dict(record.partitions), sort_keys=True),
            record.source_hash,
            record.sql,
        ],
    )


def _record(row: tuple[Any, ...]) -> Record:
    key, input_hash, data_version, rows, built_at, seconds, ingredients, partitions, source_hash, sql = row
    return Record(
        key=key,
        input_hash=input_hash,
        data_version=data_version,
        ingredients=Ingredients(**json.loads(ingredients)),
        partitions=json.loads(partitions),
        rows=rows,
        built_at=built_at.isoformat(timespec="seconds") + "Z",
        seconds=seconds,
        source_hash=source_hash,
        sql=sql,
    )
