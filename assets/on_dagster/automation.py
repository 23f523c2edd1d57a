"""What happens by itself in Dagster: jobs for the blocks of a project, a schedule, and a sensor that looks as we do.

Schedule and sensor are off until somebody switches them on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.engine.decide import Decision, State
from assets.engine.declarations import Kind
from assets.engine.errors import TransientError, UserError
from assets.engine.hashing import digest
from assets.engine.inventory import Inventory
from assets.engine.lock import is_held
from assets.engine.stamp import LOCK
from assets.on_dagster.bridge import Bridge, in_a_line
from assets.on_dagster.truth import look, report, tell
from assets.on_dagster.versions import code_version, data_versions

JOBS: Mapping[str, Sequence[Kind]] = {
    "all_assets": ("table", "figure", "file"),
    "all_tables": ("table",),
    "all_files": ("figure", "file"),
}
"""Name of a job -> the kinds of assets that it brings up to date; the first is for everything."""

REPORT = "report_status"
"""Name of the job that tells Dagster what is in place and builds nothing."""
STATUS = "assets_status"
"""Name of the sensor."""

_DAILY = "0 5 * * *"
_LOOK_SECONDS = 300
_OUTDATED = "code or settings were edited since Dagster loaded them: reload the definitions"
_NAMED = 3

Job = dg.JobDefinition | UnresolvedAssetJobDefinition


@dataclass(frozen=True)
class Automation:
    """Jobs, and what starts them."""

    jobs: tuple[Job, ...]
    schedules: tuple[dg.ScheduleDefinition, ...]
    sensors: tuple[dg.SensorDefinition, ...]


def automated(bridge: Bridge, jobs: Mapping[str, Sequence[Kind]] = JOBS) -> Automation:
    """Return the jobs of a project, a schedule that starts the first of them every day, and the sensor of its state."""
    keys = {name: bridge.project.of_kinds(*kinds) for name, kinds in jobs.items()}
    made = [_job(name, found) for name, found in keys.items() if found]
    daily = [dg.ScheduleDefinition(f"{job.name}_daily", cron_schedule=_DAILY, job=job) for job in made[:1]]
    return Automation(
        (*made, _reporting(bridge)), tuple(daily), tuple(_sensor(bridge, job) for job in made[:1])
    )


def on_change() -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition for assets which Dagster itself is to run: when its code, or what it reads, has changed.

    Dagster's `eager` asks whether a parent was materialised, also to the same content; this asks for its data version.
    """
    condition = dg.AutomationCondition
    read = condition.any_deps_match(condition.data_version_changed())
    return condition.eager().replace("any_deps_updated", read) | condition.code_version_changed()


def _job(name: str, keys: Sequence[str]) -> UnresolvedAssetJobDefinition:
    selection = dg.AssetSelection.assets(*(dg.AssetKey([key]) for key in keys))
    return dg.define_asset_job(name, selection, description=f"Bring {len(keys)} assets up to date.")


def _reporting(bridge: Bridge) -> dg.JobDefinition:
    @dg.op(name=f"{REPORT}_op")
    def reported(context: dg.OpExecutionContext) -> None:
        if not bridge.project.is_as_imported():
            raise dg.Failure(_OUTDATED, allow_retries=False)
        with in_a_line():
            told = report(bridge, context.instance)
        context.log.info(f"Dagster was told of {', '.join(told) or 'nothing: it knew'}")

    @dg.job(
        name=REPORT,
        executor_def=dg.in_process_executor,
        description="Tell Dagster what is in place; build nothing.",
    )
    def reporting() -> None:
        reported()

    return reporting


def _sensor(bridge: Bridge, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    @dg.sensor(
        name=STATUS,
        job=job,
        minimum_interval_seconds=_LOOK_SECONDS,
        description="Looks at sources, code and outputs as `assets status` does, tells Dagster, and asks for a run of "
        "exactly what is not fresh; of one state once.",
    )
    def looking(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.SensorResult:
        if is_held(Path(LOCK)):  # runs that were killed are going on for ever, to Dagster
            return dg.SkipReason("a build is going on: looked at when it is over")
        if not bridge.project.is_as_imported():
            return dg.SkipReason(_OUTDATED)
        try:
            inventory, decisions = look(bridge)
            told = tell(bridge, context.instance, inventory, decisions)
        except (UserError, TransientError) as error:
            return dg.SkipReason(f"could not look: {error}")
        return _asked(context, inventory, decisions, told)

    return looking


def _asked(
    context: dg.SensorEvaluationContext,
    inventory: Inventory,
    decisions: Mapping[str, Decision],
    told: Sequence[str],
) -> dg.SkipReason | dg.SensorResult:
    """Return the request of a run of what is not fresh, or why there is none."""
    due = {key: decision for key, decision in decisions.items() if decision.state is not State.FRESH}
    if not due:
        context.update_cursor("")  # what is lost from now on may be what was asked for before
        return dg.SkipReason(f"everything is fresh; Dagster was told of {len(told)} changes")
    state = _state(context.instance, inventory, [*due])
    if state == context.cursor:
        return dg.SkipReason(f"asked for already: {_sentence(due)}")
    request = dg.RunRequest(asset_selection=[dg.AssetKey([key]) for key in due])
    return dg.SensorResult([request], cursor=state)


def _state(instance: dg.DagsterInstance, inventory: Inventory, keys: Sequence[str]) -> str:
    """Return a word for what is due: another when code, inputs or outputs changed since, but not when a run failed."""
    assets, versions = inventory.definitions.assets, data_versions(inventory)
    events = {
        record.asset_entry.asset_key.path[0]: record.asset_entry.last_materialization_storage_id
        for record in instance.get_asset_records([dg.AssetKey([key]) for key in keys])
    }
    return digest(
        "due",
        {
            key: [
                code_version(inventory, assets[key]),
                events.get(key),
                [versions[u] for u in assets[key].upstream],
            ]
            for key in keys
        },
    )


def _sentence(due: Mapping[str, Decision]) -> str:
    named = [f"{key} ({decision.because()})" for key, decision in [*due.items()][:_NAMED]]
    return ", ".join(named) + (f" and {len(due) - _NAMED} more" if len(due) > _NAMED else "")
