"""What checks said outside a run of Dagster's: when an asset was put in place, wherever that was."""

from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from assets.on_dagster.bridge import Bridge


def contradicted(bridge: Bridge, instance: dg.DagsterInstance, keys: Iterable[str]) -> set[str]:
    """Return the fresh assets of which Dagster shows another verdict than the one that they were put in place with.

    So it does when an output was checked while it was edited, or a new one was kept out, and that was taken back.
    """
    kept = {
        dg.AssetCheckKey(result.asset_key, result.check_name): result.passed
        for key in keys
        for result in bridge.results(key)
        if result.asset_key and result.check_name
    }
    shown = instance.event_log_storage.get_latest_asset_check_execution_by_key([*kept])
    return {
        check.asset_key.path[0]
        for check, passed in kept.items()  # what is shown may be more: it is asked for by assets and names apart
        if check in shown and shown[check].status.name == ("FAILED" if passed else "SUCCEEDED")
    }


def tell_checks(bridge: Bridge, instance: dg.DagsterInstance, key: str) -> None:
    """Say of the latest event of an asset what its checks said when it was put in place."""
    blocking = {check.name: check.blocking for check in bridge.checks(key)}
    (event,) = instance.fetch_materializations(dg.AssetKey([key]), limit=1).records
    of = AssetCheckEvaluationTargetMaterializationData(
        storage_id=event.storage_id, run_id=event.run_id, timestamp=event.timestamp
    )
    for found in bridge.results(key):
        name = found.check_name or ""
        evaluation = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey([key]),
            check_name=name,
            passed=found.passed,
            metadata=found.metadata,
            severity=found.severity,
            blocking=blocking[name],
            target_materialization_data=of,
        )
        instance.report_runless_asset_event(evaluation)
