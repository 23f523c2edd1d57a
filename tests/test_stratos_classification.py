"""Counts at thresholds, proportions with their limits, net benefit and costs on arrays."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from assets.stratos.classification.measures import classification_measures
from assets.stratos.classification.net_benefit import net_benefit_measures
from assets.stratos.classification.proportions import clopper_pearson_limits, wilson_limits
from assets.stratos.classification.thresholds import two_by_two
from assets.stratos.cohorts import cohort_of
from tests.measure_cases import ALL_CASES, expected, one_run, subjects

PROPORTIONS = ("sensitivity", "specificity", "ppv", "npv")


def cohort(rows):
    return cohort_of([y for y, _ in rows], [p for _, p in rows])


def reference(case):
    frame = subjects(case)
    return cohort_of(frame.y_true.to_numpy(), frame.y_prob.to_numpy())


def said(estimates):
    return {name: (e.value[0], e.status[0]) for name, e in estimates.items()}


@settings(max_examples=30, deadline=None)
@given(one_run)
def test_one_histogram_counts_as_comparing_at_each_threshold_does(rows):
    table = two_by_two(cohort(rows), range(1, 100))
    y, p = (np.array(column) for column in zip(*rows, strict=True))
    positive = p[:, None] >= np.arange(1, 100) / 100
    counts = [(positive & (y == 1)[:, None]).sum(0), (positive & (y == 0)[:, None]).sum(0)]
    counts += [(~positive & (y == 1)[:, None]).sum(0), (~positive & (y == 0)[:, None]).sum(0)]
    found = table.true_positives, table.false_positives, table.false_negatives, table.true_negatives
    np.testing.assert_array_equal([count[0] for count in found], counts)


@pytest.mark.parametrize("case", ALL_CASES)
def test_decision_curves_agree_with_dcurves(case):
    found, wanted = net_benefit_measures(reference(case)), expected(case)["decision_curve"]
    for name, column in [
        ("net_benefit", "net_benefit"),
        ("standardised_net_benefit", "standardised_net_benefit"),
        ("interventions_avoided", "net_interventions_avoided"),
    ]:
        if wanted.get(column) is not None:
            values = [found[f"{name}@{t:.2f}"].value[0] for t in wanted["thresholds"]]
            assert values == pytest.approx(wanted[column], abs=1e-12, rel=0)


@pytest.mark.parametrize("case", ALL_CASES)
def test_proportions_and_both_kinds_of_limits_agree_with_epi_r(case):
    found, wanted = classification_measures(reference(case)), expected(case)["classification"]
    for row in wanted["rows"]:
        for name in PROPORTIONS:
            measure = f"{name}@{row['threshold']:.2f}"
            wilson, exact = found[measure], found[measure.replace("@", "_ci_exact@")]
            if row[name]["value"] is None:
                assert wilson.status[0] == exact.status[0] == "empty_denominator"
                continue
            limits = wilson.ci_low[0], wilson.ci_high[0], exact.ci_low[0], exact.ci_high[0]
            assert wilson.value[0] == pytest.approx(row[name]["value"], abs=1e-12)
            assert limits == pytest.approx(
                [row[name][limit] for limit in ("wilson_low", "wilson_high", "exact_low", "exact_high")],
                abs=wanted["ci_tolerance_suggested"],
            )


@pytest.mark.parametrize("n", [1, 2, 7, 30, 1000, 1_000_000])
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.5, 0.99, 1])
def test_limits_of_a_proportion_agree_with_scipy(n, share):
    count = round(n * share)
    counts, ns = np.array([count]), np.array([n])
    for limits, method in ((wilson_limits, "wilson"), (clopper_pearson_limits, "exact")):
        found = [limit[0] for limit in limits(counts, ns)]
        # SciPy finds the exact limits by searching for a root, hence the tolerance.
        wanted = binomtest(count, n).proportion_ci(method=method)
        assert found == pytest.approx([wanted.low, wanted.high], abs=1e-10)


def test_limits_at_the_ends_are_the_ends_and_of_nobody_there_are_none():
    count, n = np.array([0, 5, 0, 0]), np.array([5, 5, 1, 0])
    for limits in (wilson_limits, clopper_pearson_limits):
        low, high = limits(count, n)
        assert (low[0], high[1], low[2]) == (0, 1, 0)
        assert np.isnan([low[3], high[3]]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10_000), st.data())
def test_limits_contain_the_proportion_and_swap_with_the_label(n, data):
    count = data.draw(st.integers(0, n))
    for limits in (wilson_limits, clopper_pearson_limits):
        low, high = (limit[0] for limit in limits(np.array([count]), np.array([n])))
        other_low, other_high = (limit[0] for limit in limits(np.array([n - count]), np.array([n])))
        assert 0 <= low <= count / n <= high <= 1
        assert (1 - other_high, 1 - other_low) == pytest.approx((low, high), abs=1e-11)


def test_nobody_in_the_denominator_is_null_and_says_so():
    found = said(classification_measures(cohort([(0, 0.2), (0, 0.3)]), [50], 0.3))
    null = [name for name, (value, _) in found.items() if np.isnan(value)]
    assert null == [
        "sensitivity@0.50", "sensitivity_ci_exact@0.50", "ppv@0.50", "ppv_ci_exact@0.50",
        "ppv_at_prevalence@0.50", "npv_at_prevalence@0.50",
    ]  # fmt: skip
    assert found["ppv@0.50"][1] == "empty_denominator"
    assert found["ppv_at_prevalence@0.50"][1] == "single_class"
    assert found["expected_cost@0.50"] == (0, "ok")


def test_predictive_values_at_another_prevalence_follow_bayes():
    # Of 1000, 100 are ill: 80 found, 90 of the 900 others called ill.
    rows = [(1, 0.9)] * 8 + [(1, 0.1)] * 2 + [(0, 0.9)] + [(0, 0.1)] * 9
    found = classification_measures(cohort(rows), [50], 0.1)
    assert found["ppv_at_prevalence@0.50"].value[0] == pytest.approx(80 / 170)
    assert found["npv_at_prevalence@0.50"].value[0] == pytest.approx(810 / 830)
    # log(80 / 90) +/- 1.96 sqrt(0.2 / 8 + 0.9 / 1), back from the logit scale
    margin = 1.959963984540054 * math.sqrt(0.925)
    limits = [1 / (1 + 9 / 8 * math.exp(side * margin)) for side in (1, -1)]
    e = found["ppv_at_prevalence@0.50"]
    assert [e.ci_low[0], e.ci_high[0]] == pytest.approx(limits)


@settings(max_examples=30, deadline=None)
@given(one_run)
def test_at_the_prevalence_of_the_rows_predictive_values_are_those_of_the_rows(rows):
    prevalence = np.mean([y for y, _ in rows])
    if 0 < prevalence < 1:
        found = classification_measures(cohort(rows), [10, 50], float(prevalence))
        for at in ("@0.10", "@0.50"):
            for name in ("ppv", "npv"):
                there, here = found[f"{name}_at_prevalence{at}"].value, found[name + at].value
                np.testing.assert_allclose(there, here, atol=1e-12)


def test_an_empty_cell_leaves_predictive_values_without_limits():
    found = classification_measures(cohort([(1, 0.9), (1, 0.1), (0, 0.1), (0, 0.2)]), [50, 1], 0.3)
    assert said(found)["ppv_at_prevalence@0.50"] == (1, "empty_cell")
    value, status = said(found)["ppv_at_prevalence@0.01"]
    assert (value, status) == (pytest.approx(0.3), "variance_zero")
    for at in ("0.50", "0.01"):
        e = found[f"ppv_at_prevalence@{at}"]
        assert np.isnan([e.ci_low[0], e.ci_high[0]]).all()


@settings(max_examples=30, deadline=None)
@given(one_run)
def test_expected_cost_is_net_benefit_seen_from_the_other_side(rows):
    runs = cohort(rows)
    found = net_benefit_measures(runs) | classification_measures(runs)
    prevalence = runs.n_events / runs.n
    for k in (1, 29, 50, 99):
        benefit = found[f"net_benefit@{k / 100:.2f}"].value[0]
        cost = found[f"expected_cost@{k / 100:.2f}"].value[0]
        assert cost == pytest.approx((1 - k / 100) * (prevalence - benefit), abs=1e-12)
        assert 0 <= cost <= 1


@settings(max_examples=30, deadline=None)
@given(one_run)
def test_net_benefit_of_treating_everybody_avoids_no_intervention(rows):
    everybody = net_benefit_measures(cohort([(y, 1.0) for y, _ in rows]))
    for name, e in everybody.items():
        if name.startswith("interventions"):
            assert e.value[0] == 0


@settings(max_examples=30, deadline=None)
@given(one_run)
def test_net_benefit_approaches_the_prevalence_as_the_threshold_goes_to_nothing(rows):
    rows = [(y, max(p, 0.01)) for y, p in rows]
    runs = cohort(rows)
    prevalence, n_others = runs.n_events / runs.n, runs.n - runs.n_events
    found = net_benefit_measures(runs, [1])["net_benefit@0.01"].value[0]
    assert found == pytest.approx(prevalence - n_others / runs.n / 99, abs=1e-12)


def test_without_events_net_benefit_is_defined_and_the_standardised_one_is_not():
    found = net_benefit_measures(cohort([(0, 0.2), (0, 0.9)]), [50, 95])
    assert found["net_benefit@0.50"].value[0] == -0.5
    treated, untreated = (found[f"standardised_net_benefit@{t}"] for t in ("0.50", "0.95"))
    assert (treated.status[0], treated.limit[0]) == ("no_events", -math.inf)
    assert (untreated.status[0], np.isnan(untreated.limit[0])) == ("no_events", True)


def test_without_nonevents_net_benefit_is_the_share_of_true_positives():
    found = net_benefit_measures(cohort([(1, 0.2), (1, 0.9)]), [50])
    assert found["net_benefit@0.50"].value[0] == found["standardised_net_benefit@0.50"].value[0] == 0.5


@settings(max_examples=20, deadline=None)
@given(one_run, st.integers(2, 4))
def test_having_every_subject_several_times_leaves_every_value(rows, times):
    once, often = (
        net_benefit_measures(runs) | classification_measures(runs, target_prevalence=0.2)
        for runs in (cohort(rows), cohort(rows * times))
    )
    for name, e in once.items():
        np.testing.assert_allclose(often[name].value, e.value, rtol=0, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(one_run)
def test_swapping_the_labels_swaps_sensitivity_with_specificity_and_ppv_with_npv(rows):
    # Halfway between two thresholds nothing lies on the edge that only one side includes.
    rows = [(y, (math.floor(min(p, 0.99) * 100) + 0.5) / 100) for y, p in rows]
    straight = classification_measures(cohort(rows))
    swapped = classification_measures(cohort([(1 - y, 1 - p) for y, p in rows]))
    for k in range(1, 100):
        here, there = f"@{k / 100:.2f}", f"@{(100 - k) / 100:.2f}"
        for name, other in (
            ("sensitivity", "specificity"),
            ("ppv", "npv"),
            ("expected_cost", "expected_cost"),
        ):
            np.testing.assert_allclose(
                swapped[name + there].value, straight[other + here].value, rtol=0, atol=1e-15
            )


@pytest.mark.parametrize("thresholds", [[0.05], [0], [100]])
def test_a_threshold_that_is_no_whole_per_cent_is_refused(thresholds):
    for measures in (classification_measures, net_benefit_measures):
        with pytest.raises(ValueError, match="whole per cents"):
            measures(cohort([(0, 0.5)]), thresholds)


@pytest.mark.parametrize("target", [0, 1, -0.1, float("nan"), "0.1"])
def test_a_target_prevalence_that_is_no_share_is_refused(target):
    with pytest.raises(ValueError, match="lies between 0 and 1; got"):
        classification_measures(cohort([(0, 0.5)]), target_prevalence=target)


def test_runs_do_not_depend_on_their_company():
    rng = np.random.default_rng(1)
    outcome, probability = rng.integers(0, 2, 301), rng.random((5, 301)).round(2)
    together = classification_measures(cohort_of(outcome, probability, [*"abcde"]), target_prevalence=0.2)
    for run in range(5):
        alone = classification_measures(cohort_of(outcome, probability[run]), target_prevalence=0.2)
        for name, e in together.items():
            for field in ("value", "ci_low", "ci_high", "n"):
                np.testing.assert_array_equal(getattr(alone[name], field)[0], getattr(e, field)[run])
