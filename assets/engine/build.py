"""Building: compute an asset and set it aside, then commit it with its record.

The two steps are apart so that whoever schedules (the plain scheduler here, Prefect in `flows`) can
compute in parallel and write one at a time. Each step decides anew, with the same function that status
and plan use: work done meanwhile, or an upstream that came out the same, is never done twice.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from assets.engine.asset import Absent, Asset
from assets.engine.decide import Cause, Decision, Record, State
from assets.engine.errors import UserError
from assets.engine.inventory import Inventory
from assets.engine.working_copy import StagedTable, WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Mapping


# names under which Arrow tables are handed to DuckDB; no asset can be called so, keys do not begin with _
_COMPUTED, _STANDING = "_computed", "_standing"


class Outcome(Enum):
    """What became of an asset in a build."""

    BUILT = "built"
    UNCHANGED = "unchanged"
    """Rebuilt, and the same came out: nobody downstream wakes."""
    SKIPPED = "skipped"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Result:
    """What a build did with one asset, and why."""

    key: str
    outcome: Outcome
    because: str = ""
    rows: int | None = None
    seconds: float = 0.0
    bug: Exception | None = None
    """The error that failed it, when that is no mistake of the user's: shown whole at the end."""


@dataclass(frozen=True)
class Staged:
    """An asset computed and set aside, with the record to commit it under."""

    record: Record
    because: str
    output: Any
    """What the store that keeps it set aside: a `StagedTable`, or a figure's files."""


class Build:
    """What building tables and drawing figures have in common: deciding, and keeping count of what is done."""

    def __init__(self, inventory: Inventory, forced: Sequence[str]) -> None:
        self.inventory, self.forced = inventory, frozenset(forced)
        self.staged: dict[str, Staged] = {}
        """What was computed and not committed yet, for schedulers whose steps hand on only names."""
        self._planning = threading.RLock()
        self._done: set[str] = set()

    def decide(self, key: str) -> Decision:
        """Decide about an asset now; what this build has made already is not forced again."""
        with self._planning:
            return self.inventory.decide(key, forced=key in self.forced and key not in self._done)

    def _settle(self, staged: Staged) -> Result:
        """Take a committed asset into the inventory and say what became of it."""
        record, key = staged.record, staged.record.key
        with self._planning:
            before = self.inventory.versions.get(key)
            self.inventory.records[key] = record
            self.inventory.versions[key] = record.data_version
            self._done.add(key)
        outcome = Outcome.UNCHANGED if before == record.data_version else Outcome.BUILT
        return Result(key, outcome, staged.because, record.rows, record.seconds or 0.0)


class TableBuild(Build):
    """Builds tables in a working copy of the DuckDB file."""

    def __init__(self, inventory: Inventory, copy: WorkingCopy, *, forced: Sequence[str] = ()) -> None:
        super().__init__(inventory, forced)
        self.copy = copy
        self.before_publishing: Callable[[duckdb.DuckDBPyConnection], None] = lambda _: None
        """Looks through what is about to be published; raises to keep it back."""
        self._writing = threading.Lock()

    def partitions_to_load(self, key: str) -> list[str]:
        """Return the partitions that must be computed; those that stand are taken from the last build."""
        asset, decision = self.inventory.definitions.named(key), self.decide(key)
        if decision.state is State.FRESH or asset.partitions_def is None:
            return []
        now = self._partitions(asset)
        kept = self._kept(asset, decision)
        return [name for name in sorted(now) if kept.get(name) != now[name]]

    def load_partitions(self, key: str, names: Sequence[str]) -> pa.Table:
        """Compute some partitions of an asset."""
        asset = self.inventory.definitions.named(key)
        rows = _arrow(
            asset.key,
            asset.function(
                **self._arguments(asset),
                partition_keys=tuple(names),
                **self.inventory.settings_argument(asset),
            ),
        )
        _check_partitions(asset, rows, names)
        return rows

    def stage(self, key: str, parts: Sequence[pa.Table] = ()) -> Staged | Decision:
        """Compute a table and set it aside; return the decision instead when it is fresh."""
        asset, decision = self.inventory.definitions.named(key), self.decide(key)
        if decision.state is State.FRESH:
            return decision
        started = time.monotonic()
        with self._planning:
            ingredients = self.inventory.ingredients(asset)
            marker = self.inventory.source_hash(asset) if asset.form == "expression" else ""
        sql, registered = self._query(asset, decision, marker, parts)
        output = self.copy.stage_query(asset, sql, registered)
        record = Record(
            key=key,
            input_hash=ingredients.input_hash(key),
            data_version=output.data_version,
            ingredients=ingredients,
            partitions=self._partitions(asset) if asset.partitions_def else {},
            rows=output.rows,
            seconds=round(time.monotonic() - started, 3),
            source_hash=marker,
            sql=sql if asset.form == "expression" and not registered else None,
        )
        return Staged(record, decision.because(), output)

    def commit(self, staged: Staged) -> Result:
        """Write a staged table and its record in one transaction."""
        output = staged.output
        assert isinstance(output, StagedTable)
        with self._writing:
            self.copy.commit(output, self.inventory.definitions.named(output.key), staged.record)
        with self._planning:
            self.inventory.schemas[output.key] = output.schema
        return self._settle(staged)

    def _partitions(self, asset: Asset) -> dict[str, str]:
        seen = self.inventory.observation(asset.partitions_def or "")
        if isinstance(seen, Absent):
            raise UserError(f"`{asset.key}` cannot be built: {seen.reason}")
        return dict(seen.partitions)

    def _kept(self, asset: Asset, decision: Decision) -> "Mapping[str, str]":
        """Return the partitions whose rows stand: all recorded ones, if only the source's content moved."""
        record = self.inventory.records.get(asset.key)
        only_data = all(
            r.cause is Cause.INPUT_CHANGED and r.subject == asset.partitions_def for r in decision.reasons
        )
        return record.partitions if record and only_data and decision.state is State.STALE else {}

    def _query(
        self, asset: Asset, decision: Decision, marker: str, parts: Sequence[pa.Table]
    ) -> tuple[str, dict[str, pa.Table]]:
        record = self.inventory.records.get(asset.key)
        if asset.form == "expression":
            if record and record.sql and record.source_hash == marker:
                return record.sql, {}  # only data moved: the SQL on record still says it, without ibis
            with self._planning:
                compiled = self.inventory.compiled(asset)
            return compiled.sql, dict(compiled.memtables)
        if asset.partitions_def:
            return self._partitioned_query(asset, decision, parts)
        value = asset.function(**self._arguments(asset), **self.inventory.settings_argument(asset))
        return f"SELECT * FROM {_COMPUTED}", {_COMPUTED: _arrow(asset.key, value)}

    def _partitioned_query(
        self, asset: Asset, decision: Decision, parts: Sequence[pa.Table]
    ) -> tuple[str, dict[str, pa.Table]]:
        now, kept = self._partitions(asset), self._kept(asset, decision)
        standing = sorted(name for name in now if kept.get(name) == now[name])
        missing = [name for name in sorted(now) if name not in standing]
        tables: dict[str, pa.Table] = {}
        queries = []
        if missing or not standing:
            tables[_COMPUTED] = pa.concat_tables(list(parts) or [self.load_partitions(asset.key, missing)])
            queries.append(f"SELECT * FROM {_COMPUTED}")
        if standing:
            tables[_STANDING] = pa.table({"name": standing})
            column, table = asset.primary_key[0], asset.key.replace('"', '""')
            queries.append(
                f'SELECT * FROM "{table}" WHERE "{column}"::VARCHAR IN (SELECT name FROM {_STANDING})'
            )
        return " UNION ALL BY NAME ".join(queries), tables

    def _arguments(self, asset: Asset) -> dict[str, Any]:
        return read_inputs(self.inventory, asset, self.copy.connection.cursor())


def read_inputs(inventory: Inventory, asset: Asset, cursor: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return what the asset's function is called with, each input in the form that it asks for."""
    given: dict[str, Any] = {}
    backend = None
    for parameter, key in asset.inputs.items():
        if key in inventory.definitions.sources:
            seen = inventory.observation(key)
            if isinstance(seen, Absent):
                raise UserError(f"`{asset.key}` cannot be built: {seen.reason}")
            given[parameter] = seen.value
            continue
        if key not in inventory.versions:
            raise UserError(f"`{asset.key}` reads `{key}`, which is not built: build it first")
        if asset.wants[parameter] == "expression":
            backend = backend or _backend(cursor)
            given[parameter] = backend.table(key)
        else:
            order = ", ".join(f'"{c}"' for c in inventory.definitions.named(key).primary_key)
            table = cursor.execute(
                f'SELECT * FROM "{key}"' + (f" ORDER BY {order}" if order else "")
            ).to_arrow_table()
            given[parameter] = table.to_pandas() if asset.wants[parameter] == "frame" else table
    return given


def _backend(cursor: duckdb.DuckDBPyConnection) -> Any:
    import ibis

    return ibis.duckdb.from_connection(cursor)


def _arrow(key: str, value: Any) -> pa.Table:
    if isinstance(value, pa.Table):
        return value
    if not hasattr(value, "columns"):
        raise UserError(
            f"`{key}` returned a {type(value).__name__}, not the table that its annotation promises"
        )
    named = value.index.names != [None]  # an index that somebody named is data; a running number is not
    return pa.Table.from_pandas(value.reset_index() if named else value, preserve_index=False)


def _check_partitions(asset: Asset, rows: pa.Table, names: Sequence[str]) -> None:
    column = asset.primary_key[0] if asset.primary_key else None
    if column is None or column not in rows.column_names:
        raise UserError(
            f"`{asset.key}` has partitions, so its primary_key must begin with the column that names them"
        )
    strangers = set(map(str, rows[column].to_pylist())) - set(names)
    if strangers:
        raise UserError(
            f"`{asset.key}` has rows whose `{column}` is {sorted(strangers)[0]!r}, which is no partition asked for: "
            "the first column of its primary_key must name the partition"
        )
