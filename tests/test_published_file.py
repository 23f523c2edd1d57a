"""The file that a build publishes holds its tables and nothing else, however often the build was cut off."""

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.engine import working_copy
from assets.engine.descriptions import described
from assets.engine.errors import UserError
from assets.engine.schedule import Attempts, materialize
from assets.engine.warehouse import copied_afresh
from tests.project_folders import Folder
from tests.sudden_deaths import Died, dying

SECRET = "Nightingale"

STUDY = '''
@observable_source_asset
def raw():
    word = Path("raw.txt").read_text()
    return Observation(hashlib.sha256(word.encode()).hexdigest(), word)

@asset(primary_key=("name", "n"), columns={"name": "Who, 'in full'."}, ranges={"n": (0, 200_000)})
def people(raw) -> pa.Table:
    """Somebody who was measured."""
    return pa.table({"name": [raw] * 1000, "n": range(1000)})

@asset(view=True, primary_key="n", columns={"letters": "Letters of the name."})
def lengths(people: ir.Table) -> ir.Table:
    """The length of a name."""
    return people.select("n", letters=people.name.length())

@asset
def sizes(people: ir.Table) -> ir.Table:
    """How many there are."""
    return people.aggregate(n=people.count())

@asset(view=True)
def above(sizes: ir.Table) -> ir.Table:
    """A view whose name comes before that of what it shows."""
    return sizes
'''

LEDGER = (
    "SELECT asset_key, input_hash, data_version, n_rows, ingredients, sql FROM _materializations "
    "WHERE asset_key <> 'faulty' QUALIFY row_number() OVER (PARTITION BY asset_key ORDER BY sequence DESC) = 1 ORDER BY ALL"
)

FAULTY = '''
@asset(ranges={"n": (0, 1)})
def faulty() -> pa.Table:
    """So many rows that they are written before they are checked."""
    return pa.table({"name": ["Nightingale"] * 300_000, "n": range(300_000)})
'''


SOUND = STUDY + FAULTY.replace("(0, 1)", "(0, 300_000)")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "study")
    made.write(STUDY)
    (made.path / "raw.txt").write_text("Wren")
    return made


def undisturbed(folder: Folder, place: Path) -> Folder:
    """The same study, built where nothing was."""
    other = Folder(place)
    other.write((folder.path / "my_assets.py").read_text(), header="")
    shutil.copy(folder.path / "raw.txt", place)
    other.build()
    return other


def bears(path: Path) -> bool:
    return SECRET.encode() in path.read_bytes()


def said(folder: Folder) -> dict[str, Any]:
    """All that a file says: of tables, columns, keys, queries, content and records, except times."""
    with duckdb.connect(str(folder.database), read_only=True) as connection:
        return {
            "described": described(connection),
            **{
                question: connection.execute(question).fetchall()
                for question in (
                    "SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL",
                    "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
                    "SELECT table_name, column_name, is_nullable, column_default FROM duckdb_columns() ORDER BY ALL",
                    "SELECT table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL",
                    LEDGER,
                    "SELECT tags FROM duckdb_databases() WHERE NOT internal",
                    "SELECT block_size FROM pragma_database_size()",
                    "FROM people",
                    "FROM above",
                )
            },
            "versions": folder.versions(),
        }


def replaced(folder: Folder) -> None:
    """Let a build die with a table that the next one replaces."""
    (folder.path / "raw.txt").write_text(SECRET)
    with dying("before publishing", 0), pytest.raises(Died):
        folder.build()
    (folder.path / "raw.txt").write_text("Wren")


def dropped(folder: Folder) -> None:
    """Let a build die with a table that nobody declares any more when the next one begins."""
    folder.write(SOUND)
    with dying("before publishing", 0), pytest.raises(Died):
        folder.build()


def staged(folder: Folder) -> None:
    """Let a build die with a table set aside that was not committed."""
    (folder.path / "raw.txt").write_text(SECRET)
    with dying("within a commit", 1), pytest.raises(Died):
        folder.build(jobs=1)
    (folder.path / "raw.txt").write_text("Wren")


@pytest.mark.parametrize("killed", [replaced, dropped, staged])
@pytest.mark.parametrize("before", [False, True])
def test_what_stood_only_in_tables_of_a_killed_build_is_not_in_the_file(
    folder: Folder, tmp_path: Path, killed: Callable[[Folder], None], before: bool
) -> None:
    if before:
        folder.build()
        folder.edit("range(1000)", "range(999, -1, -1)")
    shutil.copy(folder.path / "my_assets.py", tmp_path / "kept.py")
    killed(folder)
    assert bears(folder.working_copy)
    shutil.copy(tmp_path / "kept.py", folder.path / "my_assets.py")
    folder.build()
    assert not bears(folder.database)
    assert said(folder) == said(undisturbed(folder, tmp_path / "undisturbed"))
    assert [path.name for path in folder.path.glob("*my_assets.duckdb*")] == ["my_assets.duckdb"]
    assert set(folder.states().values()) == {"fresh"} and folder.ran() == set()


def test_nor_is_what_stood_in_a_table_that_failed_its_check(folder: Folder, tmp_path: Path) -> None:
    folder.build()
    folder.edit("range(1000)", "range(999, -1, -1)")
    folder.write((folder.path / "my_assets.py").read_text() + FAULTY, header="")
    written: list[bool] = []

    def look(_: object) -> None:
        written.append(bears(folder.working_copy))

    with folder.open() as project:
        results = materialize(
            replace(project, before_publishing=look),
            project.definitions.order,
            attempts=Attempts(0, 0),
            tell=lambda _: None,
        )
    assert results["faulty"].outcome.value == "failed" and results["people"].outcome.value != "failed"
    assert written == [True], "it was written before it was checked"
    assert not bears(folder.database)
    folder.write((folder.path / "my_assets.py").read_text().replace(FAULTY, ""), header="")
    assert said(folder) == said(undisturbed(folder, tmp_path / "undisturbed"))


def test_nor_is_what_stood_in_a_published_table_that_nobody_declares_any_more(folder: Folder) -> None:
    folder.write(SOUND)
    folder.build()
    assert bears(folder.database)
    folder.write(STUDY)
    folder.edit("range(1000)", "range(999, -1, -1)")
    folder.build()
    assert folder.states()["people"] == "fresh" and not bears(folder.database)


def test_a_copy_that_was_cut_off_is_begun_anew_with_its_log(folder: Folder, tmp_path: Path) -> None:
    folder.build()
    left = folder.working_copy.with_suffix(".fresh")
    replaced(folder)
    shutil.copy(folder.working_copy, left)
    code = (
        "import duckdb, os\n"
        f"c = duckdb.connect({str(tmp_path / 'other.db')!r}); c.execute('CREATE TABLE people (n INT)')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    shutil.copy(tmp_path / "other.db.wal", left.with_name(left.name + ".wal"))
    folder.build()
    assert said(folder) == said(undisturbed(folder, tmp_path / "undisturbed"))
    assert [path.name for path in folder.path.glob("*my_assets.duckdb*")] == ["my_assets.duckdb"]


def test_a_copy_that_finds_no_room_leaves_nothing_behind(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced(folder)
    left = folder.working_copy.with_suffix(".fresh")

    def full(connection: duckdb.DuckDBPyConnection, path: Path) -> Path:
        copied_afresh(connection, path)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(UserError, match="No space left on device"):
        patch.setattr(working_copy, "copied_afresh", full)
        folder.build()
    assert folder.working_copy.exists() and not left.exists() and not folder.database.exists()
    folder.build()
    assert folder.database.exists()
