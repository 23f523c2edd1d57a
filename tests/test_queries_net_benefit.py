"""Decision curves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from assets.stratos.bootstrap.percentile_intervals import bootstrap_intervals
from assets.stratos.cohorts import cohorts
from queries.net_benefit import decision_curves
from tests.measure_cases import (
    CASES,
    asked,
    assert_rows,
    every_case,
    expected,
    some_runs,
    subjects,
    written_predictions,
)


def curves(frame, query=decision_curves):
    return pd.DataFrame(asked(query, frame, "run_id", "threshold"))


@pytest.fixture(scope="module")
def reference_curves():
    return curves(every_case())


@pytest.mark.parametrize("case", CASES)
def test_net_benefit_agrees_with_dcurves_at_all_99_thresholds(case, reference_curves):
    found, wanted = reference_curves[reference_curves.run_id == case], expected(case)["decision_curve"]
    assert found.threshold.tolist() == wanted["thresholds"]
    for column, name in [
        ("net_benefit_model", "net_benefit"),
        ("net_benefit_all", "net_benefit_treat_all"),
        ("net_benefit_none", "net_benefit_treat_none"),
        ("standardised_net_benefit", "standardised_net_benefit"),
        ("interventions_avoided", "net_interventions_avoided"),
    ]:
        if wanted.get(name) is None:
            continue
        assert found[column].tolist() == pytest.approx(wanted[name], abs=wanted["tolerance_suggested"], rel=0)


@pytest.mark.parametrize("case", sorted(set(CASES) - {"flchain_no_events"}))
def test_counts_agree_with_dcurves(case, reference_curves):
    found, wanted = reference_curves[reference_curves.run_id == case], expected(case)["decision_curve"]
    for column, name in [("true_positives", "tp_rate_of_all"), ("false_positives", "fp_rate_of_all")]:
        assert (found[column] / expected(case)["n"]).tolist() == pytest.approx(wanted[name], abs=1e-12)


def test_a_probability_on_the_threshold_is_positive():
    rows = written_predictions(
        """
        run_id | y_true | y_prob
        a      | 1      | 0.29
        a      | 0      | 0.29
        a      | 0      | 0.28999999999999
        a      | 1      | 1
        """
    )
    assert_rows(
        asked(lambda p: decision_curves(p, [28, 29, 30, 99]), rows, "threshold"),
        """
        threshold | true_positives | false_positives | net_benefit_model  | net_benefit_all
        0.28      | 2              | 2               | 0.3055555555555556 | 0.3055555555555556
        0.29      | 2              | 1               | 0.397887323943662  | 0.295774647887324
        0.30      | 1              | 0               | 0.25               | 0.2857142857142857
        0.99      | 1              | 0               | 0.25               | -49
        """,
    )


def test_without_events_only_the_standardised_net_benefit_is_null():
    rows = written_predictions(
        """
        run_id | y_true | y_prob
        a      | 0      | 0.2
        a      | 0      | 0.6
        """
    )
    assert_rows(
        asked(lambda p: decision_curves(p, [50]), rows, "threshold"),
        """
        net_benefit_model | standardised_net_benefit | standardised_net_benefit_status | interventions_avoided
        -0.5              | null                     | no_events                       | 0.5
        """,
    )


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_counting_in_parts_agrees_with_counting_subjects_at_each_threshold(frame):
    found = curves(frame)
    assert len(found) == 99 * frame.run_id.nunique()
    for run_id, rows in frame.groupby("run_id"):
        curve = found[found.run_id == run_id]
        n, events = len(rows), int(rows.y_true.sum())
        p, y = rows.y_prob.to_numpy(), rows.y_true.to_numpy()
        for k, point in zip(range(1, 100), curve.itertuples(), strict=True):
            t = k / 100
            true, false = (int(((p >= t) & (y == outcome)).sum()) for outcome in (1, 0))
            assert (point.threshold, point.true_positives, point.false_positives) == (t, true, false)
            assert point.net_benefit_model == pytest.approx(true / n - false / n * t / (1 - t), abs=1e-12)
            all_treated = events / n - (n - events) / n * t / (1 - t)
            assert point.net_benefit_all == pytest.approx(all_treated, abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_the_standard_error_is_that_of_a_mean_of_what_subjects_add(frame):
    found = curves(frame, lambda p: decision_curves(p, [10, 50, 90])).set_index(["run_id", "threshold"])
    for (run_id, t), point in found.iterrows():
        rows = frame[frame.run_id == run_id]
        added = np.where(rows.y_prob >= t, np.where(rows.y_true == 1, 1, -t / (1 - t)), 0)
        if len(added) == 1 or np.ptp(added) == 0:
            status = "variance_undefined" if len(added) == 1 else "variance_zero"
            assert point.net_benefit_status == status
            limits = point[["net_benefit_se", "net_benefit_ci_lower", "net_benefit_ci_upper"]]
            assert limits.isna().all()
            continue
        error = added.std(ddof=1) / np.sqrt(len(added))
        assert point.net_benefit_status == "ok"
        assert point.net_benefit_se == pytest.approx(error, rel=1e-12)
        limits = added.mean() - 1.959963984540054 * error, added.mean() + 1.959963984540054 * error
        assert (point.net_benefit_ci_lower, point.net_benefit_ci_upper) == pytest.approx(limits, abs=1e-9)


@pytest.mark.parametrize("case", ["pima_glm", "nafld_weighted"])
def test_the_limits_are_those_of_the_bootstrap_to_the_error_of_resampling(case, reference_curves):
    (cohort,) = cohorts(subjects(case))
    per_cents = [5, 10, 20, 30]
    resampled = bootstrap_intervals(cohort, thresholds=per_cents, resamples=2000, seed=1)
    found = reference_curves[reference_curves.run_id == case].set_index("threshold")
    for k in per_cents:
        wanted, point = resampled[f"net_benefit@{k / 100:.2f}__bootstrap_ci"], found.loc[k / 100]
        near = 0.25 * point.net_benefit_se  # percentiles of 2000 resamples, of a distribution with some skew
        assert point.net_benefit_ci_lower == pytest.approx(wanted.ci_low[0], abs=near)
        assert point.net_benefit_ci_upper == pytest.approx(wanted.ci_high[0], abs=near)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_having_every_subject_twice_leaves_net_benefit(frame):
    once, twice = curves(frame), curves(pd.concat([frame, frame]))
    assert twice.net_benefit_model.tolist() == pytest.approx(once.net_benefit_model.tolist(), abs=1e-12)
    assert (twice.true_positives == 2 * once.true_positives).all()


def test_the_thresholds_asked_for_are_those_of_the_whole_curve(reference_curves):
    some = curves(every_case(), lambda p: decision_curves(p, [5, 10, 50]))
    whole = reference_curves[reference_curves.threshold.isin([0.05, 0.1, 0.5])]
    assert some.equals(whole.reset_index(drop=True))


@pytest.mark.parametrize("thresholds", [[0.05], [0], [100]])
def test_a_threshold_that_is_no_whole_per_cent_is_refused(thresholds):
    with pytest.raises(ValueError, match="whole per cents"):
        curves(every_case(), lambda p: decision_curves(p, thresholds))
