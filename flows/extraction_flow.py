"""Block 1: from an MLflow store to the tables of the DuckDB file.

The flow names what must be fresh; `assets.engine` decides what that takes. Each table passes through
`compute_stratos` and `write_duckdb`; what is fresh shows as skipped, with the reason.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from loguru import logger
from prefect import flow, unmapped
from prefect.futures import PrefectFuture

from assets import study
from assets.engine.build import Result
from assets.engine.errors import TransientError, UserError
from assets.engine.project import STATE, Project
from assets.engine.schedule import close
from assets.engine.table_build import TableBuild
from flows.artifacts import ProgressBar, sending, show_results
from flows.asset_events import announce
from flows.logs import counted, logging_to
from flows.outage import guarded
from flows.tasks.cluster import reading_on
from flows.tasks.extraction import compute_stratos, connect_mlflow, load_pickle, write_duckdb
from flows.tasks.steps import THREADS, Ended, chosen, outcome, patience, settled, submit

_MOST_BATCHES = 64
"""Of so many runs that this would not do, batches are larger: a task costs Prefect what reading a run costs."""


@flow(name="extract_all_configs", persist_result=False, task_runner=THREADS)
@guarded
def extract_all_configs(force: bool = False, selection: list[str] | None = None) -> list[Result]:
    """Bring the selected tables up to date and publish them together; all of them when none is selected.

    A table that fails blocks only what reads it; then nothing is published, what was finished is kept, and
    BlockError says what became of each. An error that is a bug is raised as it is.
    """
    project = study.load()
    keys = chosen(project.definitions, selection, "table")
    with logging_to(STATE / "logs", "extract"), reading_on(project.definitions.settings.dask_scheduler):
        return settled(_extract(project, keys, keys if force else ()))


def _extract(project: Project, keys: Sequence[str], forced: Sequence[str]) -> Sequence[Ended]:
    """Build and publish the tables, show on the way how far that is, and then what became of each."""
    progress = counted(project.unit)
    bar = ProgressBar("extraction-progress", progress)
    with project.build_tables(forced=forced, tell=logger.warning, progress=progress) as build:
        before = project.look().records if build.copy.resumed else dict(build.inventory.records)
        keys = project.definitions.with_views(keys, build.inventory.tables_there)
        steps = _submit(build, keys)
        found = [outcome(build, key, steps[key], bar.glance) for key in keys]
        results = [result for result, _ in found]
        published = close(build, results)
    logger.info("published {}" if published else "{} stays as it was", project.database)
    with sending():
        bar.end(results)
        show_results("extraction-results", build, results)
        announce(project, build, results, before if published else build.inventory.records)
    return found


def _submit(build: TableBuild, keys: Sequence[str]) -> dict[str, list[PrefectFuture[Any]]]:
    """Submit the steps of every table, each waiting for what it reads."""
    definitions = build.inventory.definitions
    steps: dict[str, list[PrefectFuture[Any]]] = {}
    for key in keys:
        asset = definitions.assets[key]
        sources = [u for u in asset.upstream if u in definitions.sources]
        connected = [submit(connect_mlflow, build, source) for source in sources]
        waits = [*connected, *(steps[u][-1] for u in asset.upstream if u in steps)]
        loaded: list[PrefectFuture[Any]] = []
        if asset.partitions_def in sources and set(sources) == set(asset.upstream):
            loaded = _load(build, key, connected)
        computed = submit(compute_stratos, build, key, wait_for=[*waits, *loaded])
        written = submit(write_duckdb, build, key, wait_for=[computed])
        steps[key] = [*connected, *loaded, computed, written]
    return steps


def _load(build: TableBuild, key: str, connected: Sequence[PrefectFuture[Any]]) -> list[PrefectFuture[Any]]:
    """Submit the reading of what a table is made from, in batches, once the sources were looked at."""
    settings = build.inventory.definitions.settings
    names: Sequence[str] = []
    if all(source.wait() or source.state.is_completed() for source in connected):
        with suppress(UserError, TransientError):  # told when the table is computed
            names = build.partitions_to_load(key)
    # a cluster is kept busy by one task, which sends batches of its own
    most = 1 if settings.dask_scheduler else _MOST_BATCHES
    size = max(settings.batch_size, -(-len(names) // most))
    batches = [names[start : start + size] for start in range(0, len(names), size)]
    patient = load_pickle.with_options(**patience(build))
    return list(patient.map(unmapped(build), unmapped(key), range(len(batches)), batches))


if __name__ == "__main__":
    from flows.__main__ import main

    sys.exit(main(["extract", *sys.argv[1:]]))
