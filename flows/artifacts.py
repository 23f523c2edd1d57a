"""What a flow leaves on Prefect's pages beside its task runs: what became of each asset, progress, pictures, checks.

A handful for each flow, and none when nothing was done. Whoever may see the page sees them: they hold names, counts,
hashes and figures that passed their checks, never a row of a table.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, cast
from uuid import UUID

import httpx
from loguru import logger
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from assets.charts.publication.gallery import Gallery, kept_out
from assets.charts.publication.thumbnail import kept_thumbnail
from assets.charts.qa.verdict import Verdict, load
from assets.engine.build import Build, Outcome, Result
from assets.engine.progress import Progress
from assets.engine.project import Project
from flows.outage import give_up, is_outage
from flows.tasks.steps import unchanged

PICTURE_BYTES = 60_000
"""A picture is not larger than this; encoded for a page it takes a third more."""
_BETWEEN_SECONDS = 2.0
"""Between two states of a progress bar: each costs a request."""
_MADE = (Outcome.BUILT, Outcome.UNCHANGED, Outcome.RESTORED)
_LEVELS = ("P0", "P1", "P2", "P3")


@contextmanager
def sending() -> Iterator[None]:
    """Within the block things are sent to Prefect's pages; a server that does not take them fails nothing."""
    try:
        yield
    except httpx.HTTPStatusError as error:  # its text has the address, and maybe a password in it
        logger.warning(
            "not all of this run is on Prefect's pages: the server answers {}", error.response.status_code
        )
    except Exception as error:
        if is_outage(error):
            give_up(error)
        else:  # a picture that cannot be read must not fail what is done
            logger.warning("not all of this run is on Prefect's pages: {}", type(error).__name__)


def show_results(key: str, build: Build, results: Sequence[Result]) -> None:
    """Leave a table that says what became of each asset, unless all were skipped."""
    if all(result.outcome is Outcome.SKIPPED for result in results):
        return
    rows = [_row(build, result) for result in results]
    create_table_artifact(rows, key=key, description=_counted(results))


def _row(build: Build, result: Result) -> dict[str, Any]:
    record = build.inventory.records.get(result.key)
    return {
        "asset": result.key,
        "outcome": result.outcome.value,
        "because": unchanged(build, result.key) if result.outcome is Outcome.SKIPPED else result.because,
        "rows": record.rows if record else None,
        "seconds": round(result.seconds, 1),
        "kind": build.inventory.definitions.assets[result.key].kind,
        "data version": record.data_version[:12] if record else None,
    }


def _counted(results: Sequence[Result]) -> str:
    outcomes = [result.outcome for result in results]
    return ", ".join(f"{outcomes.count(o)} {o.value}" for o in Outcome if o in outcomes)


class ProgressBar:
    """Shows on a page how far a build is; there is none as long as nothing is counted."""

    def __init__(self, key: str, progress: Progress) -> None:
        self._key, self._progress = key, progress
        self._artifact: UUID | None = None
        self._moved, self._broken = 0.0, False

    def glance(self) -> None:
        """Move the bar to where the build is, if it was not moved just now."""
        standing = self._progress.standing()
        if standing is not None and monotonic() - self._moved >= _BETWEEN_SECONDS:
            self._move(100 * standing.done / max(standing.total, 1), str(standing))
            self._moved = monotonic()

    def end(self, results: Iterable[Result]) -> None:
        """Move the bar to its end, if there is one and nothing failed."""
        if self._artifact and all(r.outcome not in (Outcome.FAILED, Outcome.BLOCKED) for r in results):
            self._move(100.0, f"all {self._progress.unit} are read")

    def _move(self, percent: float, said: str) -> None:
        if self._broken:  # asked again and again, a server that is gone would hold up the build
            return
        self._broken = True
        with sending():
            if self._artifact is None:
                created = create_progress_artifact(percent, key=self._key, description=said)
                self._artifact = cast(UUID, created)  # no coroutine: nothing here is async
            else:
                update_progress_artifact(self._artifact, percent, description=said)
            self._broken = False


def show_figures(project: Project, results: Iterable[Result]) -> None:
    """Leave the pictures of the figures that were put in place, made small, if any; none that shows single subjects."""
    gallery = _gallery(project)
    made = [result.key for result in results if result.outcome in _MADE]
    passed = [
        key
        for key in made
        if gallery.is_public(key) and (verdict := gallery.recorded(key)) and not verdict.fatal
    ]
    if passed:
        shown = [f"## {key}\n\n![{key}](data:image/png;base64,{_encoded(gallery, key)})\n" for key in passed]
        create_markdown_artifact(
            "\n".join(shown), key="figures", description=f"put in place: {', '.join(passed)}"
        )


def _encoded(gallery: Gallery, key: str) -> str:
    return base64.b64encode(kept_thumbnail(gallery.files(key)[0], most_bytes=PICTURE_BYTES)).decode()


def show_checks(project: Project, results: Iterable[Result]) -> None:
    """Leave a table of what the checks found in the figures that were drawn or kept out, unless there are none."""
    gallery = _gallery(project)
    judged = [
        (result, _verdict(gallery, result))
        for result in results
        if result.outcome in (*_MADE, Outcome.FAILED)
    ]
    rows = [_checked(result, verdict) for result, verdict in judged if verdict]
    if rows:
        create_table_artifact(
            rows, key="figure-checks", description="findings by figure and level; P0 and P1 keep a figure out"
        )


def _gallery(project: Project) -> Gallery:
    gallery = project.file_stores["figure"]
    assert isinstance(gallery, Gallery), "figures of the study are kept in a gallery"
    return gallery


def _verdict(gallery: Gallery, result: Result) -> Verdict | None:
    if result.outcome is not Outcome.FAILED:
        return gallery.recorded(result.key)
    refused = kept_out(result.key)
    return load(refused.read_bytes()) if refused.is_file() else None


def _checked(result: Result, verdict: Verdict) -> dict[str, Any]:
    found = verdict.findings
    return {
        "figure": result.key,
        "verdict": "kept out" if result.outcome is Outcome.FAILED else verdict.outcome,
        "checks": sum(check.outcome != "not applicable" for check in verdict.checks),
        **{level: sum(finding.level == level for finding in found) for level in _LEVELS},
        "findings": "; ".join(f"{f.level} {f.check}: {f.message}" for f in found),
    }
