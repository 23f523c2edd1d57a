"""What is declared, what is recorded and what is really there: everything that a decision needs.

Nothing here writes. Each ingredient is worked out when first asked for, cheapest first, and an
expression is compiled (which needs ibis) only when the code that makes it changed.
"""

import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from assets.engine import expressions
from assets.engine.asset import Absent, Asset, Observation
from assets.engine.code import Closure, CodeBase
from assets.engine.decide import Decision, Ingredients, Record, State, decide
from assets.engine.definitions import Definitions
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.warehouse import Look


@dataclass
class Inventory:
    """The definitions beside what the stores hold; `decide` compares the two."""

    definitions: Definitions
    look: Look
    """What all stores hold, tables and figures together."""
    extra_code: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind -> references of the code that keeps assets of this kind, hashed with theirs."""
    memos: Mapping[str, Any] = field(default_factory=dict)
    """What the sources remembered when they were last looked at."""
    seen: Mapping[str, list[int] | None] = field(default_factory=dict)
    """Facts of the files that all this was read from, taken before reading them."""
    imported: CodeBase | None = None
    """The code as it was when it was imported; read anew when it is not given."""

    def __post_init__(self) -> None:
        self.code = self.imported or CodeBase(self.definitions.root)
        self.records: dict[str, Record] = dict(self.look.records)
        self.versions: dict[str, str] = dict(self.look.versions)
        self.schemas = dict(self.look.schemas)
        self._observations: dict[str, Observation | Absent] = {}
        self._compiled: dict[str, expressions.Compiled] = {}
        self._closures: dict[str, Closure] = {}

    def plan(self, keys: Iterable[str], *, force: Iterable[str] = ()) -> dict[str, Decision]:
        """Decide about the selected assets, upstream first, as if nothing had been built yet.

        Assets outside the selection are taken as they stand.
        """
        forced, decisions = set(force), dict[str, Decision]()
        for key in keys:
            states = {k: d.state for k, d in decisions.items() if d.state is not State.FRESH}
            decisions[key] = self.decide(key, states=states, forced=key in forced)
        return decisions

    def decide(
        self, key: str, *, states: Mapping[str, State] | None = None, forced: bool = False
    ) -> Decision:
        """Decide about one asset; `states` are those of the selected assets that are not fresh."""
        asset = self.definitions.named(key)
        pending = {
            upstream: (states or {})[upstream] for upstream in asset.upstream if upstream in (states or {})
        }
        record = self.records.get(key)
        return decide(
            key,
            record=record,
            observed=self.versions.get(key),
            current=self.ingredients(asset, pending) if record else Ingredients(),
            pending=pending,
            forced=forced,
        )

    def ingredients(self, asset: Asset, pending: Iterable[str] = ()) -> Ingredients:
        """Return what the asset would be made from now; inputs that are pending are left out."""
        closure = self.closure(asset)
        return Ingredients(
            code=self._code(asset, closure, set(pending)),
            settings=self._settings(asset),
            libraries=_versions(
                {"duckdb"} if asset.form == "expression" else closure.libraries | asset.libraries
            ),
            inputs=self._inputs(asset, set(pending)),
        )

    def closure(self, asset: Asset) -> Closure:
        """Return the code of the asset and of what keeps it.

        Not of its sources: a source's data version covers all that it hands on.
        """
        if asset.key not in self._closures:
            own = self.code.closure(asset.reference, caption=asset.kind == "figure")
            rest = self.code.closure(*self.extra_code.get(asset.kind, ()))
            self._closures[asset.key] = Closure(
                own.fragments | rest.fragments, own.libraries | rest.libraries
            )
        return self._closures[asset.key]

    def observation(self, source: str) -> Observation | Absent:
        """Look at a source, once."""
        if source not in self._observations:
            function = self.definitions.sources[source].function
            given = {"settings": self.definitions.settings, "memo": self.memos.get(source)}
            wanted = inspect.signature(function).parameters
            self._observations[source] = function(**{k: v for k, v in given.items() if k in wanted})
        return self._observations[source]

    def summary(self, source: str) -> str:
        """Return what a look at the source found, in a line."""
        seen = self.observation(source)
        return seen.summary if isinstance(seen, Observation) else f"absent: {seen.reason}"

    def watched(self, keys: Iterable[str]) -> dict[str, list[int] | None] | None:
        """Return the facts that decisions about these assets rest on; None when files alone cannot tell."""
        facts = dict(self.seen)
        for source in {u for key in keys for u in self.definitions.assets[key].upstream} & set(
            self.definitions.sources
        ):
            found = self.observation(source).watched
            if found is None:
                return None
            facts |= found
        return facts

    def read_code(self) -> None:
        """Read the code of every asset now: what is edited while a build runs must count as a change afterwards."""
        for asset in self.definitions.assets.values():
            with suppress(UserError):  # told when it is this asset's turn: the others can be built
                self.closure(asset)

    def new_memos(self) -> dict[str, Any]:
        """Return what the sources looked at ask to have remembered."""
        seen = {key: o.memo for key, o in self._observations.items() if isinstance(o, Observation)}
        return {**self.memos, **seen}

    def source_hash(self, asset: Asset) -> str:
        """Return a hash that stands still as long as the asset's expression cannot have changed."""
        schemas = {k: str(self.schemas[k]) for k in asset.upstream if k in self.schemas}
        versions = _versions({"ibis", "sqlglot"})
        return digest(
            "source",
            self.closure(asset).fragments,
            self._settings(asset),
            schemas,
            versions,
            asset.declaration,
        )

    def compiled(self, asset: Asset) -> expressions.Compiled:
        """Compile the asset's expression over unbound tables of the schemas that are there."""
        marker = self.source_hash(asset)
        if marker not in self._compiled:
            missing = [key for key in asset.inputs.values() if key not in self.schemas]
            if missing:
                raise UserError(f"`{asset.key}` reads `{missing[0]}`, which is not built: build it first")
            tables = {p: expressions.unbound(k, self.schemas[k]) for p, k in asset.inputs.items()}
            self._compiled[marker] = expressions.compiled(
                asset.function(**tables, **self.settings_argument(asset))
            )
        return self._compiled[marker]

    def settings_argument(self, asset: Asset) -> dict[str, Any]:
        """Return the settings as the keyword argument that the asset's function takes them in."""
        return {asset.settings_parameter: self.definitions.settings} if asset.settings_parameter else {}

    def _code(self, asset: Asset, closure: Closure, pending: set[str]) -> Mapping[str, str]:
        if asset.form != "expression":
            return {**closure.fragments, "declaration": digest("declaration", asset.declaration)}
        record = self.records.get(asset.key)
        unknown = pending or any(key not in self.schemas for key in asset.inputs.values())
        if record and (unknown or record.source_hash == self.source_hash(asset)):
            return (
                record.ingredients.code
            )  # nothing that makes the expression changed, or it cannot be told yet
        return {
            "expression": self.compiled(asset).hash,
            "declaration": digest("declaration", asset.declaration),
        }

    def _settings(self, asset: Asset) -> dict[str, Any]:
        """Return the settings that the asset reads, in JSON's types as they come back from the ledger."""
        if asset.settings_parameter is None:
            return {}
        read = self.code.attributes_read(asset.reference, asset.settings_parameter)
        values = {name: getattr(self.definitions.settings, name) for name in sorted(read)}
        return dict(json.loads(json.dumps(values, default=str)))

    def _inputs(self, asset: Asset, pending: set[str]) -> dict[str, str]:
        found = {}
        for key in asset.upstream:
            if key in self.definitions.sources:
                seen = self.observation(key)
                record = self.records.get(asset.key)
                if isinstance(seen, Observation):
                    found[key] = seen.data_version
                elif record:  # the source is away: what was made from it stands
                    found[key] = record.ingredients.inputs.get(key, "")
            elif key not in pending and key in self.versions:
                found[key] = self.versions[key]
        return found


_DISTRIBUTIONS = {"sklearn": "scikit-learn", "ibis": "ibis-framework", "yaml": "PyYAML", "PIL": "pillow"}


def _versions(modules: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each library, by the name it is imported under."""
    return {module: _version(module) for module in sorted(modules)}


@cache
def _version(module: str) -> str:
    for name in (_DISTRIBUTIONS.get(module, module), module.replace("_", "-")):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    owners = metadata.packages_distributions().get(module)
    return metadata.version(owners[0]) if owners else "not installed"
