"""Intercept, slope and smooth curve of the runs of a predictions table."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.optimize import minimize
from scipy.special import expit

from assets.stratos.calibration import logistic
from assets.stratos.calibration.logistic import WeightedRows, lines, offset_intercepts, residuals
from assets.stratos.calibration.recalibration import recalibration_measures
from assets.stratos.calibration.tables import (
    CALIBRATION_CURVES,
    CALIBRATION_ERRORS,
    RECALIBRATION,
    calibration_curves,
    calibration_errors,
    recalibrate,
)
from assets.stratos.cohorts import cohort_of
from tests.measure_cases import CASES, CURVED, every_case, expected, measure, run, runs, some_runs, subjects

ESTIMATES = ("calibration_intercept", "calibration_slope", "calibration_intercept_joint")


def weighted(logit, outcome):
    """One model's rows, each once, as the fits want them."""
    order = np.argsort(-outcome, kind="stable")
    return WeightedRows(logit[None, order], np.ones((1, len(logit))), int(outcome.sum()))


def by_run(frame):
    return {row["run_id"]: row for row in recalibrate(frame).to_pylist()}


@pytest.fixture(scope="module")
def recalibration():
    return by_run(every_case())


@pytest.mark.parametrize("name", ESTIMATES)
@pytest.mark.parametrize("case", CASES)
def test_estimates_and_intervals_agree_with_the_references(case, name, recalibration):
    wanted = measure(case, f"{name}__drop01" if case == "pima_knn_ties" else name)
    found = [recalibration[case][name + part] for part in ("", "_ci_lower", "_ci_upper")]
    if wanted["value"] is None:
        assert found == [None] * 3
    else:
        assert found[0] == pytest.approx(wanted["value"], abs=wanted["tolerance_suggested"], rel=0)
        limits = [wanted["ci_low"], wanted["ci_high"]]
        assert found[1:] == pytest.approx(limits, abs=wanted["ci_tolerance_suggested"], rel=0)


def test_statuses_of_the_reference_cases(recalibration):
    found = {case: tuple(recalibration[case][f"{name}_status"] for name in ESTIMATES[:2]) for case in CASES}
    assert {case: status for case, status in found.items() if status != ("ok", "ok")} == {
        "birthwt_constant": ("ok", "not_identified"),
        "flchain_no_events": ("single_class", "single_class"),
        "iris_separated": ("ok", "separation"),
        "pima_knn_ties": ("certain_left_out", "certain_left_out"),
    }


def test_rows_with_certain_predictions_are_counted(recalibration):
    on_record = {case: expected(case)["n_prob_0"] + expected(case)["n_prob_1"] for case in CASES}
    assert {case: recalibration[case]["n_certain"] for case in CASES} == on_record


@pytest.mark.parametrize("convention", ["clip_1e-15", "clip_1e-10", "clip_1e-06"])
def test_over_confident_predictions_on_which_irls_diverges_are_fitted(convention):
    rows, least = subjects("pima_knn_ties"), float(convention.removeprefix("clip_"))
    found = recalibration_measures(cohort_of(rows.y_true, rows.y_prob.clip(least, 1 - least)))
    for name in ESTIMATES:
        wanted = measure("pima_knn_ties", f"{name}__{convention}")
        assert found[name].value[0] == pytest.approx(wanted["value"], abs=1e-8)
        limits = [found[name].ci_low[0], found[name].ci_high[0]]
        assert limits == pytest.approx([wanted["ci_low"], wanted["ci_high"]], abs=1e-6)


def test_rows_without_a_logit_are_left_out_and_the_others_counted():
    rows = subjects("pima_knn_ties")
    found = recalibration_measures(cohort_of(rows.y_true, rows.y_prob))
    for name in ESTIMATES:
        assert (found[name].status[0], found[name].n[0]) == ("certain_left_out", 332 - 68)


@pytest.mark.parametrize(
    ("rows", "limits"),
    [
        ([(0, 0.1), (0, 0.2), (1, 0.8), (1, 0.9)], (None, math.inf, None)),
        ([(1, 0.1), (1, 0.2), (0, 0.8), (0, 0.9)], (None, -math.inf, None)),
        ([(0, 0.1), (0, 0.8)], (-math.inf, None, -math.inf)),
        ([(1, 0.1), (1, 0.8)], (math.inf, None, math.inf)),
        ([(0, 0.3), (1, 0.3)], (None, None, None)),
    ],
    ids=["separated", "separated the other way", "no events", "no non-events", "constant"],
)
def test_an_estimate_that_diverges_says_where_to(rows, limits):
    outcome, probability = zip(*rows, strict=True)
    found = recalibration_measures(cohort_of(outcome, probability))
    for name, limit in zip(ESTIMATES, limits, strict=True):
        assert found[name].limit[0] == pytest.approx(math.nan if limit is None else limit, nan_ok=True)
        assert limit is None or np.isnan(found[name].value[0])


@pytest.mark.parametrize("n", range(1, 18))
def test_residuals_and_weights_are_those_of_the_definition(n):
    """NumPy 2.4.6 negates in place, without a word, the wrong numbers of the first of 8 columns."""
    rng = np.random.default_rng(n)
    logit, weight = rng.normal(0, 3, (5, n)), rng.integers(0, 3, (5, n)).astype(float)
    for n_events in range(n + 1):
        outcome, mu = np.arange(n) < n_events, expit(logit)
        residual, information = residuals(WeightedRows(logit, weight, n_events), logit.copy())
        assert residual == pytest.approx(weight * (outcome - mu), abs=1e-14)
        assert information == pytest.approx(weight * mu * (1 - mu), abs=1e-14)


def test_a_full_newton_step_that_overshoots_is_halved():
    logit = np.array([-8.0, -9.0, *(-0.01 * np.arange(12))])
    y = np.array([1.0, *[0.0] * 13])
    assert lines(weighted(logit, y)).slope[0] == pytest.approx(best_slope(logit, y), abs=1e-5)


def test_an_intercept_far_from_the_start_is_found_to_the_bit_scale():
    """The score is like a hyperbolic sine, on which Newton alone goes one unit a step."""
    logit, y = np.array([36.0, -700.0]), np.array([1.0, 0.0])
    assert offset_intercepts(weighted(logit, y))[0] == pytest.approx(332.0, abs=1e-12)


def best_slope(logit, outcome):
    against = 1 - 2 * outcome

    def loss(ab):
        return np.logaddexp(0, against * (ab[0] + ab[1] * logit)).sum()

    return minimize(loss, (0.0, 0.0), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}).x[1]


LOW, HIGH = [(0, 0.1), (0, 0.2)], [(1, 0.8), (1, 0.9)]


@pytest.mark.parametrize(
    ("rows", "intercept", "slope", "n_certain"),
    [
        (LOW + HIGH, "ok", "separation", 0),
        ([(1 - y, p) for y, p in LOW + HIGH], "ok", "separation", 0),
        ([*LOW, (0, 0.5), (1, 0.5), *HIGH], "ok", "separation", 0),
        ([*LOW, (1, 0.15), *HIGH], "ok", "ok", 0),
        ([(0, 0.3), (1, 0.3)], "ok", "not_identified", 0),
        (LOW, "single_class", "single_class", 0),
        ([*LOW, (1, 0.15), *HIGH, (1, 0.0), (0, 1.0)], "certain_left_out", "certain_left_out", 2),
        ([*LOW, (1, 1.0)], "single_class", "single_class", 1),
        ([(0, 0.0), (1, 1.0)], "not_identified", "not_identified", 2),
    ],
    ids=[
        "separated",
        "separated the other way",
        "one shared value",
        "overlap",
        "constant",
        "one class",
        "wrong certainties",
        "one class without certainties",
        "certainties only",
    ],
)
def test_what_bars_an_estimate_is_told_from_the_values(rows, intercept, slope, n_certain):
    (found,) = by_run(runs(rows)).values()
    assert (found["calibration_intercept_status"], found["calibration_slope_status"]) == (intercept, slope)
    assert found["n_certain"] == n_certain
    for name, status in zip(ESTIMATES, (intercept, slope, slope), strict=True):
        missing = [found[name + part] is None for part in ("", "_ci_lower", "_ci_upper")]
        assert missing == [status not in ("ok", "certain_left_out")] * 3


def test_a_slope_that_newton_does_not_reach_is_null_and_says_so(monkeypatch):
    monkeypatch.setattr(logistic, "NEWTON_STEPS", 1)
    found = by_run(subjects("vaso_n20"))["vaso_n20"]
    assert (found["calibration_slope"], found["calibration_slope_status"]) == (None, "not_converged")
    assert found["calibration_intercept_status"] == "ok"


@settings(max_examples=25, deadline=None)
@given(some_runs)
def test_estimates_solve_their_score_equations_and_are_never_infinite(frame):
    found = by_run(frame)
    for run_id, rows in frame[(frame.y_prob > 0) & (frame.y_prob < 1)].groupby("run_id"):
        p, y = rows.y_prob.to_numpy(), rows.y_true.to_numpy(dtype=np.float64)
        logit = np.log(p) - np.log1p(-p)
        intercept, slope, joint = (found[run_id][name] for name in ESTIMATES)
        if intercept is not None:
            assert math.fsum(y - expit(intercept + logit)) == pytest.approx(0, abs=1e-9)
        if slope is not None:
            free = offset_intercepts(weighted(slope * logit, y))
            assert free[0] == pytest.approx(joint, rel=1e-6, abs=1e-6)
            residual = y - expit(free + slope * logit)
            scale = max(1.0, np.abs(logit).max())
            assert math.fsum(residual * logit) / scale == pytest.approx(0, abs=1e-7)
        assert found[run_id]["calibration_slope_status"] != "not_converged"


@settings(max_examples=10, deadline=None)
@given(some_runs)
def test_neither_row_order_nor_company_changes_a_bit(frame):
    together = by_run(frame.sample(frac=1, random_state=1))
    alone = [by_run(rows) for _, rows in frame.groupby("run_id")]
    assert together == {run_id: row for found in alone for run_id, row in found.items()}
    for table in (calibration_curves, lambda rows: calibration_errors(rows, 5)):
        assert table(frame.sample(frac=1, random_state=2)).equals(table(frame))


@pytest.mark.parametrize("case", [case for case in CURVED if case != "iris_separated"])
def test_having_every_subject_twice_leaves_estimates_and_narrows_the_interval(case, recalibration):
    rows = subjects(case)
    twice = by_run(run(case, [*rows.y_true] * 2, [*rows.y_prob] * 2))[case]
    for name in ESTIMATES:
        once = recalibration[case]
        assert twice[name] == pytest.approx(once[name], abs=1e-9)
        width, half = (row[f"{name}_ci_upper"] - row[f"{name}_ci_lower"] for row in (once, twice))
        assert half == pytest.approx(width / math.sqrt(2), rel=1e-9)


def test_tables_have_the_agreed_columns_even_when_empty():
    nothing = every_case()[:0]
    few = subjects("vaso_n20")
    for table, schema in [
        (recalibrate, RECALIBRATION),
        (calibration_errors, CALIBRATION_ERRORS),
        (calibration_curves, CALIBRATION_CURVES),
    ]:
        assert (table(nothing).schema, table(nothing).num_rows) == (schema, 0)
        assert table(few).schema == schema


@pytest.fixture(scope="module")
def curves():
    return calibration_curves(every_case()).to_pandas()


@pytest.mark.parametrize("case", CURVED)
def test_the_curve_of_a_run_agrees_with_r(case, curves):
    found, wanted = curves[curves.run_id == case], expected(case)["smooth_calibration"]
    assert found.point.tolist() == list(range(101))
    assert set(found.status) == {"ok"}
    assert found.predicted.tolist() == pytest.approx(wanted["p"], abs=1e-15)
    assert found.observed.tolist() == pytest.approx(wanted["fit"], abs=1e-9)
    if wanted["se"]:
        margin = 1.959963984540054 * np.array(wanted["se"])
        assert (found.observed - found.ci_lower).tolist() == pytest.approx(margin, abs=1e-9)
        assert (found.ci_upper - found.observed).tolist() == pytest.approx(margin, abs=1e-9)


def test_a_large_run_has_a_band_too(curves):
    large = curves[curves.run_id == "flchain_2pct"]
    assert (large.ci_lower < large.observed).all()
    assert (large.observed < large.ci_upper).all()


@pytest.mark.parametrize(
    ("case", "status"), [("birthwt_constant", "not_identified"), ("flchain_no_events", "single_class")]
)
def test_a_run_without_a_curve_has_null_points_and_a_status(case, status, curves):
    found = curves[curves.run_id == case]
    assert len(found) == 101
    assert found[["observed", "ci_lower", "ci_upper"]].isna().all(axis=None)
    assert set(found.status) == {status}


def test_a_curve_through_all_points_has_no_band():
    few = run("few", [0, 1, 0, 1, 1, 0], [0.1, 0.2, 0.35, 0.5, 0.7, 0.9])
    found = calibration_curves(few).to_pandas()
    assert set(found.status) == {"ok"}
    assert found.observed.notna().all()
    assert found[["ci_lower", "ci_upper"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("outcome", "probability"), [(2, 0.5), (0, -0.1), (1, 1.1), (1, math.nan), (0, math.inf)]
)
@pytest.mark.parametrize("table", [recalibrate, calibration_errors, calibration_curves])
def test_what_is_no_outcome_or_no_probability_is_an_error(table, outcome, probability):
    good, bad = run("good", [0, 1], [0.2, 0.8]), run("bad", [0, outcome], [0.4, probability])
    with pytest.raises(ValueError, match=r"outcomes are 0 or 1|probabilities lie in"):
        table(pd.concat([good, bad]))
