"""Block 1: from an MLflow store to the tables of the DuckDB file.

The flow names what must be fresh; `assets.engine` decides what that takes. Each table passes through
`compute_stratos` and `write_duckdb`; what is fresh shows as skipped, with the reason.
"""

import sys
from collections.abc import Sequence
from typing import Any

from loguru import logger
from prefect import flow, unmapped
from prefect.futures import PrefectFuture

from assets import study
from assets.engine.build import Result
from assets.engine.schedule import close
from assets.engine.table_build import TableBuild
from flows.tasks.extraction import compute_stratos, connect_mlflow, load_pickle, write_duckdb
from flows.tasks.steps import outcome, patience, settled, submit, threads


@flow(name="extract_all_configs", task_runner=threads())
def extract_all_configs(force: bool = False) -> list[Result]:
    """Bring every table of the study up to date and publish them together.

    A table that fails blocks only what reads it; then nothing is published, what was finished is kept, and
    BlockError says what became of each. An error that is a bug is raised as it is.
    """
    project = study.load()
    keys = project.definitions.select(["kind:table"])
    with project.build_tables(forced=keys if force else (), tell=logger.warning) as build:
        steps = _submit(build, keys)
        found = [outcome(key, steps[key]) for key in keys]
        published = close(build, [result for result, _ in found])
    logger.info("published {}" if published else "{} stays as it was", project.database)
    return settled(found)


def _submit(build: TableBuild, keys: Sequence[str]) -> dict[str, list[PrefectFuture[Any]]]:
    """Submit the steps of every table, each waiting for what it reads."""
    definitions = build.inventory.definitions
    settings = definitions.settings
    steps: dict[str, list[PrefectFuture[Any]]] = {}
    for key in keys:
        asset = definitions.assets[key]
        sources = [u for u in asset.upstream if u in definitions.sources]
        connected = [submit(connect_mlflow, build, source, settings=settings) for source in sources]
        waits = [*connected, *(steps[u][-1] for u in asset.upstream if u in steps)]
        parts: list[PrefectFuture[Any]] = []
        if asset.partitions_def in sources and all(c.wait() or c.state.is_completed() for c in connected):
            names, size = build.partitions_to_load(key), settings.batch_size
            batches = [names[start : start + size] for start in range(0, len(names), size)]
            parts = load_pickle.with_options(**patience(settings)).map(
                unmapped(build), unmapped(key), range(len(batches)), batches
            )
        computed = submit(compute_stratos, build, key, parts, settings=settings, wait_for=waits)
        written = submit(write_duckdb, build, key, settings=settings, wait_for=[computed])
        steps[key] = [*connected, *parts, computed, written]
    return steps


if __name__ == "__main__":
    from flows.__main__ import main

    sys.exit(main(["extract", *sys.argv[1:]]))
