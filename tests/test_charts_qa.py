"""Integrity (P0) and statistics (P1): every check catches the mutant that it is for."""

import io
from typing import Any

import pytest
from chart_figures import TABLES, drawn
from PIL import Image

from assets.charts.publication.sidecar import Sidecar
from tests.chart_mutants import cell, described, found, mutant, numbers, walk

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
