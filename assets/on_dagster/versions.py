"""Our versions in Dagster's words: the tags by which Dagster decides whether an asset is fresh.

Dagster compares the code version of a definition, and the data version of each parent, with what the latest event of
the asset says; nothing else. So an event says what makes that comparison come out as our decision.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress

import dagster as dg
from dagster._core.definitions import data_version as words

from assets.engine.code_versions import code_version
from assets.engine.declarations import Observation
from assets.engine.errors import TransientError, UserError
from assets.engine.inventory import Inventory

__all__ = ["code_version", "data_versions", "event_tags", "tags"]


def event_tags(inventory: Inventory, key: str) -> dict[str, str]:
    """Return the tags of an event which says that the asset is up to date, as it now is in the inventory."""
    asset = inventory.definitions.named(key)
    known = data_versions(inventory, [u for u in asset.upstream if u in inventory.definitions.sources])
    return tags(
        code_version(inventory, asset), known[key], {parent: known[parent] for parent in asset.upstream}
    )


def data_versions(inventory: Inventory, sources: Collection[str] | None = None) -> dict[str, str]:
    """Return the data version of every asset and source as it is now, in the words that Dagster has for it.

    Only these sources are looked at; all if none are named. One that is away, or silent, or not looked at, has the
    version that something was last made from.
    """
    definitions, recorded = inventory.definitions, dict[str, str]()
    for key in definitions.assets.keys() & inventory.records.keys():
        if not definitions.assets[
            key
        ].told_lineage:  # those record what they are told of a source, not its version
            inputs = inventory.records[key].ingredients.inputs
            recorded |= {source: inputs[source] for source in definitions.sources.keys() & inputs.keys()}
    looks = {
        source: _seen(inventory, source) for source in (definitions.sources if sources is None else sources)
    }
    return {
        **dict.fromkeys(definitions.sources, words.DEFAULT_DATA_VERSION.value),
        **dict.fromkeys(definitions.assets, words.NULL_DATA_VERSION.value),
        **recorded,
        **{source: look.data_version for source, look in looks.items() if look},
        **inventory.versions,
    }


def tags(code: str, data: str, read: Mapping[str, str]) -> dict[str, str]:
    """Return Dagster's tags for an event: code version, data version, and by key the data version of each parent."""
    said = {
        words.CODE_VERSION_TAG: code,
        words.DATA_VERSION_TAG: data,
        words.DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
    }
    for parent, version in read.items():
        said[words.get_input_data_version_tag(dg.AssetKey([parent]))] = version
        said[words.get_input_event_pointer_tag(dg.AssetKey([parent]))] = words.NULL_EVENT_POINTER
    return said


def _seen(inventory: Inventory, source: str) -> Observation | None:
    """Look at a source; return None of one that is not there, or does not answer: what was made from it stands."""
    with suppress(UserError, TransientError):
        seen = inventory.observation(source)
        return seen if isinstance(seen, Observation) else None
    return None
