"""The steps of a Dagster run: each waits for what becomes of its own asset and says so, once it is in place."""

from collections.abc import Collection, Iterator
from typing import Any

import dagster as dg

from assets.engine.build import Result
from assets.engine.errors import TransientError, UserError
from assets.engine.inventory import Inventory
from assets.on_dagster.automation import REPORT
from assets.on_dagster.bridge import Bridge, Found, in_a_line
from assets.on_dagster.building import BAD, Building
from assets.on_dagster.truth import report
from assets.on_dagster.versions import event_tags

BUILDING = "assets_building"
"""Key of the resource that holds the build of a run."""


def building(bridge: Bridge) -> dg.ResourceDefinition:
    """Return the resource that holds the build of a run; nothing of it outlives the run."""

    @dg.resource(description="One build of all that a run selects, watched by its steps.")
    def held(context: dg.InitResourceContext) -> Iterator[Building]:
        build, log = Building(bridge.project), context.log
        assert log is not None and context.instance is not None, "a run has both"
        try:
            yield build
        finally:
            build.end()
            build.log(log)
            if build.began:
                _tell_the_rest(bridge, context.instance, log)

    return held


def _tell_the_rest(bridge: Bridge, instance: dg.DagsterInstance, log: dg.DagsterLogManager) -> None:
    """Tell Dagster also of sources, and of what the run did not select; finished work does not fail for it."""
    try:
        report(bridge, instance)
    except (UserError, TransientError, OSError) as error:
        log.warning(f"Dagster was not told of the rest: {error}; the job `{REPORT}` does it")


def step(bridge: Bridge, key: str, context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Yield what Dagster is told of an asset, once it is in place; of checks asked alone, their results.

    Raises dg.Failure, with our line, when it could not be made.
    """
    build: Building = getattr(context.resources, BUILDING)
    asked = {check.name for check in context.selected_asset_check_keys}
    if not context.selected_asset_keys:
        build.wait()
        with in_a_line():
            found = _judged(bridge, key)
        yield from _asked(found, asked)
        return
    with in_a_line():
        result = build.result(key, context)
    if result.outcome not in BAD:
        yield _materialized(bridge, build.inventory, result, asked)
        return
    if result.failed_checks:
        yield from _asked(bridge.showing(key).refused(bridge.asset(key), result.failed_checks), asked)
    raise dg.Failure(f"`{key}`: {result.because}", allow_retries=False) from result.bug


def _asked(found: Found, names: Collection[str]) -> Found:
    """Return the results of those checks that the run asks for: Dagster refuses others."""
    return [result for result in found if result.check_name in names]


def _judged(bridge: Bridge, key: str) -> Found:
    inventory = bridge.project.look(bridge.project.imported_code)
    if key not in inventory.versions:
        raise dg.Failure(
            f"`{key}` is not built, so it cannot be checked: materialize it first", allow_retries=False
        )
    return bridge.showing(key).judged(inventory, bridge.asset(key))


def _materialized(
    bridge: Bridge, inventory: Inventory, result: Result, asked: Collection[str]
) -> dg.MaterializeResult[Any]:
    key, record = result.key, inventory.records[result.key]
    return dg.MaterializeResult(
        asset_key=dg.AssetKey([key]),
        data_version=dg.DataVersion(inventory.versions[key]),
        tags=event_tags(inventory, key),
        check_results=_asked(bridge.results(key), asked),
        metadata={
            **bridge.metadata(inventory, key),
            "assets/outcome": result.outcome.value,
            "assets/because": result.because or "nothing changed",
            "assets/input_hash": record.input_hash,
            "assets/seconds": result.seconds,
        },
    )
