"""A project: its definitions, where its results are kept, and how to look at, plan and build it."""

import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.engine import stamp
from assets.engine.decide import Decision, Record, State
from assets.engine.definitions import Definitions
from assets.engine.errors import TransientError, UserError

if TYPE_CHECKING:
    import duckdb

    from assets.engine.build import TableBuild
    from assets.engine.code import CodeBase
    from assets.engine.figure_build import FigureBuild, FigureStore
    from assets.engine.inventory import Inventory

STATE = Path(stamp.STATE)

SCOPES = {"all": ("table", "figure"), "tables": ("table",), "figures": ("figure",)}
"""What is stamped apart, because it is asked for apart: kinds of assets by scope."""

_NOTHING: tuple[Mapping[str, Record], Mapping[str, str]] = ({}, {})


@dataclass(frozen=True)
class Project:
    """Everything that a command needs to know about one project."""

    definitions: Definitions
    database: Path
    figures: "Callable[[], FigureStore] | None" = None
    """Makes the store that keeps figures; called only when figures are built."""
    figure_records: Callable[[], tuple[Mapping[str, Record], Mapping[str, str]]] = lambda: _NOTHING
    """Looks at the figures that are there: records, and data versions as they really are."""
    figure_files: Callable[[str], Iterable[Path]] = lambda _: ()
    """Names the files of a figure, its sidecar among them."""
    extra_code: Mapping[str, Sequence[str]] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    """Runs before tables are built, under the lock: makes what a build needs to exist."""
    before_publishing: "Callable[[duckdb.DuckDBPyConnection], None]" = lambda _: None
    """Looks through the tables before they are published; raises to keep them back."""
    prefixes: tuple[str, ...] = ()
    """How the environment variables begin that settings come from."""
    _code: "dict[str, CodeBase]" = field(default_factory=dict, repr=False)

    def look(self, code: "CodeBase | None" = None) -> "Inventory":
        """Look at everything that is declared, recorded and there; writes nothing."""
        from assets.engine import warehouse
        from assets.engine.inventory import Inventory

        seen = self._code_facts()
        tables = warehouse.look(self.database)
        records, versions = self.figure_records()
        everything = warehouse.Look(
            {**tables.records, **records}, {**tables.versions, **versions}, tables.schemas
        )
        return Inventory(self.definitions, everything, self.extra_code, self._memos(), seen, code)

    @contextmanager
    def build_tables(self, *, forced: Sequence[str], tell: Callable[[str], None]) -> "Iterator[TableBuild]":
        """Open a build of tables, alone among builds; publishing is left to the caller."""
        from assets.engine.build import TableBuild
        from assets.engine.inventory import Inventory
        from assets.engine.lock import build_lock
        from assets.engine.warehouse import look_through
        from assets.engine.working_copy import WorkingCopy

        code = self._code_as_imported()
        with build_lock(STATE / "build.lock", tell), WorkingCopy(self.database) as copy:
            if copy.resumed:
                tell("going on from a build that was interrupted: what it finished is kept")
            self.prepare()
            seen = self._code_facts()
            there = look_through(copy.connection)
            inventory = Inventory(self.definitions, there, self.extra_code, self._memos(), seen, code)
            build = TableBuild(inventory, copy, forced=forced)
            build.before_publishing = self.before_publishing
            yield build

    @contextmanager
    def build_figures(self, *, forced: Sequence[str], tell: Callable[[str], None]) -> "Iterator[FigureBuild]":
        """Open a build of figures, alone among builds, from the published tables as they stand."""
        from assets.engine.figure_build import FigureBuild
        from assets.engine.lock import build_lock
        from assets.engine.warehouse import open_read_only

        if self.figures is None:
            raise UserError("this project declares no place for figures")
        code = self._code_as_imported()
        with build_lock(STATE / "build.lock", tell), open_read_only(self.database) as connection:
            inventory = self.look(code)
            store = self.figures()
            try:
                yield FigureBuild(inventory, connection, store, forced=forced)
            finally:
                store.close()

    def seal(self, scopes: Iterable[str] = tuple(SCOPES)) -> None:
        """Look once more and stamp each scope that is fresh, so that the next look needs only file statistics.

        What cannot be looked at is not stamped: a server that is silent must not fail finished work.
        """
        time.sleep(0.03)  # let the outputs grow older than the clock's tick, or the stamp would not hold
        with suppress(UserError, TransientError):
            outputs = {key: self._facts(self._files(key)) for key in self.definitions.order}
            database = self._facts([self.database, self.database.with_name(self.database.name + ".wal")])
            inventory = self.look()
            for scope in scopes:
                keys = [
                    key
                    for key in self.definitions.order
                    if self.definitions.assets[key].kind in SCOPES[scope]
                ]
                decisions = inventory.plan(keys)
                watched = inventory.watched(keys)
                if not keys or watched is None or any(d.state is not State.FRESH for d in decisions.values()):
                    continue
                for facts in (database, *(outputs[key] for key in keys)):
                    watched |= facts
                report = self.report(inventory, decisions, keys)
                stamp.write(stamp.path_of(scope), watched, self.prefixes, report)

    def report(
        self, inventory: "Inventory", decisions: Mapping[str, Decision], keys: Iterable[str]
    ) -> dict[str, Any]:
        """Return what is known of the assets as plain JSON values: what `assets status --json` prints."""
        read = {upstream for key in keys for upstream in self.definitions.assets[key].upstream}
        return {
            "database": str(self.database),
            "sources": {key: inventory.summary(key) for key in self.definitions.sources if key in read},
            "assets": [_row(inventory, decisions[key]) for key in keys],
            "memos": inventory.new_memos(),
        }

    def _files(self, key: str) -> Iterable[Path]:
        return self.figure_files(key) if self.definitions.assets[key].kind == "figure" else ()

    @staticmethod
    def _facts(paths: Iterable[Path]) -> dict[str, list[int] | None]:
        return {str(path.resolve()): stamp.facts(str(path)) for path in paths}

    def _code_as_imported(self) -> "CodeBase":
        """Return the code as it was at the first build, read before any wait for another.

        What is edited later did not run, and must count as changed.
        """
        if "imported" not in self._code:
            from assets.engine.code import CodeBase
            from assets.engine.inventory import Inventory
            from assets.engine.warehouse import Look

            self._code["imported"] = CodeBase(self.definitions.root)
            Inventory(self.definitions, Look(), self.extra_code, imported=self._code["imported"]).read_code()
        return self._code["imported"]

    def _memos(self) -> dict[str, Any]:
        return {
            k: v
            for scope in ("tables", "all")
            for k, v in stamp.recall(stamp.path_of(scope)).get("memos", {}).items()
        }

    def _code_facts(self) -> dict[str, list[int] | None]:
        """Return facts of our code, the settings and the installed libraries."""
        folders = [self.definitions.root / name for name in sorted(_packages(self.definitions))]
        code = [
            p
            for folder in folders
            for p in ([folder] if folder.suffix == ".py" else sorted(folder.rglob("*.py")))
        ]
        others = [Path("pyproject.toml").resolve(), Path(sysconfig.get_path("purelib"))]
        return {str(path): stamp.facts(str(path)) for path in [*code, *others]}


def _packages(definitions: Definitions) -> set[str]:
    """Return the names, below the root, of the folders and files that hold our code."""
    declaring = [a.reference for a in definitions.assets.values()]
    declaring += [s.reference for s in definitions.sources.values()]
    names = {reference.partition(":")[0].split(".")[0] for reference in declaring}
    names |= {path.parent.name for path in definitions.root.glob("*/__init__.py")}
    return {name if (definitions.root / name).is_dir() else f"{name}.py" for name in names}


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
