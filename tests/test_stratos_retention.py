"""Measures of those subjects on whom a run is most certain, beside the random and the oracle order."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from assets.stratos.stability.retention import (
    RETENTION_AREAS,
    RETENTION_METRICS,
    retention_areas,
    retention_metrics,
)
from tests.measure_cases import run, some_runs


def retained(frame):
    """The rows of the table by run, order and number of twentieths retained."""
    table = retention_metrics(frame)
    assert table.schema == RETENTION_METRICS
    return {(row["run_id"], row["uncertainty"], round(20 * row["share"])): row for row in table.to_pylist()}


def areas(frame):
    table = retention_areas(frame)
    assert table.schema == RETENTION_AREAS
    return {(row["run_id"], row["uncertainty"]): row for row in table.to_pylist()}


def with_spread(outcome, probability, spread, run_id="a"):
    return run(run_id, outcome, probability).assign(y_prob_sd=spread)


def random_run(seed, n=40, run_id="a"):
    rng = np.random.default_rng(seed)
    y = np.concatenate([[0, 1], rng.integers(0, 2, n - 2)])
    return with_spread(y, rng.integers(0, 101, n) / 100, rng.integers(1, 9, n) / 10, run_id)


def test_the_most_certain_are_retained_and_measured():
    frame = with_spread([1, 0, 1, 0], [0.9, 0.4, 0.3, 0.1], [0.1, 0.2, 0.4, 0.3])
    half = retained(frame)["a", "refit_spread", 10]
    assert (half["n_retained"], half["n_events_retained"], half["prevalence_retained"], half["status"]) == (
        2,
        1,
        0.5,
        "ok",
    )
    assert half["brier"] == pytest.approx((0.01 + 0.16) / 2)
    assert half["scaled_brier"] == pytest.approx(1 - 0.085 / 0.25)
    assert half["auroc"] == 1
    assert half["net_benefit_20pct"] == pytest.approx(1 / 2 - 1 / 2 * 0.25)
    order = [retained(frame)["a", "closeness_to_half", k]["n_events_retained"] for k in (5, 10, 15, 20)]
    assert order == [1, 1, 2, 2]  # 0.1 and 0.9 are as far from 0.5: both are in from the start


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None)
def test_measures_are_those_of_the_subjects_up_to_the_last_retained(seed):
    frame = random_run(seed)
    found = retained(frame)
    for steps in range(1, 21):
        last = np.sort(frame.y_prob_sd)[2 * steps - 1]
        kept = frame[frame.y_prob_sd <= last]
        row = found["a", "refit_spread", steps]
        assert (row["n_retained"], row["n_events_retained"]) == (len(kept), kept.y_true.sum())
        assert row["brier"] == pytest.approx(brier_score_loss(kept.y_true, kept.y_prob))
        positive = kept.y_prob >= 0.15
        net_benefit = (
            (positive & (kept.y_true == 1)).sum() - (positive & (kept.y_true == 0)).sum() * 15 / 85
        ) / len(kept)
        assert row["net_benefit_15pct"] == pytest.approx(net_benefit)
        if kept.y_true.nunique() == 2:
            assert row["auroc"] == pytest.approx(roc_auc_score(kept.y_true, kept.y_prob))
            assert row["scaled_brier"] == pytest.approx(1 - row["brier"] / np.var(kept.y_true))
        else:
            assert (row["auroc"], row["scaled_brier"], row["status"]) == (None, None, "single_class")


def test_a_random_order_is_the_average_over_all_subsets_of_that_size():
    y, p = [1, 0, 0, 1, 0], [0.7, 0.6, 0.2, 0.4, 0.1]
    found = retained(with_spread(y, p, 0.1))
    for size in (1, 2, 3, 4, 5):
        row = found["a", "random", 4 * size]
        subsets = [frame_of(y, p, chosen) for chosen in itertools.combinations(range(5), size)]
        assert (row["n_retained"], row["n_events_retained"]) == (size, pytest.approx(0.4 * size))
        assert row["brier"] == pytest.approx(np.mean([brier(s) for s in subsets]))
        mixed = [s for s in subsets if s.y.nunique() == 2]
        if mixed:
            assert row["auroc"] == pytest.approx(np.mean([roc_auc_score(s.y, s.p) for s in mixed]))
            assert row["scaled_brier"] == pytest.approx(np.mean([1 - brier(s) / np.var(s.y) for s in mixed]))
        else:
            assert (row["auroc"], row["scaled_brier"], row["status"]) == (None, None, "single_class")


def frame_of(y, p, chosen):
    return pd.DataFrame({"y": np.array(y)[list(chosen)], "p": np.array(p)[list(chosen)]})


def brier(subset):
    return ((subset.y - subset.p) ** 2).mean()


@given(some_runs)
@settings(max_examples=8, deadline=None)
def test_no_order_beats_the_oracle_and_everybody_is_the_same_in_any(frame):
    found = retained(frame)
    for (run_id, _, steps), row in found.items():
        oracle, everybody = found[run_id, "oracle", steps], found[run_id, "random", 20]
        if row["brier"] is not None and row["n_retained"] == oracle["n_retained"]:
            assert oracle["brier"] <= row["brier"] + 1e-12
        if steps == 20 and row["brier"] is not None:
            assert row["brier"] == pytest.approx(everybody["brier"])
            assert row["auroc"] == everybody["auroc"]
            assert row["scaled_brier"] == pytest.approx(everybody["scaled_brier"], abs=1e-9)


@given(some_runs)
@settings(max_examples=8, deadline=None)
def test_every_number_is_in_its_range(frame):
    for row in retained(frame).values():
        for name, low, high in (
            ("prevalence_retained", 0, 1),
            ("brier", 0, 1),
            ("auroc", 0, 1),
            ("net_benefit_5pct", -1, 1),
        ):
            assert row[name] is None or low <= row[name] <= high
    spread = frame.y_prob.map(lambda p: np.modf(p * 1e6)[0])
    for row in areas(frame.assign(y_prob_sd=spread)).values():
        assert row["share_of_oracle_gain"] is None or row["share_of_oracle_gain"] <= 1 + 1e-9


def test_the_area_is_the_mean_over_all_numbers_retained_with_ties_together():
    # 64 times the squared errors: 1, 4, 4, 36, 16.
    y, p, spread = [0, 0, 1, 0, 0], [0.125, 0.25, 0.75, 0.75, 0.5], [0.1, 0.2, 0.2, 0.3, 0.4]
    row = areas(with_spread(y, p, spread))["a", "refit_spread"]
    curve = np.mean([1, 9 / 3, 9 / 3, 45 / 4, 61 / 5]) / 64
    ideal = np.mean([1, 5 / 2, 9 / 3, 25 / 4, 61 / 5]) / 64
    everybody = 61 / 5 / 64
    assert row["brier_area"] == pytest.approx(curve)
    assert row["brier_area_random"] == pytest.approx(everybody)
    assert row["brier_area_oracle"] == pytest.approx(ideal)
    assert row["share_of_oracle_gain"] == pytest.approx((everybody - curve) / (everybody - ideal))
    assert row["status"] == "ok"


def test_the_right_order_gains_everything_and_no_order_nothing():
    y, p = [0, 0, 0, 1], [0.1, 0.2, 0.4, 0.3]
    assert areas(with_spread(y, p, [1, 2, 3, 4]))["a", "refit_spread"][
        "share_of_oracle_gain"
    ] == pytest.approx(1)
    assert areas(with_spread(y, p, [1, 1, 1, 1]))["a", "refit_spread"][
        "share_of_oracle_gain"
    ] == pytest.approx(0)
    assert areas(with_spread(y, p, [4, 3, 2, 1]))["a", "refit_spread"]["share_of_oracle_gain"] < 0


def test_equal_errors_leave_nothing_to_gain():
    row = areas(with_spread([0, 1], [0.25, 0.75], [1, 2]))["a", "refit_spread"]
    assert (row["share_of_oracle_gain"], row["status"]) == (None, "variance_zero")


def test_a_run_without_a_spread_has_the_other_orders():
    frame = pd.concat([random_run(1), random_run(1, run_id="b").assign(y_prob_sd=np.nan)])
    found = retained(frame)
    assert {found["b", "refit_spread", k]["status"] for k in range(1, 21)} == {"single_refit"}
    measures = [
        name for name in RETENTION_METRICS.names if name not in ("run_id", "uncertainty", "share", "status")
    ]
    assert {found["b", "refit_spread", 10][name] for name in measures} == {None}
    for (run_id, order, steps), row in found.items():
        if order != "refit_spread":
            assert row | {"run_id": "x"} == found["a", order, steps] | {"run_id": "x"}, run_id
    assert areas(frame)["b", "refit_spread"]["status"] == "single_refit"
    assert areas(frame)["b", "refit_spread"]["brier_area"] is None


@pytest.mark.parametrize("describe", [retention_metrics, retention_areas])
def test_neither_the_order_of_rows_nor_the_company_of_a_run_changes_a_bit(describe):
    frame = pd.concat([random_run(seed, run_id=f"r{seed}") for seed in range(3)])
    whole = describe(frame)
    assert describe(frame.sample(frac=1, random_state=5)) == whole
    alone = describe(frame[frame.run_id == "r1"])
    assert whole.filter(np.array([name == "r1" for name in whole["run_id"].to_pylist()])) == alone


@pytest.mark.parametrize("describe", [retention_metrics, retention_areas])
def test_no_runs_give_no_rows(describe):
    assert describe(random_run(1)[:0]).num_rows == 0
