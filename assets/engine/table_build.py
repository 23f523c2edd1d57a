"""Building tables: in a working copy of the DuckDB file, each with its record in one transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from assets.engine import views
from assets.engine.arguments import alone, read_inputs
from assets.engine.assembly import Computed, Loaded, Standing
from assets.engine.build import Build, Result, Staged
from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache, worth_keeping
from assets.engine.code_versions import code_version
from assets.engine.computing import whole
from assets.engine.decide import Decision, State
from assets.engine.declarations import Asset, Observation
from assets.engine.guardrails import Guard, GuardLimits
from assets.engine.inventory import Inventory
from assets.engine.loading import Loading, begin
from assets.engine.partitions import Work, gone, is_read_by_partition, partition_versions, work
from assets.engine.parts import LostPartError, drop
from assets.engine.progress import Progress
from assets.engine.records import Record, now
from assets.engine.staging import Query
from assets.engine.stamp import PARTS
from assets.engine.working_copy import StagedTable, WorkingCopy


def _parts_of(key: str) -> Path:
    return Path(PARTS) / key


def _called(function: Callable[..., Any], given: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return function(**given, partition_keys=names)


class TableBuild(Build):
    """Builds tables in a working copy of the DuckDB file."""

    def __init__(
        self, inventory: Inventory, cache: ResultCache, copy: WorkingCopy, *, forced: Sequence[str] = ()
    ) -> None:
        super().__init__(inventory, cache, forced)
        self.copy = copy
        self.before_publishing: Callable[[duckdb.DuckDBPyConnection], None] = lambda _: None
        """Looks through what is about to be published; raises to keep it back."""
        self.guard = Guard(GuardLimits(), lambda _: None)
        """Asked between two pieces of work whether there is memory and disk for the next."""
        self.progress = Progress(lambda _: None)
        """Counts the partitions that are loaded."""
        self.tell: Callable[[str], None] = lambda _: None
        """Told what somebody should know of, though nothing failed."""
        self._writing = threading.Lock()
        self._kept: list[str] = []
        self._loadings: dict[str, Loading] = {}

    def partitions_to_load(self, key: str) -> list[str]:
        """Return the partitions that must be computed; not those that stand, or that an earlier build computed."""
        asset, decision = self.inventory.definitions.named(key), self.decide(key)
        if decision.state is State.FRESH or asset.partitions_def not in asset.upstream:
            return []
        with self._planning:
            if self._cached(key, self.inventory.ingredients(asset)):
                return []
            return self._loading(asset, decision).missing()

    def load_partitions(self, key: str, names: Sequence[str]) -> int:
        """Compute those of these partitions that are not kept yet, and keep them; return how many.

        What is kept does not get lost when the process is killed, and is not computed again by a second attempt.
        """
        with self.working():
            asset, decision = self.inventory.definitions.named(key), self.decide(key)
            return self._load(self._loading(asset, decision), names)

    def _loading(self, asset: Asset, decision: Decision) -> Loading:
        """Return what there is to load of an asset, begun once in a build."""
        with self._planning:
            if asset.key not in self._loadings:
                folder, forced = _parts_of(asset.key), self._is_forced(asset.key)
                self._loadings[asset.key] = begin(self.inventory, asset, decision, folder, forced=forced)
            return self._loadings[asset.key]

    def _load(self, loading: Loading, names: Sequence[str]) -> int:
        """Load those of these partitions that are missing; the first time it is seen whether there is room for all."""
        asset, missing = loading.asset, loading.missing(names)
        with loading.lock:
            if not loading.begun:
                self._require_room(loading)
                total = len(loading.todo.missing)
                self.progress.start(total, total - len(loading.missing()))
            loading.begun = True
        if not missing and loading.todo.now:
            return 0
        self._between(0)
        cursor = self.copy.connection.cursor()
        given = read_inputs(self.inventory, asset, cursor)
        with alone(self.inventory, asset):
            return loading.load(partial(_called, asset.function, given), missing, cursor, self._between)

    def _between(self, count: int) -> None:
        """After some partitions were kept, see whether to go on with the next."""
        self.progress.add(count)
        self.guard.check()
        self.go_on()

    def _so_far(self) -> str:
        missing = sum(len(loading.todo.missing) for loading in self._loadings.values())
        left = sum(len(loading.missing()) for loading in self._loadings.values())
        if not missing:
            return super()._so_far()
        return f"{missing - left:,} of {missing:,} {self.progress.unit} are read and kept"

    def end(self) -> None:
        """Wait until nothing is worked on any more; from then on nothing can be."""
        super().end()
        self.progress.stop()

    def _require_room(self, loading: Loading) -> None:
        seen = self.inventory.observation(loading.asset.partitions_def or "")
        sizes = seen.sizes if isinstance(seen, Observation) else {}
        self.guard.require(sum(sizes.get(name, 0) for name in loading.missing()), f"`{loading.asset.key}`")

    def stage(self, key: str) -> Staged | Decision:
        """Compute a table, or restore it, and set it aside; return the decision instead when it is fresh."""
        with self.working():
            self.go_on()
            self.guard.check()
            asset, decision = self.inventory.definitions.named(key), self.decide(key)
            if decision.state is State.FRESH:
                return decision
            return self._staged(asset, decision)

    def _staged(self, asset: Asset, decision: Decision) -> Staged:
        started = time.monotonic()
        with self._planning:
            record = self._record(asset, decision)
            self._tell_what_is_gone(asset, record)
        cached = self._cached(asset.key, record.ingredients)
        output = self.copy.stage_cached(asset, self.cache, cached, self._by(asset)) if cached else None
        restored = output is not None
        if output is None:
            output, record = self._computed(asset, decision, record)
        taken = round(time.monotonic() - started + self._seconds_before(asset.key), 3)
        record = replace(
            record,
            data_version=output.data_version,
            partition_versions=output.partition_versions,
            rows=output.rows,
            built_at=now(),
            seconds=cached.seconds if cached and restored else taken,
        )
        return Staged(record, decision.because(), output, restored)

    def _seconds_before(self, key: str) -> float:
        """Return what was spent on the loading of a table before it was staged."""
        return self._loadings[key].seconds_before if key in self._loadings else 0.0

    def _by(self, asset: Asset) -> str | None:
        """Return the column that names the partitions of a table, if it matters which rows are of which."""
        partitioned = asset.partitions_def or is_read_by_partition(self.inventory.definitions, asset.key)
        return asset.primary_key[0] if partitioned else None

    def _tell_what_is_gone(self, asset: Asset, record: Record) -> None:
        before = self.inventory.records.get(asset.key)
        if before and asset.partitions_def in asset.upstream:
            source = asset.partitions_def or ""
            told = gone(before.partitions, record.partitions, unit=self.progress.unit, source=source)
            if told:
                self.tell(told)

    def _query(self, asset: Asset, record: Record, cursor: duckdb.DuckDBPyConnection) -> Query:
        query, there = whole(self.inventory, self._planning, asset, record, cursor), self.inventory.schemas
        if asset.view:
            views.check(asset.key, query.sql, {read: there[read] for read in asset.upstream if read in there})
        return query

    def commit(self, staged: Staged) -> Result:
        """Keep a staged table in the cache, and write it and its record in one transaction."""
        with self.working():
            result = self._committed(staged)
            drop(_parts_of(staged.record.key))
            self._loadings.pop(staged.record.key, None)
            return result

    def _committed(self, staged: Staged) -> Result:
        output = staged.output
        assert isinstance(output, StagedTable)
        if not staged.restored and not staged.record.is_view:
            self._keep(staged.record, output)  # first: nobody would keep what is fresh after a kill
        with self._writing:
            self.copy.commit(output, self.inventory.definitions.named(output.key), staged.record)
        with self._planning:
            self.inventory.schemas[output.key] = output.schema
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
            code_version=code_version(self.inventory, asset) if asset.form == "expression" else "",
        )

    def _keep(self, record: Record, output: StagedTable) -> None:
        loading = self._loadings.get(record.key)
        # what stands is there to be put together again: only the loading would be repeated
        seconds = loading.parts.seconds if loading else record.seconds or 0.0
        if worth_keeping(seconds, self.copy.cells(output)):
            result = CachedResult(
                key=record.key,
                input_hash=record.input_hash,
                data_version=record.data_version,
                rows=output.rows,
                seconds=record.seconds,
                schema=output.schema,
            )
            if self.cache.keep_table(self.copy.connection.cursor(), output.table, result, share=False):
                self._kept.append(record.input_hash)

    def tidy(self, keys: Iterable[str]) -> None:
        """Drop what is left of the parts of tables that are published: a build may have died before it came to that."""
        for key in keys:
            drop(_parts_of(key))

    def share(self) -> None:
        """Share what was kept: only what is published has been looked through, and may leave the machine."""
        before = [record.input_hash for record in self.inventory.records.values() if self.copy.resumed]
        for input_hash in dict.fromkeys([*before, *self._kept]):
            self.cache.share(input_hash)

    def _computed(self, asset: Asset, decision: Decision, record: Record) -> tuple[StagedTable, Record]:
        """Compute what is missing of a table and set it aside; return its record with the SQL that says it."""
        cursor = self.copy.connection.cursor()
        if asset.partitions_def is None:
            query = self._query(asset, record, cursor)
            output = self.copy.stage_query(asset, query, self._by(asset))
            return output, replace(record, sql=query.recorded)
        if asset.partitions_def in asset.upstream:
            return self._loaded(self._loading(asset, decision), cursor), record
        with self._planning:
            todo = work(self.inventory, asset, decision)
        return self._restricted(asset, todo, record, cursor)

    def _loaded(self, loading: Loading, cursor: duckdb.DuckDBPyConnection) -> StagedTable:
        """Load what is missing of a table whose partitions come from a source, and put it together."""
        loading.seconds_before = loading.parts.seconds
        while True:
            self._load(loading, loading.missing())
            self.progress.stop()
            self.go_on()
            with suppress(LostPartError):  # what it held is missing again
                rows, standing = Loaded(cursor, loading), self._standing(loading.asset, loading.todo)
                return self.copy.stage_rows(loading.asset, rows, standing, cursor)

    def _restricted(
        self, asset: Asset, todo: Work, record: Record, cursor: duckdb.DuckDBPyConnection
    ) -> tuple[StagedTable, Record]:
        """Compute the missing partitions of a table from those of its inputs, and put it together."""
        if not todo.standing:
            query = self._query(asset, record, cursor)
            output = self.copy.stage_query(asset, query, todo.column, todo.missing)
            return output, replace(record, sql=query.recorded)
        shown = self._query(asset, record, self.copy.connection.cursor()) if asset.view else None
        standing, sql = self._standing(asset, todo, shown), self.inventory.records[asset.key].sql
        new = Computed(cursor, todo.column, (), {})
        if todo.missing:
            assets = self.inventory.definitions.assets
            views_read = [key for key in asset.upstream if key in assets and assets[key].view]
            self.copy.restrict(cursor, todo.inputs, views_read, todo.column, todo.missing)
            query = whole(self.inventory, self._planning, asset, record, cursor)
            new, sql = Computed.of(asset, query, todo.missing), query.recorded
        output = self.copy.stage_rows(asset, new, standing, shown.cursor if shown else cursor)
        return output, replace(record, sql=sql)

    def _standing(self, asset: Asset, todo: Work, shown: Query | None = None) -> Standing:
        versions = partition_versions(self.inventory, asset.key) if todo.standing else {}
        return Standing(self.copy.qualified(asset.key), todo.standing, versions, shown)
