"""`assets qa`: what the checks say today of the figures in place, and of those that they kept out."""

import json
import re
from pathlib import Path

import pytest

from assets.commands import judging
from tests.command_runs import Said, said
from tests.gallery_folders import Drawing
from tests.test_commands_json import DOCUMENTED, paths


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Drawing:
    return Drawing.dots(tmp_path_factory.mktemp("dots"))


@pytest.fixture
def folder(built: Drawing, tmp_path: Path) -> Drawing:
    return built.copy(tmp_path / "copy")


def qa(folder: Drawing, patch: pytest.MonkeyPatch, *arguments: str) -> Said:
    with folder.open() as project:
        patch.setattr(judging, "project_of", lambda _: project)
        return said("qa", *arguments)


def test_a_sound_figure_passes_and_nothing_is_written(
    folder: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = folder.files()
    found = qa(folder, monkeypatch)
    assert found.code == 0 and len(found.lines) == 1
    assert re.fullmatch(r"passed dots \d+ passed, \d+ not applicable", found.lines[0])
    assert folder.files() == before


def test_json_tells_every_check_as_documented(folder: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.verdict.unlink()
    found = qa(folder, monkeypatch, "dots", "--json").json
    assert set(paths(found)) == DOCUMENTED["qa"]
    assert [check["level"] for check in found["figures"][0]["checks"]] == sorted(
        check["level"] for check in found["figures"][0]["checks"]
    )


def test_an_edited_picture_fails_and_the_edited_verdict_is_told_of(
    folder: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder.path / "figures/dots.png").open("ab") as file:
        file.write(b" ")
    folder.verdict.write_text(folder.verdict.read_text().replace("Every table", "Any table"))
    found = qa(folder, monkeypatch)
    assert found.code == 1 and found.lines[0].startswith("failed dots")
    assert found.lines[1:] == [
        "dots P0 files are those drawn dots.png is not the one that was drawn",
        "dots the verdict beside it is gone or was edited",
    ]


def test_tables_that_moved_on_are_told_of_and_without_a_database_nothing_is_compared(
    folder: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.edit("10.0, 30.0, 20.0", "10.0, 30.0, 21.0")
    assert folder.ran("weights") == {"weights"}
    found = qa(folder, monkeypatch)
    assert found.code == 1 and "P0 sources are current drawn from `weights`" in found.lines[1]
    folder.database.unlink()
    assert qa(folder, monkeypatch).code == 0


def test_a_figure_that_was_kept_out_is_told_of_whether_an_older_one_is_in_place_or_none(
    folder: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.edit('["a", "b", "c"], None)', '["a", "b"], None)')
    assert "dots" in folder.failures("dots")
    found = qa(folder, monkeypatch)
    assert found.code == 1 and found.lines[0].startswith("passed dots")
    assert found.lines[-1] == "dots a newer one was kept out: see .assets/qa/dots.json"
    (folder.path / "figures/data/dots.json").unlink()
    found = qa(folder, monkeypatch)
    assert found.code == 1 and found.lines[0].startswith("kept out dots")
    assert found.lines[1].startswith("dots P1 runs are counted")


def test_a_figure_that_was_kept_out_and_taken_back_is_told_of_no_more(
    folder: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.edit('["a", "b", "c"], None)', '["a", "b"], None)')
    assert "dots" in folder.failures("dots")
    folder.edit('["a", "b"], None)', '["a", "b", "c"], None)')
    found = qa(folder, monkeypatch)
    assert found.code == 0 and len(found.lines) == 1


def test_a_figure_that_was_never_drawn_is_missing_and_a_broken_sidecar_fails(
    folder: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = folder.path / "figures/data/dots.json"
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "caption": ""}))
    assert "P0 sidecar is valid $.caption" in qa(folder, monkeypatch).lines[1]
    for broken in ("{", "[]"):
        sidecar.write_text(broken)
        assert "P0 sidecar is valid" in qa(folder, monkeypatch).lines[1]
    sidecar.unlink()
    found = qa(folder, monkeypatch)
    assert (found.code, found.lines) == (0, ["missing dots"])


def test_a_selection_without_figures_is_a_mistake(folder: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    found = qa(folder, monkeypatch, "weights")
    assert found.code == 1 and "no figure among weights" in found.err
