"""Gathering what a file that speaks of the whole project is told, from what is recorded and what is there."""

from collections.abc import Hashable, Sequence
from pathlib import Path

from assets.engine.decide import Decision, State
from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.engine.lineage.entries import ColumnEntry, Entry, Lineage


def gathered(inventory: Inventory, asset: Asset) -> Lineage:
    """Return what the asset is told of all others, as they stand; no source is looked at.

    So a file can be made where the sources are away, and says the same there.
    """
    there, told = inventory.away(), inventory.definitions.told(asset.key)
    keys = [key for key in there.definitions.order if key in told]
    known, states = there.known.entries.setdefault(_state(there), {}), dict[str, State]()
    for key in keys:
        if key not in known:  # one that tells of what failed is as good as it can be
            read = {k: states[k] for k in there.definitions.assets[key].upstream if k in states}
            known[key] = _asset(there, there.decide(key, states=read))
        if known[key].state != State.FRESH.value:
            states[key] = State(known[key].state)
    sources = {key: _source(there, key, keys) for key in there.definitions.sources}
    return Lineage(sources | {key: known[key] for key in keys})


def _state(there: Inventory) -> tuple[Hashable, ...]:
    """Return what all that is said of the assets follows from, while the code stands."""
    made = ((key, record.input_hash, record.data_version) for key, record in there.records.items())
    return (*there.versions.items(), *made)


def _source(there: Inventory, source: str, keys: Sequence[str]) -> Entry:
    """Describe a source; its version is on record with what was made from it."""
    recorded = (there.records[key].ingredients.inputs.get(source) for key in keys if key in there.records)
    version = next((version for version in recorded if version), None)
    return Entry(
        source, "source", description=there.definitions.sources[source].description, data_version=version
    )


def _asset(there: Inventory, decision: Decision) -> Entry:
    key = decision.key
    asset, record, version = there.definitions.assets[key], there.records.get(key), there.versions.get(key)
    return Entry(
        key,
        asset.kind,
        asset.group_name,
        asset.description,
        asset.upstream,
        data_version=version,
        state=decision.state.value,
        because=decision.because(),
        n_rows=record.rows if record and version else None,
        columns=_columns(there, asset),
        files=_files(there, decision),
        libraries=record.ingredients.libraries if record else {},
    )


def _columns(there: Inventory, asset: Asset) -> tuple[ColumnEntry, ...]:
    schema = there.schemas.get(asset.key, {})
    return tuple(ColumnEntry(name, kind, asset.columns.get(name, "")) for name, kind in schema.items())


def _files(there: Inventory, decision: Decision) -> tuple[Path, ...]:
    """Name the files of an asset that are there: all when it is fresh, also while a plan only imagines that."""
    files = there.files(decision.key) if decision.state is not State.MISSING else ()
    return tuple(path for path in files if decision.state is State.FRESH or path.is_file())
