"""Which level of a factor ranks best, and tests over blocks that refuse what are no blocks."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import stats

from assets.stratos.comparisons.common_subjects import RESAMPLED, common_cohort
from assets.stratos.comparisons.friedman import (
    PseudoReplicationError,
    critical_difference,
    friedman_nemenyi,
    midranks,
    wilcoxon_holm,
)
from assets.stratos.comparisons.rankings import METHOD_RANKINGS, method_rankings
from assets.stratos.comparisons.variance_decomposition import FACTORS
from assets.stratos.discrimination.placements import placements
from tests.measure_cases import run

# AUROCs of four variants of C4.5 on fourteen data sets: Demsar 2006, table 6. One of two values that he prints
# as .975 is .9751 here, as his ranks of them, 2 and 3, demand.
DEMSAR = """
.763 .768 .771 .798  .599 .591 .590 .569  .954 .971 .968 .967  .628 .661 .654 .657  .882 .888 .886 .898
.936 .931 .916 .931  .661 .668 .609 .685  .583 .583 .563 .625  .775 .838 .866 .875  1.00 1.00 1.00 1.00
.940 .962 .965 .962  .619 .666 .614 .669  .972 .981 .9751 .975  .957 .978 .946 .970
"""
C45 = np.array(DEMSAR.split(), dtype=float).reshape(14, 4)


def study(methods, risks, outcome=(0, 0, 1, 1), subjects=None):
    """Runs of (classifier, outlier method) with their AUROC and Brier score, and their predictions."""
    runs, rows = [], []
    for k, ((classifier, outlier), p) in enumerate(zip(methods, risks, strict=True)):
        y, p = np.asarray(outcome), np.asarray(p)
        wins = np.subtract.outer(p[y == 1], p[y == 0])
        runs.append(
            dict.fromkeys(FACTORS, "same")
            | {"run_id": f"r{k:02d}", "classifier": classifier, "outlier_method": outlier}
            | {"auroc": ((wins > 0) + 0.5 * (wins == 0)).mean(), "brier": ((p - y) ** 2).mean()}
        )
        rows.append(run(f"r{k:02d}", y, p))
        if subjects:
            rows[-1]["subject_code"] = subjects[k] + rows[-1]["subject_code"]
    return pd.DataFrame(runs), pd.concat(rows)


def factorial(seed=3, n=30, blocks=4, subjects=None):
    """Classifiers `bad`, `fair` and `good` in some blocks."""
    rng = np.random.default_rng(seed)
    y = np.tile([0, 1], n // 2)
    methods = [(c, f"o{b}") for b in range(blocks) for c in ("bad", "fair", "good")]
    signal = {"bad": 0.3, "fair": 1.5, "good": 3.0}
    risks = [1 / (1 + np.exp(-(signal[c] * (y - 0.5) + rng.normal(size=n)))) for c, _ in methods]
    return study(methods, risks, y, [f"{outlier}-" for _, outlier in methods] if subjects else None)


def ranked(frame, predictions, factor="classifier", measure="auroc", **options):
    table = method_rankings(frame, predictions, measures=[measure], **options)
    assert table.schema == METHOD_RANKINGS
    return {row["level"]: row for row in table.to_pylist() if row["factor"] == factor}


def test_friedmans_test_and_nemenyis_difference_are_those_of_demsars_example():
    found = friedman_nemenyi(C45, range(14))
    assert found.mean_ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert (found.statistic, found.df) == (pytest.approx(stats.friedmanchisquare(*C45.T).statistic), 3)
    assert found.p == pytest.approx(stats.friedmanchisquare(*C45.T).pvalue)
    assert found.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)


@pytest.mark.parametrize(("levels", "quantile"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_differences_are_those_of_demsars_table(levels, quantile):
    assert critical_difference(levels, 7) == pytest.approx(
        quantile * np.sqrt(levels * (levels + 1) / 42), abs=1e-3
    )


@given(
    arrays(
        np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.sampled_from([0, 0.5, 1])
    )
)
def test_midranks_are_scipys_with_the_highest_first(scores):
    assert midranks(scores).tolist() == stats.rankdata(-scores, axis=1).tolist()


def test_blocks_that_are_not_complete_do_not_count():
    holed = np.vstack([C45, [0.5, np.nan, 0.5, 0.5]])
    found, wanted = friedman_nemenyi(holed, range(15)), friedman_nemenyi(C45, range(14))
    assert found.mean_ranks.tolist() == wanted.mean_ranks.tolist()
    assert (found.n_blocks, found.p, found.critical_difference) == (14, wanted.p, wanted.critical_difference)


@pytest.mark.parametrize(
    "test", [friedman_nemenyi, lambda scores, sets: wilcoxon_holm(scores, sets, list("abcd"))]
)
def test_refits_and_resamples_of_one_test_set_are_refused_as_blocks(test):
    with pytest.raises(
        PseudoReplicationError, match=r"14 blocks were tested on 1 set.*no independent blocks"
    ):
        test(C45, ["the one test set"] * 14)
    with pytest.raises(ValueError, match="1 complete blocks of 4 levels"):
        test(C45[:1], ["a"])
    with pytest.raises(ValueError, match="expected one per block"):
        test(C45, range(13))


def test_wilcoxons_tests_are_scipys_and_adjusted_by_holm():
    rows = wilcoxon_holm(C45, range(14), list("abcd")).to_pylist()
    pairs = list(itertools.combinations(range(4), 2))
    assert [(row["level_a"], row["level_b"]) for row in rows] == [("abcd"[a], "abcd"[b]) for a, b in pairs]
    wanted = [stats.wilcoxon(C45[:, a] - C45[:, b]).pvalue for a, b in pairs]
    assert [row["p"] for row in rows] == pytest.approx(wanted)
    least = int(np.argmin(wanted))
    assert rows[least]["p_holm"] == pytest.approx(6 * wanted[least])
    assert all(row["p_holm"] >= row["p"] for row in rows)


def test_levels_that_always_tie_have_no_p():
    scores = np.array([[0.5, 0.5, 0.6], [0.7, 0.7, 0.6], [0.8, 0.8, 0.9]])
    first, *others = wilcoxon_holm(scores, range(3), list("abc")).to_pylist()
    assert (first["p"], first["p_holm"], first["median_difference"]) == (None, None, 0)
    assert all(row["p"] is not None for row in others)
    assert np.isnan(friedman_nemenyi(np.ones((3, 2)), range(3)).p)


def test_levels_are_ranked_within_blocks_and_the_ranks_averaged():
    methods = [(c, o) for o in "uv" for c in "abc"]
    best, half, worst = [0.1, 0.2, 0.8, 0.9], [0.1, 0.8, 0.2, 0.9], [0.9, 0.8, 0.2, 0.1]
    frame, predictions = study(methods, [best, half, worst, best, best, half])
    found = ranked(frame, predictions, resamples=50)
    assert {level: row["mean_rank"] for level, row in found.items()} == {"a": 1.25, "b": 1.75, "c": 3}
    assert {(row["n_levels"], row["n_blocks"]) for row in found.values()} == {(3, 2)}


def test_pipelines_of_one_test_set_get_limits_over_subjects_instead_of_a_test():
    frame, predictions = factorial()
    found = ranked(frame, predictions, resamples=200)
    for row in found.values():
        assert row["status"] == "blocks_share_subjects"
        assert (row["friedman_statistic"], row["friedman_p"], row["critical_difference"]) == (
            None,
            None,
            None,
        )
        assert 1 <= row["mean_rank_ci_lower"] <= row["mean_rank_ci_upper"] <= 3
        assert "B=200" in row["ci_method"]
    assert sum(row["probability_best"] for row in found.values()) == pytest.approx(1)
    assert found["good"]["probability_best"] > 0.9 > found["bad"]["probability_best"]


def test_the_refused_test_would_find_a_best_level_where_there_is_none():
    rejected = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = np.tile([0.0, 1.0], 50)
        # What a level sees in a subject is chance, the same in each of its twelve pipelines.
        seen = y + rng.normal(size=(3, 1, 100)) + 0.2 * rng.normal(size=(3, 12, 100))
        aurocs = placements(y, seen.reshape(36, 100)).auroc.reshape(3, 12)
        rejected += stats.friedmanchisquare(*aurocs).pvalue < 0.05
    assert rejected > 15  # where 1 is expected of a valid test


@pytest.mark.parametrize(("measure", "sign"), [("auroc", 1), ("brier", -1)])
def test_limits_are_percentiles_of_the_mean_rank_in_each_resample(measure, sign):
    frame, predictions = factorial(n=12)
    values = RESAMPLED[measure](common_cohort(predictions), resamples=40, seed=9)
    ranks = stats.rankdata(-sign * values.reshape(4, 3, 40), axis=1).mean(axis=0)
    found = ranked(frame, predictions, measure=measure, resamples=40, seed=9)
    for level, of_level in zip(("bad", "fair", "good"), ranks, strict=True):
        limits = [found[level]["mean_rank_ci_lower"], found[level]["mean_rank_ci_upper"]]
        assert limits == pytest.approx(np.quantile(of_level, (0.025, 0.975)))
        ties = (ranks == ranks.min(axis=0)).sum(axis=0)
        assert found[level]["probability_best"] == pytest.approx(
            ((of_level == ranks.min(axis=0)) / ties).mean()
        )


def test_blocks_with_test_sets_of_their_own_are_tested():
    frame, predictions = factorial(subjects=True)
    scores = frame.auroc.to_numpy().reshape(4, 3)
    wanted = friedman_nemenyi(scores, range(4))
    row = ranked(frame, predictions)["good"]
    assert (row["status"], row["friedman_df"]) == ("ok", 2)
    assert row["friedman_statistic"] == pytest.approx(wanted.statistic)
    assert row["friedman_p"] == pytest.approx(wanted.p)
    assert row["critical_difference"] == pytest.approx(wanted.critical_difference)
    assert (row["mean_rank_ci_lower"], row["probability_best"], row["ci_method"]) == (None, None, None)


def test_test_sets_that_overlap_by_one_subject_are_not_independent():
    frame, predictions = factorial(subjects=True)
    shared = predictions.subject_code.replace({"o1-S00000": "o0-S00000"})
    found = ranked(frame, predictions.assign(subject_code=shared))
    assert {row["status"] for row in found.values()} == {"blocks_share_subjects"}


def test_levels_tested_on_different_subjects_make_no_block():
    methods = [("a", "u"), ("b", "u")]
    frame, predictions = study(methods, [[0.1, 0.2, 0.8, 0.9]] * 2, subjects=["x", "y"])
    row = ranked(frame, predictions)["a"]
    assert (row["status"], row["n_blocks"], row["mean_rank"]) == ("no_complete_block", 0, None)


def test_a_block_that_lacks_a_level_or_a_value_does_not_count():
    frame, predictions = factorial()
    without = frame[frame.index != 0].assign(auroc=frame.auroc.where(frame.index != 4))
    found = ranked(without, predictions, resamples=20)
    assert {row["n_blocks"] for row in found.values()} == {2}


def test_a_single_level_or_block_is_said_to_be_one():
    frame, predictions = factorial(blocks=1)
    found = ranked(frame, predictions, resamples=20)
    assert {(row["status"], row["n_blocks"]) for row in found.values()} == {("single_block", 1)}
    (row,) = ranked(frame, predictions, factor="outlier_method", resamples=20).values()
    assert (row["status"], row["mean_rank"], row["probability_best"]) == ("single_level", None, None)


def test_no_runs_have_no_rankings():
    frame, predictions = factorial()
    assert method_rankings(frame[:0], predictions[:0]).num_rows == 0


def test_two_runs_of_the_same_methods_are_refused():
    frame, predictions = study([("a", "u"), ("a", "u")], [[0.1, 0.2, 0.8, 0.9]] * 2)
    with pytest.raises(ValueError, match="two runs have the same methods"):
        method_rankings(frame, predictions)


def test_a_run_without_predictions_is_refused():
    frame, predictions = factorial()
    with pytest.raises(ValueError, match="1 run"):
        method_rankings(frame, predictions[predictions.run_id != "r03"])


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_runs_and_rows_changes_no_bit(seed):
    frame, predictions = factorial(n=10)
    shuffled = [part.sample(frac=1, random_state=seed) for part in (frame, predictions)]
    assert method_rankings(*shuffled, resamples=20) == method_rankings(frame, predictions, resamples=20)
