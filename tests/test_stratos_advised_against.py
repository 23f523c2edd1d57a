"""Measures that the guidance advises against, for those who ask for them."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from sklearn import metrics as sk

from assets.stratos.catalogue import MEASURES
from assets.stratos.classification.advised_against import advised_against_measures
from assets.stratos.cohorts import cohort_of
from tests.measure_cases import ALL_CASES, measure, one_run, subjects


def measured(rows, thresholds=(10, 50)):
    return advised_against_measures(cohort_of([y for y, _ in rows], [p for _, p in rows]), thresholds)


@settings(max_examples=60, deadline=None)
@given(one_run)
def test_classifications_are_scored_as_scikit_learn_scores_them(rows):
    y, p = (np.array(column) for column in zip(*rows, strict=True))
    assume(0 < y.sum() < len(y))
    found = measured(rows)
    for t in (0.1, 0.5):
        positive = (p >= t).astype(int)
        wanted = {
            "f1": sk.f1_score(y, positive, zero_division=np.nan),
            "accuracy": sk.accuracy_score(y, positive),
            "balanced_accuracy": sk.balanced_accuracy_score(y, positive),
            "youden": sk.balanced_accuracy_score(y, positive, adjusted=True),
            "kappa": sk.cohen_kappa_score(y, positive),
        }
        for name, value in wanted.items():
            assert found[f"{name}@{t:.2f}"].value[0] == pytest.approx(value, abs=1e-12, nan_ok=True), name
        if 0 < positive.sum() < len(y):
            wanted_mcc = sk.matthews_corrcoef(y, positive)
            assert found[f"mcc@{t:.2f}"].value[0] == pytest.approx(wanted_mcc, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(one_run)
def test_curves_have_the_areas_that_scikit_learn_finds(rows):
    y, p = (np.array(column) for column in zip(*rows, strict=True))
    assume(0 < y.sum() < len(y))
    found = measured(rows)
    assert found["auprc"].value[0] == pytest.approx(sk.average_precision_score(y, p), abs=1e-12)
    wanted = sk.roc_auc_score(y, p, max_fpr=0.2)
    assert found["partial_auroc"].value[0] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("case", ALL_CASES)
def test_the_mean_absolute_error_agrees_with_the_reference(case):
    frame = subjects(case)
    found = measured(list(zip(frame.y_true, frame.y_prob, strict=True)))["mape"].value[0]
    assert found == pytest.approx(measure(case, "mape")["value"], abs=1e-12)


def test_the_calibration_error_weighs_each_bin_by_its_subjects():
    found = measured([(0, 0.25), (1, 0.25), (1, 0.25), (1, 1.0)])["ece"].value[0]
    assert found == pytest.approx(3 / 4 * (2 / 3 - 0.25))


def test_the_odds_ratio_diverges_where_only_its_denominator_is_empty():
    found = measured([(1, 0.9), (1, 0.8), (0, 0.1)], [50, 5])
    ratio, undefined = found["diagnostic_odds_ratio@0.50"], found["diagnostic_odds_ratio@0.05"]
    assert (ratio.status[0], ratio.limit[0]) == ("empty_denominator", math.inf)
    assert (undefined.status[0], np.isnan(undefined.limit[0])) == ("empty_denominator", True)


def test_of_one_class_what_compares_classes_is_null():
    found = measured([(0, 0.2), (0, 0.9)], [50])
    assert {name: e.status[0] for name, e in found.items() if np.isnan(e.value[0])} == {
        "balanced_accuracy@0.50": "single_class",
        "youden@0.50": "single_class",
        "diagnostic_odds_ratio@0.50": "single_class",
        "mcc@0.50": "empty_denominator",
        "auprc": "no_events",
        "partial_auroc": "single_class",
    }


@settings(max_examples=60, deadline=None)
@given(one_run)
def test_every_number_is_within_its_range(rows):
    for name, e in measured(rows).items():
        definition = MEASURES[name.partition("@")[0]]
        assert definition.advice == "advised against"
        low, high = definition.low - 1e-12, definition.high + 1e-12
        assert np.isnan(e.value[0]) or low <= e.value[0] <= high, name
        assert np.isnan(e.value[0]) == (e.status[0] != "ok")


@settings(max_examples=30, deadline=None)
@given(one_run)
def test_ranking_measures_see_the_order_of_the_probabilities_only(rows):
    ranks = {p: (i + 1) / 64 for i, p in enumerate(sorted({p for _, p in rows}))}
    straight, ranked = measured(rows), measured([(y, ranks[p]) for y, p in rows])
    for name in ("auprc", "partial_auroc"):
        np.testing.assert_array_equal(ranked[name].value, straight[name].value)
