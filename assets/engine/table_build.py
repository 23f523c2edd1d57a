"""Building tables: in a working copy of the DuckDB file, each with its record in one transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from assets.engine import views
from assets.engine.arguments import alone, arrow, read_inputs, register
from assets.engine.build import Build, Result, Staged
from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache, worth_keeping
from assets.engine.decide import Decision, State
from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.engine.partitions import Work, is_read_by_partition, work
from assets.engine.records import Record, now
from assets.engine.sql import quoted
from assets.engine.staging import Query, named, only_partitions
from assets.engine.working_copy import StagedTable, WorkingCopy

if TYPE_CHECKING:
    import pyarrow as pa

_COMPUTED = "_computed"
"""Name under which data is handed to DuckDB; no asset can be called so, keys do not begin with _."""


class TableBuild(Build):
    """Builds tables in a working copy of the DuckDB file."""

    def __init__(
        self, inventory: Inventory, cache: ResultCache, copy: WorkingCopy, *, forced: Sequence[str] = ()
    ) -> None:
        super().__init__(inventory, cache, forced)
        self.copy = copy
        self.before_publishing: Callable[[duckdb.DuckDBPyConnection], None] = lambda _: None
        """Looks through what is about to be published; raises to keep it back."""
        self._writing = threading.Lock()
        self._kept: list[str] = []

    def partitions_to_load(self, key: str) -> list[str]:
        """Return the partitions that must be computed; those that stand are taken from the last build."""
        asset, decision = self.inventory.definitions.named(key), self.decide(key)
        if decision.state is State.FRESH or asset.partitions_def is None:
            return []
        with self._planning:
            if self._cached(key, self.inventory.ingredients(asset)):
                return []
            return work(self.inventory, asset, decision).missing

    def load_partitions(self, key: str, names: Sequence[str]) -> pa.Table:
        """Compute some partitions of an asset."""
        asset = self.inventory.definitions.named(key)
        given = read_inputs(self.inventory, asset, self.copy.connection.cursor())
        with alone(self.inventory, asset):
            return arrow(asset.key, asset.function(**given, partition_keys=tuple(names)))

    def stage(self, key: str, parts: Sequence[pa.Table] = ()) -> Staged | Decision:
        """Compute a table, or restore it, and set it aside; return the decision instead when it is fresh."""
        asset, decision = self.inventory.definitions.named(key), self.decide(key)
        if decision.state is State.FRESH:
            return decision
        started = time.monotonic()
        with self._planning:
            record = self._record(asset, decision)
        cached = self._cached(key, record.ingredients)
        output = self.copy.stage_cached(asset, self.cache, cached) if cached else None
        restored = output is not None
        if output is None:
            query = self._query(asset, decision, record, parts)
            if asset.view:
                self._check_view(asset, query)
            output = self.copy.stage_query(asset, query)
            record = replace(record, sql=query.recorded)
        taken = round(time.monotonic() - started, 3)
        by_partition = is_read_by_partition(self.inventory.definitions, key)
        record = replace(
            record,
            data_version=output.data_version,
            partition_versions=self.copy.partition_versions(asset) if by_partition else {},
            rows=output.rows,
            built_at=now(),
            seconds=cached.seconds if cached and restored else taken,
        )
        return Staged(record, decision.because(), output, restored)

    def _check_view(self, asset: Asset, query: Query) -> None:
        schemas = self.inventory.schemas
        views.check(asset.key, query.sql, {read: schemas[read] for read in asset.upstream if read in schemas})

    def commit(self, staged: Staged) -> Result:
        """Write a staged table and its record in one transaction, and keep it in the cache."""
        output = staged.output
        assert isinstance(output, StagedTable)
        with self._writing:
            self.copy.commit(output, self.inventory.definitions.named(output.key), staged.record)
        with self._planning:
            self.inventory.schemas[output.key] = output.schema
        if not staged.restored and not staged.record.is_view:
            self._keep(staged.record, output)
        result = self._settle(staged)
        with self._planning:
            views.look_again(self.inventory, output.key)
        return result

    def _record(self, asset: Asset, decision: Decision) -> Record:
        """Return the record to be, as far as it is known before the table is made."""
        ingredients = self.inventory.ingredients(asset)
        columns = self.inventory.columns_read(asset)
        return Record(
            key=asset.key,
            input_hash=ingredients.input_hash(asset.key),
            data_version="",
            ingredients=ingredients,
            columns_read=columns,
            upstream_versions={key: self.inventory.versions[key] for key in columns},
            partitions=work(self.inventory, asset, decision).now if asset.partitions_def else {},
            source_hash=self.inventory.source_hash(asset) if asset.form == "expression" else "",
        )

    def _keep(self, record: Record, output: StagedTable) -> None:
        if worth_keeping(record.seconds or 0.0, rows=output.rows, columns=len(output.schema)):
            result = CachedResult(
                key=record.key,
                input_hash=record.input_hash,
                data_version=record.data_version,
                rows=output.rows,
                seconds=record.seconds,
                schema=output.schema,
            )
            if self.cache.keep_table(self.copy.connection.cursor(), record.key, result, share=False):
                self._kept.append(record.input_hash)

    def share(self) -> None:
        """Share what was kept: only what is published has been looked through, and may leave the machine."""
        before = [record.input_hash for record in self.inventory.records.values() if self.copy.resumed]
        for input_hash in dict.fromkeys([*before, *self._kept]):
            self.cache.share(input_hash)

    def _query(self, asset: Asset, decision: Decision, record: Record, parts: Sequence[pa.Table]) -> Query:
        cursor = self.copy.connection.cursor()
        if asset.partitions_def is None:
            return self._whole(asset, record, cursor)
        with self._planning:
            todo = work(self.inventory, asset, decision)
        if asset.partitions_def in asset.upstream:
            return self._loaded(asset, todo, parts, cursor)
        return self._restricted(asset, todo, record, cursor)

    def _whole(self, asset: Asset, record: Record, cursor: duckdb.DuckDBPyConnection) -> Query:
        """Return the query for all of a table."""
        if asset.form == "expression":
            return self._expression(asset, record, cursor)
        given = read_inputs(self.inventory, asset, cursor)
        with alone(self.inventory, asset):
            returned = asset.function(**given)
            if asset.view and isinstance(returned, duckdb.DuckDBPyRelation):
                return Query(returned.sql_query(), cursor)
            register(_COMPUTED, asset.key, returned, cursor)
        return Query(f"FROM {_COMPUTED}", cursor)

    def _expression(self, asset: Asset, record: Record, cursor: duckdb.DuckDBPyConnection) -> Query:
        before = self.inventory.records.get(asset.key)
        if before and before.sql and before.source_hash == record.source_hash:
            return Query(
                before.sql, cursor, recorded=before.sql
            )  # only data moved: the SQL on record still says it, without ibis
        with self._planning:
            compiled = self.inventory.compiled(asset)
        for name, data in compiled.memtables.items():
            cursor.register(name, data)
        if compiled.functions:
            from assets.engine.expressions import register_udfs

            register_udfs(cursor, compiled)
        return Query(compiled.sql, cursor, recorded=compiled.sql if compiled.portable else None)

    def _loaded(
        self, asset: Asset, todo: Work, parts: Sequence[pa.Table], cursor: duckdb.DuckDBPyConnection
    ) -> Query:
        """Return the query for a table whose partitions are loaded from a source."""
        import pyarrow as pa

        loaded = list(parts)
        if not loaded and (todo.missing or not todo.standing):
            loaded = [self.load_partitions(asset.key, todo.missing)]
        if not loaded:
            return self._with_standing(asset, todo, None, cursor)
        cursor.register(_COMPUTED, pa.concat_tables(loaded))
        return self._with_standing(asset, todo, Query(f"FROM {_COMPUTED}", cursor), cursor)

    def _restricted(
        self, asset: Asset, todo: Work, record: Record, cursor: duckdb.DuckDBPyConnection
    ) -> Query:
        """Return the query for a table whose missing partitions are computed from those of its inputs."""
        if todo.standing and not todo.missing:
            return self._with_standing(asset, todo, None, cursor)
        if todo.standing:
            assets = self.inventory.definitions.assets
            whole = [key for key in asset.upstream if key in assets and assets[key].view]
            self.copy.restrict(cursor, todo.inputs, whole, todo.column, todo.missing)
        return self._with_standing(asset, todo, self._whole(asset, record, cursor), cursor)

    def _with_standing(
        self, asset: Asset, todo: Work, computed: Query | None, cursor: duckdb.DuckDBPyConnection
    ) -> Query:
        """Return the query for what is computed and what stands, together."""
        if computed is not None:
            computed = only_partitions(asset.key, computed, todo.column, todo.missing)
        if not todo.standing:
            assert computed is not None, "what does not stand is computed"
            return computed
        names = named(cursor, "_standing", todo.standing)
        standing = (
            f"FROM {self.copy.qualified(asset.key)} WHERE {quoted(todo.column)}::VARCHAR IN (FROM {names})"
        )
        if computed is None:
            return Query(standing, cursor)
        return replace(computed, sql=f"({computed.sql}) UNION ALL BY NAME ({standing})")
