"""What became of assets, told in Prefect's own model: an event for each that was put in place or failed.

Prefect Cloud draws its pages of assets and their lineage from these; an open-source server lists them in its event
feed. A task under `@materialize` would tell of a skipped asset, too, as if it had been made: so the flows tell, once
tables are published and files in place.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prefect.assets import Asset, AssetProperties
from prefect.assets.core import MAX_ASSET_DESCRIPTION_LENGTH
from prefect.context import AssetContext, TaskRunContext
from prefect.events import emit_event

from assets.engine.build import Build, Outcome, Result
from assets.engine.project import Project
from assets.engine.records import Record

_MATERIALIZATION = "prefect.asset.materialization"


def announce(project: Project, build: Build, results: Iterable[Result], before: Mapping[str, Record]) -> None:
    """Tell of every asset whose record is another than `before`, and of those that failed; of no other.

    What an interrupted build finished and this one published is told of too, though it was skipped here.
    """
    read = dict[str, None]()
    with _by_the_flow_itself():
        for result in results:
            record = build.inventory.records.get(result.key)
            failed = result.outcome is Outcome.FAILED
            if failed or (record and record != before.get(result.key)):
                read |= dict.fromkeys(project.definitions.assets[result.key].upstream)
                payload = {"because": result.because} if failed else _metadata(result, record)
                _tell(project, result.key, "failed" if failed else "succeeded", payload)
        for key in read:
            emit_event("prefect.asset.referenced", AssetContext.asset_as_resource(_asset(project, key)))


@contextmanager
def _by_the_flow_itself() -> Iterator[None]:
    """Let no task count as the one that tells: Prefect would name the one that was the first to tell anything."""
    nobody: Any = None
    token = TaskRunContext.__var__.set(nobody)
    try:
        yield
    finally:
        TaskRunContext.__var__.reset(token)


def _tell(project: Project, key: str, how: str, payload: dict[str, Any]) -> None:
    upstream = dict.fromkeys(project.definitions.assets[key].upstream)
    emit_event(
        f"{_MATERIALIZATION}.{how}",
        AssetContext.asset_as_resource(_asset(project, key)),
        related=[AssetContext.asset_as_related(_asset(project, read)) for read in upstream],
        payload=payload,
    )


def _metadata(result: Result, record: Record | None) -> dict[str, Any]:
    """Return what is said of an asset that was put in place; nothing of its rows but their number."""
    assert record is not None, "what was put in place has a record"
    return {
        "outcome": result.outcome.value,
        "because": result.because,
        "data_version": record.data_version,
        "input_hash": record.input_hash,
        "rows": record.rows,
        "seconds": record.seconds,
    }


def _asset(project: Project, key: str) -> Asset:
    """Return the asset or source as Prefect names it, such as `duckdb://foundation_plr_results/runs`."""
    declared = project.definitions.assets.get(key) or project.definitions.sources[key]
    kind = getattr(declared, "kind", "source")
    properties = AssetProperties(
        name=key,
        description=declared.description[:MAX_ASSET_DESCRIPTION_LENGTH],
        owners=list(getattr(declared, "owners", ())) or None,
    )
    scheme = "duckdb" if kind == "table" else kind
    return Asset(key=f"{scheme}://{project.database.stem}/{key}", properties=properties)
