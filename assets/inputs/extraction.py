"""From a store of MLflow runs to the rows of `extracted_runs`.

The one module of this folder that needs pyarrow. Where only the listing or the fingerprints are wanted,
import them from `assets.inputs.candidates` and `assets.inputs.fingerprints`, which cost a tenth of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from assets.engine.watching import doing, narrowed
from assets.inputs.artifacts.assignment import DEFAULT_LIMITS, Assignment, Limits
from assets.inputs.artifacts.prediction_tables import STUDY_COLUMNS, TableColumns
from assets.inputs.artifacts.reading import POOL, Outcome
from assets.inputs.candidates import Candidate
from assets.inputs.extracted_rows import EXTRACTED_RUNS, RAW, Row, raw_table, relabelled
from assets.inputs.quarantine import Quarantine
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.local_artifacts import LocalArtifacts
from assets.inputs.stores.runs import ArtifactError, RunStore, Server

if TYPE_CHECKING:
    from assets.inputs.evidence import MlflowRuns

__all__ = ["EXTRACTED_RUNS", "Elsewhere", "Limits", "Reading", "read", "read_elsewhere", "relabelled"]

RUNS_AT_A_TIME = 16
TABLE_BYTES = 64 * 2**20
"""A table is closed when the predictions in it take so much."""


def read(
    runs: MlflowRuns,
    run_ids: Sequence[str],
    *,
    columns: TableColumns = STUDY_COLUMNS,
    keep_refits: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[pa.Table]:
    """Read runs and yield their rows of `extracted_runs`, some 16 runs or 64 MiB at a time.

    A row is usable where `quarantine_stage` is null. Subjects appear under their keyed codes only, sorted by
    them, so that their position says nothing either. At least one table comes, if an empty one.

    Raises UserError if the private folder may be read by others, TransientError if a store fails in passing.
    """
    if not run_ids:
        yield EXTRACTED_RUNS.empty_table()
    readings = (
        Reading.of(runs.store, chosen, limits, columns, keep_refits=keep_refits)
        for chosen in _batches(runs, run_ids)
    )
    for raw in _elsewhere(readings) if _elsewhere else _here(runs, readings):
        yield relabelled(raw, runs.private_dir)


Elsewhere = Callable[[Iterator["Reading"]], Iterator[pa.Table]]
"""Takes readings as it has room for them, and yields what their `raw` returns, in any order."""

_elsewhere: Elsewhere | None = None


@contextmanager
def read_elsewhere(reader: Elsewhere) -> Iterator[None]:
    """Let `read`, in all threads, have its readings done by `reader`, on a cluster say, instead of in this process."""
    global _elsewhere
    _elsewhere = reader
    try:
        yield
    finally:
        _elsewhere = None


def _here(runs: MlflowRuns, readings: Iterator[Reading]) -> Iterator[pa.Table]:
    for reading in readings:
        yield from reading.tables(runs.store, runs.jobs)


def _batches(runs: MlflowRuns, run_ids: Sequence[str]) -> Iterator[list[Candidate]]:
    """Yield the runs by id, fewer at a time where memory is short."""
    names = deque(sorted(run_ids))
    while names:
        yield [runs.candidates[names.popleft()] for _ in range(min(narrowed(RUNS_AT_A_TIME), len(names)))]


@dataclass(frozen=True)
class Reading:
    """Some runs of a store, to be read here or on another machine that reaches it.

    It can be pickled, and holds neither the key of the subjects' codes nor a password: another machine signs in with
    what its own environment says.
    """

    uri: str
    candidates: tuple[Candidate, ...]
    limits: Limits
    columns: TableColumns = STUDY_COLUMNS
    keep_refits: bool = True

    @classmethod
    def of(
        cls,
        store: RunStore,
        candidates: Sequence[Candidate],
        limits: Limits,
        columns: TableColumns = STUDY_COLUMNS,
        *,
        keep_refits: bool = True,
    ) -> Reading:
        """Take of each run what it takes to read it: its params and tags have said what they had to say."""
        bare = (replace(item, run=replace(item.run, params={}, tags={})) for item in candidates)
        return cls(store.uri, tuple(bare), limits, columns, keep_refits)

    def raw(self, store: RunStore | None = None, *, jobs: int = 1) -> pa.Table:
        """Return the rows with the ORIGINAL subject codes, to be given to `relabelled` and to nothing else."""
        return pa.concat_tables([RAW.empty_table(), *self.tables(store or open_store(self.uri), jobs)])

    def tables(self, store: RunStore, jobs: int) -> Iterator[pa.Table]:
        """Yield what `raw` returns in tables of bounded size, while up to `jobs` artifacts are read at a time."""
        rows: list[Row] = []
        for row in self._rows(store, jobs):
            rows.append(row)
            if sum(row.size for row in rows) >= TABLE_BYTES:
                yield raw_table(rows)
                rows = []
        if rows:
            yield raw_table(rows)

    def _rows(self, store: RunStore, jobs: int) -> Iterator[Row]:
        waiting: deque[Future[Row]] = deque()
        with ThreadPoolExecutor(jobs) as threads:
            for candidate in self.candidates:
                waiting.append(threads.submit(self._row, store, candidate, jobs))
                if len(waiting) > jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _row(self, store: RunStore, candidate: Candidate, jobs: int) -> Row:
        run, path = candidate.run, candidate.artifact
        if path is None:
            return Row(candidate)
        work = Assignment(run.run_id, path, None, self.columns, self.keep_refits, self.limits)
        if isinstance(store, LocalArtifacts):
            places = tuple(map(str, store.artifact_places(run)))
            return Row(candidate, POOL.read(replace(work, places=places), jobs=jobs))
        assert isinstance(store, Server)
        try:
            with doing(work.what):
                data = store.read(run, path, self.limits.max_bytes, seconds=self.limits.seconds)
        except ArtifactError as error:
            return Row(candidate, Outcome(None, Quarantine("artifact", path, str(error))))
        return Row(candidate, POOL.read(work, data, jobs=jobs))
