from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from flows.study import measures
from flows.study.refits import Split
from flows.study.uncertainty import (
    curve_summary,
    moments,
    risk_coverage,
    scalar_summary,
    seen_twice,
    uncertainty,
)

Cases = tuple[Any, Any]


@st.composite
def cases(draw: st.DrawFn) -> Cases:
    """Outcomes of both kinds, with risks that have ties, zeros and ones."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=40))
    y = np.array([outcome for outcome, _ in pairs], dtype=np.int8)
    assume(0 < y.sum() < len(y))
    return y, np.array([eighths / 8 for _, eighths in pairs])


@given(cases())
@settings(max_examples=60, deadline=None)
def test_scalars_agree_with_scikit_learn(case: Cases) -> None:
    y, risk = case
    positive = risk >= 0.5
    found = measures.scalar_measures(y, risk)
    expected = {
        "AUROC": sk.roc_auc_score(y, risk),
        "AUPR": sk.average_precision_score(y, risk),
        "F1": sk.f1_score(y, positive, zero_division=np.nan),
        "sensitivity": sk.recall_score(y, positive),
        "specificity": sk.recall_score(y, positive, pos_label=0),
        "PPV": sk.precision_score(y, positive, zero_division=np.nan),
        "NPV": sk.precision_score(y, positive, pos_label=0, zero_division=np.nan),
        "accuracy": sk.accuracy_score(y, positive),
        "accuracy_balanced": sk.balanced_accuracy_score(y, positive),
        "Brier": sk.brier_score_loss(y, risk),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, nan_ok=True), name


@given(cases())
@settings(max_examples=40, deadline=None)
def test_the_two_way_partial_auc_is_the_area_in_the_corner(case: Cases) -> None:
    fpr, tpr, _ = sk.roc_curve(*case, drop_intermediate=False)
    x = (np.arange(20_000) + 0.5) / 20_000 * 0.3  # midpoint rule up to a false positive rate of .3
    corner = np.maximum(np.interp(x, fpr, tpr) - 0.6, 0).mean() / (1 - 0.6)
    found = measures.two_way_partial_auc(fpr, tpr, max_fpr=0.3, min_tpr=0.6)
    assert found == pytest.approx(corner, abs=1e-3)


def test_a_perfect_ranking_fills_the_corner_and_a_reversed_one_leaves_it_empty() -> None:
    y, risk = np.array([0, 0, 1, 1], dtype=np.int8), np.array([0.1, 0.2, 0.8, 0.9])
    assert measures.scalar_measures(y, risk)["tpAUC"] == 1.0
    assert measures.scalar_measures(y, 1 - risk)["tpAUC"] == 0.0


def test_predictive_values_at_another_prevalence_follow_bayes() -> None:
    # Of 1000, 100 are ill: 80 found, 90 of the 900 others called ill.
    y = np.array([1] * 10 + [0] * 10, dtype=np.int8)
    positive = np.array([True] * 8 + [False] * 2 + [True] + [False] * 9)
    found = measures.classification_measures(y, positive)
    assert found["PPV_prev"] == pytest.approx(80 / 170)
    assert found["NPV_prev"] == pytest.approx(810 / 830)


def test_a_ratio_without_denominator_is_not_a_number() -> None:
    found = measures.classification_measures(np.array([0, 1], dtype=np.int8), np.array([False, False]))
    assert np.isnan(found["PPV"])
    assert found["NPV"] == 0.5


def test_the_calibration_error_weighs_each_bin_by_its_patients() -> None:
    y, risk = np.array([0, 1, 1, 1], dtype=np.int8), np.array([0.25, 0.25, 0.25, 1.0])
    assert measures.expected_calibration_error(y, risk) == pytest.approx(3 / 4 * (2 / 3 - 0.25))


def test_a_calibration_bin_without_patients_is_empty_not_zero() -> None:
    found = measures.binned(np.array([0, 1, 1], dtype=np.int8), np.array([0.0, 0.04, 1.0]))
    np.testing.assert_allclose(found["prob_pred"], [0.02, *[np.nan] * 8, 1.0])
    np.testing.assert_allclose(found["prob_true"], [0.5, *[np.nan] * 8, 1.0])


@given(cases())
@settings(max_examples=40, deadline=None)
def test_each_point_of_the_roc_curve_lies_on_the_polyline_at_its_upper_end(case: Cases) -> None:
    y, risk = case
    found = measures.curves(y, risk)["AUROC"]
    fpr, tpr, _ = sk.roc_curve(y, risk, drop_intermediate=False)
    for x, height in zip(found["fpr"], found["tpr"], strict=True):
        at = np.isclose(fpr, x, atol=1e-12)
        expected = tpr[at].max() if at.any() else np.interp(x, fpr, tpr)
        assert height == pytest.approx(expected)


@given(cases())
@settings(max_examples=40, deadline=None)
def test_roc_thresholds_keep_to_the_false_positive_rate(case: Cases) -> None:
    y, risk = case
    found = measures.curves(y, risk)["AUROC"]
    for x, threshold in zip(found["fpr"], found["thresholds"], strict=True):
        assert np.mean(risk[y == 0] >= threshold) <= x + 1e-12


@given(cases())
@settings(max_examples=40, deadline=None)
def test_precision_is_that_of_the_largest_threshold_reaching_the_recall(case: Cases) -> None:
    y, risk = case
    found = measures.curves(y, risk)["AUPR"]
    for recall, precision, threshold in zip(
        found["recall"], found["precision"], found["thresholds"], strict=True
    ):
        reaching = [t for t in np.unique(risk) if np.mean(risk[y == 1] >= t) >= recall - 1e-12]
        assert threshold == max(reaching)
        assert precision == pytest.approx(y[risk >= threshold].mean())


def test_moments_count_a_patient_as_often_as_the_refit_does() -> None:
    found = moments(np.array([[0.2, 0.6, 0.9]]), np.array([[2, 1, 0]]))
    assert found["mean"][0] == pytest.approx(np.mean([0.2, 0.2, 0.6]))
    assert found["std"][0] == pytest.approx(np.std([0.2, 0.2, 0.6], ddof=1))


def test_a_patient_seen_once_has_no_spread_and_is_left_out() -> None:
    assert seen_twice(_split([[0.1, 0.2], [0.3, 0.4]], times=[[1, 0], [1, 1]])).codes.tolist() == ["P1"]


def test_refits_that_agree_carry_no_mutual_information() -> None:
    found = uncertainty(_split([[0.3, 0.3], [0.5, 0.5]]))["arrays"]
    np.testing.assert_allclose(found["mutual_information"], 0.0, atol=1e-15)
    assert found["entropy"][1] == pytest.approx(np.log(2))


def test_refits_that_contradict_each_other_with_certainty_carry_nothing_else() -> None:
    found = uncertainty(_split([[0.0, 1.0]]))["arrays"]
    assert found["mutual_information"][0] == found["entropy"][0] == pytest.approx(np.log(2))


def test_risk_rises_with_coverage_when_the_least_confident_is_wrong() -> None:
    coverage, risk = risk_coverage(np.array([True, False, False]), confidence=np.array([1.0, 3.0, 2.0]))
    np.testing.assert_allclose(coverage, [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(risk, [0, 0, 1 / 3])


def test_the_best_possible_order_has_no_excess_risk() -> None:
    # The second patient is wrong, and the only one on whom the refits disagree.
    found = uncertainty(_split([[0.9, 0.9], [0.2, 0.3], [0.1, 0.1]], y=[1, 1, 0]))["scalars"]
    assert found["AURC"] == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert found["AURC_E"] == pytest.approx(0.0)


def test_a_summary_counts_only_what_is_defined() -> None:
    found = scalar_summary(np.array([1.0, 3.0, np.nan, np.inf]))
    assert (found["n"], found["mean"]) == (2, 2.0)
    assert found["std"] == pytest.approx(np.sqrt(2))
    np.testing.assert_allclose(found["ci"], [1.05, 2.95])
    assert np.isnan(scalar_summary(np.array([np.nan]))["mean"])


def test_a_curve_is_summarised_point_by_point() -> None:
    values = np.array([[1.0, 3.0, 5.0], [np.inf, 2.0, 4.0], [np.nan, np.nan, np.nan]])
    found = curve_summary(values)
    for point, row in enumerate(values):
        expected = scalar_summary(row)
        assert found["mean"][point] == pytest.approx(expected["mean"], nan_ok=True)
        assert found["std"][point] == pytest.approx(expected["std"], nan_ok=True)
        np.testing.assert_allclose(found["ci"][:, point], expected["ci"])


def _split(
    risk: list[list[float]], *, times: list[list[int]] | None = None, y: list[int] | None = None
) -> Split:
    matrix = np.array(risk)
    return Split(
        codes=np.array([f"P{row}" for row in range(len(matrix))]),
        y=np.array(y or [0] * len(matrix), dtype=np.int8),
        risk=matrix,
        times=np.array(times) if times else np.ones(matrix.shape, dtype=np.int64),
    )
