"""One block, as the command and the flow of the whole study both run it: by Prefect, or by the plain scheduler.

Prefect is imported only for a block that it is to run.
"""

from collections.abc import Sequence

from loguru import logger

from assets.engine.build import Outcome, Result
from assets.engine.project import Project
from assets.engine.schedule import Attempts, materialize
from flows.logs import counted
from flows.tasks.cluster import reading_on


def by_prefect(project: Project, scope: str, keys: Sequence[str], *, force: bool) -> list[Result]:
    """Run the flow of a block, `tables` or `files`; without Prefect when its server is gone before that begins.

    An error that is a bug is raised as it is.
    """
    from flows import outage
    from flows.analysis_flow import generate_figures
    from flows.extraction_flow import extract_all_configs
    from flows.tasks.steps import BlockError

    flow = extract_all_configs if scope == "tables" else generate_figures
    some = list(keys) if scope == "files" else None  # all tables; of the files, those that no table blocks
    try:
        results: list[Result] = outage.run(flow, force=force, selection=some)
    except outage.PageLostError:
        return plainly(project, scope, keys, force=force)
    except BlockError as failure:
        return failure.results
    return results


def plainly(project: Project, scope: str, keys: Sequence[str], *, force: bool) -> list[Result]:
    """Bring the assets of a block up to date with the plain scheduler; an error that is a bug is raised as it is."""
    chosen = project.definitions.settings
    with reading_on(chosen.dask_scheduler if scope == "tables" else None):
        results = materialize(
            project,
            keys,
            forced=keys if force else (),
            jobs=chosen.jobs,
            attempts=Attempts(chosen.retries, chosen.retry_delay_seconds),
            tell=logger.warning,
            finished=_log,
            progress=counted(project.unit),
        )
    for result in results.values():
        if result.bug is not None:
            raise result.bug
    return list(results.values())


def _log(result: Result) -> None:
    quiet = (Outcome.BLOCKED, Outcome.SKIPPED)  # one that failed may block all others
    level = "DEBUG" if result.outcome in quiet else "INFO"
    logger.bind(asset=result.key).log(level, "{}", f"{result.outcome.value} {result.because}".rstrip())
