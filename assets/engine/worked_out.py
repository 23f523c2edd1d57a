"""What an inventory has found out and need not find out again; inventories of one project share it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assets.engine.declarations import Absent, Observation
from assets.engine.records import Closure

if TYPE_CHECKING:
    from assets.engine.expressions import Compiled
    from assets.engine.lineage.entries import Entry


@dataclass
class WorkedOut:
    """Answers by what was asked, each good for as long as the inventories live."""

    observations: dict[str, Observation | Absent] = field(default_factory=dict)
    compiled: "dict[str, Compiled]" = field(default_factory=dict)
    """By `Inventory.source_hash`."""
    closures: dict[str, Closure] = field(default_factory=dict)
    source_hashes: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """Asset -> the schemas that it read, and its hash then."""
    columns: dict[tuple[str, str, tuple[str, ...]], str] = field(default_factory=dict)
    """Table, its data version, some of its columns -> the data version of these."""
    partitions: dict[tuple[tuple[str, str], ...], dict[str, str]] = field(default_factory=dict)
    """What is read partition by partition, and its data version -> hash of what each partition is made from."""
    entries: "dict[Any, dict[str, Entry]]" = field(default_factory=dict)
    """What is recorded and there -> what a file is told of each asset then."""
