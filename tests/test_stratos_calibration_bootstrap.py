"""Bootstrap limits of intercept, slope and the distances from the smooth curve."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.stratos.bootstrap.resampling import resample_counts
from assets.stratos.calibration import calibration_errors, recalibration_bootstrap
from assets.stratos.calibration.calibration_errors import MEASURES, calibration_error_measures
from assets.stratos.calibration.loess import fit_loess
from assets.stratos.calibration.recalibration import recalibration_measures
from assets.stratos.calibration.recalibration_bootstrap import recalibration_bootstrap as resampled_lines
from assets.stratos.cohorts import Cohort, cohort_of
from tests.measure_cases import CASES, CURVED, expected, measure, one_run, probability, subjects

INTERCEPT, SLOPE = "calibration_intercept__bootstrap_ci", "calibration_slope__bootstrap_ci"


def cohort(case):
    rows = subjects(case)
    return cohort_of(rows.y_true, rows.y_prob)


def limits(estimates, run=0):
    return [estimates.ci_low[run], estimates.ci_high[run]]


def assert_like_the_reference(found, case, name):
    if name not in expected(case)["measures"]:
        return
    wanted = measure(case, name)
    tolerance = wanted["ci_tolerance_suggested"]
    assert limits(found) == pytest.approx([wanted["ci_low"], wanted["ci_high"]], abs=tolerance, rel=0)


@pytest.mark.parametrize("case", CASES)
def test_limits_of_intercept_and_slope_agree_with_the_references(case):
    found, plain = resampled_lines(cohort(case)), recalibration_measures(cohort(case))
    for name in (INTERCEPT, SLOPE):
        assert_like_the_reference(found[name], case, name)
        same = plain[name.removesuffix("__bootstrap_ci")]
        assert found[name].status[0] == same.status[0]
        assert found[name].limit[0] == pytest.approx(same.limit[0], nan_ok=True)
        assert np.isnan(limits(found[name])).all() == np.isnan(same.value[0])


@pytest.mark.parametrize("case", CURVED)
def test_limits_of_the_distances_agree_with_the_references(case):
    found = calibration_error_measures(cohort(case))
    assert_like_the_reference(found["ici"], case, "ici__bootstrap_ci")
    assert all(low < high for low, high in map(limits, found.values()))


@pytest.mark.parametrize("case", ["asah_loo", "vaso_n20", "pima_knn_ties"])
def test_estimates_of_resamples_are_those_of_their_rows(case):
    """Each resample written out as a run of its own, with every subject as often as it was drawn."""
    alone, resamples = cohort(case), 30
    found = resampled_lines(alone, resamples=resamples, seed=3)
    errors = calibration_error_measures(alone, resamples=resamples, seed=3)
    rows = [np.repeat(np.arange(alone.n), times) for times in resample_counts(alone.n, 0, resamples, 3)]
    drawn = [cohort_of(alone.outcome[row], alone.probability[:, row]) for row in rows]
    lines = [recalibration_measures(one) for one in drawn]
    for name in ("calibration_intercept", "calibration_slope"):
        values = np.array([one[name].value[0] for one in lines])
        wanted = np.nanquantile(values, (0.025, 0.975))
        assert limits(found[f"{name}__bootstrap_ci"]) == pytest.approx(wanted, abs=1e-5 * np.nanstd(values))
    distances = [calibration_error_measures(one, resamples=0) for one in drawn]
    for name in MEASURES:
        wanted = np.quantile([one[name].value[0] for one in distances], (0.025, 0.975))
        assert limits(errors[name]) == pytest.approx(wanted, rel=1e-9)


def test_the_distances_of_resamples_are_those_of_their_own_loess():
    alone, distances = cohort("asah_loo"), []
    for counts in resample_counts(alone.n, 0, 2, 3):
        row = np.repeat(np.arange(alone.n), counts)
        p, y = alone.probability[0, row], alone.outcome[row]
        order = np.lexsort((y, p))
        p, y = p[order], y[order]
        distances.append(np.abs(fit_loess(p, y).at(p) - p).mean())
    found = calibration_error_measures(alone, resamples=2, seed=3)
    assert limits(found["ici"]) == pytest.approx(np.quantile(distances, (0.025, 0.975)), abs=1e-12)


def many_runs(n_runs=4, n=60):
    rng = np.random.default_rng(5)
    logit = rng.normal(-1, 1.5, n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    p = 1 / (1 + np.exp(-logit - rng.normal(0, 1, (n_runs, n))))
    p[1, :9], p[2, 10:14], p[3] = 0, 1, np.round(p[3], 1)
    return cohort_of(outcome, p, [f"r{i}" for i in range(n_runs)])


def assert_same(found, wanted, runs=slice(None)):
    for name in wanted:
        for field in ("value", "n", "status", "ci_low", "ci_high", "limit"):
            same = getattr(found[name], field), getattr(wanted[name], field)[runs]
            assert same[0].tobytes() == same[1].tobytes(), (name, field)


def everything(some, resamples=40):
    return resampled_lines(some, resamples=resamples) | calibration_error_measures(some, resamples=resamples)


def test_neither_blocks_nor_company_nor_the_order_of_runs_change_a_bit(monkeypatch):
    some = many_runs()
    whole = everything(some)
    backwards = Cohort(some.run_ids[::-1], some.outcome, np.ascontiguousarray(some.probability[::-1]))
    for module, name in (
        (recalibration_bootstrap, "ROWS_AT_ONCE"),
        (recalibration_bootstrap, "ESTIMATES_AT_ONCE"),
        (calibration_errors, "ROWS_AT_ONCE"),
        (calibration_errors, "STATISTICS_AT_ONCE"),
    ):
        monkeypatch.setattr(module, name, 100)
    assert_same(everything(some), whole)
    assert_same(everything(backwards), whole, slice(None, None, -1))
    for run in range(len(some.run_ids)):
        alone = Cohort(some.run_ids[run : run + 1], some.outcome, some.probability[run : run + 1])
        assert_same(everything(alone), whole, slice(run, run + 1))


def test_without_resamples_there_are_values_without_limits():
    found = calibration_error_measures(cohort("asah_loo"), resamples=0)
    assert {estimates.method for estimates in found.values()} == {""}
    assert all(np.isnan(limits(estimates)).all() for estimates in found.values())
    assert {estimates.status[0] for estimates in found.values()} == {"ok"}


def test_resamples_that_mostly_separate_make_no_interval_of_the_slope():
    outcome, p = [0, 0, 0, 1, 0, 1, 1, 1], np.arange(1, 9) / 10
    found = resampled_lines(cohort_of(outcome, p))
    assert found[SLOPE].status[0] == "few_resamples"
    assert np.isnan(limits(found[SLOPE])).all()
    assert np.isfinite(found[SLOPE].value[0])
    assert found[INTERCEPT].status[0] == "ok"


def test_the_method_tells_how_many_resamples_have_one_class_only():
    alone = cohort_of([1, 0, 0, 0, 0, 0, 0, 1], np.arange(1, 9) / 10)
    events = resample_counts(8, 0, 200, 7) @ alone.outcome
    assert (events == 0).any()
    for found in (resampled_lines(alone, resamples=200, seed=7)[INTERCEPT], errors_of(alone)["ici"]):
        assert f"{(events == 0).sum()} without both" in found.method


def errors_of(alone):
    return calibration_error_measures(alone, resamples=200, seed=7)


@settings(max_examples=60, deadline=None)
@given(one_run, st.lists(probability, min_size=40, max_size=40))
def test_no_input_warns_or_gives_limits_in_the_wrong_order(rows, second):
    outcome, first = zip(*rows, strict=True)
    some = cohort_of(outcome, [first, second[: len(first)]], ["a", "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = everything(some, resamples=20)
    for name, estimates in found.items():
        for low, high in zip(estimates.ci_low, estimates.ci_high, strict=True):
            assert np.isnan([low, high]).all() or (np.isfinite([low, high]).all() and low <= high), name
        if name in MEASURES:
            assert not (estimates.value < 0).any()


@pytest.mark.parametrize("case", CURVED)
def test_the_distances_are_in_their_order(case):
    found = calibration_error_measures(cohort(case), resamples=0)
    value = {name: estimates.value[0] for name, estimates in found.items()}
    assert value["e50"] <= value["e90"] <= value["emax"]
    assert value["ici"] ** 2 <= value["eci_x100"] / 100 <= value["emax"] ** 2


def test_resamples_that_all_agree_make_no_interval():
    found = resampled_lines(cohort("dca_df_binary"), resamples=1)
    for estimates in found.values():
        assert estimates.status.tolist() == ["variance_zero"]
        assert np.isnan([*estimates.ci_low, *estimates.ci_high]).all()
