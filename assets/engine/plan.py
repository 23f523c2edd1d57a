"""The plan: what a build would do, and what it cannot know before it has begun.

It renders the same decisions as status, and looks one step further: a result that the cache holds has a
known data version before it is restored, so what reads it can be decided as well.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from assets.engine.decide import Decision, State
from assets.engine.errors import ExpressionError
from assets.engine.inventory import Inventory
from assets.engine.records import Look, Record

if TYPE_CHECKING:
    import duckdb

    from assets.engine.cache.result import CachedResult
    from assets.engine.cache.results import ResultCache


class Action(Enum):
    """What a build would do with an asset."""

    KEEP = "keep"
    RUN = "run"
    RESTORE = "restore"
    """Take it from the cache."""
    MAYBE = "maybe"
    """Run it, or restore it, if something upstream comes out different; else keep it (early cutoff)."""


@dataclass(frozen=True)
class Step:
    """What a build would do with one asset, and why."""

    decision: Decision
    action: Action
    predicted: str | None
    """Data version that it will have, where that is known before anything runs."""
    seconds: float | None
    """What it took last time."""


def steps(
    inventory: Inventory, keys: Iterable[str], cache: "ResultCache", *, forced: Collection[str] = ()
) -> dict[str, Step]:
    """Return what a build of the selected assets would do, upstream first; writes nothing."""
    restored: dict[str, CachedResult] = {}
    imagined = replace(
        inventory,
        look=Look(dict(inventory.records), dict(inventory.versions), dict(inventory.schemas)),
        tables=lambda: _with_restored(inventory, cache, restored),
    )
    imagined.share(inventory)
    planned, open_ended = dict[str, Step](), dict[str, State]()
    for key in keys:
        pending = {**open_ended, **_out_of_sight(imagined, cache, key, restored)}
        decision = imagined.decide(key, states=pending, forced=key in forced)
        result = _restorable(imagined, cache, decision, pending, forced=key in forced)
        step = _step(imagined, decision, result)
        planned[key] = step
        if result is not None:
            restored[key] = result
            _imagine(imagined, result)
        elif step.action is not Action.KEEP:
            open_ended[key] = decision.state
    return planned


@contextmanager
def _with_restored(
    inventory: Inventory, cache: "ResultCache", restored: "Mapping[str, CachedResult]"
) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Open the tables; those that will be restored look as they will then."""
    assert inventory.tables is not None, "a project that plans can open its tables"
    with inventory.tables() as connection:
        for key, result in restored.items():
            cache.view(connection, result.data_version, key)
        yield connection


def _out_of_sight(
    imagined: Inventory, cache: "ResultCache", key: str, restored: "Mapping[str, CachedResult]"
) -> dict[str, State]:
    """Return the restored inputs of which only some columns may count, but which are not here to look into yet."""
    asset = imagined.definitions.assets[key]
    read = [u for u in asset.upstream if u in restored] if asset.form == "expression" else []
    return {u: State.STALE for u in read if not cache.has_table(restored[u].data_version)}


def _step(imagined: Inventory, decision: Decision, result: "CachedResult | None") -> Step:
    record = imagined.records.get(decision.key)
    seconds = record.seconds if record else None
    if decision.state is State.FRESH:
        return Step(decision, Action.KEEP, imagined.versions.get(decision.key), seconds)
    if result is not None:
        return Step(decision, Action.RESTORE, result.data_version, result.seconds)
    return Step(decision, Action.RUN if decision.to_build else Action.MAYBE, None, seconds)


def _restorable(
    imagined: Inventory,
    cache: "ResultCache",
    decision: Decision,
    open_ended: Collection[str],
    *,
    forced: bool,
) -> "CachedResult | None":
    """Return the result that a build would restore, if it can be told before anything runs."""
    asset = imagined.definitions.assets[decision.key]
    awaited = imagined.definitions.awaited(asset.key)
    if forced or decision.state is State.FRESH or any(key in open_ended for key in awaited):
        return None
    if any(key in imagined.definitions.assets and key not in imagined.versions for key in asset.upstream):
        return None
    with suppress(ExpressionError):  # what fails cannot be restored, and is told when it runs
        return cache.find(imagined.ingredients(asset).input_hash(decision.key))
    return None


def _imagine(imagined: Inventory, result: "CachedResult") -> None:
    """Take a result into the inventory as if it had been restored."""
    imagined.versions[result.key] = result.data_version
    if result.schema is not None:
        from assets.engine.views import look_again

        imagined.schemas[result.key] = result.schema
        look_again(imagined, result.key)
    if result.record:
        imagined.records[result.key] = Record.from_dict(result.record)
