"""Profile-likelihood limits: against R, and against the likelihood itself."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import minimize_scalar

from assets.stratos.calibration.profile_likelihood import CRITICAL
from assets.stratos.calibration.recalibration import recalibration_measures
from assets.stratos.cohorts import cohort_of
from tests.measure_cases import ALL_CASES, expected, measure, one_run, subjects

INTERCEPT, SLOPE = "calibration_intercept_profile_ci", "calibration_slope_profile_ci"


def measured(outcome, probability, name):
    """Value and limits of one run, null as None."""
    found = recalibration_measures(cohort_of(outcome, probability))[name]
    numbers = (found.value[0], found.ci_low[0], found.ci_high[0])
    return *(None if np.isnan(x) else float(x) for x in numbers), str(found.status[0])


def offset_loss(outcome, logit, intercept):
    return np.logaddexp(0, (1 - 2 * outcome) * (intercept + logit)).sum()


def profiled_loss(outcome, logit, slope):
    """Loss at a slope with the intercept at its best."""
    found = minimize_scalar(
        lambda a: offset_loss(outcome, slope * logit, a),
        bounds=(-60, 60),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return found.fun


ON_RECORD = [
    (case, name)
    for case in ALL_CASES
    for name in (INTERCEPT, SLOPE)
    if name in expected(case)["measures"] and (case, name) != ("vaso_n20", SLOPE)
]


@pytest.mark.parametrize(("case", "name"), ON_RECORD)
def test_limits_agree_with_the_references(case, name):
    wanted, rows = measure(case, name), subjects(case)
    value, *limits, status = measured(rows.y_true, rows.y_prob, name)
    assert status == "ok"
    assert value == pytest.approx(wanted["value"], abs=1e-8)
    assert limits == pytest.approx(
        [wanted["ci_low"], wanted["ci_high"]], abs=wanted["ci_tolerance_suggested"]
    )


@pytest.mark.parametrize("case", ["vaso_n20", "asah_loo", "pima_glm"])
def test_the_likelihood_has_fallen_by_the_critical_value_at_the_limits(case):
    """The reference interpolates by a spline: with 20 rows its lower limit of the slope is off by 0.04."""
    rows = subjects(case)
    outcome, logit = rows.y_true.to_numpy(), np.log(rows.y_prob / (1 - rows.y_prob)).to_numpy()
    for name, loss in ((INTERCEPT, offset_loss), (SLOPE, profiled_loss)):
        value, *limits, _status = measured(rows.y_true, rows.y_prob, name)
        for limit in limits:
            fallen = 2 * (loss(outcome, logit, limit) - loss(outcome, logit, value))
            assert fallen == pytest.approx(CRITICAL, abs=1e-7)


def test_separated_classes_have_a_limit_on_one_side():
    rows = subjects("iris_separated")
    outcome, logit = rows.y_true.to_numpy(), np.log(rows.y_prob / (1 - rows.y_prob)).to_numpy()
    value, low, high, status = measured(rows.y_true, rows.y_prob, SLOPE)
    assert (value, high, status) == (None, None, "limits_unbounded")
    assert 2 * profiled_loss(outcome, logit, low) == pytest.approx(CRITICAL, abs=1e-7)
    turned = measured(rows.y_true, 1 - rows.y_prob, SLOPE)
    assert turned == (None, None, pytest.approx(-low, rel=1e-9), "limits_unbounded")


def test_the_limit_of_classes_that_share_a_value_is_measured_from_the_loss_that_remains():
    outcome, probability = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0.1, 0.2, 0.5, 0.5, 0.5, 0.8, 0.9])
    _value, low, _high, status = measured(outcome, probability, SLOPE)
    remaining = -(math.log(1 / 3) + 2 * math.log(2 / 3))
    fallen = 2 * (profiled_loss(outcome, np.log(probability / (1 - probability)), low) - remaining)
    assert status == "limits_unbounded"
    assert fallen == pytest.approx(CRITICAL, abs=1e-7)


def test_one_class_has_a_limit_of_the_intercept_on_one_side():
    rows = subjects("flchain_no_events")
    _value, low, high, status = measured(rows.y_true, rows.y_prob, INTERCEPT)
    assert (low, status) == (None, "limits_unbounded")
    logit = np.log(rows.y_prob / (1 - rows.y_prob))
    assert 2 * np.log1p(np.exp(high + logit)).sum() == pytest.approx(CRITICAL, abs=1e-7)
    turned = measured(1 - rows.y_true, 1 - rows.y_prob, INTERCEPT)
    assert turned == (None, pytest.approx(-high, rel=1e-9), None, "limits_unbounded")


@pytest.mark.parametrize(
    ("rows", "slope_status"),
    [
        ([(0, 0.3), (1, 0.3)], "not_identified"),
        ([(0, 0.0), (1, 1.0)], "not_identified"),
        ([(0, 0.1), (0, 0.2)], "single_class"),
    ],
)
def test_a_slope_that_is_not_determined_has_no_limits(rows, slope_status):
    outcome, probability = zip(*rows, strict=True)
    assert measured(outcome, probability, SLOPE) == (None, None, None, slope_status)


@pytest.mark.parametrize("case", ["asah_loo", "dca_df_binary", "nafld_weighted"])
def test_turning_the_outcome_around_turns_the_limits_around(case):
    rows = subjects(case)
    value, low, high, _ = measured(rows.y_true, rows.y_prob, INTERCEPT)
    turned = measured(1 - rows.y_true, 1 - rows.y_prob, INTERCEPT)
    assert turned[:3] == pytest.approx((-value, -high, -low), abs=1e-8)


@settings(max_examples=100, deadline=None)
@given(one_run)
def test_limits_enclose_the_estimate_and_no_input_warns(rows):
    outcome, probability = zip(*rows, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [measured(outcome, probability, name) for name in (INTERCEPT, SLOPE)]
    for value, low, high, status in found:
        if status in ("ok", "certain_left_out"):
            assert low < value < high
        else:
            assert value is None
        assert (low is not None) + (high is not None) == {
            "ok": 2,
            "certain_left_out": 2,
            "limits_unbounded": 1,
        }.get(status, 0)
