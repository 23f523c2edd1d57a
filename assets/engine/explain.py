"""Explaining: each ingredient of an asset that changed, with what changed within it.

Code as a short diff, a table as the rows and columns that differ, a setting by its value. What a diff needs
of the past is in caches: the texts of code in the index, the contents of tables in the result cache. Where
they are gone the hashes still say that something changed.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.engine.decide import Cause, Decision
from assets.engine.declarations import Asset
from assets.engine.errors import UserError
from assets.engine.inventory import Inventory
from assets.engine.records import Ingredients, Record

if TYPE_CHECKING:
    import duckdb

    from assets.engine.cache.results import ResultCache

PARTS = ("code", "settings", "libraries", "inputs", "output")

_LINES = 12
"""Lines of a diff that are shown."""


@dataclass(frozen=True)
class Change:
    """One ingredient, what it was and is, and what changed within it."""

    part: str
    """One of `PARTS`."""
    name: str
    old: Any
    new: Any
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """A decision with all that changed, and the names of what did not."""

    decision: Decision
    changes: tuple[Change, ...]
    unchanged: Mapping[str, Sequence[str]]
    """Part -> names."""


@dataclass(frozen=True)
class Past:
    """What is remembered of earlier builds."""

    texts: Mapping[str, str]
    """Hash of a piece of code -> the text that it was made from."""
    cache: "ResultCache"
    tables: "Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]"


def explain(inventory: Inventory, decision: Decision, past: Past) -> Explanation:
    """Return what changed since an asset was built, ingredient by ingredient; writes nothing."""
    asset = inventory.definitions.named(decision.key)
    record = inventory.records.get(asset.key)
    if record is None or any(reason.cause is Cause.CODE_FAILS for reason in decision.reasons):
        return Explanation(decision, (), {})
    pending = [r.subject for r in decision.reasons if r.cause is Cause.UPSTREAM_PENDING]
    before, now = _parts(record.ingredients), _parts(inventory.ingredients(asset, pending))
    before["output"] = {"content": record.data_version}
    now["output"] = {"content": inventory.versions[asset.key]} if asset.key in inventory.versions else {}
    told = _Details(inventory, asset, record, past)
    changes, unchanged = [], {}
    for part in PARTS:
        names = sorted({*before[part], *now[part]} - set(pending if part == "inputs" else ()))
        changed = [name for name in names if before[part].get(name) != now[part].get(name)]
        for name in changed:
            old, new = before[part].get(name), now[part].get(name)
            changes.append(Change(part, name, old, new, tuple(told.of(part, name, old, new))))
        unchanged[part] = [name for name in names if name not in changed]
    return Explanation(decision, tuple(changes), unchanged)


def diff(old: str, new: str) -> list[str]:
    """Return the lines in which two texts differ, with a line around each; the first dozen, and how many more."""
    lines = [
        line
        for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    rest = len(lines) - _LINES
    return lines if rest <= 0 else [*lines[:_LINES], f"... {rest} more lines"]


def _parts(ingredients: Ingredients) -> dict[str, dict[str, Any]]:
    values = ingredients.as_dict()
    return {part: values.get(part, {}) for part in PARTS}


@dataclass(frozen=True)
class _Details:
    """Looks up what changed within one ingredient of an asset."""

    inventory: Inventory
    asset: Asset
    record: Record
    past: Past

    def of(self, part: str, name: str, old: Any, new: Any) -> Iterator[str]:
        """Yield the lines that say what changed."""
        if part == "code" and name == "expression":
            yield from diff(self.record.sql or "", self.inventory.compiled(self.asset).sql)
        elif part == "code" and old is not None and old not in self.past.texts:
            yield "the text that it had is not kept"
        elif part == "code" and name != "declaration":
            yield from diff(self.past.texts.get(old or "", ""), self._text(name) if new else "")
        elif part == "output" and self.asset.kind == "table" and new:
            yield from self._rows(self.asset.key, old, None)
        elif part == "inputs" and name in self.inventory.definitions.sources:
            yield from self._partitions()
        elif part == "inputs" and old and new and not self.asset.told_lineage:
            whole = self.record.upstream_versions.get(name, old)
            yield from self._rows(name, whole, self.record.columns_read.get(name))

    def _text(self, name: str) -> str:
        try:
            return self.inventory.code.base.text(name)
        except UserError:
            return ""

    def _rows(self, key: str, old: str, columns: Sequence[str] | None) -> Iterator[str]:
        """Say in which rows and columns a table differs from an earlier version of it."""
        from assets.engine.compare import compare

        with self.past.tables() as connection:
            if not self.past.cache.view(connection, old, "_earlier"):
                yield "the content that it had is not kept, so its rows cannot be compared"
                return
            keys = self.inventory.definitions.assets[key].primary_key
            yield compare(connection, "_earlier", key, keys).summary()
        if columns is not None:
            yield f"read of it: {', '.join(columns) or 'the number of rows'}"

    def _partitions(self) -> Iterator[str]:
        from assets.engine.partitions import compared, hashes

        if self.asset.partitions_def:
            yield compared(self.record.partitions, hashes(self.inventory, self.asset))
