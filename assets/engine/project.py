"""A project: its definitions, where its results are kept, and how to look at, plan and build it."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.engine import stamp
from assets.engine.decide import State
from assets.engine.definitions import Definitions
from assets.engine.errors import TransientError, UserError
from assets.engine.guardrails import GuardLimits
from assets.engine.index import Code, Index, facts_of, hold
from assets.engine.inventory import Inventory
from assets.engine.modules import loaded_below
from assets.engine.progress import Progress
from assets.engine.records import Look
from assets.engine.report import everything_fresh, report

if TYPE_CHECKING:
    import duckdb

    from assets.engine.cache.results import ResultCache
    from assets.engine.declarations import Observation
    from assets.engine.explain import Past
    from assets.engine.file_build import FileBuild, FileStore
    from assets.engine.table_build import TableBuild

STATE = Path(stamp.STATE)

SCOPES = {"all": ("table", "figure", "file"), "tables": ("table",), "files": ("figure", "file")}
"""What is stamped apart, because it is asked for apart: kinds of assets by scope."""


@dataclass(frozen=True)
class Project:
    """Everything that a command needs to know about one project."""

    definitions: Definitions
    database: Path
    name: str = "study"
    """Tells its stamps and index from those of other projects in the same folder."""
    stores: "Mapping[str, FileStore]" = field(default_factory=dict)
    """Kind -> what keeps assets of this kind; files that declare their path need none."""
    extra_code: Mapping[str, Sequence[str]] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    """Runs before tables are built, under the lock, before anything is written: makes what a build needs to exist, and
    refuses a place where it would fail."""
    before_publishing: "Callable[[duckdb.DuckDBPyConnection], None]" = lambda _: None
    """Looks through the tables before they are published; raises to keep them back, `TaintedError` to drop them."""
    before_placing: Callable[[Mapping[Path, Path]], None] = lambda _: None
    """Looks through files, by where they are to be and where they lie, before they are put there; raises likewise."""
    audits: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """What `verify` looks at beside data versions: each says in a sentence what holds, or raises UserError."""
    manifest: bool = False
    """Whether a manifest is written beside the published tables: what it is, to whoever has these two alone."""
    prefixes: tuple[str, ...] = ()
    """How the environment variables begin that settings come from."""
    shared_cache: str | None = None
    """Folder or fsspec address where results are shared with others."""
    declared_in: Sequence[Path] = ()
    """Files beside the code that bear on what is declared, such as one with settings."""
    cache_max_bytes: int = 5_000_000_000
    """What the local cache may take."""
    limits: GuardLimits = field(default_factory=GuardLimits)
    """What a build of tables may take of the machine."""
    unit: str = "partitions"
    """What a partition is called when it is said how many are done."""

    @cached_property
    def index(self) -> Index:
        """What earlier looks found."""
        return Index(STATE / "index" / f"{self.name}.json")

    @cached_property
    def standing(self) -> "dict[str, Observation]":
        """What looks of this process found of the sources."""
        return {}

    @cached_property
    def memos(self) -> dict[str, Any]:
        """What the sources remember, from earlier processes and from this one."""
        return self.index.memos()

    @cached_property
    def cache(self) -> "ResultCache":
        """What came out of assets before, here and in the shared folder."""
        from assets.engine.cache.results import ResultCache

        return ResultCache(STATE / "cache", self.shared_cache, tell=lambda line: print(line, file=sys.stderr))

    @cached_property
    def imported_code(self) -> Code:
        """The code as it was at the first build, read before any wait for another.

        What is edited later did not run, and must count as changed.
        """
        _ = self.declared_by
        code = Code(self.definitions.root, self.index)
        Inventory(self.definitions, Look(), code, self.extra_code).read_code()
        return code

    @cached_property
    def declared_by(self) -> dict[str, list[int] | None]:
        """Statistics of all files that bear on what is declared and observed, as they were when first asked for."""
        return facts_of([*loaded_below(self.definitions.root), *self.declared_in])

    def is_as_imported(self) -> bool:
        """Tell whether code and settings in their files are still those that this process works by."""
        files = {path: seen for path, seen in self.declared_by.items() if not Path(path).is_dir()}
        return self.imported_code.holds() and hold(files)  # a folder changes when results are put into it

    @cached_property
    def file_stores(self) -> "Mapping[str, FileStore]":
        """What keeps assets that are no tables, by kind; only of kinds that are declared."""
        from assets.engine.files import Files

        kinds = {asset.kind for asset in self.definitions.assets.values()} - {"table"}
        missing = kinds - {"file", *self.stores}
        if missing:
            raise UserError(f"this project declares no place for assets of kind {', '.join(sorted(missing))}")
        stores = {"file": Files(self.definitions.assets), **self.stores}
        return {kind: stores[kind] for kind in sorted(kinds)}

    @property
    def past(self) -> "Past":
        """What is remembered of earlier builds, to explain changes with."""
        from assets.engine import code_texts
        from assets.engine.explain import Past

        return Past(code_texts.recall(self._texts), self.cache, self._open_tables)

    @property
    def _texts(self) -> Path:
        return STATE / "index" / f"{self.name}.texts.json"

    def of_kinds(self, *kinds: str) -> list[str]:
        """Return the assets that are kept in one of these ways, in building order."""
        return [key for key in self.definitions.order if self.definitions.assets[key].kind in kinds]

    def look(self, code: Code | None = None) -> Inventory:
        """Look at everything that is declared, recorded and there; writes nothing."""
        found = [self._look_at_tables(), *(self._look_at_files(kind) for kind in self.file_stores)]
        everything = Look(
            {key: record for look in found for key, record in look.records.items()},
            {key: version for look in found for key, version in look.versions.items()},
            found[0].schemas,
        )
        return self._inventory(everything, code or Code(self.definitions.root, self.index))

    @contextmanager
    def build_tables(
        self, *, forced: Sequence[str], tell: Callable[[str], None], progress: Progress | None = None
    ) -> "Iterator[TableBuild]":
        """Open a build of tables, alone among builds and guarded; publishing is left to the caller."""
        from assets.engine import file_manifest
        from assets.engine.interruption import heeding
        from assets.engine.publishing import last_look
        from assets.engine.table_build import TableBuild
        from assets.engine.warehouse import look_through
        from assets.engine.workplace import workplace

        code = self.imported_code
        progress = progress or Progress(tell, unit=self.unit)
        with workplace(self, tell, progress) as (copy, guard):
            if copy.resumed:
                tell("going on from a build that was interrupted: what it finished is kept")
            known = None if copy.resumed else self.index.look("tables", self._database_facts())
            inventory = self._inventory(known or look_through(copy.connection), code)
            inventory.tables = lambda: nullcontext(copy.connection.cursor())
            build = TableBuild(inventory, self.cache, copy, forced=forced)
            build.guard, build.progress = guard, progress
            build.before_publishing, build.tell = last_look(self, copy), tell
            with heeding(build):
                yield build
            if copy.published:
                if self.manifest:
                    file_manifest.write(self.database, self.definitions.root)
                published = self._database_facts()
                time.sleep(_TICK)
                tables = Look(inventory.records, inventory.versions, inventory.schemas)
                self.index.remember("tables", published, tables)

    @contextmanager
    def build_files(self, *, forced: Sequence[str], tell: Callable[[str], None]) -> "Iterator[FileBuild]":
        """Open a build of figures and files, alone among builds, from the published tables as they stand."""
        from assets.engine.file_build import FileBuild
        from assets.engine.interruption import heeding
        from assets.engine.lock import build_lock
        from assets.engine.warehouse import open_if_there

        code = self.imported_code
        with build_lock(Path(stamp.LOCK), tell), open_if_there(self.database) as connection:
            try:
                build = FileBuild(self.look(code), connection, self.file_stores, self.cache, forced=forced)
                build.before_placing = self.before_placing
                with heeding(build):
                    yield build
            finally:
                for store in self.file_stores.values():
                    store.close()

    def seal(self, scopes: Iterable[str] = tuple(SCOPES)) -> None:
        """Look once more; index what is found, and stamp each scope that is fresh.

        The next look then needs little more than file statistics. What cannot be looked at is neither
        indexed nor stamped: a server that is silent must not fail finished work.
        """
        time.sleep(_TICK)  # let the outputs grow older than the clock's tick, or the stamp would not hold
        with suppress(UserError, TransientError):
            outputs = {key: facts_of(self._files(key)) for key in self.definitions.order}
            database = self._database_facts()
            code = vars(self).get("imported_code")
            inventory = self.look(code if code and code.holds() else None)
            everything = inventory.plan(self.definitions.order)
            all_fresh = all(decision.state is State.FRESH for decision in everything.values())
            for scope in scopes:
                keys = self.of_kinds(*SCOPES[scope])
                decisions = {k: everything[k] for k in keys} if all_fresh else inventory.plan(keys)
                watched = inventory.watched(keys)
                if not keys or watched is None or any(d.state is not State.FRESH for d in decisions.values()):
                    continue
                for seen in (self.declared_by, database, *(outputs[key] for key in keys)):
                    watched |= seen
                sentence = everything_fresh([self.definitions.assets[key].kind for key in keys])
                text = json.dumps(report(inventory, decisions, self.database))
                stamp.write(stamp.path_of(self.name, scope), watched, self.prefixes, sentence, text)
            inventory.code.remember()
            self.index.changes["memos"] = self.memos
            self.index.write()
            if inventory.code.was_read:
                self._remember_texts(inventory)
        self._collect()

    def _remember_texts(self, inventory: Inventory) -> None:
        from assets.engine import code_texts

        recorded = {
            name: fragment
            for record in inventory.records.values()
            for name, fragment in record.ingredients.code.items()
            if ":" in name
        }
        code_texts.remember(self._texts, recorded, lambda name: inventory.code.base.text(name))

    def _collect(self) -> None:
        """Keep the cache within its bounds; looking at all of it once a day is enough."""
        mark = STATE / "cache" / "collected"
        if mark.parent.is_dir() and not (mark.exists() and time.time() - mark.stat().st_mtime < _DAY):
            self.cache.gc(self.cache_max_bytes)
            mark.touch()

    def _inventory(self, look: Look, code: Code) -> Inventory:
        given = (self.extra_code, self.memos, self._open_tables, self.standing, self._files)
        return Inventory(self.definitions, look, code, *given)

    def _open_tables(self) -> "AbstractContextManager[duckdb.DuckDBPyConnection]":
        from assets.engine.warehouse import open_if_there

        return open_if_there(self.database)

    def _look_at_tables(self) -> Look:
        if not self.database.exists():
            return Look()
        seen = self._database_facts()
        known = self.index.look("tables", seen)
        if known is None:
            from assets.engine import warehouse

            known = warehouse.look(self.database)
            self.index.remember("tables", seen, known)
        return known

    def _look_at_files(self, kind: str) -> Look:
        keys = self.of_kinds(kind)
        seen = facts_of(path for key in keys for path in self._files(key))
        known = self.index.look(kind, seen)
        if known is None:
            known = Look(*self.file_stores[kind].look(keys))
            self.index.remember(kind, seen, known)
        return known

    def _database_facts(self) -> dict[str, list[int] | None]:
        return facts_of([self.database, self.database.with_name(self.database.name + ".wal")])

    def _files(self, key: str) -> Sequence[Path]:
        kind = self.definitions.assets[key].kind
        return () if kind == "table" else self.file_stores[kind].files(key)


_DAY = 86_400
_TICK = 0.03
"""Seconds after which a file that was just written can be told from one that is written again."""
