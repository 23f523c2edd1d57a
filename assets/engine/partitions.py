"""Partitions of a table: which there are, what each is made from, and which of them stand.

A table with `partitions_def` is computed partition by partition: rows of one partition come from the rows of
that partition alone. Its inputs whose key begins with the same column are read so; a change of any other
input concerns every partition.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from assets.engine.decide import Cause, Decision, State
from assets.engine.declarations import Absent, Asset
from assets.engine.definitions import Definitions
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.inventory import Inventory

_NAMED = 5
"""Partitions that a sentence names before it counts the others."""


@dataclass(frozen=True)
class Work:
    """What a build of a partitioned table has to do."""

    column: str
    """The column that names the partition, in the table and in what it reads partition by partition."""
    inputs: tuple[str, ...]
    """Keys of the tables that are read partition by partition."""
    now: Mapping[str, str]
    """Partition -> hash of what it is made from now."""
    standing: frozenset[str]
    """Partitions whose rows are taken from the last build."""

    @cached_property
    def missing(self) -> list[str]:
        """Partitions to compute."""
        return sorted(self.now.keys() - self.standing)


def read_by_partition(definitions: Definitions, asset: Asset) -> tuple[str, ...]:
    """Return the keys of the tables that a partitioned asset reads partition by partition."""
    if asset.partitions_def is None:
        return ()
    tables = [key for key in asset.inputs.values() if key in definitions.assets]
    return tuple(key for key in tables if definitions.assets[key].primary_key[:1] == asset.primary_key[:1])


def is_read_by_partition(definitions: Definitions, key: str) -> bool:
    """Tell whether something downstream needs the data versions of this table's partitions."""
    return any(
        key in read_by_partition(definitions, definitions.assets[d]) for d in definitions.downstream(key)
    )


def partition_versions(inventory: Inventory, key: str) -> Mapping[str, str]:
    """Return the data version of each partition of a table, by the first column of its key."""
    record = inventory.records.get(key)
    if record and record.data_version == inventory.versions.get(key) and record.partition_versions:
        return record.partition_versions
    from assets.engine import contents

    assert inventory.tables is not None, "tables are there to be asked while they are built"
    with inventory.tables() as connection:
        column = inventory.definitions.assets[key].primary_key[0]
        return contents.partition_versions(connection, key, column)


def hashes(inventory: Inventory, asset: Asset) -> Mapping[str, str]:
    """Return the partitions that there are, each with a hash of what it is made from now.

    Raises UserError when the source of the partitions is away.
    """
    read = {key: inventory.versions.get(key, "") for key in read_by_partition(inventory.definitions, asset)}
    source = asset.partitions_def or ""
    of_source: Mapping[str, str] = {}
    if source in asset.upstream:
        seen = inventory.observation(source)
        record = inventory.records.get(asset.key)
        if isinstance(seen, Absent) and record and not read:
            return record.partitions  # what was made from it stands
        if isinstance(seen, Absent):
            raise UserError(f"`{asset.key}` cannot be built: {seen.reason}")
        read[source], of_source = seen.data_version, seen.partitions
    known, asked = inventory.known.partitions, tuple(sorted(read.items()))
    if asked not in known:  # many tables read the same
        known[asked] = _hashed(
            {key: of_source if key == source else partition_versions(inventory, key) for key in read}
        )
    return known[asked]


def _hashed(versions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    names = sorted({name for found in versions.values() for name in found})
    return {
        name: digest("partition", {key: found.get(name) for key, found in versions.items()}) for name in names
    }


def work(inventory: Inventory, asset: Asset, decision: Decision) -> Work:
    """Return what there is to compute, and what stands."""
    inputs, now = read_by_partition(inventory.definitions, asset), hashes(inventory, asset)
    kept = _kept(inventory, asset, decision, {*inputs, asset.partitions_def or ""})
    standing = frozenset(name for name in now if kept.get(name) == now[name])
    return Work(asset.primary_key[0], inputs, now, standing)


def gone(old: Mapping[str, str], new: Mapping[str, str], *, unit: str, source: str) -> str:
    """Say which partitions of the last build are no longer there; nothing when all are."""
    names = sorted(old.keys() - new.keys())
    if not names:
        return ""
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
    verb = "is" if len(names) == 1 else "are"
    return f"{len(names):,} of the {unit} of the last build {verb} no longer in `{source}`: {listed}"


def compared(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Say how many partitions came, went or changed."""
    changed = sum(old[name] != new[name] for name in old.keys() & new.keys())
    counts = {
        "added": len(new.keys() - old.keys()),
        "changed": changed,
        "removed": len(old.keys() - new.keys()),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{len(new)} partitions: {told or 'all as before'}"


def _kept(
    inventory: Inventory, asset: Asset, decision: Decision, partitioned: Collection[str]
) -> Mapping[str, str]:
    """Return the recorded partitions if nothing changed but the content of what is read by partition."""
    record = inventory.records.get(asset.key)
    only_data = all(
        reason.cause is Cause.INPUT_CHANGED and reason.subject in partitioned for reason in decision.reasons
    )
    return record.partitions if record and only_data and decision.state is State.STALE else {}
