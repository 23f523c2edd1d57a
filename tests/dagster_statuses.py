"""What Dagster says of the assets of a folder, and what it should say, going by our decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from assets.engine.decide import Cause, Decision, State
from assets.engine.definitions import Definitions
from assets.on_dagster import truth
from assets.on_dagster.bridge import Bridge
from assets.on_dagster.definitions import build_definitions
from assets.on_dagster.files import FilesShown
from assets.on_dagster.tables import Tables
from tests.project_folders import Folder

Said = tuple[str, frozenset[tuple[str, str | None]]]
"""A status, and why: category and parent."""

_STATUS = {
    State.FRESH: "FRESH",
    State.UNSURE: "FRESH",  # Dagster looks at direct parents only
    State.MISSING: "MISSING",
    State.STALE: "STALE",
}


@dataclass(frozen=True)
class Loaded:
    """A folder as Dagster loads it, and Dagster's own memory."""

    bridge: Bridge
    instance: dg.DagsterInstance

    @cached_property
    def definitions(self) -> dg.Definitions:
        """The assets as they are declared."""
        return build_definitions(self.bridge.project)

    def statuses(self) -> dict[str, Said]:
        """Ask Dagster's own resolver."""
        graph = self.definitions.resolve_asset_graph()
        resolver = CachingStaleStatusResolver(self.instance, graph, LoadingContextForTest(self.instance))
        found: dict[str, Said] = {}
        for key in (dg.AssetKey([k]) for k in self.bridge.project.definitions.order):
            causes = resolver.get_stale_causes(key)
            why = {
                (c.category.value, c.dependency_asset_key and c.dependency_asset_key.path[0]) for c in causes
            }
            found[key.path[0]] = (resolver.get_status(key).value, frozenset(why))
        return found

    def decisions(self) -> dict[str, Decision]:
        """Ask ourselves."""
        return self.bridge.project.look().plan(self.bridge.project.definitions.order)

    def expected(self) -> dict[str, Said]:
        """What Dagster should say."""
        definitions = self.bridge.project.definitions
        return {key: expected(definitions, decision) for key, decision in self.decisions().items()}

    def report(self) -> tuple[str, ...]:
        """Tell Dagster."""
        return truth.report(self.bridge, self.instance)

    def run(self, *keys: str, force: bool = False) -> bool:
        """Materialise assets, all by default, as a run of Dagster does; return whether it went well."""
        wanted = [dg.AssetKey([key]) for key in keys or self.bridge.project.definitions.order]
        job = dg.define_asset_job("made", selection=wanted, executor_def=dg.in_process_executor)
        resolved = dg.Definitions.merge(self.definitions, dg.Definitions(jobs=[job])).resolve_job_def("made")
        tags = {"assets/force": "true"} if force else {}
        return resolved.execute_in_process(instance=self.instance, raise_on_error=False, tags=tags).success


def expected(definitions: Definitions, decision: Decision) -> Said:
    """What Dagster should say of an asset of which we decided so."""
    if decision.state is not State.STALE:
        return _STATUS[decision.state], frozenset()
    upstream, why = definitions.assets[decision.key].upstream, set[tuple[str, str | None]]()
    for reason in decision.reasons:
        if reason.cause is Cause.INPUT_CHANGED and reason.subject in upstream:
            why.add(("DATA" if reason.old else "DEPENDENCIES", reason.subject))
        elif reason.cause is Cause.INPUT_CHANGED and not definitions.assets[decision.key].told_lineage:
            why.add(("DEPENDENCIES", reason.subject))
        elif reason.cause is not Cause.UPSTREAM_PENDING:
            why.add(("CODE", None))
    return "STALE", frozenset(why)


@contextmanager
def loaded(folder: Folder, instance: dg.DagsterInstance) -> Iterator[Loaded]:
    """Load a folder afresh, as Dagster's code server does."""
    with folder.open() as project:
        kinds = {"table": Tables(project.database.stem), "file": FilesShown()}
        yield Loaded(Bridge(project, kinds), instance)
