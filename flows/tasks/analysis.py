"""The tasks of Block 2: published tables in; checked figures out, and the files that speak of all."""

from collections.abc import Sequence
from typing import Any

from loguru import logger
from prefect import Task, task

from assets.engine.build import Outcome, Result
from assets.engine.decide import Decision
from assets.engine.file_build import FileBuild
from assets.engine.schedule import build_one
from flows.tasks.steps import OPTIONS, made, skipped


@task(task_run_name="load_duckdb", **OPTIONS)
def load_duckdb(build: FileBuild, keys: Sequence[str]) -> int:
    """Check that every table that figures and files need is what its record says; return the number of tables."""
    with build.working():
        count = build.check_tables(keys)
    logger.info("{} tables, each as its record says", count)
    return count


def drawing(figure: str) -> Task[[FileBuild], Any]:
    """Return the task that draws one figure and sets its files aside, unless it is fresh by now."""

    def draw(build: FileBuild) -> Any:
        with logger.contextualize(asset=figure), build.working():
            staged = build.stage(figure)
            if isinstance(staged, Decision):
                logger.debug("fresh, not drawn")
                return skipped(build, figure)
            build.staged[figure] = staged
            logger.info("drawn: {}", staged.because)
            return figure

    draw.__doc__ = f"Draw the figure `{figure}`."
    named: Task[[FileBuild], Any] = task(
        name=f"generate_{figure}", task_run_name=f"generate_{figure}", **OPTIONS
    )(draw)
    return named


@task(task_run_name="export_json:{figure}", **OPTIONS)
def export_json(build: FileBuild, figure: str) -> Any:
    """Write the sidecar of a drawn figure: its data, sources and hashes."""
    with logger.contextualize(asset=figure), build.working():
        staged = build.staged.get(figure)
        if staged is None:
            return skipped(build, figure)
        build.export(staged)
        return figure


@task(task_run_name="validate_figures:{figure}", **OPTIONS)
def validate_figures(build: FileBuild, figure: str) -> Any:
    """Check a drawn figure and put it in place; one that fails P0 or P1 is kept out."""
    with logger.contextualize(asset=figure), build.working():
        staged = build.staged.pop(figure, None)
        if staged is None:
            return skipped(build, figure, Result(figure, Outcome.SKIPPED))
        result = build.commit(staged)
        logger.info("{}: checked and in place", result.outcome.value)
        return made(result)


@task(task_run_name="write_document:{key}", **OPTIONS)
def write_document(build: FileBuild, key: str) -> Any:
    """Write one file and put it in place, unless it is fresh by now."""
    with logger.contextualize(asset=key), build.working():
        result = build_one(build, key)
        if result.outcome is Outcome.SKIPPED:
            return skipped(build, key, result)
        logger.info("{}: in place", result.outcome.value)
        return made(result)
