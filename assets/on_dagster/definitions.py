"""A project as Dagster's definitions: every asset a step of its own, run by our scheduler in one process."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.engine.declarations import Kind
from assets.engine.errors import UserError
from assets.engine.project import Project
from assets.on_dagster import run_partitions
from assets.on_dagster.automation import JOBS, REPORT, automated
from assets.on_dagster.bridge import Bridge, Described, Showing
from assets.on_dagster.files import FilesShown
from assets.on_dagster.running import BUILDING, building, step
from assets.on_dagster.specs import check_specs, source, spec
from assets.on_dagster.tables import Tables


def build_definitions(
    project: Project,
    *,
    kinds: Mapping[str, Showing] | None = None,
    partitions: Mapping[str, Described] | None = None,
    jobs: Mapping[str, Sequence[Kind]] = JOBS,
) -> dg.Definitions:
    """Return the definitions of a project, for `dagster dev -m` and all else that Dagster does with such.

    The project is looked at once, for the code versions; no source is. Results are kept in the working directory, as
    with every other command.

    Parameters
    ----------
    kinds
        How assets of a kind are shown, beyond tables and files.
    partitions
        By source, what says of each of its partitions what became of it.
    jobs
        Which kinds of assets each job brings up to date.
    """
    _check_names([*project.definitions.order, *jobs, REPORT])
    plain: dict[str, Showing] = {kind: FilesShown() for kind in project.file_stores}
    plain["table"] = Tables(project.database.stem)
    bridge = Bridge(project, {**plain, **(kinds or {})}, partitions or {})
    inventory, resource = project.look(project.imported_code).away(), building(bridge)
    automation = automated(bridge, jobs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # not the user's to heed: tests hold that they work
        sources = [source(project, key) for key in project.definitions.sources]
        assets = [_asset(bridge, spec(bridge, inventory, key), resource) for key in project.definitions.order]
    return dg.Definitions(
        assets=[*sources, *assets, *run_partitions.assets(project.definitions)],
        jobs=automation.jobs,
        schedules=automation.schedules,
        sensors=automation.sensors,
        executor=dg.in_process_executor,  # the steps watch one build; a process for each would cost seconds
    )


def _check_names(names: Sequence[str]) -> None:
    """Raise UserError for two names of assets or jobs that Dagster does not tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(dg.AssetKey([name]).to_python_identifier(), name)
        if first != name or names.count(name) > 1:
            raise UserError(
                f"`{first}` and `{name}` have one name on Dagster's pages, where jobs and the steps of assets share "
                "theirs: rename the asset with `name=`"
            )


def _asset(bridge: Bridge, spec: dg.AssetSpec, resource: dg.ResourceDefinition) -> dg.AssetsDefinition:
    (key,) = spec.key.path
    checks = check_specs(bridge, key)

    @dg.multi_asset(
        name=spec.key.to_python_identifier(),
        specs=[spec],
        check_specs=checks,
        can_subset=bool(checks),  # or its checks could not be run by themselves
        resource_defs={BUILDING: resource},
        required_resource_keys={BUILDING},
    )
    def run(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from step(bridge, key, context)

    return run
