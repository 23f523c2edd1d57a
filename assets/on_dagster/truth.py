"""One truth: what Dagster says of every asset is made to agree with what we decide.

Dagster looks at no file: it knows what events tell it. What was built, edited or deleted elsewhere is told to it here,
by events that belong to no run, and only where its answer would be another than ours.
"""

from collections.abc import Iterable, Iterator, Mapping

import dagster as dg
from dagster._core.definitions import data_version as words

from assets.engine.code_versions import code_version, recorded
from assets.engine.decide import Cause, Decision, Reason, State
from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.on_dagster import run_partitions
from assets.on_dagster.bridge import Bridge
from assets.on_dagster.checks import contradicted, tell_checks
from assets.on_dagster.versions import data_versions, tags

_NOTHING = words.NULL_DATA_VERSION.value


def report(bridge: Bridge, instance: dg.DagsterInstance) -> tuple[str, ...]:
    """Make Dagster agree with what we decide of every source and asset; return the keys that it was told of.

    Events are written only where they change what Dagster says, so a second call writes none.
    """
    return tell(bridge, instance, *look(bridge))


def look(bridge: Bridge) -> tuple[Inventory, dict[str, Decision]]:
    """Look at everything, by the code that this process has imported, and decide about every asset."""
    inventory = bridge.project.look(bridge.project.imported_code)
    return inventory, inventory.plan(inventory.definitions.order)


def tell(
    bridge: Bridge, instance: dg.DagsterInstance, inventory: Inventory, decisions: Mapping[str, Decision]
) -> tuple[str, ...]:
    """Do what `report` does with what was looked at and decided."""
    told = list(_observe(inventory, instance))
    wanted, latest = verdicts(inventory, decisions), _latest(instance, decisions)
    untold = {key for key in decisions if not _says(latest.get(key), wanted[key])}
    fresh = {key for key, decision in decisions.items() if decision.state is State.FRESH}
    doubted = contradicted(bridge, instance, fresh - untold)
    for key in [key for key in decisions if key in untold | doubted]:
        if key in untold:
            _tell(bridge, instance, inventory, decisions[key], wanted[key])
        if _is_as_made(inventory, decisions[key], wanted[key]):
            tell_checks(bridge, instance, key)
        told.append(key)
    return (*told, *run_partitions.tell(bridge, instance, inventory))


def verdicts(inventory: Inventory, decisions: Mapping[str, Decision]) -> dict[str, dict[str, str]]:
    """Return the tags of an event of each asset by which Dagster comes to our decision about it; pure.

    A parent has the version that it has now, unless a change of it is why the asset is stale; then it has the one that
    the asset was made from. What is stale for other reasons has the code version that it was made with.
    """
    versions = data_versions(inventory)
    return {key: _verdict(inventory, decision, versions) for key, decision in decisions.items()}


def _verdict(inventory: Inventory, decision: Decision, versions: Mapping[str, str]) -> dict[str, str]:
    asset, record = inventory.definitions.named(decision.key), inventory.records.get(decision.key)
    code, data = code_version(inventory, asset), versions[asset.key]
    if record is None or data == _NOTHING:
        return tags(code, data, {})
    changed = {reason.subject for reason in decision.reasons if reason.cause is Cause.INPUT_CHANGED}
    if causes := [r.cause for r in decision.reasons if _is_of_itself(r, asset)]:
        code = _unlike(code, recorded(record), causes[0])
    read = {key: versions[key] for key in asset.upstream if key not in changed}
    for key in changed & record.ingredients.inputs.keys():  # of an input that is new Dagster sees the edge
        if key in asset.upstream or not asset.told_lineage:
            before = record.upstream_versions.get(key) or record.ingredients.inputs[key]
            read[key] = _unlike(versions.get(key), before, Cause.INPUT_CHANGED)
    return tags(code, data, read)


def _is_of_itself(reason: Reason, asset: Asset) -> bool:
    """Tell whether Dagster has to be told of a reason as one of the asset itself, there being no edge for it."""
    if reason.cause is Cause.INPUT_CHANGED:
        return reason.subject not in asset.upstream
    return reason.cause is not Cause.UPSTREAM_PENDING


def _is_as_made(inventory: Inventory, decision: Decision, said: Mapping[str, str]) -> bool:
    """Tell whether what lies there is what was made by what is declared now: what checks said then holds of it."""
    asset = inventory.definitions.named(decision.key)
    there = said[words.DATA_VERSION_TAG] != _NOTHING
    return there and not any(_is_of_itself(reason, asset) for reason in decision.reasons)


def _latest(instance: dg.DagsterInstance, keys: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Return the tags of the latest event of each asset of which there is one."""
    records = instance.get_asset_records([dg.AssetKey([key]) for key in keys])
    events = {r.asset_entry.asset_key.path[0]: r.asset_entry.last_materialization for r in records}
    return {key: event.tags or {} for key, event in events.items() if event}


def _unlike(now: str | None, before: str, cause: Cause) -> str:
    """Return what something was before; the cause, where that alone would not tell that anything changed."""
    return before if before != now else cause.name.lower()


def _says(said: Mapping[str, str] | None, wanted: Mapping[str, str]) -> bool:
    """Tell whether an event makes Dagster come to the same as one with these tags."""
    if wanted[words.DATA_VERSION_TAG] == _NOTHING:  # without an event it comes to that, too
        return said is None or said.get(words.DATA_VERSION_TAG) == _NOTHING
    return said is not None and _compared(said) == _compared(wanted)


def _compared(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that Dagster compares."""
    names = (words.CODE_VERSION_TAG, words.DATA_VERSION_TAG, words.INPUT_DATA_VERSION_TAG_PREFIX)
    return {name: value for name, value in tags.items() if name.startswith(names)}


def _observe(inventory: Inventory, instance: dg.DagsterInstance) -> Iterator[str]:
    """Tell Dagster of the sources that are not as it saw them last; yield their keys."""
    for key, version in data_versions(inventory).items():
        if key not in inventory.definitions.sources or version == words.DEFAULT_DATA_VERSION.value:
            continue
        seen = instance.get_latest_data_version_record(dg.AssetKey([key]), is_source=True)
        if seen is None or (seen.event_log_entry.tags or {}).get(words.DATA_VERSION_TAG) != version:
            said, metadata = {words.DATA_VERSION_TAG: version}, {"assets/seen": inventory.summary(key)}
            instance.report_runless_asset_event(
                dg.AssetObservation(dg.AssetKey([key]), metadata=metadata, tags=said)
            )
            yield key


def _tell(
    bridge: Bridge,
    instance: dg.DagsterInstance,
    inventory: Inventory,
    decision: Decision,
    said: Mapping[str, str],
) -> None:
    """Write an event of an asset as it is."""
    key, there = decision.key, said[words.DATA_VERSION_TAG] != _NOTHING
    metadata = {
        **(bridge.metadata(inventory, key) if there else {}),
        "assets/outcome": "reported",
        "assets/state": decision.state.value,
        "assets/because": decision.because(),
    }
    instance.report_runless_asset_event(
        dg.AssetMaterialization(dg.AssetKey([key]), metadata=metadata, tags=said)
    )
