"""Both blocks in one flow, for a schedule or a button: the tables, then what is drawn and written from them.

`python -m flows reproduce` does the same and starts Prefect only for a block that has something to do; this flow runs
on a worker, where each asset that is fresh shows as skipped.
"""

from collections.abc import Sequence
from typing import Any

from prefect import Flow, flow

from assets import study
from assets.engine.build import Result
from assets.engine.project import SCOPES, STATE, Project
from assets.engine.schedule import blocked_files
from flows.analysis_flow import generate_figures
from flows.extraction_flow import extract_all_configs
from flows.logs import logging_to
from flows.tasks.steps import BlockError, settled, threads


@flow(name="reproduce_study", persist_result=False)
def reproduce_study(force: bool = False) -> list[Result]:
    """Bring every table, figure and file up to date, each block in a run of its own below this one.

    What can be made is made; BlockError then says what became of each asset. An error that is a bug is raised as it is.
    """
    project = study.load()
    with logging_to(STATE / "logs", "reproduce"):
        tables = _ended(project, extract_all_configs, force=force)
        files = project.of_kinds(*SCOPES["files"])
        blocked = blocked_files(project.definitions, files, {result.key: result for result in tables})
        makeable = [key for key in files if key not in blocked]
        made = _ended(project, generate_figures, force=force, selection=makeable) if makeable else []
        results = settled([(result, None) for result in (*tables, *made, *blocked.values())])
        project.seal()
    return results


def _ended(project: Project, block: Flow[Any, list[Result]], **parameters: Any) -> Sequence[Result]:
    """Run a block with as many threads as the settings say; return what became of each asset."""
    runner = threads(project.definitions.settings.jobs)
    try:
        return block.with_options(task_runner=runner)(**parameters)
    except BlockError as failure:
        return failure.results
