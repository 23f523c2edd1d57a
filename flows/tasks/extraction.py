"""The tasks of Block 1: MLflow runs in, measures in DuckDB out."""

from collections.abc import Sequence
from typing import Any

from loguru import logger
from prefect import task
from prefect.states import Completed

from assets.engine.build import Outcome, Result
from assets.engine.decide import Decision
from assets.engine.declarations import Absent
from assets.engine.table_build import TableBuild
from flows.tasks.steps import OPTIONS, made, skipped


@task(task_run_name="connect_mlflow:{source}", **OPTIONS)
def connect_mlflow(build: TableBuild, source: str) -> Any:
    """Look at the MLflow store; return what was found, in a line."""
    seen = build.inventory.observation(source)
    if isinstance(seen, Absent):  # what was made from it stands; a table that needs it fails on its own
        logger.warning(seen.reason)
        return Completed(name="Skipped", message=seen.reason)
    logger.info(seen.summary)
    return seen.summary


@task(task_run_name="load_pickle:{key}:{number}", **OPTIONS)
def load_pickle(build: TableBuild, key: str, number: int, names: Sequence[str]) -> int:
    """Read one batch of runs and keep their rows; return how many were read that no earlier attempt had kept."""
    with logger.contextualize(asset=key):
        count = build.load_partitions(key, names)
        logger.debug("batch {}: {} runs read", number, count)
        return count


@task(task_run_name="compute_stratos:{key}", **OPTIONS)
def compute_stratos(build: TableBuild, key: str) -> Any:
    """Compute one table and set it aside, unless it is fresh by now."""
    with logger.contextualize(asset=key):
        staged = build.stage(key)
        if isinstance(staged, Decision):
            logger.debug("fresh, not computed")
            return skipped(build, key)
        build.staged[key] = staged
        logger.info("computed {:,} rows: {}", staged.output.rows, staged.because)
        return key


@task(task_run_name="write_duckdb:{key}", **OPTIONS)
def write_duckdb(build: TableBuild, key: str) -> Any:
    """Write one computed table and its record in one transaction."""
    with logger.contextualize(asset=key):
        staged = build.staged.pop(key, None)
        if staged is None:
            return skipped(build, key, Result(key, Outcome.SKIPPED))
        result = build.commit(staged)
        logger.info("{}: {:,} rows", result.outcome.value, result.rows or 0)
        return made(result)
