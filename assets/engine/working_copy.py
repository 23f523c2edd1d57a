"""Where tables are written: a copy beside the published file, which takes its place when all is well."""

import fcntl
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.engine import contents, ledger, views
from assets.engine.assembly import NewRows, Standing, assemble
from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache
from assets.engine.declarations import Asset
from assets.engine.descriptions import comments
from assets.engine.errors import UserError
from assets.engine.leftovers import working_copy
from assets.engine.records import Record
from assets.engine.sql import literal, quoted, table_or_view
from assets.engine.staging import Query, check_columns, check_rows, named, partitions_in
from assets.engine.warehouse import connect, copied_afresh, log_of, open_read_only, remove
from assets.engine.writing import writing

_STAGING = "_staging_"


@dataclass(frozen=True)
class StagedTable:
    """A table computed and set aside under a temporary name, not yet part of anything."""

    key: str
    data_version: str
    rows: int
    schema: contents.Schema
    partition_versions: Mapping[str, str]
    """Data version of each partition, if it is asked for by partition."""

    @property
    def table(self) -> str:
        """Name that it has until it is committed."""
        return _STAGING + self.key


class WorkingCopy:
    """The one place where tables are written; use as a context, under the build lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.working = working_copy(path)
        self._origin = self.working.with_suffix(".origin")  # which published file the working copy began as
        self._fresh = self.working.with_suffix(".fresh")
        self._commits = 0
        self._begun: list[
            str
        ] = []  # what was set aside, by any thread; what is not committed leaves rows behind
        self.published = False
        self.rejected = False  # whether it holds what must not be kept to go on from

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
        remove(self._fresh)
        if self.rejected or (not self.resumed and not self._commits):
            self.discard()  # nothing was finished, or nothing may be kept, so there is nothing to go on from

    def discard(self) -> None:
        """Throw the working copy away; what is published stays."""
        for leftover in (log_of(self.working), self.working, self._origin):
            leftover.unlink(missing_ok=True)

    def stage_query(
        self, asset: Asset, query: Query, by: str | None = None, asked: Collection[str] | None = None
    ) -> StagedTable:
        """Compute the query and set the result aside, in the order of its key, checked.

        `by` is the column of its partitions, if they matter, `asked` those that it may have rows of. Safe to call
        from several threads at once. Raises `UserError` when a check of the asset fails.
        """
        table = _STAGING + asset.key
        with writing(self.working):
            check_columns(asset, query)
            self._begun.append(asset.key)
            query.create(table, asset.primary_key, view=asset.view)
            if by and asked is not None:
                partitions_in(query.cursor, table, asset.key, by, asked)
            check_rows(query.cursor, asset, table)
            return self._staged(asset, query.cursor, by)

    def stage_rows(
        self, asset: Asset, new: NewRows, standing: Standing, cursor: duckdb.DuckDBPyConnection
    ) -> StagedTable:
        """Set aside a table of new partitions and of those that stand, in the order of its key, checked.

        Safe to call from several threads at once. Raises `UserError` when a check of the asset fails.
        """
        table = _STAGING + asset.key
        with writing(self.working):
            self._begun.append(asset.key)
            assemble(asset, table, new, standing, cursor)
            check_rows(cursor, asset, table)
            versions = {name: v for name, v in standing.versions.items() if name in standing.names}
            made = frozenset(new.names)
            versions |= {name: v for name, v in new.versions.items() if name in made}
            found = contents.added_up(contents.schema_of(cursor, table), versions.values())
            if found is None:  # another type of a column than before, for all rows
                return self._staged(asset, cursor, asset.primary_key[0])
            return StagedTable(asset.key, found.data_version, found.rows, found.schema, versions)

    def stage_cached(
        self, asset: Asset, cache: ResultCache, result: CachedResult, by: str | None = None
    ) -> StagedTable | None:
        """Set aside what was made before; return None, and forget the result, when it does not come back as it was."""
        cursor = self.connection.cursor()
        with writing(self.working):
            self._begun.append(asset.key)
            if not cache.restore_table(cursor, result, _STAGING + asset.key):
                return None
            staged = self._staged(asset, cursor, by)
        if staged.data_version == result.data_version:
            return staged
        cache.reject(result)
        return None

    def cells(self, staged: StagedTable) -> int:
        """Return how many values a table has, those in lists counted one by one."""
        if not any(kind.endswith("]") for kind in staged.schema.values()):
            return staged.rows * len(staged.schema)
        counted = f"SELECT sum(count) FROM pragma_storage_info({literal(staged.table)})"
        ((cells,),) = (
            self.connection.cursor().execute(f"{counted} WHERE segment_type <> 'VALIDITY'").fetchall()
        )
        return int(cells or 0)

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

    def _staged(self, asset: Asset, cursor: duckdb.DuckDBPyConnection, by: str | None) -> StagedTable:
        table = _STAGING + asset.key
        versions = contents.partition_versions(cursor, table, by) if by else {}
        found = contents.added_up(contents.schema_of(cursor, table), versions.values()) if by else None
        found = found or contents.scan(cursor, table)
        return StagedTable(asset.key, found.data_version, found.rows, found.schema, versions)

    def commit(self, staged: StagedTable, asset: Asset, record: Record) -> None:
        """Put the staged table in its place and its record into the ledger: both, or neither."""
        with writing(self.working), self._transaction():
            self._drop(asset.key)
            renaming = (
                f"ALTER {table_or_view(asset.view)} {quoted(staged.table)} RENAME TO {quoted(asset.key)}"
            )
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
            with suppress(duckdb.Error):  # a full disk may refuse even this; the file is as before
                self.connection.execute("ROLLBACK")
            raise

    def publish(self, declared: Collection[str]) -> None:
        """Make the working copy the published file, at once for every reader.

        Tables on record that nobody declares any more are left out.
        """
        with writing(self.working):
            declared = {key.lower() for key in declared}  # DuckDB does not tell capitals from small letters
            recorded = {key.lower() for key in ledger.keys(self.connection)}
            there = {name.lower() for name, _ in self._tables_and_views()}
            gone = (recorded & there) - declared
            for key in gone:
                self._drop(key)
            self.connection.execute("CHECKPOINT")
            dropped = self.resumed or gone or len(self._begun) > self._commits
            ready = copied_afresh(self.connection, self._fresh) if dropped else self.working
            self.connection.close()
            with ready.open("rb") as file:
                os.fsync(file.fileno())
            log_of(self.path).unlink(missing_ok=True)  # belongs to the file that is replaced
            ready.replace(self.path)
            self.discard()
            self.published = True

    def drop_staging(self) -> None:
        """Throw away what was set aside and not committed."""
        for name, is_view in self._tables_and_views():
            if name.startswith(_STAGING):
                self.connection.execute(f"DROP {table_or_view(is_view)} {quoted(name)}")

    def _tables_and_views(self) -> list[tuple[str, bool]]:
        """Return the names of both, the views first, and whether it is a view."""
        named = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
        names = self.connection.execute(named).fetchall()
        return [(name, True) for name in views.names(self.connection)] + [(name, False) for (name,) in names]

    def _drop(self, name: str) -> None:
        """Drop a table or view, whichever it is, if it is there."""
        self.connection.execute(f"DROP {table_or_view(name.lower() in self._views)} IF EXISTS {quoted(name)}")
