"""Figures of a user's own predictions, in three lines."""

import json
import re
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest

from assets.charts.composition.datasets import split
from assets.charts.composition.style import COLOURS
from assets.engine.errors import UserError
from assets.figures import Models
from assets.stratos import evaluate

ROOT = Path(__file__).resolve().parent.parent
RISKS = np.random.default_rng(5).random((2, 120))
OUTCOME = (np.random.default_rng(6).random(120) < RISKS[0]).astype(int)
NAMES = ("A logistic regression with a long name", "Constant")
GIVEN = {NAMES[0]: RISKS[0], NAMES[1]: np.full(120, 0.4)}
FIGURES = ("roc", "calibration", "dca", "distributions", "forest", "stratos_panel")


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(OUTCOME, GIVEN)


@pytest.fixture(scope="module")
def charts(models: Models) -> dict[str, Any]:
    return {name: getattr(models, name)() for name in FIGURES}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_of_all_models_and_counts_the_subjects(
    name: str, charts: dict[str, Any]
) -> None:
    said = charts[name].usermeta
    assert (said["n_runs"], said["n_subjects"], said["n_events"]) == (2, 120, int(OUTCOME.sum()))
    data = split(charts[name])[1]
    drawn = {row["run_id"] for rows in data.values() for row in rows if "run_id" in row}
    assert set(NAMES) <= drawn
    assert isinstance(charts[name], alt.TopLevelMixin)


def test_the_numbers_are_those_of_evaluate(charts: dict[str, Any]) -> None:
    rows = {row["run_id"]: row for row in split(charts["forest"])[1]["runs"]}
    for name, risks in GIVEN.items():
        wanted = evaluate(OUTCOME, risks, resamples=0)["auroc"]
        limits = (rows[name]["auroc_ci_lower"], rows[name]["auroc_ci_upper"])
        assert rows[name]["auroc"] == pytest.approx(wanted.value, abs=1e-12)
        assert limits == (
            wanted.ci_low and pytest.approx(wanted.ci_low),
            wanted.ci_high and pytest.approx(wanted.ci_high),
        )


def test_a_notebook_shows_a_picture_without_loading_anything(charts: dict[str, Any]) -> None:
    shown = charts["forest"]._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg ")
    for name in NAMES:
        assert name.split()[-1] in shown["image/svg+xml"]
    assert "2 runs" in shown["text/plain"]


def test_models_are_in_colour_in_the_order_given_and_beyond_seven_in_grey() -> None:
    many = {f"model {9 - i}": risks for i, risks in enumerate(np.random.default_rng(1).random((9, 120)))}
    rows = split(Models(OUTCOME, many).forest())[1]["runs"]
    assert [row["run_id"] for row in sorted(rows, key=lambda row: row["row"])] == list(many)
    marks = {row["run_id"]: row["colour"] for row in rows}
    assert [marks[f"model {k}"] for k in range(9, 2, -1)] == COLOURS
    assert marks["model 2"] == marks["model 1"] not in COLOURS


def test_thresholds_of_the_decision_curves_can_be_chosen() -> None:
    one = Models(OUTCOME, {"m": RISKS[0]})
    curves = split(one.dca(thresholds=(0.05, 0.2)))[1]["highlighted_runs"]
    assert {row["threshold"] for row in curves} == {k / 100 for k in range(5, 21)}


def test_nothing_is_written(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Models(OUTCOME, {"m": RISKS[0]}).distributions()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("outcome", "risks", "message"),
    [
        (OUTCOME, RISKS[0], r"give the risks of each model under its name: Models\(y_true, \{"),
        (OUTCOME, {}, "give the risks of each model under its name"),
        (OUTCOME, {"a": RISKS[0], "b": RISKS[0][:-1]}, r"model `b`: y_true has shape \(120,\)"),
        (OUTCOME, {"a": RISKS[0] + 0.5}, r"model `a`: y_prob holds 1\.\d+ at position \d+"),
        (OUTCOME, {"a": np.where(RISKS[0] > 0.5, np.nan, 0.2)}, "model `a`: y_prob holds nan"),
        (OUTCOME + 1, {"a": RISKS[0]}, "model `a`: y_true holds 2"),
        ([], {"a": []}, "model `a`: y_true has shape"),
        (OUTCOME, {"a": np.column_stack([1 - RISKS[0], RISKS[0]])}, "of two columns of predict_proba"),
        (OUTCOME, {7: RISKS[0]}, "a model's name is 7: give each a text"),
        (OUTCOME, {" ": RISKS[0]}, "a model's name is ' '"),
        (
            pd.Series(OUTCOME),
            {"a": pd.Series(RISKS[0]).sample(frac=1, random_state=1)},
            "model `a`: .* in another order",
        ),
    ],
)
def test_what_is_no_prediction_is_refused_in_one_line_that_names_the_model(
    outcome: Any, risks: Any, message: str
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        Models(outcome, risks)
    assert "\n" not in str(raised.value)


def test_a_figure_that_the_data_do_not_allow_is_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="no AUROC"):
        Models(np.zeros(30), {"m": RISKS[0][:30]}).forest()


@pytest.mark.parametrize("name", ["calibration", "distributions", "stratos_panel"])
def test_subjects_who_all_have_one_outcome_are_drawn_and_what_is_not_estimable_says_so(name: str) -> None:
    figure = getattr(Models(np.zeros(30), {"m": RISKS[0][:30]}), name)()
    assert (figure.usermeta["n_runs"], figure.usermeta["n_events"]) == (1, 0)
    json.dumps(split(figure), allow_nan=False)


@pytest.mark.parametrize("name", ["forest", "stratos_panel"])
def test_the_axis_of_models_that_are_never_wrong_ends_at_1_and_has_a_length(name: str) -> None:
    spec = str(split(getattr(Models(OUTCOME, {"m": OUTCOME * 0.8 + 0.1}), name)())[0])
    assert "'domain': [0.95, 1" in spec


def test_the_lines_of_the_documentation_draw_a_figure() -> None:
    page = (ROOT / "assets" / "figures" / "README.md").read_text("utf-8")
    (lines,) = [code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Models" in code]
    *before, last = lines.strip().splitlines()
    given = {"y_true": OUTCOME, "p_logistic": RISKS[0], "p_boosting": RISKS[1]}
    exec("\n".join(before), given)
    assert eval(last, given).usermeta["n_runs"] == 2
