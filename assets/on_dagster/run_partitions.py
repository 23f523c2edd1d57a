"""Partitions in Dagster: what a source consists of, such as runs, as the partitions of an asset beside it.

Our tables have no partitions there: Dagster takes a partitioned asset for fresh whatever happened, compares no edge to
a hundred partitions or more, and refuses to materialise everything when anything is partitioned. How many of a table's
partitions are due, `assets status` says.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
from dagster._core.definitions import data_version as words
from dagster._core.definitions.partitions.utils.base import INVALID_PARTITION_SUBSTRINGS

from assets.engine import definitions
from assets.engine.declarations import Observation
from assets.engine.hashing import digest
from assets.engine.inventory import Inventory
from assets.on_dagster.bridge import Bridge, Metadata
from assets.on_dagster.specs import SOURCES


def assets(declared: definitions.Definitions) -> list[dg.AssetSpec]:
    """Return an asset for each source with partitions; nobody materialises it, its partitions are told of."""
    return [
        dg.AssetSpec(
            dg.AssetKey([key]),
            deps=[dg.AssetKey([source])],
            group_name=SOURCES,
            description=f"One of what `{source}` consists of, as it was seen last.",
            partitions_def=dg.DynamicPartitionsDefinition(name=source),
        )
        for source, key in _keys(declared).items()
    ]


def tell(bridge: Bridge, instance: dg.DagsterInstance, inventory: Inventory) -> Iterator[str]:
    """Tell Dagster which partitions there are, and what is new of each; yield the keys of which there was something."""
    for source, key in _keys(inventory.definitions).items():
        seen = inventory.observation(source)
        if isinstance(seen, Observation) and _told(
            bridge, instance, dg.AssetKey([key]), source, seen.partitions
        ):
            yield key


def _keys(declared: definitions.Definitions) -> dict[str, str]:
    """Return the name of the asset for each source with partitions: in the singular, where that is free."""
    sources = dict.fromkeys(a.partitions_def for a in declared.assets.values() if a.partitions_def)
    taken = declared.assets.keys() | declared.sources.keys()
    one = {source: source.removesuffix("s") for source in sources}
    return {source: key if key not in taken else f"{source}_partition" for source, key in one.items()}


def _told(
    bridge: Bridge, instance: dg.DagsterInstance, key: dg.AssetKey, source: str, seen: Mapping[str, str]
) -> bool:
    partitions = {name: version for name, version in seen.items() if _holds(name)}
    known = {*instance.get_dynamic_partitions(source)}
    for name in known - partitions.keys():
        instance.delete_dynamic_partition(source, name)
    instance.add_dynamic_partitions(source, [name for name in partitions if name not in known])
    describe = bridge.partitions.get(source)
    described = describe() if describe else {}
    told = instance.event_log_storage.get_latest_tags_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION, [words.DATA_VERSION_TAG]
    )
    changed = known != partitions.keys()
    for name, version in partitions.items():
        metadata = described.get(name, {})
        tags = {words.DATA_VERSION_TAG: digest("partition seen", version, metadata)}
        if told.get(name) != tags:
            said = {**metadata, "assets/data_version": version}
            event = dg.AssetMaterialization(key, partition=name, metadata=said, tags=tags)
            instance.report_runless_asset_event(event)
            changed = True
    return changed


def _holds(name: str) -> bool:
    """Tell whether Dagster can hold a partition of that name."""
    return bool(name) and not any(part in name for part in INVALID_PARTITION_SUBSTRINGS)


def described_runs(database: Path) -> dict[str, Metadata]:
    """Return by id what became of each run that the study has read: its name, and whether it is used, else why not."""
    from assets.engine.warehouse import open_if_there

    with open_if_there(database) as tables:
        there = {name for (name,) in tables.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if not {"runs", "quarantined_runs"} <= there:
            return {}
        used = tables.execute("SELECT run_id, run_name FROM runs").fetchall()
        aside = tables.execute(
            "SELECT run_id, run_name, stage, field, reason FROM quarantined_runs"
        ).fetchall()
    return {
        **{run: {"run_name": name or "", "used": True} for run, name in used},
        **{
            run: {
                "run_name": name or "",
                "used": False,
                "stage": stage,
                "field": field or "",
                "reason": reason,
            }
            for run, name, stage, field, reason in aside
        },
    }
