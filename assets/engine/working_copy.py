"""Where tables are written: a copy beside the published file, which takes its place when all is well."""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from assets.engine import ledger
from assets.engine.asset import Asset
from assets.engine.decide import Record
from assets.engine.errors import UserError
from assets.engine.warehouse import connect, literal, log_of, open_read_only, quoted, scan, working_copy

_STAGING = "_staging_"
_ORIGIN = "_copied_from"  # in a working copy: which published file it began as


@dataclass(frozen=True)
class StagedTable:
    """A table computed and set aside under a temporary name, not yet part of anything."""

    key: str
    data_version: str
    rows: int
    schema: pa.Schema


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Explain a write that the machine refused; what was finished before it stands."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        if isinstance(error, duckdb.Error) and not re.search(
            "[Cc]ould not write|No space left|truncate file", reason
        ):
            raise
        raise UserError(
            f"cannot write {path}: {reason}; mend that and run again, finished work is kept"
        ) from error


class WorkingCopy:
    """The one place where tables are written; use as a context, under the build lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.working = working_copy(path)
        self._commits = 0

    def __enter__(self) -> "WorkingCopy":
        self.resumed = self.working.exists()
        try:
            self._open()
        except UserError:
            if not self.resumed:
                raise
            self._start_over()  # an unfinished build that cannot be used
        if self.resumed and self._origin() != self._facts():
            self.connection.close()
            self._start_over()  # somebody put another file in place meanwhile: that one counts
        return self

    def _start_over(self) -> None:
        """Forget an unfinished build and start from what is published."""
        self.discard()
        self.resumed = False
        self._open()

    def _facts(self) -> str:
        """Return what tells the published file from any other, however it came there."""
        if not self.path.exists():
            return "none"
        found = self.path.stat()
        return f"{found.st_size} {found.st_mtime_ns}"

    def _origin(self) -> str:
        names = self.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        if (_ORIGIN,) not in names:
            return "unknown"
        return str(self.connection.execute(f"SELECT facts FROM {_ORIGIN}").fetchall()[0][0])

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.resumed and self.path.exists():
            with open_read_only(self.path):
                pass  # refuse to copy what we could not read afterwards
            if log_of(self.path).exists():  # what a program that died left there is part of the content
                shutil.copyfile(log_of(self.path), log_of(self.working))
            partial = self.working.with_suffix(".copying")
            shutil.copyfile(self.path, partial)
            partial.replace(self.working)
        self.connection = connect(self.working, read_only=False)
        try:
            ledger.create(self.connection)
            ledger.check_format(self.connection, self.working)
            self._drop_staging()
            if not self.resumed:
                self.connection.execute(f"CREATE TABLE {_ORIGIN} AS SELECT {literal(self._facts())} AS facts")
        except BaseException:
            self.connection.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        if not self.resumed and not self._commits:
            self.discard()  # nothing was finished, so there is nothing to go on from

    def discard(self) -> None:
        """Throw the working copy away; what is published stays."""
        for leftover in (log_of(self.working), self.working):
            leftover.unlink(missing_ok=True)

    def stage_query(self, asset: Asset, sql: str, registered: Mapping[str, Any] | None = None) -> StagedTable:
        """Compute the query and set the result aside, in the order of its key, checked.

        Safe to call from several threads at once. Raises `UserError` when a check of the asset fails.
        """
        with _writing(self.working):
            return self._staged(asset, sql, registered or {})

    def _staged(self, asset: Asset, sql: str, registered: Mapping[str, Any]) -> StagedTable:
        cursor = self.connection.cursor()
        for name, data in registered.items():
            cursor.register(name, data)
        staging = quoted(_STAGING + asset.key)
        _check_columns(cursor, asset, sql)
        # a table is a set of rows: without a key the order is that of all its columns, whoever made it
        order = ", ".join(map(quoted, asset.primary_key)) or "ALL"
        cursor.execute(f"CREATE OR REPLACE TABLE {staging} AS SELECT * FROM ({sql}) ORDER BY {order}")
        _check(cursor, asset, staging)
        schema, version, rows = scan(cursor, _STAGING + asset.key)
        return StagedTable(asset.key, version, rows, schema)

    def commit(self, staged: StagedTable, asset: Asset, record: Record) -> None:
        """Put the staged table in its place and its record into the ledger: both, or neither."""
        table, staging = quoted(asset.key), quoted(_STAGING + asset.key)
        with _writing(self.working), self._transaction():
            views = self.connection.execute("SELECT view_name FROM duckdb_views()").fetchall()
            kind = "VIEW" if (asset.key,) in views else "TABLE"  # somebody may have put a view in its place
            self.connection.execute(f"DROP {kind} IF EXISTS {table}")
            self.connection.execute(f"ALTER TABLE {staging} RENAME TO {table}")
            for statement in _comments(asset, staged.schema):
                self.connection.execute(statement)
            ledger.write(self.connection, record)
        self._commits += 1

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(
                duckdb.Error
            ):  # a full disk may refuse even this; the file is as before all the same
                self.connection.execute("ROLLBACK")
            raise

    def publish(self, declared: Collection[str]) -> None:
        """Make the working copy the published file, at once for every reader.

        Tables on record that nobody declares any more are left out.
        """
        with _writing(self.working):
            self._drop_staging()
            for key in [*(ledger.read(self.connection).keys() - set(declared)), _ORIGIN]:
                self.connection.execute(f"DROP TABLE IF EXISTS {quoted(key)}")
            self.connection.execute("CHECKPOINT")
            self.connection.close()
            with self.working.open("rb") as file:
                os.fsync(file.fileno())
            log_of(self.path).unlink(missing_ok=True)  # belongs to the file that is replaced
            self.working.replace(self.path)

    def _drop_staging(self) -> None:
        names = self.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (name,) in names:
            if name.startswith(_STAGING):
                self.connection.execute(f"DROP TABLE {quoted(name)}")


def _check_columns(cursor: duckdb.DuckDBPyConnection, asset: Asset, sql: str) -> None:
    columns = [name for name, *_ in cursor.execute(f"SELECT * FROM ({sql}) LIMIT 0").description or ()]
    for name in (*asset.primary_key, *asset.ranges):
        if name not in columns:
            there = ", ".join(f"`{column}`" for column in columns)
            raise UserError(
                f"`{asset.key}` has no column `{name}`, which its declaration names; it has {there}"
            )


def _check(cursor: duckdb.DuckDBPyConnection, asset: Asset, staging: str) -> None:
    """Refuse a table whose key is null or repeated, or with a value out of its range."""
    key = ", ".join(map(quoted, asset.primary_key))
    questions = []
    if asset.primary_key:
        null = " OR ".join(f"{quoted(c)} IS NULL" for c in asset.primary_key)
        questions.append((f"has a null in its key ({key})", f"SELECT count(*) FROM {staging} WHERE {null}"))
        repeated = f"SELECT count(*) FROM (FROM {staging} SELECT 1 GROUP BY {key} HAVING count(*) > 1)"
        questions.append((f"has a key ({key}) more than once", repeated))
    for column, (low, high) in asset.ranges.items():
        outside = f"{quoted(column)} < '{low}'::DOUBLE OR {quoted(column)} > '{high}'::DOUBLE"
        outside += f" OR isnan({quoted(column)}::DOUBLE)"
        questions.append(
            (f"has `{column}` outside {low} to {high}", f"SELECT count(*) FROM {staging} WHERE {outside}")
        )
    for finding, question in questions:
        (count,) = cursor.execute(question).fetchall()[0]
        if count:
            raise UserError(f"table `{asset.key}` {finding}: {count} rows; nothing was published")


def _comments(asset: Asset, schema: pa.Schema) -> Iterable[str]:
    table = quoted(asset.key)
    yield f"COMMENT ON TABLE {table} IS {literal(asset.description)}"
    for name in schema.names:
        if name in asset.columns:
            yield f"COMMENT ON COLUMN {table}.{quoted(name)} IS {literal(asset.columns[name])}"
