"""What is declared, what is recorded and what is really there: everything that a decision needs.

Nothing here writes. Each ingredient is worked out when first asked for, cheapest first, and an
expression is compiled (which needs ibis) only when the code that makes it changed.
"""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.engine.decide import Cause, Decision, Reason, State, decide
from assets.engine.declarations import Absent, Asset, Observation
from assets.engine.definitions import Definitions
from assets.engine.errors import ExpressionError, UserError
from assets.engine.hashing import SCHEME, digest
from assets.engine.index import Code
from assets.engine.observing import stands
from assets.engine.records import KEPT_AS, Closure, Ingredients, Look, Record
from assets.engine.watching import doing
from assets.engine.worked_out import WorkedOut

if TYPE_CHECKING:
    import duckdb

    from assets.engine.expressions import Compiled


@dataclass
class Inventory:
    """The definitions beside what the stores hold; `decide` compares the two."""

    definitions: Definitions
    look: Look
    """What all stores hold, tables and files together."""
    code: Code
    extra_code: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind -> references of the code that keeps assets of this kind, hashed with theirs."""
    memos: dict[str, Any] = field(default_factory=dict)
    """What the sources remembered when they were last looked at; kept up to date, for the next look of this process."""
    tables: "Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]] | None" = None
    """Opens the tables, for the rare question that no record answers."""
    standing: dict[str, Observation] = field(default_factory=dict)
    """What earlier looks of this process found of the sources; believed while the files they looked at stand."""
    files: Callable[[str], Sequence[Path]] = lambda _: ()
    """Names the files of an asset, its record last."""

    def __post_init__(self) -> None:
        self.records: dict[str, Record] = dict(self.look.records)
        self.versions: dict[str, str] = dict(self.look.versions)
        self.schemas = dict(self.look.schemas)
        self.known = WorkedOut()

    def share(self, other: "Inventory") -> None:
        """Take over what another inventory of the same project has looked at already."""
        self.known = other.known

    def plan(self, keys: Iterable[str], *, force: Iterable[str] = ()) -> dict[str, Decision]:
        """Decide about the selected assets, upstream first, as if nothing had been built yet.

        Assets outside the selection are taken as they stand.
        """
        forced, decisions, states = set(force), dict[str, Decision](), dict[str, State]()
        for key in keys:
            decisions[key] = self.decide(key, states=states, forced=key in forced)
            if decisions[key].state is not State.FRESH:
                states[key] = decisions[key].state
        return decisions

    def decide(
        self, key: str, *, states: Mapping[str, State] | None = None, forced: bool = False
    ) -> Decision:
        """Decide about one asset; `states` are those of the selected assets that are not fresh."""
        asset, awaited = self.definitions.named(key), self.definitions.awaited(key)
        pending = {upstream: states[upstream] for upstream in awaited if upstream in states} if states else {}
        record = self.records.get(key)
        try:
            current = self.ingredients(asset, pending) if record else Ingredients()
        except ExpressionError as error:  # one broken function must not hide the state of the others
            return Decision(key, State.STALE, (Reason(Cause.CODE_FAILS, str(error)),))
        return decide(
            key,
            record=record,
            observed=self.versions.get(key),
            current=current,
            pending=pending,
            forced=forced,
            moves=asset.view,
        )

    def ingredients(self, asset: Asset, pending: Iterable[str] = ()) -> Ingredients:
        """Return what the asset would be made from now; inputs that are pending are left out."""
        return replace(self.making(asset, pending), inputs=self._inputs(asset, set(pending)))

    def making(self, asset: Asset, pending: Iterable[str] = ()) -> Ingredients:
        """Return the same without inputs: how it would be made, whatever is there to make it from."""
        closure = self.closure(asset)
        return Ingredients(
            code=self._code(asset, closure, set(pending)),
            settings=self._settings(asset),
            libraries=self.code.versions(self._libraries(asset, closure, set(pending))),
        )

    def closure(self, asset: Asset) -> Closure:
        """Return the code of the asset and of what keeps it.

        Not of its sources: a source's data version covers all that it hands on.
        """
        if asset.key not in self.known.closures:
            own = self.code.closure(asset.reference, caption=asset.kind == "figure")
            rest = self.code.closure(*self.extra_code.get(asset.kind, ()))
            self.known.closures[asset.key] = Closure(
                {**own.fragments, **rest.fragments}, own.libraries | rest.libraries
            )
        return self.known.closures[asset.key]

    def observation(self, source: str) -> Observation | Absent:
        """Look at a source, once."""
        if source not in self.known.observations and stands(self.standing.get(source)):
            self.known.observations[source] = self.standing[source]
        if source not in self.known.observations:
            function = self.definitions.sources[source].function
            given = {"settings": self.definitions.settings, "memo": self.memos.get(source)}
            with doing(f"source `{source}`"):
                seen = function(**{k: given[k] for k in given if k in inspect.signature(function).parameters})
            self.known.observations[source] = seen
            if isinstance(seen, Observation):
                self.memos[source] = seen.memo
                self.standing[source] = seen
        return self.known.observations[source]

    def summary(self, source: str) -> str:
        """Return what a look at the source found, in a line."""
        seen = self.observation(source)
        return seen.summary if isinstance(seen, Observation) else f"absent: {seen.reason}"

    @property
    def tables_there(self) -> set[str]:
        """The tables, and those views that can be read, as they stand."""
        return {key for key, schema in self.schemas.items() if schema}

    def away(self) -> "Inventory":
        """Return the same without looking at any source: what was made from them stands."""
        there = replace(self, look=Look(self.records, self.versions, self.schemas))
        unseen = dict.fromkeys(self.definitions.sources, Absent("it was not looked at"))
        there.known = replace(self.known, observations={**unseen})
        return there

    def watched(self, keys: Iterable[str]) -> dict[str, list[int] | None] | None:
        """Return the facts that decisions about these assets rest on; None when files alone cannot tell."""
        watched = dict(self.code.seen)
        read = {upstream for key in keys for upstream in self.definitions.assets[key].upstream}
        for source in read & self.definitions.sources.keys():
            found = self.observation(source).watched
            if found is None:
                return None
            watched |= found
        return watched

    def read_code(self) -> None:
        """Read the code of every asset now: what is edited while a build runs must count as a change afterwards."""
        for asset in self.definitions.assets.values():
            with suppress(UserError):  # told when it is this asset's turn: the others can be built
                self.closure(asset)

    def source_hash(self, asset: Asset) -> str:
        """Return a hash that stands still as long as the asset's expression cannot have changed."""
        schemas = {k: list(self.schemas[k].items()) for k in asset.upstream if k in self.schemas}
        known = self.known.source_hashes.get(asset.key)
        if known is None or known[0] != schemas:
            closure, settings = self.closure(asset), self._settings(asset)
            versions = self.code.versions({"ibis", "sqlglot", *closure.libraries})
            parts = (closure.fragments, settings, schemas, versions, asset.declaration)
            known = schemas, digest("source", *parts)
            self.known.source_hashes[asset.key] = known
        return known[1]

    def written(self, asset: Asset) -> str:
        """Return a hash of what is written and declared of an expression, whatever the tables that it reads are."""
        libraries = self.code.versions({"duckdb", "ibis", "sqlglot", *self.closure(asset).libraries})
        parts = (self.closure(asset).fragments, self._declaration(asset), asset.view, self._settings(asset))
        return digest("written", SCHEME, *parts, libraries)

    def compiled(self, asset: Asset) -> "Compiled":
        """Compile the asset's expression over unbound tables of the schemas that are there."""
        from assets.engine import expressions

        marker = self.source_hash(asset)
        if marker not in self.known.compiled:
            missing = [key for key in asset.inputs.values() if key not in self.schemas]
            if missing:
                raise UserError(f"`{asset.key}` reads `{missing[0]}`, which is not built: build it first")
            tables = {p: expressions.unbound(k, self.schemas[k]) for p, k in asset.inputs.items()}
            try:
                expression = asset.function(**tables, **self.settings_argument(asset))
            except UserError:
                raise
            except Exception as error:
                said = " ".join(str(error).split())
                raise ExpressionError(f"{type(error).__name__}: {said}") from error
            self.known.compiled[marker] = expressions.compiled(expression, self.code)
        return self.known.compiled[marker]

    def columns_read(self, asset: Asset, pending: Iterable[str] = ()) -> Mapping[str, Sequence[str]]:
        """Return the columns that the asset's expression reads, of each table of which it does not read all."""
        if asset.form != "expression":
            return {}
        record = self.records.get(asset.key)
        if record and self._stands(asset, record, set(pending)):
            return record.columns_read
        read = self.compiled(asset).columns
        return {key: list(c) for key, c in read.items() if len(c) < len(self.schemas[key])}

    def settings_argument(self, asset: Asset) -> dict[str, Any]:
        """Return the settings as the keyword argument that the asset's function takes them in."""
        return {asset.settings_parameter: self.definitions.settings} if asset.settings_parameter else {}

    def _code(self, asset: Asset, closure: Closure, pending: set[str]) -> Mapping[str, str]:
        declared = {"declaration": self._declaration(asset), **({KEPT_AS: "view"} if asset.view else {})}
        if asset.form != "expression":
            return {**closure.fragments, **declared}
        record = self.records.get(asset.key)
        if record and self._stands(asset, record, pending):
            recorded = record.ingredients.code
            return {**{name: recorded[name] for name in recorded if name != KEPT_AS}, **declared}
        return {"expression": self.compiled(asset).hash, **declared}

    def _declaration(self, asset: Asset) -> str:
        """Hash what is declared of the asset, and of its inputs what shows: how rows are sorted, paths."""
        inputs = [self.definitions.assets.get(key) for key in asset.inputs.values()]
        shown = {i.key: [i.primary_key, i.path] for i in inputs if i is not None}
        return digest("declaration", asset.declaration, shown)

    def _libraries(self, asset: Asset, closure: Closure, pending: set[str]) -> set[str]:
        """Return the libraries whose versions count: an expression's are DuckDB, and what its functions import."""
        if asset.form != "expression":
            return {*closure.libraries, *asset.libraries}
        record = self.records.get(asset.key)
        if record and self._stands(asset, record, pending):
            return {"duckdb", *record.ingredients.libraries}
        return {"duckdb", *self.compiled(asset).libraries}

    def _stands(self, asset: Asset, record: Record, pending: set[str]) -> bool:
        """Tell whether nothing that makes the expression changed, or it cannot be told yet."""
        unknown = pending or any(key not in self.schemas for key in asset.inputs.values())
        return bool(unknown) or record.source_hash == self.source_hash(asset)

    def _settings(self, asset: Asset) -> dict[str, Any]:
        """Return the settings that the asset reads, in JSON's types as they come back from the ledger."""
        if asset.settings_parameter is None:
            return {}
        read = self.code.attributes_read(asset.reference, asset.settings_parameter)
        values = {name: getattr(self.definitions.settings, name) for name in sorted(read)}
        return dict(json.loads(json.dumps(values, default=str)))

    def _inputs(self, asset: Asset, pending: set[str]) -> dict[str, str]:
        record = self.records.get(asset.key)
        columns = self.columns_read(asset, pending)
        found = {}
        for key in asset.upstream:
            if key in self.definitions.sources:
                seen = self.observation(key)
                if isinstance(seen, Observation):
                    found[key] = seen.data_version
                elif record:  # the source is away: what was made from it stands
                    found[key] = record.ingredients.inputs.get(key, "")
            elif key not in pending and key in self.versions:
                found[key] = (
                    self._version_of(key, columns[key], record) if key in columns else self.versions[key]
                )
        if asset.told_lineage:
            from assets.engine.lineage.gathering import gathered

            entries = gathered(self, asset).entries
            found |= {key: entry.digest for key, entry in entries.items() if key not in pending}
        return found

    def _version_of(self, key: str, columns: Sequence[str], record: Record | None) -> str:
        """Return the data version of some columns of a table as it stands, from the record if that knows it."""
        version = self.versions[key]
        if (
            record
            and record.upstream_versions.get(key) == version
            and record.columns_read.get(key) == columns
        ):
            return record.ingredients.inputs[key]
        asked = (key, version, tuple(columns))
        if asked not in self.known.columns:
            from assets.engine.contents import scan

            assert self.tables is not None, "a table that has a version is there to be asked"
            with self.tables() as connection:
                self.known.columns[asked] = scan(connection, key, columns).data_version
        return self.known.columns[asked]
