"""What is known of the assets as plain JSON values: what `assets status --json` prints and stamps keep."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.engine.decide import Decision, State
from assets.engine.errors import UserError

if TYPE_CHECKING:
    from assets.engine.inventory import Inventory


def report(inventory: "Inventory", decisions: Mapping[str, Decision], database: Path) -> dict[str, Any]:
    """Return the state of the decided assets, and of the sources that they read."""
    read = {upstream for key in decisions for upstream in inventory.definitions.assets[key].upstream}
    return {
        "database": str(database),
        "sources": {key: inventory.summary(key) for key in inventory.definitions.sources if key in read},
        "assets": [
            {**_row(inventory, decision), "partitions": partitions_due(inventory, decisions, key)}
            for key, decision in decisions.items()
        ],
    }


def partitions_due(
    inventory: "Inventory", decisions: Mapping[str, Decision], key: str
) -> dict[str, int] | None:
    """Return how many partitions an asset has, and how many a build would compute; None where that is not known.

    It is not for an asset without partitions, nor while something that it reads is to be built first.
    """
    asset, state = inventory.definitions.assets[key], decisions[key].state
    if asset.partitions_def is None:
        return None
    if state is State.FRESH:
        return {"total": len(inventory.records[key].partitions), "to_compute": 0}
    if any(decisions[u].state is not State.FRESH for u in asset.upstream if u in decisions):
        return None
    from assets.engine.partitions import work

    try:
        due = work(inventory, asset, decisions[key])
    except UserError:  # the source is away
        return None
    return {"total": len(due.now), "to_compute": len(due.missing)}


def everything_fresh(kinds: Sequence[str]) -> str:
    """Return the sentence that says that assets of these kinds are all fresh."""
    return f"Everything is fresh: {counted_kinds(kinds)}; nothing to do."


def counted_kinds(kinds: Sequence[str]) -> str:
    """Say how many there are of each kind, such as `37 tables, 15 figures and 1 file`."""
    counts = [(kinds.count(kind), kind) for kind in ("table", "figure", "file") if kind in kinds]
    shown = [f"{count} {kind}{'s' if count != 1 else ''}" for count, kind in counts]
    return " and ".join(shown) if len(shown) < 3 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _row(inventory: "Inventory", decision: Decision) -> dict[str, Any]:
    asset, record = inventory.definitions.assets[decision.key], inventory.records.get(decision.key)
    return {
        "key": asset.key,
        "kind": asset.kind,
        "group": asset.group_name,
        "description": asset.description,
        "state": decision.state.value,
        "because": decision.because(),
        "reasons": [
            {"cause": r.cause.name.lower(), "subject": r.subject, "old": r.old, "new": r.new}
            for r in decision.reasons
        ],
        "rows": record.rows if record else None,
        "built_at": record.built_at if record else None,
        "data_version": inventory.versions.get(asset.key),
        "input_hash": record.input_hash if record else None,
    }
