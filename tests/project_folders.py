"""A stranger's project in a folder of its own: written, loaded afresh as the command line does, and built."""

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from assets.engine.decide import Decision
from assets.engine.definitions import Definitions
from assets.engine.plan import steps
from assets.engine.project import Project
from assets.engine.schedule import Attempts, materialize

ROOT = Path(__file__).resolve().parent.parent
MODULE = "my_assets"

HEADER = """\
from __future__ import annotations
from pathlib import Path
import hashlib
import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from assets.engine import Absent, Observation, TransientError, UserError, asset
from assets.engine import observable_source_asset, observed_files
"""

NUMBERS = '''
import helpers


@observable_source_asset
def raw():
    """Whole numbers, one a line."""
    path = Path("raw.txt")
    if not path.exists():
        return Absent("raw.txt is not there")
    return Observation(hashlib.sha256(path.read_bytes()).hexdigest(), value=path.read_text().split())


@asset(primary_key="id", ranges={"v": (0, 1000)}, columns={"v": "what was measured, in 'units'"})
def measured(raw) -> pa.Table:
    """One measurement."""
    values = [helpers.scaled(int(text)) for text in raw]  # a comment
    return pa.table({"id": pa.array(range(len(values)), pa.int64()), "v": pa.array(values, pa.int64())})


@asset(primary_key="odd")
def by_parity(measured: ir.Table) -> ir.Table:
    """One parity."""
    odd = (measured.v % 2).name("odd")
    return measured.group_by(odd).agg(n=measured.count(), total=measured.v.sum().cast("int64"))


@asset
def extremes(measured: pd.DataFrame) -> pd.DataFrame:
    """One extreme value."""
    return pd.DataFrame({"what": ["low", "high"], "v": [measured["v"].min(), measured["v"].max()]})


@asset
def summary(by_parity: pa.Table, extremes: pa.Table) -> pa.Table:
    """One line of the summary."""
    return pa.table({"n": [by_parity.num_rows + extremes.num_rows]})


@asset
def lines(raw) -> pa.Table:
    """How many lines there are."""
    return pa.table({"n": [len(raw)]})
'''
"""A source, a Python table, an expression, a pandas table, a table of two tables, and one aside."""

HELPERS = "def scaled(value):\n    return value * FACTOR\n\n\nFACTOR = 2\n"
EVERY = {"measured", "by_parity", "extremes", "summary", "lines"}
FROM_MEASURED = EVERY - {"lines"}


@dataclass(frozen=True)
class Folder:
    """A folder with `my_assets.py` in it."""

    path: Path
    shared_cache: str | None = None

    @classmethod
    def numbers(cls, path: Path) -> "Folder":
        """Write the project of the numbers."""
        made = cls(path)
        made.write(NUMBERS)
        made.write(HELPERS, "helpers.py")
        (path / "raw.txt").write_text("1 2 3 4")
        return made

    def copy(self, path: Path) -> "Folder":
        """Return a copy of the project with all that it has built."""
        return replace(self, path=Path(shutil.copytree(self.path, path, dirs_exist_ok=True)))

    @property
    def database(self) -> Path:
        return self.path / f"{MODULE}.duckdb"

    @property
    def working_copy(self) -> Path:
        return self.path / f".{MODULE}.duckdb.working"

    def write(self, text: str, name: str = f"{MODULE}.py", *, header: str = HEADER) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(header * name.startswith(MODULE) + text, encoding="utf-8")

    def edit(self, old: str, new: str, name: str = f"{MODULE}.py") -> None:
        text = (self.path / name).read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
        (self.path / name).write_text(text.replace(old, new), encoding="utf-8")

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Be in the folder, where its modules can be imported, and forget them afterwards."""
        before, path = set(sys.modules), [*sys.path]
        wrote, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # bytecode is trusted by the second
        sys.path.insert(0, str(self.path))
        importlib.invalidate_caches()
        try:
            with contextlib.chdir(self.path):
                yield
        finally:
            sys.path[:], sys.dont_write_bytecode = path, wrote
            for name in set(sys.modules) - before:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(str(self.path)):
                    del sys.modules[name]

    @contextlib.contextmanager
    def open(self) -> Iterator[Project]:
        """Load the project from the files as they are now; the block runs in the folder."""
        with self.inside():
            module = importlib.import_module(MODULE)
            settings = getattr(module, "SETTINGS", None)
            definitions = Definitions.load(self.path, [module], settings)
            yield Project(definitions, Path(self.database.name), name=MODULE, shared_cache=self.shared_cache)

    def build(
        self, *selection: str, force: bool = False, jobs: int = 2, seal: bool = False
    ) -> dict[str, str]:
        """Materialise the selection; return the outcome of each asset by its name.

        With `seal`, write index and stamps afterwards, as the command line does.
        """
        with self.open() as project:
            keys = project.definitions.select(selection)
            results = materialize(
                project,
                keys,
                forced=keys if force else (),
                jobs=jobs,
                attempts=Attempts(retries=0, delay_seconds=0),
                tell=lambda _: None,
            )
            if seal:
                project.seal()
            order = [key for key in project.definitions.order if key in results]
            return {key: results[key].outcome.value for key in order}

    def failures(self, *selection: str) -> dict[str, str]:
        """Materialise the selection; return what is said of each asset that failed."""
        with self.open() as project:
            keys = project.definitions.select(selection)
            results = materialize(project, keys, attempts=Attempts(0, 0), tell=lambda _: None)
            return {
                key: result.because for key, result in results.items() if result.outcome.value == "failed"
            }

    def ran(self, *selection: str, force: bool = False) -> set[str]:
        """Materialise the selection; return the assets that were computed."""
        outcomes = self.build(*selection, force=force)
        assert not set(outcomes.values()) & {"failed", "blocked"}, outcomes
        return {key for key, outcome in outcomes.items() if outcome != "skipped"}

    def plan(self, *selection: str, force: bool = False) -> dict[str, str]:
        """Return what a build of the selection would do with each asset."""
        with self.open() as project:
            keys = project.definitions.select(selection)
            inventory = project.look()
            moving = project.definitions.with_views(keys, inventory.tables_there)
            planned = steps(inventory, moving, project.cache, forced=keys if force else ())
            return {key: planned[key].action.value for key in moving}

    def decisions(self) -> dict[str, Decision]:
        with self.open() as project:
            return project.look().plan(project.definitions.order)

    def states(self) -> dict[str, str]:
        return {key: decision.state.value for key, decision in self.decisions().items()}

    def reasons(self, key: str) -> set[tuple[str, str]]:
        """Why the asset is not fresh: name of the cause, and what it concerns."""
        return {(reason.cause.name, reason.subject) for reason in self.decisions()[key].reasons}

    def versions(self) -> dict[str, str]:
        """Data versions as they are in the file now."""
        with self.open() as project:
            return dict(project.look().versions)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Open the published file as somebody else would, change it if so told, and close it."""
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(statement).fetchall()

    def rows(self, key: str) -> list[tuple[Any, ...]]:
        return sorted(self.sql(f'FROM "{key}"'))

    def files(self) -> dict[str, bytes]:
        """Every file of the folder with its content."""
        return {
            str(p.relative_to(self.path)): p.read_bytes() for p in sorted(self.path.rglob("*")) if p.is_file()
        }

    def command(
        self, *arguments: str, module: str = MODULE, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m assets -m MODULE ...` in the folder, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "assets", "-m", module, *arguments],
            **{**_surroundings(self.path), "capture_output": True, "timeout": 60, **options},
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the same and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "assets", "-m", MODULE, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **_surroundings(self.path),
        )


def _surroundings(folder: Path) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return {"cwd": folder, "env": environment, "text": True}
