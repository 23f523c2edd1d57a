"""Both blocks in one flow, for a schedule or a button: the tables, then what is drawn and written from them.

`python -m flows reproduce` does the same and starts Prefect only for a block that has something to do; this flow runs
on a worker, where each asset that is fresh shows as skipped.
"""

from prefect import flow

from assets import study
from assets.engine.build import Result
from assets.engine.project import SCOPES, STATE
from assets.engine.schedule import blocked_files
from flows.blocks import by_prefect
from flows.logs import logging_to
from flows.outage import guarded
from flows.tasks.steps import settled


@flow(name="reproduce_study", persist_result=False)
@guarded
def reproduce_study(force: bool = False) -> list[Result]:
    """Bring every table, figure and file up to date, each block in a run of its own below this one.

    What can be made is made; BlockError then says what became of each asset. An error that is a bug is raised as it is.
    """
    project = study.load()
    with logging_to(STATE / "logs", "reproduce"):
        tables = by_prefect(project, "tables", project.of_kinds(*SCOPES["tables"]), force=force)
        files = project.of_kinds(*SCOPES["files"])
        blocked = blocked_files(project.definitions, files, {result.key: result for result in tables})
        makeable = [key for key in files if key not in blocked]
        made = by_prefect(project, "files", makeable, force=force) if makeable else []
        results = settled([(result, None) for result in (*tables, *made, *blocked.values())])
        project.seal()
    return results
