"""Paired differences of AUROC and net benefit, and p values of several tests at once."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from assets.stratos.bootstrap.resampling import percentile_limits, resample_counts
from assets.stratos.comparisons import differences
from assets.stratos.comparisons.differences import (
    AUROC_DIFFERENCES,
    NET_BENEFIT_DIFFERENCES,
    auroc_differences,
    net_benefit_differences,
)
from assets.stratos.comparisons.multiplicity import benjamini_hochberg, holm
from assets.stratos.discrimination.placements import placements
from tests.measure_cases import ORACLES, expected, one_run, run, runs

PAIRED = [
    (case, place)
    for case in ("asah_loo", "dca_df_binary", "pima_glm", "flchain_2pct", "flights_50k")
    for place in range(len(expected(case)["paired_delong"]))
]
A_AND_B = pd.DataFrame({"run_a": ["a"], "run_b": ["b"], "factor": ["classifier"]})


def reference(case, place):
    """What is on record of a pair, its outcomes, and its scores of shape (2, n)."""
    record = expected(case)["paired_delong"][place]
    rows = np.loadtxt(ORACLES / record["csv"], delimiter=",", skiprows=1)
    return record, rows[:, 0], rows[:, 1:].T


def as_probabilities(scores):
    """Raw markers as numbers of the same order within [0, 1]."""
    return scores if scores.max() <= 1 else scores / scores.max()


def pair(outcome, a, b):
    return pd.concat([run("a", outcome, a), run("b", outcome, b)])


def the_row(table):
    (row,) = table.to_pylist()
    return row


@pytest.mark.parametrize(("case", "place"), PAIRED)
def test_delongs_paired_test_agrees_with_the_reference(case, place):
    record, outcome, scores = reference(case, place)
    found = the_row(auroc_differences(pair(outcome, *map(as_probabilities, scores)), A_AND_B))
    limits = (record["diff_ci_low"], record["diff_ci_high"])
    assert found["difference"] == pytest.approx(record["diff_a_minus_b"], abs=1e-12)
    assert (found["ci_lower"], found["ci_upper"]) == pytest.approx(limits, abs=record["tolerance_suggested"])
    assert found["z"] == pytest.approx(record["z"], abs=record["tolerance_suggested"])
    assert found["p_value"] == pytest.approx(record["p_value"], rel=record["p_value_relative_tolerance"])
    assert (found["n"], found["status"]) == (len(outcome), "ok")


@pytest.mark.parametrize(("case", "place"), PAIRED)
def test_variances_and_covariance_of_a_pair_agree_with_the_reference(case, place):
    record, outcome, scores = reference(case, place)
    placed = placements(outcome, scores)
    of_difference = placed.of_runs(np.array([0])).minus(placed.of_runs(np.array([1]))).variance[0]
    assert placed.auroc == pytest.approx([record["auc_a"], record["auc_b"]], abs=1e-12)
    assert placed.variance == pytest.approx([record["var_a"], record["var_b"]], abs=1e-15)
    assert (placed.variance.sum() - of_difference) / 2 == pytest.approx(record["cov_ab"], abs=1e-15)


paired_run = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30
).map(
    lambda rows: tuple(np.array(column) / (1, 10, 10)[i] for i, column in enumerate(zip(*rows, strict=True)))
)


@settings(max_examples=30, deadline=None)
@given(paired_run)
def test_swapping_a_and_b_turns_the_difference_around(rows):
    outcome, a, b = rows
    for table in (auroc_differences, net_benefit_differences):
        straight, swapped = (table(pair(outcome, *two), A_AND_B).to_pandas() for two in ((a, b), (b, a)))
        assert straight.difference.to_numpy() == pytest.approx(-swapped.difference, nan_ok=True)
        assert straight.ci_lower.to_numpy() == pytest.approx(-swapped.ci_upper, nan_ok=True)
        assert straight.status.tolist() == swapped.status.tolist()


@settings(max_examples=30, deadline=None)
@given(paired_run)
def test_net_benefit_apart_is_the_mean_of_what_each_subject_adds(rows):
    outcome, a, b = rows
    found = net_benefit_differences(pair(outcome, a, b), A_AND_B, (1, 30, 70)).to_pandas()
    for t, row in zip((0.01, 0.3, 0.7), found.itertuples(), strict=True):
        worth = np.where(outcome == 1, 1, -t / (1 - t))
        added = worth * (a >= t) - worth * (b >= t)
        assert row.threshold == t
        assert row.difference == pytest.approx(added.mean(), abs=1e-12)
        if row.status == "ok":
            error = added.std(ddof=1) / math.sqrt(len(added))
            assert row.standard_error == pytest.approx(error, abs=1e-9)
            assert (row.ci_lower, row.ci_upper) == pytest.approx(
                (added.mean() - 1.959964 * error, added.mean() + 1.959964 * error), abs=1e-6
            )
        else:
            assert row.status == ("variance_undefined" if len(added) == 1 else "variance_zero")
            assert added.std() == pytest.approx(0, abs=1e-12)
            assert np.isnan([row.standard_error, row.ci_lower, row.ci_upper]).all()


@pytest.mark.parametrize("thresholds", [(0,), (10, 100), (0.1,), (2.5,)])
def test_thresholds_that_are_no_whole_per_cents_are_refused(thresholds):
    with pytest.raises(ValueError, match="whole per cents from 1 to 99"):
        net_benefit_differences(pair([0, 1], [0.2, 0.8], [0.3, 0.4]), A_AND_B, thresholds)


def test_wald_limits_of_both_differences_are_close_to_those_over_resampled_subjects():
    _, outcome, (a, b) = reference("dca_df_binary", 0)
    counts = resample_counts(len(outcome), 0, 1000).astype(np.int64)
    frame = pair(outcome, a, b)
    t = 0.1
    added = np.where(outcome == 1, 1, -t / (1 - t)) * ((a >= t) * 1.0 - (b >= t))
    limits = percentile_limits((counts @ added)[None] / len(outcome))
    found = the_row(net_benefit_differences(frame, A_AND_B, (10,)))
    assert found["ci_lower"] == pytest.approx(limits.low[0], abs=0.3 * found["standard_error"])
    assert found["ci_upper"] == pytest.approx(limits.high[0], abs=0.3 * found["standard_error"])
    drawn = [np.repeat(np.arange(len(outcome)), times) for times in counts[:200]]
    placed = [placements(outcome[rows], np.array([a, b])[:, rows]).auroc for rows in drawn]
    spread = np.std([of_a - of_b for of_a, of_b in placed], ddof=1)
    assert spread == pytest.approx(the_row(auroc_differences(frame, A_AND_B))["standard_error"], rel=0.2)


@pytest.mark.parametrize(
    ("first", "second", "status", "difference"),
    [
        (
            [(0, 0.2), (1, 0.8), (0, 0.3), (1, 0.4)],
            [(0, 0.1), (1, 0.9), (0, 0.2), (1, 0.3)],
            "variance_zero",
            0,
        ),
        ([(0, 0.2), (0, 0.8)], [(0, 0.1), (0, 0.9)], "single_class", None),
        ([(0, 0.2), (1, 0.8), (0, 0.3)], [(0, 0.3), (1, 0.2), (0, 0.1)], "variance_undefined", 0.5),
        ([(0, 0.2), (1, 0.8)], [(1, 0.2), (0, 0.8)], "different_subjects", None),
        ([(0, 0.2), (1, 0.8)], [(0, 0.2), (1, 0.8), (1, 0.9)], "different_subjects", None),
    ],
    ids=["same order", "one class", "one event", "other outcomes", "more subjects"],
)
def test_pairs_without_a_test_have_nulls_and_a_status(first, second, status, difference):
    pairs = A_AND_B.assign(run_a="r0", run_b="r1")
    found = the_row(auroc_differences(runs(first, second), pairs))
    assert (found["status"], found["difference"]) == (status, difference)
    nulls = ("standard_error", "ci_lower", "ci_upper", "z", "p_value", "p_holm", "p_bh")
    assert [found[name] for name in nulls] == [None] * len(nulls)
    curve = net_benefit_differences(runs(first, second), pairs, (50,)).to_pylist()
    assert (curve[0]["difference"] is None) == (status == "different_subjects")


def many_runs():
    random = np.random.default_rng(5)
    outcome = random.integers(0, 2, 60)
    names = [f"r{i}" for i in range(7)]
    probability = np.clip(random.normal(0.3 * outcome + 0.3, 0.2, (7, 60)), 0, 1)
    frame = pd.concat([run(name, outcome, p) for name, p in zip(names, probability, strict=True)])
    pairs = pd.DataFrame([(a, b) for a in names for b in names if a < b], columns=["run_a", "run_b"])
    return frame, pairs.assign(factor=["x" if a == "r0" else "y" for a in pairs.run_a])


@pytest.mark.parametrize("table", [auroc_differences, net_benefit_differences])
def test_neither_blocks_nor_the_order_of_rows_and_pairs_change_a_bit(table, monkeypatch):
    frame, pairs = many_runs()
    whole = table(frame, pairs)
    monkeypatch.setattr(differences, "ROWS_AT_ONCE", 150)
    mixed = table(frame.sample(frac=1, random_state=1), pairs.sample(frac=1, random_state=2))
    assert mixed.equals(whole)
    some = whole.to_pandas().query("factor == 'x'").reset_index(drop=True)
    pd.testing.assert_frame_equal(
        table(frame, pairs[pairs.factor == "x"]).to_pandas(), some, check_exact=True
    )


def test_p_values_are_adjusted_within_each_factor():
    found = auroc_differences(*many_runs()).to_pandas()
    for _, family in found.groupby("factor"):
        assert family.p_holm.to_numpy() == pytest.approx(holm(family.p_value.to_numpy()))
        assert family.p_bh.to_numpy() == pytest.approx(false_discovery_control(family.p_value))
    unnamed = auroc_differences(many_runs()[0], many_runs()[1].assign(factor=None)).to_pandas()
    assert unnamed.p_holm.to_numpy() == pytest.approx(holm(unnamed.p_value.to_numpy()))


def test_a_pair_of_a_run_without_predictions_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="without predictions: zz"):
        auroc_differences(many_runs()[0], A_AND_B.assign(run_a="r0", run_b="zz"))


def test_no_pairs_make_empty_tables_of_the_agreed_columns():
    frame, pairs = many_runs()
    for table, schema in (
        (auroc_differences, AUROC_DIFFERENCES),
        (net_benefit_differences, NET_BENEFIT_DIFFERENCES),
    ):
        assert (table(frame, pairs[:0]).num_rows, table(frame, pairs[:0]).schema) == (0, schema)
        assert table(frame, pairs).schema == schema


@settings(max_examples=30, deadline=None)
@given(one_run)
def test_a_run_differs_from_itself_by_nothing(rows):
    frame = runs(rows)
    found = the_row(auroc_differences(frame, A_AND_B.assign(run_a="r0", run_b="r0")))
    assert found["difference"] in (0, None)
    assert found["status"] in ("variance_zero", "variance_undefined", "single_class")


def test_holm_and_benjamini_hochberg_worked_by_hand():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    assert holm(p) == pytest.approx([0.03, math.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert benjamini_hochberg(p) == pytest.approx([0.02, math.nan, 0.04, 0.04, 0.02], nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusting_keeps_the_order_and_lies_between_the_p_value_and_bonferroni(values):
    p = np.array(values)
    bonferroni = np.minimum(p * len(p), 1) * (1 + 1e-15)
    for adjusted in (holm(p), benjamini_hochberg(p)):
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
        assert (p * (1 - 1e-15) <= adjusted).all()
        assert (adjusted <= bonferroni).all()
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))
    assert (benjamini_hochberg(p) <= holm(p) * (1 + 1e-15)).all()
