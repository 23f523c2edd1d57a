"""Builds behind the gates: what names subjects is kept back, and what was kept back is nowhere any more."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assets.engine.errors import TaintedError
from assets.engine.project import Project
from assets.engine.schedule import materialize
from assets.inputs.privacy.gates import Places, before_placing, before_publishing
from tests.project_folders import NUMBERS, Folder
from tests.sudden_deaths import Died, dying

pytest_plugins = ["published_places"]
CODE = "QX-0042"
NOTES = '''

@asset(path="figures/notes.txt")
def notes(summary: pa.Table, output: Path) -> Path:
    """What came out."""
    output.write_text("WORD")
    return output
'''


@pytest.fixture
def project(places: Places) -> Iterator[tuple[Folder, Callable[[Project], Project]]]:
    folder = Folder.numbers(Path.cwd())
    folder.write(NUMBERS + NOTES)
    guarded = {
        "before_publishing": lambda tables: before_publishing(tables, places, {}),
        "before_placing": lambda files: before_placing(files, places),
    }
    yield folder, lambda project: replace(project, **guarded)


def made(folder: Folder, guarded: Callable[[Project], Project]) -> dict[str, str]:
    with folder.open() as project:
        results = materialize(guarded(project), project.definitions.order, tell=lambda _: None)
        return {
            key: result.because
            for key, result in results.items()
            if result.outcome.value in ("failed", "blocked")
        }


def test_a_file_with_a_code_is_neither_placed_nor_left_aside_nor_restored(
    project: tuple[Folder, Callable[[Project], Project]],
) -> None:
    folder, guarded = project
    folder.edit('"WORD"', f'"{CODE}"')
    for attempt in ("made", "restored from the cache, where a project without gates kept it"):
        failed = made(folder, guarded)
        assert failed.keys() == {"notes"}, attempt
        assert (
            "original subject codes stand in figures/notes.txt (1): it was not put in place"
            in failed["notes"]
        )
        assert not list(Path("figures").rglob("*notes*"))
        if attempt == "made":
            made(folder, lambda project: project)
            shutil.rmtree("figures")
    folder.edit(CODE, "nobody")
    assert made(folder, guarded) == {} and Path("figures/notes.txt").read_text() == "nobody"


def test_what_a_build_that_died_left_in_its_copy_is_not_published_though_no_table_has_it(
    project: tuple[Folder, Callable[[Project], Project]],
) -> None:
    """DuckDB does not wipe the blocks of a table that is replaced."""
    folder, guarded = project
    folder.edit('"low"', f'"{CODE}"')
    with dying("before publishing", 0), pytest.raises(Died):
        made(folder, lambda project: project)
    assert CODE.encode() in folder.working_copy.read_bytes()
    folder.edit(f'"{CODE}"', '"lowest"')
    assert made(folder, guarded) == {}
    assert CODE.encode() not in folder.database.read_bytes() and b"lowest" in folder.database.read_bytes()


def test_tables_with_a_code_are_not_published_and_their_working_copy_goes(
    project: tuple[Folder, Callable[[Project], Project]],
) -> None:
    folder, guarded = project
    assert made(folder, guarded) == {}
    before = folder.database.read_bytes()
    folder.edit('"low"', f'"{CODE}"')
    with pytest.raises(TaintedError, match="column `what` of `extremes`"):
        made(folder, guarded)
    assert folder.database.read_bytes() == before and not folder.working_copy.exists()
    folder.edit(f'"{CODE}"', '"lowest"')
    assert made(folder, guarded) == {}
    assert CODE.encode() not in folder.database.read_bytes()
