from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.study.classifiers import HYPERPARAMETERS, make_classifier
from flows.study.definition import CLASSIFIERS, IMPUTATION_METHODS, OUTLIER_METHODS, Study
from flows.study.detectors import DETECTORS, fit_iqr, fit_mad, flag_cells
from flows.study.evaluation import preprocessing_quality
from flows.study.imputers import IMPUTERS, preprocess
from flows.study.patients import Cells, Cohort, load_cohort
from flows.study.refits import refit_classifier, resample

STUDY = Study()
COHORT = load_cohort(STUDY)


def test_there_are_569_patients_and_212_have_the_outcome_malignant() -> None:
    assert COHORT.truth.shape == (569, 10)
    assert COHORT.y.sum() == 212
    assert COHORT.codes[[0, -1]].tolist() == [f"WDBC-{row:04d}" for row in (0, 568)]


def test_the_test_set_is_three_tenths_of_each_outcome() -> None:
    assert len(COHORT.test) == 171
    assert sorted([*COHORT.train, *COHORT.test]) == list(range(569))
    assert COHORT.y[COHORT.test].sum() == round(0.3 * 212)


def test_the_same_study_damages_the_same_cells() -> None:
    again = load_cohort(STUDY)
    np.testing.assert_array_equal(again.observed, COHORT.observed)
    np.testing.assert_array_equal(again.contaminated, COHORT.contaminated)


def test_another_seed_damages_other_cells() -> None:
    other = load_cohort(replace(STUDY, seed=STUDY.seed + 1))
    assert (other.contaminated != COHORT.contaminated).any()
    assert (np.isnan(other.observed) != np.isnan(COHORT.observed)).any()


def test_the_mask_marks_exactly_the_recorded_cells_that_are_false() -> None:
    recorded = ~np.isnan(COHORT.observed)
    np.testing.assert_array_equal(recorded & (COHORT.observed != COHORT.truth), COHORT.contaminated)


def test_damage_is_as_frequent_as_declared_and_spares_the_first_feature() -> None:
    missing = np.isnan(COHORT.observed)
    assert missing[:, 1:].mean() == pytest.approx(STUDY.missing_rate, abs=0.02)
    assert COHORT.contaminated[:, 1:][~missing[:, 1:]].mean() == pytest.approx(
        STUDY.contamination_rate, abs=0.015
    )
    np.testing.assert_array_equal(COHORT.observed[:, 0], COHORT.truth[:, 0])


def test_cells_are_missing_more_often_where_the_first_feature_is_large() -> None:
    large = COHORT.truth[:, 0] > np.median(COHORT.truth[:, 0])
    missing = np.isnan(COHORT.observed)[:, 1:]
    assert missing[large].mean() == pytest.approx(1.5 * STUDY.missing_rate, abs=0.03)
    assert missing[~large].mean() == pytest.approx(0.5 * STUDY.missing_rate, abs=0.03)


def test_an_undamaged_study_records_the_truth() -> None:
    intact = load_cohort(replace(STUDY, missing_rate=0.0, contamination_rate=0.0))
    np.testing.assert_array_equal(intact.observed, intact.truth)


def test_every_declared_method_exists_and_no_other() -> None:
    assert {*DETECTORS, "reference"} == set(OUTLIER_METHODS)
    assert {*IMPUTERS, "reference"} == set(IMPUTATION_METHODS)
    assert set(HYPERPARAMETERS) == set(CLASSIFIERS)
    for name in CLASSIFIERS:
        make_classifier(name, seed=0)


def test_mad_flags_beyond_three_and_a_half_robust_deviations() -> None:
    rule = fit_mad(np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0], [np.nan]]))  # median 0, MAD 1
    limit = 3.5 * 1.4826
    assert rule(np.array([[limit - 0.01], [limit + 0.01], [np.nan]])).tolist() == [[False], [True], [False]]


def test_iqr_flags_beyond_tukeys_fences() -> None:
    rule = fit_iqr(np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]))  # quartiles 1 and 3, fences -2 and 6
    cells = np.array([[-2.01], [-2.0], [6.0], [6.01]])
    assert rule(cells).tolist() == [[True], [False], [False], [True]]


@pytest.mark.parametrize("outlier", OUTLIER_METHODS)
def test_no_detector_flags_an_empty_cell(outlier: str) -> None:
    assert not (flag_cells(COHORT, outlier) & np.isnan(COHORT.observed)).any()


@pytest.mark.parametrize("outlier", [name for name in OUTLIER_METHODS if name not in ("reference", "none")])
def test_every_detector_finds_half_of_the_false_cells_with_few_false_alarms(outlier: str) -> None:
    flagged = flag_cells(COHORT, outlier)
    assert flagged[COHORT.contaminated].mean() > 0.5
    assert flagged[~COHORT.contaminated].mean() < 0.03


@pytest.mark.parametrize("imputation", IMPUTATION_METHODS)
def test_preprocessing_fills_every_empty_cell_and_changes_no_other(imputation: str) -> None:
    cells = _preprocessed("none", imputation)
    recorded = ~np.isnan(COHORT.observed)
    assert np.isfinite(cells).all()
    np.testing.assert_array_equal(cells[recorded], COHORT.observed[recorded])


def test_both_references_together_give_the_truth() -> None:
    np.testing.assert_array_equal(_preprocessed("reference", "reference"), COHORT.truth)


def test_every_imputer_beats_the_median_when_the_false_cells_are_known() -> None:
    def error(imputation: str) -> float:
        configuration = replace(STUDY.configurations()[0], outlier="reference", imputation=imputation)
        cells = _preprocessed("reference", imputation)
        return preprocessing_quality(COHORT, cells, configuration)["Imputation_mae"]

    assert error("reference") == 0.0
    assert max(error("kNN"), error("iterative")) < error("median")


@pytest.mark.parametrize(
    ("outlier", "imputation"),
    [(name, "median") for name in OUTLIER_METHODS] + [("IQR", name) for name in IMPUTATION_METHODS],
)
def test_nothing_is_learnt_from_test_patients(outlier: str, imputation: str) -> None:
    changed = _with_other_test_patients(COHORT)
    before = _preprocessed(outlier, imputation)
    after = preprocess(changed, outlier=outlier, imputation=imputation)
    # Not bit by bit: matrix products round differently when other rows have other holes.
    np.testing.assert_allclose(after[COHORT.train], before[COHORT.train], rtol=1e-9)
    others = COHORT.test[1::2]  # nor does a test patient's completion depend on other test patients
    np.testing.assert_allclose(after[others], before[others], rtol=1e-9)


def test_the_classifiers_never_see_test_patients() -> None:
    for classifier in CLASSIFIERS:
        before = refit_classifier(COHORT, COHORT.truth, classifier, seed=1, n_bootstrap=2)
        changed = _with_other_test_patients(COHORT)
        after = refit_classifier(changed, changed.truth, classifier, seed=1, n_bootstrap=2)
        np.testing.assert_array_equal(after["val"].risk, before["val"].risk)
        assert (after["test"].risk != before["test"].risk).any()


@given(seed=st.integers(0, 2**32 - 1), refit=st.integers(0, 10_000), events=st.integers(1, 20))
@settings(max_examples=25, deadline=None)
def test_a_resample_keeps_the_number_of_each_outcome(seed: int, refit: int, events: int) -> None:
    y = np.array([1] * events + [0] * 15, dtype=np.int8)
    drawn = resample(y, seed=seed, refit=refit)
    assert (y[drawn] == 1).sum() == events
    assert len(drawn) == len(y)
    np.testing.assert_array_equal(drawn, resample(y, seed=seed, refit=refit))


def test_validation_patients_of_a_refit_are_those_it_never_drew() -> None:
    splits = refit_classifier(COHORT, COHORT.truth, "GaussianNB", seed=1, n_bootstrap=3)
    np.testing.assert_array_equal(splits["val"].times == 1, splits["train"].times == 0)
    assert (splits["train"].times.sum(axis=0) == len(COHORT.train)).all()
    assert (splits["test"].times == 1).all()


@cache
def _preprocessed(outlier: str, imputation: str) -> Cells:
    return preprocess(COHORT, outlier=outlier, imputation=imputation)


def _with_other_test_patients(cohort: Cohort) -> Cohort:
    """Every second test patient, from the first on, gets other outcomes and measurements."""
    hit = cohort.test[::2]
    observed, truth, y = cohort.observed.copy(), cohort.truth.copy(), cohort.y.copy()
    observed[hit], truth[hit], y[hit] = observed[hit] * 3 + 1, truth[hit] * 3 + 1, 1 - y[hit]
    return replace(cohort, observed=observed, truth=truth, y=y)
