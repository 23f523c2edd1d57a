"""How far the refits of a run disagree: on its AUROC, on each subject, on who is above a threshold."""

import statistics

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.metrics import roc_auc_score

from assets.inputs.artifacts.predictions import checked_predictions
from assets.stratos.stability.instability_curves import instability_curves
from assets.stratos.stability.refits import instability_summary, model_instability, refit_spread

TYPES = pa.schema(
    [
        ("run_id", pa.string()),
        ("subject_code", pa.string()),
        ("y_true", pa.int8()),
        ("y_prob_refits", pa.list_(pa.float64())),
    ]
)
DESCRIPTIONS = [refit_spread, model_instability, instability_summary, instability_curves]
OUTCOME = [1, 0, 0, 1]
RISKS = [[0.75, 0.25], [0.5, 0.5], [0.125, 0.0], [1.0, 0.5]]


def refitted(**runs):
    """Runs as rows of the table that refits are read from: name = (outcomes, risks of each subject)."""
    rows = [
        {"run_id": run, "subject_code": f"S{i:03d}", "y_true": y, "y_prob_refits": list(risks)}
        for run, (outcome, of_subjects) in runs.items()
        for i, (y, risks) in enumerate(zip(outcome, of_subjects, strict=True))
    ]
    return pa.Table.from_pylist(rows, schema=TYPES)


def random_runs(seed, runs=3, n=12, refits=9):
    rng = np.random.default_rng(seed)
    grid = rng.integers(0, 21, (runs, n, refits)) / 20
    return {f"r{i}": ([0, 1, *rng.integers(0, 2, n - 2).tolist()], grid[i]) for i in range(runs)}


def test_the_aurocs_of_the_refits_are_summarised_with_ties_counted_half():
    # AUROC of the first refit: 4 of 4 pairs; of the second: 1 of 0.25 against 0, 1.5 of 0.5 against 0.5 and 0.
    (row,) = refit_spread(refitted(a=(OUTCOME, RISKS))).to_pylist()
    assert row == {
        "run_id": "a",
        "n_bootstrap": 2,
        "auroc_refit_mean": 0.8125,
        "auroc_refit_sd": pytest.approx(statistics.stdev([1, 0.625])),
        "auroc_refit_spread_lower": pytest.approx(0.625 + 0.025 * 0.375),
        "auroc_refit_spread_upper": pytest.approx(0.625 + 0.975 * 0.375),
        "auroc_refit_status": "ok",
    }


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_the_spread_is_that_of_scikit_learns_aurocs(seed):
    runs = random_runs(seed)
    for row, (outcome, risks) in zip(refit_spread(refitted(**runs)).to_pylist(), runs.values(), strict=True):
        aurocs = [roc_auc_score(outcome, refit) for refit in risks.T]
        found = [row[f"auroc_refit_{part}"] for part in ("mean", "sd", "spread_lower", "spread_upper")]
        limits = np.quantile(aurocs, (0.025, 0.975))
        assert found == pytest.approx([np.mean(aurocs), statistics.stdev(aurocs), *limits], abs=1e-12)


def test_each_subject_has_its_mean_risk_and_how_far_the_refits_are_from_it():
    found = model_instability(refitted(a=(OUTCOME, RISKS))).to_pylist()
    assert [row["subject_code"] for row in found] == ["S000", "S001", "S002", "S003"]
    assert [row["y_prob"] for row in found] == [0.5, 0.5, 0.0625, 0.75]
    assert [row["mean_absolute_deviation"] for row in found] == [0.25, 0, 0.0625, 0.25]
    assert [row["y_prob_sd"] for row in found] == pytest.approx([statistics.stdev(risks) for risks in RISKS])
    assert found[1]["y_prob_sd"] == 0
    limits = [(row["y_prob_refit_lower"], row["y_prob_refit_upper"]) for row in found]
    assert limits == [pytest.approx(tuple(np.quantile(risks, (0.025, 0.975)))) for risks in RISKS]


@given(
    arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9), elements=st.floats(0, 1))
)
def test_mean_and_spread_are_those_of_the_predictions_to_the_bit(risks):
    codes, labels = [f"S{i:03d}" for i in range(len(risks))], np.zeros(risks.shape)
    checked = checked_predictions(codes, labels, risks, ("code", "label", "risk"))
    found = model_instability(refitted(a=([0] * len(risks), risks)))
    assert found["y_prob"].to_pylist() == checked.y_prob
    assert found["y_prob_sd"].to_pylist() == checked.y_prob_sd


def test_the_summary_averages_over_subjects_and_counts_refits_on_another_side_of_a_threshold():
    # Means 0.125, 0.1, 0.05, 0.2: at 10 % the second and the last refit of S000 and one of S001 say otherwise ...
    risks = [[0.25, 0.0, 0.25, 0.0], [0.2, 0.0, 0.1, 0.1], [0.05] * 4, [0.2] * 4]
    (row,) = instability_summary(refitted(a=(OUTCOME, risks))).to_pylist()
    assert (row["n_test"], row["n_bootstrap"], row["status"]) == (4, 4, "ok")
    assert row["mean_absolute_deviation"] == pytest.approx((0.125 + 0.05) / 4)
    assert row["classification_instability_5pct"] == (2 + 1) / 16  # 0.05 reaches 5 %
    assert row["classification_instability_10pct"] == (2 + 1) / 16  # 0.1 reaches 10 %
    assert row["classification_instability_15pct"] == (2 + 1) / 16  # ... and above both means, those over it
    assert row["classification_instability_20pct"] == (2 + 1) / 16


def test_a_single_refit_differs_from_nothing():
    single = refitted(a=(OUTCOME, [row[:1] for row in RISKS]))
    (spread,) = refit_spread(single).to_pylist()
    assert spread == {
        "run_id": "a",
        "n_bootstrap": 1,
        "auroc_refit_mean": 1.0,
        "auroc_refit_sd": None,
        "auroc_refit_spread_lower": None,
        "auroc_refit_spread_upper": None,
        "auroc_refit_status": "single_refit",
    }
    for row in [*model_instability(single).to_pylist(), *instability_summary(single).to_pylist()]:
        assert row["status"] == "single_refit"
        assert row["mean_absolute_deviation"] is None


def test_one_outcome_only_has_no_auroc_but_an_instability():
    table = refitted(a=([0] * 4, RISKS))
    (row,) = refit_spread(table).to_pylist()
    assert (row["auroc_refit_mean"], row["auroc_refit_sd"], row["auroc_refit_status"]) == (
        None,
        None,
        "single_class",
    )
    assert instability_summary(table)["mean_absolute_deviation"][0].as_py() == 0.140625


@pytest.mark.parametrize("describe", DESCRIPTIONS)
def test_neither_batches_nor_the_order_of_rows_change_a_bit(describe):
    table = refitted(**random_runs(7, runs=4))
    whole = describe(table)
    assert describe(pa.Table.from_batches(table.to_batches(5))) == whole
    shuffled = table.take(
        np.concatenate([run * 12 + np.random.default_rng(run).permutation(12) for run in (3, 0, 2, 1)])
    )
    assert describe(shuffled) == whole


@pytest.mark.parametrize("describe", DESCRIPTIONS)
def test_no_rows_give_no_rows(describe):
    assert describe(TYPES.empty_table()).num_rows == 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (refitted(a=(OUTCOME, [*RISKS[:3], [0.5]])), "all need as many"),
        (refitted(a=(OUTCOME, [[]] * 4)), "at least one"),
        (refitted(a=(OUTCOME, [*RISKS[:3], [0.5, 1.5]])), "probabilities lie in"),
        (refitted(a=([1, 0, 2, 1], RISKS)), "outcomes are 0 or 1"),
        (pa.concat_tables([refitted(a=(OUTCOME, RISKS))] * 2), "two rows of the same subject"),
        (pa.concat_tables([refitted(**{run: (OUTCOME, RISKS)}) for run in "aba"]), "do not stand together"),
    ],
)
def test_rows_that_are_no_refits_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        model_instability(table)
