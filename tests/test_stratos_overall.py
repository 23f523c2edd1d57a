"""Brier, log loss, the R2s, discrimination slope and O:E on arrays."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from assets.stratos.cohorts import cohort_of
from assets.stratos.overall import overall_measures
from tests.measure_cases import ALL_CASES, expected, measure, one_run, subjects

NAMES = (
    "oe_ratio", "brier", "brier_ci_spiegelhalter", "scaled_brier", "log_loss", "mcfadden_r2", "cox_snell_r2",
    "nagelkerke_r2", "discrimination_slope",
)  # fmt: skip
PLAIN = ("oe_ratio", "brier", "scaled_brier", "log_loss", "mcfadden_r2", "discrimination_slope")


def measured(outcome, probability):
    return overall_measures(cohort_of(outcome, probability))


def of_rows(rows):
    return measured([y for y, _ in rows], [p for _, p in rows])


def said(estimates, run=0):
    return {
        name: (e.status[run], None if np.isnan(e.limit[run]) else e.limit[run])
        for name, e in estimates.items()
    }


@pytest.fixture(scope="module")
def of_cases():
    frames = {case: subjects(case) for case in ALL_CASES}
    return {case: measured(f.y_true.to_numpy(), f.y_prob.to_numpy()) for case, f in frames.items()}


@pytest.mark.parametrize(
    ("case", "name"), [(c, name) for c in ALL_CASES for name in NAMES if name in expected(c)["measures"]]
)
def test_values_and_limits_agree_with_the_references(case, name, of_cases):
    found, wanted = of_cases[case][name], measure(case, name)
    if wanted["value"] is None:
        assert np.isnan(found.value[0])
        assert found.status[0] != "ok"
        return
    assert found.value[0] == pytest.approx(wanted["value"], abs=wanted["tolerance_suggested"], rel=0)
    if wanted["ci_low"] is not None:
        tolerance = wanted["ci_tolerance_suggested"]
        assert found.ci_low[0] == pytest.approx(wanted["ci_low"], abs=tolerance, rel=0)
        assert found.ci_high[0] == pytest.approx(wanted["ci_high"], abs=tolerance, rel=0)


def test_a_wrong_certainty_makes_log_loss_diverge_and_is_clipped_only_by_name(of_cases):
    found = of_cases["pima_knn_ties"]
    assert said(found)["log_loss"] == ("infinite", math.inf)
    assert said(found)["mcfadden_r2"] == ("infinite", -math.inf)
    assert np.isnan(found["log_loss"].value[0])
    by_mlmetrics = 0.660976397966536
    assert found["log_loss__clip_1e-15"].value[0] == pytest.approx(by_mlmetrics, abs=1e-12)


def test_without_events_what_needs_them_is_null_and_the_rest_stands():
    found = measured([0, 0], [0.25, 0.75])
    assert {name: s for name, s in said(found).items() if s != ("ok", None)} == {
        "scaled_brier": ("single_class", -math.inf),
        "mcfadden_r2": ("single_class", None),
        "cox_snell_r2": ("single_class", None),
        "nagelkerke_r2": ("single_class", None),
        "discrimination_slope": ("single_class", None),
        "oe_ratio": ("no_events", None),
    }
    assert found["oe_ratio"].value[0] == 0
    assert found["brier"].value[0] == 0.3125


def test_nothing_expected_is_null_and_diverges_if_something_happened():
    assert said(measured([0, 1], [0, 0]))["oe_ratio"] == ("nothing_expected", math.inf)
    assert said(measured([0, 0], [0, 0]))["oe_ratio"] == ("nothing_expected", None)
    assert said(measured([0, 1], [0, 5e-324]))["oe_ratio"] == ("nothing_expected", math.inf)


def test_a_variance_that_cannot_be_had_gives_no_tight_interval():
    assert said(measured([1], [0.25]))["brier"] == ("variance_undefined", None)
    equally_wrong = measured([0, 1, 1], [0.25, 0.75, 0.75])
    assert said(equally_wrong)["brier"] == ("variance_zero", None)
    assert np.isnan([equally_wrong["brier"].ci_low[0], equally_wrong["brier"].ci_high[0]]).all()
    assert said(measured([0, 1, 1], [0.5, 1, 0]))["brier_ci_spiegelhalter"] == ("variance_zero", None)


def test_a_perfect_prediction_has_the_ideal_values():
    found = measured([0, 1], [0, 1])
    values = {name: found[name].value[0] for name in NAMES}
    assert values == dict.fromkeys(NAMES, 1.0) | {
        "brier": 0, "brier_ci_spiegelhalter": 0, "log_loss": 0, "cox_snell_r2": 0.75,
    }  # fmt: skip
    assert math.copysign(1, values["log_loss"]) == 1


@settings(max_examples=100, deadline=None)
@given(one_run)
def test_brier_and_log_loss_agree_with_scikit_learn(rows):
    y, p = [y for y, _ in rows], [p for _, p in rows]
    found = measured(y, p)
    assert found["brier"].value[0] == pytest.approx(
        brier_score_loss(y, p, labels=[0, 1], pos_label=1), abs=1e-12
    )
    clipped = np.clip(p, 1e-15, 1 - 1e-15)
    wanted = log_loss(y, np.stack([1 - clipped, clipped], axis=1), labels=[0, 1])
    assert found["log_loss__clip_1e-15"].value[0] == pytest.approx(wanted, abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(one_run)
def test_every_number_is_within_its_range_and_its_limits(rows):
    found = of_rows(rows)
    for name, e in found.items():
        value, low, high = e.value[0], e.ci_low[0], e.ci_high[0]
        assert np.isnan(value) or np.isfinite(value)
        assert (np.isnan(low) and np.isnan(high)) or low <= value <= high
        assert np.isnan(value) == (
            e.status[0] not in ("ok", "variance_zero", "variance_undefined", "no_events")
        )
        if not np.isnan(value):
            assert value >= {"brier": 0, "log_loss": 0, "oe_ratio": 0, "discrimination_slope": -1}.get(
                name, -np.inf
            )
            assert value <= (np.inf if name in ("log_loss", "log_loss__clip_1e-15", "oe_ratio") else 1)


@settings(max_examples=50, deadline=None)
@given(one_run, st.integers(2, 5))
def test_having_every_subject_several_times_leaves_every_value(rows, times):
    once, often = of_rows(rows), of_rows(rows * times)
    for name in once:
        assert often[name].value[0] == pytest.approx(once[name].value[0], rel=1e-11, abs=1e-12, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(one_run)
def test_swapping_outcome_and_probability_leaves_what_is_symmetric(rows):
    # 1 - (1 - p) is p where p is a multiple of 2^-53, so that nothing but the swap is tested.
    rows = [(y, round(p * 2**20) / 2**20) for y, p in rows]
    straight, swapped = of_rows(rows), of_rows([(1 - y, 1 - p) for y, p in rows])
    for name in set(NAMES) - {"oe_ratio"}:
        assert swapped[name].value[0] == pytest.approx(
            straight[name].value[0], rel=1e-9, abs=1e-12, nan_ok=True
        )


def test_runs_do_not_depend_on_their_company():
    rng = np.random.default_rng(1)
    outcome, probability = rng.integers(0, 2, 501), rng.random((7, 501))
    together = overall_measures(cohort_of(outcome, probability, [*"abcdefg"]))
    for run in range(7):
        alone = measured(outcome, probability[run])
        for name, e in together.items():
            for field in ("value", "ci_low", "ci_high", "limit"):
                both = getattr(alone[name], field)[0], getattr(e, field)[run]
                np.testing.assert_array_equal(*both)
