"""Declarations in Dagster's words: what is said of an asset or a source before anything runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.engine.declarations import Absent, Asset
from assets.engine.inventory import Inventory
from assets.engine.names import check_key
from assets.engine.project import Project
from assets.on_dagster.bridge import Bridge, in_a_line
from assets.on_dagster.versions import code_version

SOURCES = "sources"
"""The group that sources are shown in."""

_PLAIN = (str, int, float, bool, list, dict, tuple, type(None))
_KINDS = 10  # Dagster shows no more


def spec(bridge: Bridge, inventory: Inventory, key: str) -> dg.AssetSpec:
    """Return what Dagster is told of an asset: all that is declared, and its code version as it is now."""
    asset = bridge.asset(key)
    check_key(key)
    return dg.AssetSpec(
        key=dg.AssetKey([key]),
        deps=[dg.AssetKey([upstream]) for upstream in dict.fromkeys(asset.upstream)],
        description=asset.description,
        group_name=asset.group_name,
        kinds=kinds(asset),
        owners=asset.owners,
        tags=asset.tags,
        metadata=_metadata(asset),
        code_version=code_version(inventory, asset),
        **asset.carried,
    )


def kinds(asset: Asset) -> set[str]:
    """Return the asset's kinds: its own, how it is kept, and in which format."""
    if asset.kind == "table":
        kept = {"view" if asset.view else "table", "table", "duckdb"}
    elif asset.kind == "figure":
        kept = {"figure", "png", "svg", "pdf"}
    else:
        kept = {"file", Path(asset.path or "").suffix[1:].lower()} - {""}
    return {*sorted(kept), *sorted(asset.kinds - kept)[: _KINDS - len(kept)]}


def check_specs(bridge: Bridge, key: str) -> list[dg.AssetCheckSpec]:
    """Return the checks of an asset."""
    return [
        dg.AssetCheckSpec(
            check.name, asset=dg.AssetKey([key]), description=check.promise, blocking=check.blocking
        )
        for check in bridge.checks(key)
    ]


def source(project: Project, key: str) -> Any:
    """Return a source as one that Dagster can observe: looking at it writes nothing of ours."""
    check_key(key)

    @dg.observable_source_asset(
        key=dg.AssetKey([key]), description=project.definitions.sources[key].description, group_name=SOURCES
    )
    def observe() -> dg.ObserveResult:
        with in_a_line():
            seen = project.look(project.imported_code).observation(key)
        if isinstance(seen, Absent):
            raise dg.Failure(f"`{key}` is absent: {seen.reason}")
        return dg.ObserveResult(
            data_version=dg.DataVersion(seen.data_version),
            metadata={"assets/partitions": len(seen.partitions)},
        )

    return observe


def _metadata(asset: Asset) -> Mapping[str, Any]:
    """Return the metadata that is declared, in values that Dagster can show, and where the code is."""
    declared = {
        name: value if isinstance(value, _PLAIN) else str(value) for name, value in asset.metadata.items()
    }
    said = {"assets/code": asset.reference}
    if asset.partitions_def:
        said["assets/partitions_of"] = asset.partitions_def
    return {**declared, **said}
