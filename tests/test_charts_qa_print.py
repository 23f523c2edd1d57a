"""Print (P2) and accessibility (P3): every check catches the mutant that it is for."""

import hashlib
import io
from typing import Any

import pytest
from chart_figures import drawn
from PIL import Image

from assets.charts.publication.sidecar import Sidecar
from tests.chart_mutants import described, everywhere, found, mutant, numbers, walk

# P2


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_broken_picture_is_caught(kind: str) -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    files[kind] = files[kind][:20]
    sidecar["files"][kind]["sha256"] = hashlib.sha256(files[kind]).hexdigest()
    assert ("P2", "sharp and sized") in found(sidecar, files)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_missing_picture_is_caught(kind: str) -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    del files[kind]
    assert found(sidecar, files) == {("P0", "files match")}


def test_a_picture_of_too_few_pixels_is_caught() -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    content = io.BytesIO()
    Image.open(io.BytesIO(files["png"])).save(content, "PNG", dpi=(150, 150))
    files["png"] = content.getvalue()
    described(sidecar, files)
    assert ("P2", "sharp and sized") in found(sidecar, files)


def test_a_picture_that_fits_no_journal_is_caught() -> None:
    assert ("P2", "sharp and sized") in mutant("roc", everywhere("padding", 40))


def test_a_picture_higher_than_a_page_is_caught() -> None:
    assert ("P2", "sharp and sized") in mutant(
        "forest", lambda s: s["spec"]["config"].update(padding={"top": 900})
    )


def test_small_print_is_caught() -> None:
    assert ("P2", "text is large enough") in mutant("roc", everywhere("labelFontSize", 5))


def test_an_axis_without_a_title_is_caught() -> None:
    def untitled(node: dict[str, Any]) -> None:
        if node.get("title") == "False positive rate (1 − specificity)":
            node["title"] = None

    assert mutant("roc", lambda sidecar: walk(sidecar["spec"], untitled)) == {("P2", "axes are titled")}


def test_a_misspelt_field_is_caught() -> None:
    def misspelt(node: dict[str, Any]) -> None:
        if node.get("field") == "auroc":
            node["field"] = "aurocc"

    assert ("P2", "fields exist") in numbers("forest", lambda sidecar: walk(sidecar["spec"], misspelt))


def test_a_misspelt_field_in_a_filter_is_caught() -> None:
    def misspelt(node: dict[str, Any]) -> None:
        if "isValid" in str(node.get("filter", "")):
            node["filter"] = "isValid(datum.nothing)"

    assert ("P2", "fields exist") in numbers("forest", lambda sidecar: walk(sidecar["spec"], misspelt))


def test_two_labels_at_one_place_are_caught() -> None:
    def together(sidecar: Sidecar) -> None:
        first, second = [row for row in sidecar["data"]["labels"] if row["text"]][:2]
        second["text_y"] = first["text_y"] + 2

    assert ("P2", "text is apart") in mutant("decision_curves", together)


def test_a_line_through_a_label_is_caught() -> None:
    def across(sidecar: Sidecar) -> None:
        for row in sidecar["data"]["key"]:
            row["y"] -= 150

    assert ("P2", "text is apart") in mutant("roc", across)


def test_a_symbol_on_a_label_is_caught() -> None:
    def across(sidecar: Sidecar) -> None:
        for row in sidecar["data"]["labels"]:
            row["x"] += 120

    assert ("P2", "text is apart") in mutant("forest", across)


def test_a_label_outside_the_picture_is_caught() -> None:
    fixed_size = {"type": "none", "contains": "padding"}
    assert ("P2", "text is whole") in mutant(
        "roc", lambda sidecar: sidecar["spec"].update(autosize=fixed_size)
    )


def test_a_mark_outside_the_picture_is_caught() -> None:
    def beyond(sidecar: Sidecar) -> None:
        sidecar["spec"]["autosize"] = {"type": "none"}
        sidecar["data"]["highlighted_runs"][5]["false_positive_rate"] = -0.9

    assert ("P2", "marks are whole") in mutant("roc", beyond)


def test_a_font_that_nobody_has_is_caught() -> None:
    assert mutant("roc", lambda sidecar: sidecar["spec"]["config"].update(font="No Such Sans")) >= {
        ("P2", "text is inked")
    }


# P3


def test_colours_that_many_readers_take_for_one_are_caught() -> None:
    alike = everywhere("range", ["#d62728", "#2ca02c", "#8c564b"])
    assert ("P3", "colours differ") in mutant(
        "roc",
        lambda s: walk(s["spec"], lambda n: alike({"spec": n}) if "#0072B2" in n.get("range", []) else None),
    )


def test_lines_that_look_the_same_in_grey_are_caught() -> None:
    def one_dash(node: dict[str, Any]) -> None:
        if "#0072B2" in node.get("range", []):
            node["range"] = ["#D55E00", "#009E73", "#CC79A7"]
        elif [1, 0] in node.get("range", []):
            node["range"] = [[1, 0]] * 3

    assert mutant("roc", lambda sidecar: walk(sidecar["spec"], one_dash)) == {("P3", "lines differ in grey")}


def test_pale_print_is_caught() -> None:
    assert mutant("roc", lambda s: s["spec"]["config"]["axis"].update(labelColor="#aaaaaa")) == {
        ("P3", "colours stand out")
    }


def test_print_that_its_cell_swallows_is_caught() -> None:
    def dark(node: dict[str, Any]) -> None:
        if "#fdf8da" in node.get("range", []):
            node["range"] = ["#001020", "#002040"]

    assert ("P3", "colours stand out") in mutant("heatmap", lambda sidecar: walk(sidecar["spec"], dark))


def test_pale_lines_are_caught() -> None:
    def pale(node: dict[str, Any]) -> None:
        if "#0072B2" in node.get("range", []):
            node["range"] = ["#F0E442", "#D55E00", "#009E73"]

    assert ("P3", "colours stand out") in mutant("roc", lambda sidecar: walk(sidecar["spec"], pale))
