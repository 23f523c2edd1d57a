"""All figures on one sheet: each below its name, none over another, the same bytes every time."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assets import documents
from assets.charts.contact_sheet import contact_sheet
from assets.engine.lineage.entries import Entry, Lineage

COLOURS = {
    "roc": (255, 0, 0),
    "page": (0, 128, 0),
    "tall": (0, 0, 255),
    "dca": (200, 0, 200),
    "next": (0, 200, 200),
}
SIZES = {
    "roc": (1050, 900),
    "page": (2162, 600),
    "tall": (1050, 2700),
    "dca": (1050, 300),
    "next": (1050, 300),
}
SHEET = (236, 239, 241)


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path | str]:
    for name, size in SIZES.items():
        Image.new("RGB", size, COLOURS[name]).save(tmp_path / f"{name}.png", dpi=(300, 300))
    return {name: tmp_path / f"{name}.png" for name in SIZES}


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def test_every_figure_is_there_whole_at_a_third_of_its_size(pictures: dict[str, Path | str]) -> None:
    sheet = opened(contact_sheet(pictures))
    counts = {colour: n for n, colour in sheet.getcolors(1 << 24) or []}
    for name, (width, height) in SIZES.items():
        reduced = -(-width // 3) * -(-height // 3)
        assert counts[COLOURS[name]] == reduced, name


def test_a_sheet_has_the_same_bytes_again_and_says_how_large_it_is(pictures: dict[str, Path | str]) -> None:
    first, again = contact_sheet(pictures), contact_sheet(dict(pictures))
    assert first == again
    assert Image.open(io.BytesIO(first)).info["dpi"] == pytest.approx((100, 100), abs=0.1)


def test_a_name_stands_over_each_figure(pictures: dict[str, Path | str]) -> None:
    sheet = opened(contact_sheet(pictures))
    pixels = np.asarray(sheet)
    for colour in COLOURS.values():
        top, left = np.argwhere((pixels == colour).all(axis=2))[0]
        above = sheet.crop((left, top - 21, left + 30, top - 2)).getcolors() or []
        assert len(above) > 1 and max(above)[1] == SHEET, "text on the sheet's own ground"


def test_a_figure_that_is_not_in_place_has_a_card_that_says_so(pictures: dict[str, Path | str]) -> None:
    without = opened(contact_sheet({"roc": "not in place"}))
    ink = [n for n, colour in without.getcolors(1 << 24) or [] if colour == (0, 0, 0)]
    assert without.height < 150 and ink[0] > 50
    assert contact_sheet({"roc": "kept out"}) != contact_sheet({"roc": "not in place"})


def test_no_figures_at_all_are_an_empty_sheet() -> None:
    assert [colour for _, colour in opened(contact_sheet({})).getcolors() or []] == [SHEET]


@pytest.mark.parametrize(("privacy", "words"), [("aggregate", None), ("row_level", "shows single subjects")])
def test_the_document_shows_the_figures_of_the_study_but_for_those_of_single_subjects(
    pictures: dict[str, Path | str], tmp_path: Path, privacy: str, words: str | None
) -> None:
    sidecar = tmp_path / "roc.json"
    sidecar.write_text(json.dumps({"privacy": privacy}))
    files = (tmp_path / "roc.svg", tmp_path / "roc.png", tmp_path / "roc.qa.json", sidecar)
    entries = {
        "runs": Entry("runs", "table"),
        "roc": Entry("roc", "figure", files=files),
        "dca": Entry("dca", "figure"),
    }
    written = documents.contact_sheet.function(lineage=Lineage(entries), output=tmp_path / "sheet.png")
    wanted = contact_sheet({"roc": words or pictures["roc"], "dca": "not in place"})
    assert written.read_bytes() == wanted
