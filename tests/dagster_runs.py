"""Runs of Dagster over the assets of a folder, in this process."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from assets.engine.project import Project
from assets.on_dagster import build_definitions
from assets.on_dagster.bridge import Showing
from tests.project_folders import Folder

warnings.simplefilter("ignore", dg.BetaWarning)


@dataclass(frozen=True)
class Ran:
    """What a run told Dagster."""

    result: dg.ExecuteInProcessResult
    instance: dg.DagsterInstance

    @property
    def succeeded(self) -> bool:
        return self.result.success

    @property
    def events(self) -> dict[str, dg.AssetMaterialization]:
        """The materializations of the run by key, of which there is one each."""
        told = [event.materialization for event in self.result.get_asset_materialization_events()]
        found = {event.asset_key.path[0]: event for event in told}
        assert len(found) == len(told), "an asset was told of twice"
        return found

    @property
    def outcomes(self) -> dict[str, Any]:
        return {key: event.metadata["assets/outcome"].value for key, event in self.events.items()}

    @property
    def versions(self) -> dict[str, str]:
        return {key: (event.tags or {})["dagster/data_version"] for key, event in self.events.items()}

    @property
    def failures(self) -> dict[str, str]:
        """What each failed step says."""
        failed = [event for event in self.result.all_events if event.is_step_failure]
        said = {event.step_key or "": event.step_failure_data.error for event in failed}
        return {key: error.message.partition(": ")[2].strip() for key, error in said.items() if error}

    def traceback(self, key: str) -> str:
        """What the page of a failed step shows of the error behind its line."""
        (failed,) = [e for e in self.result.all_events if e.is_step_failure and e.step_key == key]
        error = failed.step_failure_data.error
        return error.cause.to_string() if error and error.cause else ""

    @property
    def checks(self) -> dict[tuple[str, str], bool]:
        found = self.result.get_asset_check_evaluations()
        return {(found.asset_key.path[0], found.check_name): found.passed for found in found}

    @property
    def log(self) -> list[str]:
        """What was logged beside Dagster's own events."""
        entries = self.instance.all_logs(self.result.run_id)
        return [entry.user_message for entry in entries if entry.dagster_event is None]


@dataclass(frozen=True)
class Stage:
    """A project loaded into Dagster, with Dagster's own memory."""

    project: Project
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def run(self, *keys: str, force: bool = False, checks: Mapping[str, str] | None = None) -> Ran:
        """Materialise assets, all by default; or run single checks, by the key of their asset."""
        selection = dg.AssetSelection.assets(*(keys or self.project.definitions.order))
        if checks:
            wanted = [dg.AssetCheckKey(dg.AssetKey([key]), name) for key, name in checks.items()]
            selection = dg.AssetSelection.checks(*wanted)
        result = dg.materialize(
            list(self.definitions.assets or ()),
            instance=self.instance,
            selection=selection,
            tags={"assets/force": "true"} if force else {},
            raise_on_error=False,
        )
        return Ran(result, self.instance)


@contextmanager
def staged(
    folder: Folder,
    instance: dg.DagsterInstance,
    kinds: Mapping[str, Showing] | None = None,
    **more: Any,
) -> Iterator[Stage]:
    """Load a folder as it is now, as Dagster does; `more` are fields of the project to replace."""
    with folder.open() as project:
        project = replace(project, **more)
        yield Stage(project, build_definitions(project, kinds=kinds), instance)


def run(folder: Folder, instance: dg.DagsterInstance, *keys: str, force: bool = False, **more: Any) -> Ran:
    """Load a folder as it is now, and materialise assets of it."""
    with staged(folder, instance, **more) as stage:
        return stage.run(*keys, force=force)
