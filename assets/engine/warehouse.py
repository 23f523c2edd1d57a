"""The DuckDB file: looked at read-only, built in a working copy beside it, published by rename.

Readers are never blocked and never see half a build. A build that is killed leaves its working copy
with every finished table in it, and the next build goes on from there.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from assets.engine import contents, ledger, views
from assets.engine.errors import BUILD_TABLES, TransientError, UserError
from assets.engine.guardrails import GuardLimits
from assets.engine.machine import free_bytes
from assets.engine.records import Look
from assets.engine.sql import literal, quoted

_OLDEST_READER = "v1.2.0"  # DuckDB 1.2 and later read the file; newer defaults would lock them out


_BLOCK = 65_536
"""Bytes: a quarter of the default makes a file of many small tables four times smaller, and copies as fast."""


def log_of(path: Path) -> Path:
    """Return where DuckDB keeps the write-ahead log of a file."""
    return path.with_name(path.name + ".wal")


def look(path: Path) -> Look:
    """Return records, data versions and schemas of the file at `path`; an absent file has none."""
    if not path.exists():
        return Look()
    with open_read_only(path) as connection:
        return look_through(connection)


def look_through(connection: duckdb.DuckDBPyConnection) -> Look:
    """Return records, data versions and schemas seen through an open connection."""
    records = ledger.read(connection)
    named = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"  # which is what a name means
    tables = {name for (name,) in connection.execute(named).fetchall()}
    found = contents.scan_all(
        connection, [key for key, record in records.items() if key in tables and not record.is_view]
    )
    versions = {key: table.data_version for key, table in found.items()}
    schemas = {key: table.schema for key, table in found.items()}
    for key in [name for name in views.names(connection) if name in records and records[name].is_view]:
        versions[key], schemas[key] = views.shown(connection, key)
    return Look(records, versions, schemas)


@contextmanager
def open_read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file for reading; every way in which that can fail is one clear line."""
    if not path.exists():
        raise UserError(f"{path} is not there: {BUILD_TABLES}")
    with connect(path, read_only=True) as connection:
        ledger.check_format(connection, path)
        yield connection


@contextmanager
def open_if_there(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file for reading, or no tables at all: files need not be made from any."""
    if path.exists():
        with open_read_only(path) as connection:
            yield connection
    else:
        with connect(Path(":memory:"), read_only=False) as connection:
            yield connection


def connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file with what makes its answers reproducible; explain why if that fails."""
    config: dict[str, str | bool | int | float | list[str]] = {}
    if not read_only:
        config["storage_compatibility_version"] = _OLDEST_READER
        config["default_block_size"] = _BLOCK
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.Error as error:
        raise _explained(path, error) from error
    # Floating-point sums depend on how rows are divided among threads; queries run side by side instead.
    connection.execute("SET GLOBAL threads = 1")
    connection.execute(
        "SET GLOBAL TimeZone = 'UTC'"
    )  # or hours and days would depend on where the build runs
    return connection


def copied_afresh(connection: duckdb.DuckDBPyConnection, path: Path) -> Path:
    """Copy all tables and views into a new file at `path`; return it.

    What was dropped stays behind: DuckDB keeps its rows in free blocks, and nobody looks through those.
    """
    remove(path)  # a killed build may have left one
    ((catalog,),) = connection.execute("SELECT current_database()").fetchall()
    promised = f"STORAGE_VERSION '{_OLDEST_READER}', BLOCK_SIZE {_BLOCK}"
    connection.execute(f"ATTACH {literal(str(path))} AS _fresh ({promised})")
    connection.execute(f"COPY FROM DATABASE {quoted(catalog)} TO _fresh")
    connection.execute("DETACH _fresh")
    return path


def remove(path: Path) -> None:
    """Delete a file and its log, if they are there."""
    for file in (log_of(path), path):
        file.unlink(missing_ok=True)


@contextmanager
def spill_folder(path: Path) -> Iterator[Path]:
    """Give a folder for what DuckDB has no memory for; what a killed build left there goes."""
    shutil.rmtree(path, ignore_errors=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def bound(connection: duckdb.DuckDBPyConnection, limits: GuardLimits, spill: Path) -> None:
    """Let DuckDB take half of the memory that a build may take, and of the disk all but the reserve."""
    connection.execute(f"SET GLOBAL temp_directory = {literal(str(spill))}")
    if limits.memory_bytes is not None:
        connection.execute(f"SET GLOBAL memory_limit = '{limits.memory_bytes // 2} B'")
    room = max(0, free_bytes(spill) - limits.disk_reserve_bytes)
    connection.execute(f"SET GLOBAL max_temp_directory_size = '{room} B'")


def _explained(path: Path, error: duckdb.Error) -> Exception:
    text = str(error)
    if "Could not set lock" in text:
        holder = re.search(r"PID (\d+)", text)
        who = f" by process {holder.group(1)}" if holder else ""
        return TransientError(
            f"{path} is locked{who}: close the program that has it open for writing, then run again"
        )
    if "not a valid DuckDB database" in text:
        return UserError(f"{path} is not a DuckDB file: move it away and {BUILD_TABLES}")
    if "version number" in text:
        return UserError(
            f"{path} was written by a newer DuckDB than {duckdb.__version__}: {text.splitlines()[0]}"
        )
    return UserError(
        f"{path} cannot be opened: {text.splitlines()[0]}; restore it, or move it away and rebuild"
    )
