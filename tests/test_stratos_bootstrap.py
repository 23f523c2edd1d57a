"""Bootstrap limits: reference values, each resample counted by repetition, nothing that depends on blocks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from assets.stratos.bootstrap import percentile_intervals as bootstrap
from assets.stratos.bootstrap import resampling
from assets.stratos.bootstrap.orderings import by_subject, ordering
from assets.stratos.bootstrap.percentile_intervals import bootstrap_intervals, resampled_aurocs
from assets.stratos.bootstrap.resampled import prepared
from assets.stratos.bootstrap.resampling import percentile_limits, resample_counts, stratified_counts
from assets.stratos.cohorts import Cohort, cohort_of
from assets.stratos.discrimination.auroc import discrimination_measures
from tests.measure_cases import ALL_CASES, expected, one_run, subjects

PER_CENTS = (1, 5, 30, 50, 99)


def limits_of(cohort, **options):
    return bootstrap_intervals(cohort, thresholds=(5, 10, 20, 30, 50), **options)


def of(rows):
    return cohort_of([y for y, _ in rows], [p for _, p in rows])


def cohort(case):
    rows = subjects(case)
    return cohort_of(rows.y_true, rows.y_prob)


@pytest.mark.parametrize("case", ALL_CASES)
def test_limits_agree_with_the_references_as_two_bootstraps_do(case):
    found = limits_of(cohort(case), resamples=400 if case == "flights_50k" else 2000)
    record = expected(case)
    step = 1 / max(1, record["events"] * (record["n"] - record["events"]))
    for name in set(found) & set(record["measures"]):
        wanted = record["measures"][name]
        assert found[name].value[0] == pytest.approx(
            wanted["value"], abs=wanted["tolerance_suggested"], rel=0
        )
        # An AUROC moves in steps of at least half a pair, and a limit may fall on either side of one.
        tolerance = max(wanted["ci_tolerance_suggested"], 1.001 * step if "auroc" in name else 0)
        limits = (wanted["ci_low"], wanted["ci_high"])
        assert (found[name].ci_low[0], found[name].ci_high[0]) == pytest.approx(limits, abs=tolerance, rel=0)


def repeated(run, counts):
    rows = np.repeat(np.arange(run.n), counts)
    return Cohort(run.run_ids, run.outcome[rows], run.probability[:, rows])


def measured(run):
    """Measures of one run, straight from their definitions; NaN or infinite where there is none."""
    y, p, ybar = run.outcome, run.probability[0], run.outcome.mean()
    with np.errstate(all="ignore"):
        likelihood = np.where(y == 1, np.log(p), np.log1p(-p)).mean()
        null = np.mean(np.where(y == 1, np.log(ybar), np.log1p(-ybar))) if 0 < ybar < 1 else math.nan
        cox_snell = 1 - np.exp(2 * (null - likelihood))
        found = {
            "auroc": roc_auc_score(y, p) if 0 < ybar < 1 else math.nan,
            "brier": np.mean((y - p) ** 2),
            "scaled_brier": 1 - np.mean((y - p) ** 2) / (ybar * (1 - ybar)),
            "log_loss": -likelihood,
            "mcfadden_r2": 1 - likelihood / null,
            "cox_snell_r2": cox_snell,
            "nagelkerke_r2": cox_snell / (1 - np.exp(2 * null)),
            "oe_ratio": y.sum() / p.sum(),
            "discrimination_slope": p[y == 1].mean() - p[y == 0].mean() if 0 < ybar < 1 else math.nan,
        }
        for k in PER_CENTS:
            t = k / 100
            net_benefit = np.mean((p >= t) * np.where(y == 1, 1, -t / (1 - t)))
            found[f"net_benefit@{t:.2f}"] = net_benefit
            treat_all = ybar - (1 - ybar) * t / (1 - t)
            costs = np.where(y == 1, (1 - t) * (p < t), t * (p >= t))
            found[f"standardised_net_benefit@{t:.2f}"] = net_benefit / ybar
            found[f"interventions_avoided@{t:.2f}"] = (net_benefit - treat_all) * (1 - t) / t
            found[f"expected_cost@{t:.2f}"] = costs.mean()
    return found


graded = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 100).map(lambda k: k / 100)), min_size=1, max_size=25
)


@settings(max_examples=60, deadline=None)
@given(graded, st.integers(0, 2**32))
def test_a_resample_measures_what_its_subjects_repeated_would(rows, seed):
    run, counts = of(rows), resample_counts(len(rows), 0, 3, seed)
    found = prepared(run, PER_CENTS).measures(counts)
    everybody = measured(run)
    for b in range(3):
        for name, wanted in measured(repeated(run, counts[b])).items():
            if np.isinf(everybody[name]) and name != "scaled_brier":
                continue  # a measure that does not exist for all subjects is not sought in resamples
            if np.isfinite(wanted):
                assert found[name][0, b] == pytest.approx(wanted, rel=1e-9, abs=1e-12), name
            else:
                assert not np.isfinite(found[name][0, b]), name


@settings(max_examples=60, deadline=None)
@given(one_run)
def test_wins_and_positives_are_whole_numbers_counted_exactly(rows):
    run, counts = of(rows), resample_counts(len(rows), 0, 4)
    thresholds = (0.01, 0.3, 0.5, 0.99)
    found = ordering(run.outcome, run.probability[0], thresholds).count(by_subject(counts))
    p, event = run.probability[0], run.outcome == 1
    worth = 2 * (p[event][:, None] > p[~event]) + (p[event][:, None] == p[~event])
    whole = counts.astype(np.int64)
    wins = np.einsum("bi,ij,bj->b", whole[:, event], worth.astype(np.int64), whole[:, ~event])
    assert found.doubled_wins.tolist() == wins.tolist()
    for place, t in enumerate(thresholds):
        assert found.true_positives[place].tolist() == whole[:, event & (p >= t)].sum(axis=1).tolist()
        assert found.false_positives[place].tolist() == whole[:, ~event & (p >= t)].sum(axis=1).tolist()


def test_more_subjects_than_single_precision_can_count_are_counted_in_double(monkeypatch):
    run = cohort("pima_knn_ties")
    usual = limits_of(run, resamples=50)
    monkeypatch.setattr("assets.stratos.bootstrap.orderings.SINGLE_PRECISION_SUBJECTS", 100)
    assert same(limits_of(run, resamples=50), usual)


def same(found, wanted):
    return found.keys() == wanted.keys() and all(
        np.array_equal(getattr(found[name], part), getattr(wanted[name], part), equal_nan=part != "status")
        and found[name].method == wanted[name].method
        for name in wanted
        for part in ("value", "ci_low", "ci_high", "limit", "n", "status")
    )


def many_runs(places=range(7)):
    random = np.random.default_rng(9)
    outcome = random.integers(0, 2, 61)
    probability = np.clip(random.normal(0.4 + 0.2 * outcome, 0.3, (7, 61)).round(2), 0, 1)
    return cohort_of(outcome, probability[list(places)], list(places))


def test_neither_blocks_of_resamples_nor_of_runs_change_a_bit(monkeypatch):
    whole = limits_of(many_runs(), resamples=150)
    monkeypatch.setattr(resampling, "COUNTS_AT_ONCE", 61 * 40)
    assert same(limits_of(many_runs(), resamples=150), whole)
    monkeypatch.setattr(bootstrap, "STATISTICS_AT_ONCE", 150 * 20 * 2)
    assert same(limits_of(many_runs(), resamples=150), whole)


def test_a_run_has_the_same_bits_alone_and_in_any_company():
    whole = limits_of(many_runs(), resamples=150)
    for places in ([3], [6, 0], [5, 4, 3, 2, 1, 0, 6]):
        found = limits_of(many_runs(places), resamples=150)
        for name in whole:
            for part in ("value", "ci_low", "ci_high", "status"):
                wanted = getattr(whole[name], part)[places]
                assert np.array_equal(getattr(found[name], part), wanted, equal_nan=part != "status")


def test_auroc_over_resamples_is_paired_across_runs_and_what_the_limits_are_made_of():
    drawn = resampled_aurocs(many_runs(), resamples=150)
    limits = percentile_limits(drawn)
    found = limits_of(many_runs(), resamples=150)["auroc__bootstrap_ci"]
    assert np.array_equal(found.ci_low, limits.low)
    assert np.array_equal(found.ci_high, limits.high)
    assert np.array_equal(resampled_aurocs(many_runs([4]), resamples=150), drawn[4:5])


@settings(max_examples=40, deadline=None)
@given(one_run)
def test_auroc_is_that_of_delong_to_the_bit_and_limits_are_in_order(rows):
    found = limits_of(of(rows), resamples=20)
    auroc = discrimination_measures(of(rows))["auroc"].value
    assert np.array_equal(found["auroc__bootstrap_ci"].value, auroc, equal_nan=True)
    for estimates in found.values():
        assert (estimates.status[0] == "ok") == bool(estimates.ci_low[0] < estimates.ci_high[0])


def test_stratified_resamples_never_lack_an_outcome():
    found = limits_of(of([(0, 0.2), (0, 0.4), (0, 0.6), (1, 0.5)]), resamples=100)
    assert "without both outcomes" in found["auroc__bootstrap_ci"].method
    assert "without both" not in found["auroc_ci_bootstrap_stratified"].method
    assert "within each outcome" in found["auroc_ci_bootstrap_stratified"].method


def test_stratified_limits_are_those_of_resamples_with_as_many_events():
    run = many_runs([2])
    found = limits_of(run, resamples=80)["auroc_ci_bootstrap_stratified"]
    drawn = [
        roc_auc_score(again.outcome, again.probability[0])
        for again in (repeated(run, counts) for counts in stratified_counts(run.outcome, 0, 80))
    ]
    assert (found.ci_low[0], found.ci_high[0]) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=1e-12)


def test_resamples_without_both_outcomes_are_counted_in_the_method():
    events = resample_counts(4, 0, 100)[:, 3]
    lacking = int(((events == 0) | (events == 4)).sum())
    few = limits_of(of([(0, 0.2), (0, 0.4), (0, 0.6), (1, 0.5)]), resamples=100)
    assert f"B=100, {lacking} without both outcomes" in few["auroc__bootstrap_ci"].method
    assert "without" not in limits_of(cohort("pima_glm"), resamples=100)["auroc__bootstrap_ci"].method


@pytest.mark.parametrize(
    ("rows", "name", "value", "status", "limit"),
    [
        ([(0, 0.2), (0, 0.8)], "auroc", None, "single_class", None),
        ([(0, 0.2), (0, 0.8)], "scaled_brier", None, "single_class", -math.inf),
        ([(0, 0.2), (0, 0.8)], "nagelkerke_r2", None, "single_class", None),
        ([(0, 0.2), (0, 0.8)], "standardised_net_benefit@0.50", None, "no_events", -math.inf),
        ([(0, 0.2), (0, 0.8)], "oe_ratio", 0, "variance_zero", None),
        ([(1, 0.0), (0, 0.0)], "oe_ratio", None, "nothing_expected", math.inf),
        ([(0, 0.0), (0, 0.0)], "oe_ratio", None, "nothing_expected", None),
        ([(1, 1e-300), (0, 5e-324)], "oe_ratio", None, "nothing_expected", math.inf),
        ([(0, 5e-324)], "oe_ratio", None, "nothing_expected", None),
        ([(1, 5e-324), (0, 5e-324)], "mcfadden_r2", None, "infinite", -math.inf),
        ([(1, 5e-324), (0, 5e-324)], "nagelkerke_r2", None, "infinite", -math.inf),
        ([(1, 0.0), (0, 0.5), (1, 0.5)], "log_loss", None, "infinite", math.inf),
        ([(1, 0.0), (0, 0.5), (1, 0.5)], "mcfadden_r2", None, "infinite", -math.inf),
        ([(1, 0.3), (0, 0.3), (1, 0.3)], "auroc", 0.5, "variance_zero", None),
        ([(1, 0.3), (0, 0.3), (1, 0.3)], "discrimination_slope", 0, "variance_zero", None),
        ([(1, 0.8), (0, 0.3), (0, 0.2), (1, 0.9)], "auroc", 1, "variance_zero", None),
        ([(1, 0.3), (0, 0.6)], "scaled_brier", -0.7, "few_resamples", None),
        ([(1, 0.3)], "brier", 0.49, "variance_zero", None),
    ],
)
def test_what_has_no_limits_says_why(rows, name, value, status, limit):
    found = limits_of(of(rows), resamples=101, seed=3)[f"{name}__bootstrap_ci"]
    assert found.status[0] == status
    assert found.value[0] == pytest.approx(math.nan if value is None else value, nan_ok=True)
    assert found.limit[0] == pytest.approx(math.nan if limit is None else limit, nan_ok=True)
    assert np.isnan([found.ci_low, found.ci_high]).all()
