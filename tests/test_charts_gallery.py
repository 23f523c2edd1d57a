"""What the checks say is placed with a figure, guarded with it, or kept apart when it keeps the figure out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.charts.qa.verdict import load
from tests.gallery_folders import Drawing, Here


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Drawing:
    return Drawing.dots(tmp_path_factory.mktemp("dots"))


@pytest.fixture
def folder(built: Drawing, tmp_path: Path) -> Drawing:
    return built.copy(tmp_path / "copy")


def test_a_verdict_is_placed_with_the_figure_and_speaks_of_its_files(folder: Drawing) -> None:
    verdict = load(folder.verdict.read_bytes())
    sidecar = json.loads((folder.path / "figures/data/dots.json").read_text())
    assert verdict.outcome == "passed" and verdict.figure_id == "dots"
    assert verdict.judged == {
        "data_version": sidecar["data_version"],
        **{kind: described["sha256"] for kind, described in sidecar["files"].items()},
    }


def test_a_second_build_judges_nothing_and_another_folder_gives_the_same_bytes(
    folder: Drawing, tmp_path: Path
) -> None:
    before = folder.files()
    assert folder.ran() == set() and folder.files() == before
    assert Drawing.dots(tmp_path / "again").verdict.read_bytes() == folder.verdict.read_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(
            path.read_text().replace('"passed", "promise"', '"failed", "promise"', 1)
        ),
        lambda path: path.write_text(path.read_text().replace("dots", "other")),
        lambda path: path.write_text("{}"),
        lambda path: path.write_bytes(b"\xff"),
    ],
    ids=["gone", "edited", "of another figure", "empty", "no text"],
)
def test_a_verdict_that_was_tampered_with_makes_the_figure_stale_and_it_is_drawn_again(
    folder: Drawing, spoil: Callable[[Path], object]
) -> None:
    right = folder.verdict.read_bytes()
    spoil(folder.verdict)
    assert folder.reasons("dots") == {("OUTPUT_EDITED", "")}
    assert folder.ran() == {"dots"} and folder.verdict.read_bytes() == right


def test_a_figure_that_fails_is_kept_out_with_its_verdict_apart_until_one_passes(folder: Drawing) -> None:
    old = {name: content for name, content in folder.files().items() if name.startswith("figures/")}
    folder.edit('["a", "b", "c"], None)', '["a", "b"], None)')
    told = folder.failures("dots")["dots"]
    assert told.startswith(
        "figure `dots` fails its checks and is kept out (see .assets/qa/dots.json): "
        "P1 runs are counted: 2 runs are told, and 3 drawn"
    )
    assert load(folder.refused.read_bytes()).outcome == "failed"
    assert old.items() <= folder.files().items()
    folder.edit('["a", "b"], None)', '["a", "b", "c"], None)')
    folder.edit("Weights by length.", "Weights by their length.")
    assert folder.ran() == {"dots"} and not folder.refused.exists()


def test_a_figure_with_a_fault_of_print_is_placed_and_the_verdict_says_so(folder: Drawing) -> None:
    folder.edit("Weight (kg)", "Weight")
    folder.edit('title="Length (mm)"', "title=None")
    assert folder.ran() == {"dots"}
    verdict = load(folder.verdict.read_bytes())
    assert verdict.outcome == "warned"
    assert [(finding.level, finding.check) for finding in verdict.findings] == [("P2", "axes are titled")]


def test_a_figure_of_tables_that_moved_on_meanwhile_is_kept_out(folder: Drawing) -> None:
    folder.edit("Weights by length.", "Weights by their length.")
    with folder.open() as project, project.build_files(forced=[], tell=print) as build:
        staged = build.stage("dots")
        build.export(staged)
        build.inventory.versions["weights"] = "another"
        with pytest.raises(Exception, match="P0 sources are current: drawn from `weights`"):
            build.commit(staged)


def places(value: Any, *way: Any) -> Iterator[tuple[Any, ...]]:
    """The way to each number, text or null of a document."""
    if not isinstance(value, dict | list):
        yield way
        return
    for step, within in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places(within, *way, step)


def test_whatever_is_edited_in_a_sidecar_is_seen(folder: Drawing) -> None:
    path = folder.path / "figures/data/dots.json"
    gallery, written = Here(folder.path / "figures"), path.read_text()
    unseen, looks = [], 0
    for *way, last in places(json.loads(written)):
        edited = held = json.loads(written)
        for step in way:
            held = held[step]
        held[last] = held[last] + ("!" if isinstance(held[last], str) else 1) if held[last] is not None else 1
        path.write_text(json.dumps(edited))
        records, versions = gallery.look(["dots"])
        if records and records["dots"].data_version == versions["dots"]:
            unseen.append([*way, last])
        looks += 1
    # this project does not say what its figures are drawn with, so no record does
    assert unseen == [["libraries", "vl-convert-python"]] and looks > 100


def test_no_sidecar_can_be_made_to_vouch_for_another_picture(folder: Drawing) -> None:
    path, gallery = folder.path / "figures/data/dots.json", Here(folder.path / "figures")
    (folder.path / "figures/dots.png").write_bytes(b"another")
    seen = gallery.look(["dots"])[1]["dots"]
    path.write_text(json.dumps({**json.loads(path.read_text()), "data_version": seen}))
    records, versions = gallery.look(["dots"])
    assert records["dots"].data_version == seen != versions["dots"]
