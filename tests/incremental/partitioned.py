"""A project of ours whose tables have partitions: one per run, of a source that holds many runs."""

import json
import random
from pathlib import Path

from tests.incremental.ours import MODULE, Ours
from tests.incremental.pipelines import Answer, Pipeline, pipeline
from tests.incremental.tool import write
from tests.incremental.workplace import Workplace

_VALUES = 20
Runs = dict[str, list[int]]


def some_runs(count: int) -> Runs:
    """Return as many runs, each with a few values."""
    values = random.Random(count)
    return {f"run{i:05}": [values.randrange(1000) for _ in range(_VALUES)] for i in range(count)}


class OursPartitioned(Ours):
    """Two tables with a partition per run, one after the other, and one table of all."""

    name = "ours, partitions"

    def __init__(self, bin_folder: Path, runs: Runs) -> None:
        super().__init__(bin_folder)
        self.runs = runs

    def generate(self, folder: Path, steps: Pipeline) -> None:
        super().generate(folder, steps)
        write(folder, f"{MODULE}.py", _PROJECT)
        write_runs(folder, self.runs)


def write_runs(folder: Path, runs: Runs) -> None:
    """Write the file that the source reads."""
    write(folder, "runs.json", json.dumps(runs))


def workplace(python: Path, folder: Path, runs: Runs, *, inherited: bool = False) -> Workplace:
    """Return a place for the project; its steps are logged once for each partition."""
    return Workplace(OursPartitioned(python.parent, runs), pipeline(12), folder, inherited)


def totals(place: Workplace) -> Answer:
    """Return what was built: run, total of its values, place among the runs by total."""
    import duckdb

    with duckdb.connect(place.folder / f"{MODULE}.duckdb", read_only=True) as connection:
        return connection.execute("FROM ranks ORDER BY run").fetchall()


def right_totals(runs: Runs) -> Answer:
    """Return what should have been built."""
    doubled = {run: sum(2 * value for value in values) for run, values in runs.items()}
    larger = sorted(doubled.values(), reverse=True)
    return [(run, total, larger.index(total) + 1) for run, total in sorted(doubled.items())]


_PROJECT = """\
from __future__ import annotations
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING
from assets.engine import asset, observable_source_asset, observed_files
from benchlib import begin
if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def sha256(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@observable_source_asset
def runs(memo):
    with open("runs.json") as file:
        found = json.load(file)
    partitions = {name: sha256(values) for name, values in found.items()}
    return replace(observed_files("runs.json", memo=memo), value=found, partitions=partitions)


@asset(partitions_def="runs", primary_key=("run", "place"))
def measured(runs, partition_keys) -> pa.Table:
    import pyarrow as pa

    for run in partition_keys:
        begin("measured-" + run)
    rows = [{"run": r, "place": place, "v": v} for r in partition_keys for place, v in enumerate(runs[r])]
    return pa.Table.from_pylist(rows, schema=pa.schema({"run": pa.string(), "place": pa.int64(), "v": pa.int64()}))


@asset(partitions_def="runs", primary_key="run")
def totals(measured: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    for (run,) in measured.unique("run").fetchall():
        begin("totals-" + run)
    return measured.aggregate("run, CAST(2 * sum(v) AS BIGINT) AS total", "run")


@asset
def ranks(totals: duckdb.DuckDBPyRelation, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    begin("ranks")
    return connection.sql("SELECT run, total, rank() OVER (ORDER BY total DESC) AS place FROM totals")
"""
