"""`evaluate` and `evaluate_runs`: every reference number, every input, every name."""

import json
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.stratos import Measure, evaluate, evaluate_runs
from assets.stratos.catalogue import MEASURES
from assets.stratos.estimates import STATUSES
from assets.stratos.evaluation import ALIASES, _stem
from tests.measure_cases import ALL_CASES, CASES, every_case, run, runs_of_few_sizes, subjects
from tests.oracle_deviations import compared, deviations, evaluated

GIVEN = {"ok", "certain_left_out"}


@pytest.mark.parametrize("case", ALL_CASES)
def test_every_reference_number_is_met_within_its_tolerance(case):
    off = [
        f"{d.name} {d.part}: {d.ours} is not {d.reference}" for d in deviations(case) if d.size > d.tolerance
    ]
    assert not off
    assert len(compared(case)) >= 20


def test_a_measure_can_be_read_by_attribute_and_by_name():
    found = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], resamples=0)["auroc"]
    assert (found.value, found["value"]) == (0.75, 0.75)
    assert list(found) == ["value", "ci_low", "ci_high", "method", "status", "n", "limit"]
    assert Measure(**found) == found
    json.dumps(dict(found), allow_nan=False)
    with pytest.raises(KeyError):
        found["variance"]


def test_names_come_in_the_order_of_the_catalogue_and_all_of_it_comes():
    rows = subjects("pima_glm")
    found = evaluate(rows.y_true, rows.y_prob, resamples=0, target_prevalence=0.1, advised_against=True)
    names = [_stem(name) for name in found if _stem(name) in MEASURES]
    assert list(dict.fromkeys(names)) == list(MEASURES)


def test_what_is_advised_against_comes_only_when_asked_for():
    usual = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], resamples=0)
    asked = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], resamples=0, advised_against=True)
    assert set(usual) < set(asked)
    assert {"f1@0.10", "auprc", "accuracy@0.10", "mape"} <= set(asked) - set(usual)


def test_every_usual_measure_has_an_interval():
    without = {name for name, found in evaluated("pima_glm").items() if not found.method}
    advised = set(evaluated("pima_glm")) - set(evaluate([0, 1], [0.1, 0.9], resamples=50))
    described = {name for name in without if name.startswith("risk_")}
    assert without - advised - described == {"auroc_delong_se", "log_loss__clip_1e-15"}


@given(runs_of_few_sizes)
@settings(max_examples=20, deadline=None)
def test_no_input_warns_hangs_or_leaves_a_number_outside_its_range(frame):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate_runs(frame, resamples=20, advised_against=True)
    rows = found.replace({np.nan: None}).to_dict("records")
    values = {(row["run_id"], row["measure"]): (row["value"], row["limit"]) for row in rows}
    for row in rows:
        name, value, low, high = (row[part] for part in ("measure", "value", "ci_low", "ci_high"))
        assert row["status"] in STATUSES, name
        assert value is not None or row["status"] not in GIVEN, name
        assert all(number is None or math.isfinite(number) for number in (value, low, high)), name
        one_sided = row["status"] == "limits_unbounded" or "profile" in name
        assert (low is None) == (high is None) or one_sided
        if low is not None and high is not None:
            assert low <= high, name
        if _stem(name) in MEASURES and value is not None and not name.startswith("auroc_delong_se"):
            definition = MEASURES[_stem(name)]
            assert definition.low <= value <= definition.high, name
        of = values[row["run_id"], name.removesuffix("__bootstrap_ci")]
        assert (value is None, row["limit"]) == (of[0] is None, of[1]), name


@given(runs_of_few_sizes, st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_neither_the_order_of_rows_nor_the_company_changes_a_bit(frame, random):
    whole = evaluate_runs(frame, resamples=20)
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(evaluate_runs(frame.iloc[order], resamples=20), whole, check_exact=True)
    chosen = random.choice(sorted(set(frame.run_id)))
    alone = evaluate_runs(frame[frame.run_id == chosen], resamples=20)
    pd.testing.assert_frame_equal(
        alone, whole[whole.run_id == chosen].reset_index(drop=True), check_exact=True
    )


def test_a_frame_of_runs_says_what_each_run_says_alone():
    frame = every_case()
    together = evaluate_runs(frame, resamples=50).set_index(["run_id", "measure"])
    for case in CASES:
        rows = subjects(case)
        for name, found in evaluate(rows.y_true, rows.y_prob, resamples=50).items():
            row = together.loc[case, ALIASES.get(name, name)]
            assert (row.status, row.n, row.method) == (found.status, found.n, found.method)
            assert row.value == found.value or (found.value is None and np.isnan(row.value)), (case, name)
            assert row.ci_low == found.ci_low or (found.ci_low is None and np.isnan(row.ci_low)), (case, name)


def test_an_empty_frame_has_no_measures_and_the_same_columns():
    columns = evaluate_runs(run("r", [0, 1], [0.2, 0.3]), resamples=0).columns
    assert list(evaluate_runs(run("r", [], [])).columns) == list(columns)


@pytest.mark.parametrize(
    ("y_true", "y_prob", "message"),
    [
        ([], [], "shape"),
        ([0, 1], [0.5], "shape"),
        ([0, 1, 2], [0.1, 0.2, 0.3], "y_true holds 2.0 at position 2"),
        ([0, np.nan], [0.1, 0.2], "y_true holds nan"),
        ([0, 1], [0.1, np.nan], "y_prob holds nan"),
        ([0, 1], [0.1, 1.5], "y_prob holds 1.5"),
        ([0, 1], [-0.1, 0.5], "y_prob holds -0.1"),
        ([0, 1], ["a", "b"], "y_prob is not all numbers"),
        ([[0, 1]], [0.1, 0.2], "shape"),
    ],
)
def test_wrong_input_is_refused_with_what_and_where(y_true, y_prob, message):
    with pytest.raises(ValueError, match=message):
        evaluate(y_true, y_prob)


@pytest.mark.parametrize("thresholds", [[0], [1], [0.125], [0.1, 0.125], [-0.1], [float("nan")]])
def test_thresholds_must_be_whole_per_cents(thresholds):
    with pytest.raises(ValueError, match="whole per cents"):
        evaluate([0, 1], [0.2, 0.3], thresholds=thresholds)


def test_thresholds_that_rounding_moved_are_those_that_were_meant():
    moved = [0.1 + 0.2, 0.01 * 35, *np.arange(0.4, 0.5, 0.01)]
    found = evaluate([0, 1], [0.3, 0.35], resamples=0, thresholds=moved)
    assert found["sensitivity@0.35"].value == 1
    assert found["specificity@0.30"].value == 0


def test_a_target_prevalence_adds_predictive_values_at_it():
    rows = subjects("pima_glm")
    found = evaluate(rows.y_true, rows.y_prob, resamples=0, target_prevalence=0.05)
    sensitivity, specificity = found["sensitivity@0.30"].value, found["specificity@0.30"].value
    wanted = 0.05 * sensitivity / (0.05 * sensitivity + 0.95 * (1 - specificity))
    assert found["ppv_at_prevalence@0.30"].value == pytest.approx(wanted, abs=1e-14)
    with pytest.raises(ValueError, match="between 0 and 1"):
        evaluate(rows.y_true, rows.y_prob, target_prevalence=1.0)


def test_it_shows_itself_as_a_table():
    found = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], resamples=0)
    assert found.to_frame().loc["auroc", "value"] == 0.75
    assert "<table" in found._repr_html_()
    assert ">None<" not in found._repr_html_()


@pytest.mark.parametrize(
    ("rows", "resamples", "name", "status"),
    [
        ([(1, 0.2), (1, 0.4), (1, 0.5)], 0, "oe_ratio", "variance_zero"),
        ([(0, 0.2), (1, 0.3)], 100, "scaled_brier", "few_resamples"),
        ([(0, 0.9), (1, 0.1)], 100, "net_benefit@0.05", "ok"),
        ([(0, 0.0), (1, 0.0)], 100, "net_benefit@0.05", "variance_zero"),
    ],
)
def test_a_value_without_an_interval_says_why(rows, resamples, name, status):
    found = evaluate([y for y, _ in rows], [p for _, p in rows], resamples=resamples)[name]
    assert found.status == status
    assert found.value is not None
    assert ((found.ci_low, found.ci_high) == (None, None)) == (status != "ok")


def test_an_interval_of_no_width_is_none():
    found = evaluate([0, 1, 0, 1, 0, 1, 1, 0, 1], [0.1, 0.2, 0.3, 0.5, 0.5, 0.6, 0.9, 1.0, 0.0], resamples=1)
    for name in ("ici", "emax", "brier__bootstrap_ci"):
        assert (found[name].status, found[name].ci_low) == ("variance_zero", None)


@pytest.mark.parametrize(
    ("asked", "near"), [("net_benefit@0.1", "net_benefit@0.10"), ("AUROC", "auroc"), ("f1@0.10", "")]
)
def test_a_measure_that_is_not_there_is_told_from_one_that_is_near(asked, near):
    found = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], resamples=0)
    with pytest.raises(KeyError, match=f"was not computed.*{near}"):
        found[asked]
    assert found.get(asked) is None
