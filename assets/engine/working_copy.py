"""Where tables are written: a copy beside the published file, which takes its place when all is well."""

import fcntl
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.engine import contents, ledger, views
from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache
from assets.engine.declarations import Asset
from assets.engine.descriptions import comments
from assets.engine.errors import UserError
from assets.engine.records import Record
from assets.engine.sql import quoted, table_or_view
from assets.engine.staging import Query, check_columns, check_rows, named
from assets.engine.warehouse import connect, log_of, open_read_only, working_copy

_STAGING = "_staging_"


@dataclass(frozen=True)
class StagedTable:
    """A table computed and set aside under a temporary name, not yet part of anything."""

    key: str
    data_version: str
    rows: int
    schema: contents.Schema


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
        self._origin = self.working.with_suffix(".origin")  # which published file the working copy began as
        self._commits = 0
        self.published = False

    def __enter__(self) -> "WorkingCopy":
        self.resumed = self.working.exists()
        try:
            self._open()
        except UserError:
            if not self.resumed:
                self.discard()
                if self.path.exists():
                    with open_read_only(self.path):
                        pass  # if that is to blame, it should be named
                raise
            self._start_over()  # an unfinished build that cannot be used
        if self.resumed and not (self._origin.exists() and self._origin.read_text() == self._facts()):
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

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.resumed:
            self.discard()  # a log alone may be left
            self._origin.write_text(self._facts())
        if not self.resumed and self.path.exists():
            self._refuse_a_writer()
            if log_of(self.path).exists():  # what a program that died left there is part of the content
                shutil.copyfile(log_of(self.path), log_of(self.working))
            partial = self.working.with_suffix(".copying")
            shutil.copyfile(self.path, partial)
            partial.replace(self.working)
        self.connection = connect(self.working, read_only=False)
        try:
            ((self._catalog,),) = self.connection.execute("SELECT current_database()").fetchall()
            ledger.create(self.connection)
            ledger.check_format(self.connection, self.working)
            # Whatever is declared: anybody may have put one there.
            self._views = {name.lower() for name in views.names(self.connection)}
            self.drop_staging()
        except BaseException:
            self.connection.close()
            raise

    def _refuse_a_writer(self) -> None:
        """Raise when another program has the file open for writing: what it writes would be lost."""
        with self.path.open("rb") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # a tenth of what opening it would cost
            except OSError:
                with open_read_only(self.path):
                    pass

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        if not self.resumed and not self._commits:
            self.discard()  # nothing was finished, so there is nothing to go on from

    def discard(self) -> None:
        """Throw the working copy away; what is published stays."""
        for leftover in (log_of(self.working), self.working, self._origin):
            leftover.unlink(missing_ok=True)

    def stage_query(self, asset: Asset, query: Query) -> StagedTable:
        """Compute the query and set the result aside, in the order of its key, checked.

        Safe to call from several threads at once. Raises `UserError` when a check of the asset fails.
        """
        with _writing(self.working):
            check_columns(asset, query)
            query.create(_STAGING + asset.key, asset.primary_key, view=asset.view)
            check_rows(query.cursor, asset, _STAGING + asset.key)
            return self._staged(asset, query.cursor)

    def stage_cached(self, asset: Asset, cache: ResultCache, result: CachedResult) -> StagedTable | None:
        """Set aside what was made before; return None, and forget the result, when it does not come back as it was."""
        cursor = self.connection.cursor()
        with _writing(self.working):
            if not cache.restore_table(cursor, result, _STAGING + asset.key):
                return None
            staged = self._staged(asset, cursor)
        if staged.data_version == result.data_version:
            return staged
        cache.reject(result)
        return None

    def partition_versions(self, asset: Asset) -> dict[str, str]:
        """Return the data version of each partition of a table that is set aside."""
        cursor = self.connection.cursor()
        return contents.partition_versions(cursor, _STAGING + asset.key, asset.primary_key[0])

    def qualified(self, key: str) -> str:
        """Spell the name of a table as it stands in the working copy, whatever a connection shadows it with."""
        return f"{quoted(self._catalog)}.main.{quoted(key)}"

    def restrict(
        self,
        cursor: duckdb.DuckDBPyConnection,
        keys: Collection[str],
        whole: Iterable[str],
        column: str,
        names: Iterable[str],
    ) -> None:
        """Let a connection see only some partitions of these tables, while views go on to show all of them.

        DuckDB looks up what a view names among temporary tables first: so the rows of the views `whole` are taken
        before.
        """
        wanted = named(cursor, "_missing", names)
        only = f"WHERE {quoted(column)}::VARCHAR IN (FROM {wanted})"
        for key in whole:
            cursor.execute(
                f"CREATE OR REPLACE TEMPORARY TABLE {quoted(key)} AS FROM {self.qualified(key)} "
                + (only if key in keys else "")
            )
        for key in set(keys) - set(whole):
            cursor.execute(
                f"CREATE OR REPLACE TEMPORARY VIEW {quoted(key)} AS FROM {self.qualified(key)} {only}"
            )

    def _staged(self, asset: Asset, cursor: duckdb.DuckDBPyConnection) -> StagedTable:
        found = contents.scan(cursor, _STAGING + asset.key)
        return StagedTable(asset.key, found.data_version, found.rows, found.schema)

    def commit(self, staged: StagedTable, asset: Asset, record: Record) -> None:
        """Put the staged table in its place and its record into the ledger: both, or neither."""
        staging = quoted(_STAGING + asset.key)
        with _writing(self.working), self._transaction():
            self._drop(asset.key)
            renaming = f"ALTER {table_or_view(asset.view)} {staging} RENAME TO {quoted(asset.key)}"
            self.connection.execute("; ".join([renaming, *comments(asset, staged.schema)]))
            ledger.write(self.connection, record)
        if asset.view:
            self._views.add(asset.key.lower())
        else:
            self._views.discard(asset.key.lower())
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
            declared = {key.lower() for key in declared}  # DuckDB does not tell capitals from small letters
            for key in [key for key in ledger.keys(self.connection) if key.lower() not in declared]:
                self._drop(key)
            self.connection.execute("CHECKPOINT")
            self.connection.close()
            with self.working.open("rb") as file:
                os.fsync(file.fileno())
            log_of(self.path).unlink(missing_ok=True)  # belongs to the file that is replaced
            self.working.replace(self.path)
            self._origin.unlink()
            self.published = True

    def drop_staging(self) -> None:
        """Throw away what was set aside and not committed."""
        names = self.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        found = [(name, True) for name in views.names(self.connection)] + [(name, False) for (name,) in names]
        for name, is_view in found:
            if name.startswith(_STAGING):
                self.connection.execute(f"DROP {table_or_view(is_view)} {quoted(name)}")

    def _drop(self, name: str) -> None:
        """Drop a table or view, whichever it is, if it is there."""
        self.connection.execute(f"DROP {table_or_view(name.lower() in self._views)} IF EXISTS {quoted(name)}")
