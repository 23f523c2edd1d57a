"""Files that speak of the whole project: told of every other asset, made after all of them, remade when one moved."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.engine.errors import UserError
from assets.engine.lineage.entries import ColumnEntry
from assets.engine.lineage.gathering import gathered
from tests.command_runs import run
from tests.project_folders import Folder

STUDY = '''
import json
from assets.engine import Lineage

class Settings:
    folder = "out"

SETTINGS = Settings()

@observable_source_asset
def raw(memo):
    """Whole numbers."""
    return observed_files("raw.txt", memo=memo)

@asset(primary_key="id", columns={"v": "what was measured"}, group_name="evidence")
def base(raw) -> pa.Table:
    """One measurement."""
    values = [int(word) for word in raw[0].read_text().split()]
    return pa.table({"id": pa.array(range(len(values)), pa.int64()), "v": pa.array(values, pa.int64())})

@asset(path="{folder}/page.txt")
def page(lineage: Lineage, output) -> Path:
    """All that there is."""
    return written(lineage, output)

@asset(path="{folder}/sheet.txt")
def sheet(lineage: Lineage, connection: duckdb.DuckDBPyConnection, output) -> Path:
    return written(lineage, output)

@asset(path="{folder}/peak.txt")
def peak(base: pa.Table, output) -> Path:
    output.write_text(str(max(base["v"].to_pylist())))
    return output

def written(lineage, output):
    said = {k: [e.kind, e.state, e.because, e.n_rows, [str(f) for f in e.files]] for k, e in lineage.entries.items()}
    output.write_text(json.dumps(said))
    return output
'''
EVERY = {"base", "peak", "page", "sheet"}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write(STUDY)
    (tmp_path / "raw.txt").write_text("10 20 30")
    assert made.ran() == EVERY
    return made


def told(folder: Folder, name: str = "page") -> dict[str, list[Any]]:
    """What a file says that it was told: by key the kind, state, reason, number of rows and files."""
    said: dict[str, list[Any]] = json.loads((folder.path / f"out/{name}.txt").read_text())
    return said


def test_a_file_is_told_of_every_source_and_asset_and_of_the_files_that_were_told_before_it(
    folder: Folder,
) -> None:
    others = {
        "raw": ["source", "", "", None, []],
        "base": ["table", "fresh", "", 3, []],
        "peak": ["file", "fresh", "", None, ["out/peak.txt", "out/peak.txt.asset.json"]],
    }
    assert told(folder) == others
    assert told(folder, "sheet") == others | {
        "page": ["file", "fresh", "", None, ["out/page.txt", "out/page.txt.asset.json"]]
    }


def test_an_entry_says_what_an_asset_is_and_reads_and_what_its_columns_mean(folder: Folder) -> None:
    with folder.open() as project:
        lineage = gathered(project.look(), project.definitions.assets["page"])
    base = lineage["base"]
    assert base.group_name == "evidence" and base.description == "One measurement."
    assert base.upstream == ("raw",) and base.data_version == folder.versions()["base"]
    assert base.columns == (ColumnEntry("id", "BIGINT"), ColumnEntry("v", "BIGINT", "what was measured"))
    assert base.libraries["pyarrow"] and [entry.key for entry in lineage.of_kind("file")] == ["peak"]
    raw = lineage["raw"]
    with folder.open() as project:
        assert raw.data_version == project.look().records["base"].ingredients.inputs["raw"]
    assert lineage.graph().nodes["peak"].reads == ("base",)
    assert all(replace(base, **{name: changed}).digest != base.digest for name, changed in OTHERWISE.items())


OTHERWISE: dict[str, Any] = {
    "key": "other",
    "kind": "file",
    "group_name": "other",
    "description": "Something else.",
    "upstream": (),
    "data_version": None,
    "state": "stale",
    "because": "never built",
    "n_rows": 4,
    "columns": (ColumnEntry("id", "BIGINT"), ColumnEntry("v", "BIGINT", "what was counted")),
    "files": (Path("x"),),
    "libraries": {},
}


def test_a_file_is_made_again_when_anything_that_it_tells_moved_and_only_then(folder: Folder) -> None:
    folder.edit("[int(word) for", "[int(word)  # a comment\n              for")
    assert folder.ran() == set()
    (folder.path / "raw.txt").write_text("10 20 30 5")
    assert folder.states() == {"base": "stale"} | dict.fromkeys(EVERY - {"base"}, "unsure")
    assert folder.decisions()["page"].because() == "waits for base, peak"
    assert folder.build() == {"base": "built", "peak": "unchanged", "page": "built", "sheet": "built"}
    assert told(folder)["base"][3] == 4
    folder.edit("One measurement.", "One of the measurements.")
    assert folder.ran() == {"page", "sheet"}, "a description makes no rows, and is told"


def test_a_failed_asset_is_told_of_and_blocks_only_what_reads_it(folder: Folder) -> None:
    before = folder.files()
    folder.edit(
        "    output.write_text(str(max(", '    raise UserError("no peak")\n    output.write_text(str(max('
    )
    assert folder.build(jobs=2) == {"base": "skipped", "peak": "failed", "page": "built", "sheet": "built"}
    assert told(folder)["peak"][1:3] == ["stale", "code changed: my_assets:peak"]
    assert told(folder, "sheet")["page"][1] == "fresh", "it says what failed"
    assert folder.build() == {"base": "skipped", "peak": "failed", "page": "skipped", "sheet": "skipped"}
    assert folder.states() == {"base": "fresh", "peak": "stale", "page": "unsure", "sheet": "unsure"}
    folder.edit('    raise UserError("no peak")\n', "")
    assert folder.build() == {"base": "skipped", "peak": "skipped", "page": "restored", "sheet": "restored"}
    assert folder.files()["out/page.txt"] == before["out/page.txt"]


def test_a_table_that_failed_is_told_of_where_nothing_could_be_published(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(STUDY)
    (tmp_path / "raw.txt").write_text("ten")
    assert folder.build() == {"base": "failed", "peak": "blocked", "page": "built", "sheet": "built"}
    assert told(folder)["base"] == ["table", "missing", "never built", None, []]
    assert told(folder)["peak"][1:] == ["missing", "never built", None, []]


def test_what_was_tampered_with_is_told_by_a_file_that_is_made_alone(folder: Folder) -> None:
    (folder.path / "out/peak.txt").write_text("9")
    assert folder.ran("page") == {"page"}
    assert told(folder)["peak"][1:3] == ["stale", "output was changed by hand"]
    assert folder.build() == {"base": "skipped", "peak": "restored", "page": "restored", "sheet": "skipped"}


def test_the_same_is_told_where_the_sources_are_away(folder: Folder) -> None:
    before = folder.files()
    (folder.path / "raw.txt").unlink()
    assert set(folder.states().values()) == {"fresh"}
    assert folder.build("page", "sheet", force=True) == {"page": "unchanged", "sheet": "unchanged"}
    assert told(folder) == json.loads(before["out/page.txt"])


def test_what_comes_back_from_the_cache_is_foreseen(folder: Folder) -> None:
    for name in ("peak", "page", "sheet"):
        (folder.path / f"out/{name}.txt").unlink()
    assert folder.plan() == {"base": "keep"} | dict.fromkeys(EVERY - {"base"}, "restore")
    assert folder.build() == {"base": "skipped"} | dict.fromkeys(EVERY - {"base"}, "restored")


def test_being_told_of_an_asset_counts_as_reading_it_in_a_selection(folder: Folder) -> None:
    with folder.open() as project:
        select = project.definitions.select
        assert set(select(["peak+"])) == {"peak", "page", "sheet"}
        assert set(select(["+page"])) == EVERY - {"sheet"} and set(select(["+peak"])) == {"base", "peak"}


def test_why_names_what_was_told_otherwise(folder: Folder) -> None:
    folder.edit("One measurement.", "One of the measurements.")
    lines = run(folder, "why", "page").lines
    assert lines[0] == "page is stale: input changed: base."
    assert "inputs same: peak, raw" in lines


MISTAKES = {
    "only a file may speak of": "@asset\ndef t(lineage) -> pa.Table:\n    ...\n",
    "nothing can be made from it": '@asset(path="x")\ndef x(page: Path, output) -> Path:\n    ...\n',
    "`lineage` cannot be an asset's name": "@asset\ndef lineage() -> pa.Table:\n    ...\n",
    "names `colour`, which is no setting": '@asset(path="{colour}/x")\ndef x(output) -> Path:\n    ...\n',
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_is_refused_when_it_is_declared(tmp_path: Path, said: str) -> None:
    folder = Folder(tmp_path)
    folder.write(STUDY + MISTAKES[said])
    with pytest.raises(UserError, match=said), folder.open():
        pass
