"""All that is declared, as one graph: what reads what, in which order, and how to select from it."""

import difflib
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from pathlib import Path
from types import ModuleType
from typing import Any

from assets.engine.declarations import TABULAR, Asset, Form, Source
from assets.engine.errors import UserError


@dataclass(frozen=True)
class Definitions:
    """The assets and sources of a project, its settings, and the folder that its code is in."""

    root: Path
    assets: Mapping[str, Asset]
    sources: Mapping[str, Source]
    settings: Any = None

    @classmethod
    def load(cls, root: Path, modules: Iterable[ModuleType], settings: Any = None) -> "Definitions":
        """Collect what the modules declare; refuse names used twice, unknown inputs and cycles."""
        found: dict[str, Asset | Source] = {}
        for module in modules:
            for thing in vars(module).values():
                # DuckDB does not tell capitals from small letters, nor do some file systems
                if (
                    isinstance(thing, Asset | Source)
                    and found.setdefault(thing.key.lower(), thing) is not thing
                ):
                    raise UserError(
                        f"two assets are called `{thing.key}`, which capitals do not tell apart: rename the one in "
                        f"{module.__name__}"
                    )
        if reserved := [key for key in found if key.startswith("_") or key == "lineage"]:
            raise UserError(
                f"`{found[reserved[0]].key}` cannot be an asset's name: `lineage` and those with `_` in front are ours"
            )
        definitions = cls(
            root,
            {thing.key: _placed(thing, settings) for thing in found.values() if isinstance(thing, Asset)},
            {thing.key: thing for thing in found.values() if isinstance(thing, Source)},
            settings,
        )
        definitions._check_inputs()
        return definitions

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Keys of all assets, upstream first, otherwise as declared."""
        sorter, declared = TopologicalSorter({key: self.awaited(key) for key in self.assets}), [*self.assets]
        try:
            sorter.prepare()
        except CycleError as error:
            raise UserError(f"assets read one another in a circle: {' -> '.join(error.args[1])}") from error
        place, ready, found = {key: number for number, key in enumerate(declared)}, list[int](), list[str]()
        while sorter.is_active():
            for key in sorter.get_ready():
                heappush(ready, place[key])
            found.append(declared[heappop(ready)])
            sorter.done(found[-1])
        return tuple(found)

    def awaited(self, key: str) -> list[str]:
        """Return the assets that this one comes after: those that it reads, and those that it is told of."""
        reads = [upstream for upstream in self.assets[key].upstream if upstream in self.assets]
        return list(dict.fromkeys([*reads, *self.told(key)]))

    def told(self, key: str) -> Collection[str]:
        """Return the assets that this one is told of in its lineage.

        None if it asks for none; else all that do not ask, and those that do and were declared before it.
        """
        return self._told.get(key, ())

    @cached_property
    def _told(self) -> dict[str, dict[str, None]]:
        asking = [key for key, asset in self.assets.items() if asset.told_lineage]
        others = [key for key, asset in self.assets.items() if not asset.told_lineage]
        return {key: dict.fromkeys([*others, *asking[:number]]) for number, key in enumerate(asking)}

    def downstream(self, key: str) -> Sequence[str]:
        """Return the assets that read this one directly."""
        return self._readers.get(key, ())

    def made_from(self, keys: Iterable[str]) -> set[str]:
        """Return the keys with all that they read, directly or not: what must be there before they are made."""
        found, waiting = set[str](), list(keys)
        while waiting:
            key = waiting.pop()
            if key in self.assets and key not in found:
                found.add(key)
                waiting += self.assets[key].upstream
        return found

    @cached_property
    def _readers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key, asset in self.assets.items():
            for upstream in dict.fromkeys(asset.upstream):
                found.setdefault(upstream, []).append(key)
        return found

    def closure(self, keys: Iterable[str], *, down: bool) -> set[str]:
        """Return the keys with all that they lead to, upstream or downstream; to be told of one is to read it."""
        found, waiting = set(), list(keys)
        while waiting:
            key = waiting.pop()
            if key in found or key not in self.assets:
                continue
            found.add(key)
            asking = [other for other, told in self._told.items() if key in told]
            waiting += [*self.downstream(key), *asking] if down else self.awaited(key)
        return found

    def with_views(self, keys: Iterable[str], there: Container[str]) -> list[str]:
        """Return the keys, in building order, with the views that show them: those move when they are built.

        A view that nobody asked for is left out where it shows a table, too, that is neither built nor `there`.
        """
        found = set(keys)
        for key in self.order:
            upstream = self.assets[key].upstream
            missing = [u for u in upstream if u in self.assets and u not in found and u not in there]
            if self.assets[key].view and not missing and not found.isdisjoint(upstream):
                found.add(key)
        return [key for key in self.order if key in found]

    def views_of(self, keys: Iterable[str]) -> set[str]:
        """Return the views that show any of these tables, directly or through other views."""
        found, waiting = set[str](), list(keys)
        while waiting:
            more = {r for r in self.downstream(waiting.pop()) if self.assets[r].view} - found
            found |= more
            waiting += more
        return found

    def select(self, selections: Sequence[str]) -> list[str]:
        """Return the selected keys in building order; Dagster's syntax, joined by commas or given apart.

        `name`, `+name` (and all upstream), `name+` (and all downstream), `group:g`, `kind:k`, `tag:t`,
        `owner:o`, `*` or nothing for everything.
        """
        wanted: set[str] = set()
        for term in (t.strip() for s in selections or ["*"] for t in s.split(",")):
            core = term.strip("+")
            keys = self._matching(core)
            wanted |= keys
            if term.startswith("+"):
                wanted |= self.closure(keys, down=False)
            if term.endswith("+"):
                wanted |= self.closure(keys, down=True)
        return [key for key in self.order if key in wanted]

    def named(self, key: str) -> Asset:
        """Return the asset of that name; an unknown one is an error that suggests the nearest."""
        if key not in self.assets:
            raise UserError(f"no asset is called `{key}`.{self._hint(key, self.assets)}")
        return self.assets[key]

    def _matching(self, term: str) -> set[str]:
        if term == "*":
            return set(self.assets)
        attribute, colon, value = term.partition(":")
        if not colon:
            return {self.named(term).key}
        if attribute not in _ATTRIBUTES:
            raise UserError(
                f"cannot select by `{attribute}:`; use a name, or one of {', '.join(_ATTRIBUTES)}"
            )
        have = {key: _ATTRIBUTES[attribute](asset) for key, asset in self.assets.items()}
        keys = {key for key, values in have.items() if value in values}
        if not keys:
            raise UserError(
                f"no asset has {term}.{self._hint(value, {v for vs in have.values() for v in vs})}"
            )
        return keys

    def _check_inputs(self) -> None:
        for asset in self.assets.values():
            for key in asset.upstream:
                if key not in self.assets and key not in self.sources:
                    hint = self._hint(key, [*self.assets, *self.sources])
                    raise UserError(f"`{asset.key}` reads `{key}`, which nobody declares.{hint}")
                kind = self.assets[key].kind if key in self.assets else "table"
                if asset.kind == "table" != kind:
                    raise UserError(
                        f"`{asset.key}` reads `{key}`, which is a {kind}: {kind}s are made from tables, not the other "
                        "way round"
                    )
            for parameter, key in asset.inputs.items():
                if problem := self._misread(asset, key, asset.wants[parameter]):
                    raise UserError(f"`{asset.key}` reads `{key}`{problem}")
            self._check_partitions(asset)
        self._check_paths()
        _ = self.order

    def _misread(self, asset: Asset, key: str, wants: Form | None) -> str | None:
        """Say what is wrong with how an input is asked for, if anything."""
        if key in self.sources:
            problem = ", a source, which no expression can: return pa.Table or pd.DataFrame"
            return problem if asset.form == "expression" else None
        if self.assets[key].kind == "figure":
            return ", which is a figure: only tables and files can be read"
        if self.assets[key].told_lineage:
            return ", which speaks of every asset that is declared: nothing can be made from it"
        if self.assets[key].kind == "file":
            return None if wants == "file" else " without saying as what: annotate it with Path"
        if wants not in TABULAR:
            return (
                " without saying as what: annotate it with ir.Table, duckdb.DuckDBPyRelation, pa.Table or "
                "pd.DataFrame"
            )
        if asset.form == "expression" != wants:
            return " as data, which no expression can: annotate it with ir.Table"
        return None

    def _check_partitions(self, asset: Asset) -> None:
        source = asset.partitions_def
        if source is None:
            return
        if source not in self.sources:
            raise UserError(
                f"`{asset.key}` has the partitions of `{source}`, which is not a source."
                + self._hint(source, self.sources)
            )
        columns = {
            c for key in asset.inputs.values() if key in self.assets for c in self.assets[key].primary_key[:1]
        }
        if source not in asset.upstream and asset.primary_key[0] not in columns:
            raise UserError(
                f"`{asset.key}` has the partitions of `{source}`, but reads neither it nor a table whose key begins "
                f"with `{asset.primary_key[0]}`"
            )

    def _check_paths(self) -> None:
        found: dict[str, str] = {}
        for key, path in (
            (asset.key, asset.path) for asset in self.assets.values() if asset.path is not None
        ):
            first = found.setdefault(str(Path(path).resolve()).lower(), key)
            if first != key:
                raise UserError(f"`{first}` and `{key}` have one path, {path}: give each its own")

    @staticmethod
    def _hint(word: str, known: Iterable[str]) -> str:
        known = sorted(known)
        near = difflib.get_close_matches(word, known, n=1)
        return f" Did you mean `{near[0]}`?" if near else f" There are: {', '.join(known) or 'none'}."


def _placed(asset: Asset, settings: Any) -> Asset:
    """Return the asset with the values of settings in its path, where the path names some."""

    def value(found: re.Match[str]) -> str:
        if not hasattr(settings, found[1]):
            raise UserError(
                f"the path of `{asset.key}` names `{found[1]}`, which is no setting: {asset.path}"
            )
        return str(getattr(settings, found[1]))

    return replace(asset, path=re.sub(r"\{(\w+)\}", value, asset.path)) if asset.path else asset


_ATTRIBUTES: dict[str, Any] = {
    "group": lambda asset: {asset.group_name},
    "kind": lambda asset: {*asset.kinds, asset.kind},
    "tag": lambda asset: {*asset.tags, *(f"{k}={v}" for k, v in asset.tags.items())},
    "owner": lambda asset: set(asset.owners),
}
