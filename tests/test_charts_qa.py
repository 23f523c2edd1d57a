"""Every check catches the mutant that it is for."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from chart_figures import TABLES, Files, drawn
from PIL import Image

from assets.charts.pictures import size_of
from assets.charts.qa import check_figure, check_sidecar
from assets.charts.sidecar import Sidecar, redraw

Change = Callable[[Sidecar], None]


def found(sidecar: Sidecar, files: Files, tables: dict[str, str] | None = None) -> set[tuple[str, str]]:
    return {(finding.level, finding.check) for finding in check_figure(sidecar, files, tables)}


def described(sidecar: Sidecar, files: Files) -> None:
    """Make the sidecar's description of its files true again, so that only the mutation is wrong."""
    for kind, content in files.items():
        entry = sidecar["files"][kind]
        entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        entry.update(width_mm=size_of(kind, content).width_mm, height_mm=size_of(kind, content).height_mm)


def mutant(name: str, change: Change, *size: int) -> set[tuple[str, str]]:
    """What is found in a figure that was drawn from changed data or a changed spec."""
    sidecar, _ = drawn(name, *(size or (3, 1, 1)))
    change(sidecar)
    pictures = redraw(sidecar)
    files = {"png": pictures.png, "svg": pictures.svg, "pdf": pictures.pdf}
    described(sidecar, files)
    return found(sidecar, files)


def numbers(name: str, change: Change, *size: int) -> set[tuple[str, str]]:
    """What is found in a sidecar with changed data, without drawing it."""
    sidecar, _ = drawn(name, *(size or (3, 1, 1)))
    change(sidecar)
    return {(finding.level, finding.check) for finding in check_sidecar(sidecar)}


def cell(dataset: str, column: str, value: Any, row: int = 0) -> Change:
    return lambda sidecar: sidecar["data"][dataset][row].update({column: value})


def walk(node: Any, visit: Callable[[dict[str, Any]], None]) -> None:
    if isinstance(node, dict):
        visit(node)
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        walk(inner, visit)


def everywhere(name: str, value: Any) -> Change:
    """Replace every property of that name in the spec."""

    def visit(node: dict[str, Any]) -> None:
        if name in node:
            node[name] = value

    return lambda sidecar: walk(sidecar["spec"], visit)


# P0


def test_a_sound_figure_drawn_from_the_tables_of_today_has_no_findings() -> None:
    assert found(*drawn("roc", 3, 1, 1), tables=TABLES) == set()


def test_a_figure_without_sources_is_caught() -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    sidecar["sources"] = {}
    assert found(sidecar, files) == {("P0", "provenance")}


@pytest.mark.parametrize("tables", [{**TABLES, "curves": "v3"}, {"curves": "v2"}, {}])
def test_a_figure_of_other_tables_is_caught(tables: dict[str, str]) -> None:
    assert found(*drawn("roc", 3, 1, 1), tables=tables) == {("P0", "provenance")}


def test_a_malformed_sidecar_is_caught_before_anything_else() -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    del sidecar["caption"]
    assert found(sidecar, files) == {("P0", "sidecar is valid")}


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_picture_that_was_touched_up_is_caught(kind: str) -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    files[kind] += b" "
    assert ("P0", "files match") in found(sidecar, files)


def test_a_picture_of_other_numbers_is_caught() -> None:
    sidecar, files = drawn("forest", 3, 1, 1)
    sidecar["data"]["runs"][0]["auroc"] += 0.01
    assert found(sidecar, files) == {("P0", "redraws")}


@pytest.mark.parametrize("mark", ["__SYNTHETIC_run", "mock_3", "simulated", "Placeholder run", "dummy-1"])
def test_a_run_that_is_made_up_is_caught(mark: str) -> None:
    assert ("P0", "real origin") in numbers("forest", cell("runs", "run_id", mark))


def test_settings_that_tell_of_made_up_data_are_caught() -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    sidecar["ingredients"]["settings"] = {"store": ["data/synthetic/mlruns"]}
    assert found(sidecar, files) == {("P0", "real origin")}


def test_a_classifier_that_happens_to_be_called_so_is_not_made_up() -> None:
    assert numbers("forest", cell("runs", "classifier", "DummyClassifier")) == set()


@pytest.mark.parametrize("dataset", ["highlighted_runs", "diagonal"])
def test_a_figure_without_data_is_caught(dataset: str) -> None:
    assert ("P0", "has data") in numbers("roc", lambda sidecar: sidecar["data"][dataset].clear())


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("roc", "highlighted_runs"),
        ("calibration", "highlighted_runs"),
        ("calibration", "predicted_risks"),
        ("decision_curves", "highlighted_runs"),
        ("distributions", "predicted_risks"),
    ],
)
def test_one_curve_under_two_names_is_caught(name: str, dataset: str) -> None:
    def copy(sidecar: Sidecar) -> None:
        table = sidecar["data"][dataset]
        twins = [{**row, "run_id": "run001"} for row in table if row["run_id"] == "run000"]
        sidecar["data"][dataset] = [row for row in table if row["run_id"] != "run001"] + twins

    assert ("P0", "curves differ") in numbers(name, copy)


def test_one_curve_of_two_runs_in_the_background_is_a_warning() -> None:
    def copy(sidecar: Sidecar) -> None:
        table = sidecar["data"]["other_runs"]
        run = table[0]["run_id"]
        table += [{**row, "run_id": "another"} for row in table if row["run_id"] == run]

    assert numbers("roc", copy, 4, 4, 4) == {("P2", "curves differ")}


def test_a_blank_picture_is_caught() -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    blank = Image.open(io.BytesIO(files["png"])).convert("RGB").point(lambda _: 255)
    content = io.BytesIO()
    blank.save(content, "PNG", dpi=(300, 300))
    files["png"] = content.getvalue()
    described(sidecar, files)
    assert {("P0", "shows something"), ("P0", "redraws"), ("P2", "text is inked")} <= found(sidecar, files)


def test_axes_without_anything_in_them_are_caught() -> None:
    def no_marks(node: dict[str, Any]) -> None:
        if "layer" in node:
            node["layer"] = [
                part
                for part in node["layer"]
                if part.get("mark", {}).get("type") not in ("line", "rule", "point")
            ]

    assert ("P0", "shows something") in mutant("roc", lambda sidecar: walk(sidecar["spec"], no_marks))


# P1


@pytest.mark.parametrize(
    ("name", "dataset", "column", "value"),
    [
        ("forest", "runs", "auroc", 1.2),
        ("heatmap", "cells", "auroc", -0.1),
        ("roc", "highlighted_runs", "true_positive_rate", 1.5),
        ("calibration", "highlighted_runs", "predicted", -0.2),
        ("decision_curves", "highlighted_runs", "threshold", 1.1),
        ("distributions", "predicted_risks", "n", -1),
        ("distributions", "predicted_risks", "density", -0.5),
    ],
)
def test_an_impossible_number_is_caught(name: str, dataset: str, column: str, value: float) -> None:
    assert ("P1", "in range") in numbers(name, cell(dataset, column, value))


@pytest.mark.parametrize(
    ("name", "dataset", "column", "value"),
    [
        ("forest", "runs", "auroc_ci_lower", 0.99),
        ("forest", "runs", "auroc_ci_upper", 0.1),
        ("forest", "runs", "auroc_ci_upper", None),
        ("calibration", "highlighted_runs", "ci_lower", 5),
    ],
)
def test_an_interval_that_does_not_hold_its_estimate_is_caught(
    name: str, dataset: str, column: str, value: Any
) -> None:
    assert ("P1", "intervals hold") in numbers(name, cell(dataset, column, value))


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [("calibration", "n", 3), ("distributions", "n", 3), ("distributions", "density", 4)],
)
def test_counts_that_do_not_add_up_are_caught(name: str, column: str, value: float) -> None:
    assert ("P1", "counts add up") in numbers(name, cell("predicted_risks", column, value))


def test_more_events_than_subjects_are_caught() -> None:
    sidecar, files = drawn("roc", 3, 1, 1)
    sidecar["n_events"] = 172
    assert found(sidecar, files) == {("P1", "counts add up")}


@pytest.mark.parametrize(("row", "value"), [(0, 0.5), (3, 0.0)])
def test_a_roc_curve_that_starts_wrong_or_turns_back_is_caught(row: int, value: float) -> None:
    assert ("P1", "ROC curves rise") in numbers(
        "roc", cell("highlighted_runs", "true_positive_rate", value, row)
    )


@pytest.mark.parametrize("value", [0.9, -3.0])
def test_a_net_benefit_that_cannot_be_is_caught(value: float) -> None:
    assert ("P1", "net benefit is possible") in numbers(
        "decision_curves", cell("highlighted_runs", "net_benefit", value, 9)
    )


def test_a_decision_curve_without_treating_none_is_caught() -> None:
    def drop(sidecar: Sidecar) -> None:
        sidecar["data"]["strategies"] = [
            row for row in sidecar["data"]["strategies"] if row["run_id"] == "Treat all"
        ]

    assert numbers("decision_curves", drop) == {("P1", "net benefit is possible")}


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
