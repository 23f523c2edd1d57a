"""Resamples that do not depend on their company, exact sums over them, percentile limits."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.stratos.bootstrap import resampling
from assets.stratos.bootstrap.resampling import (
    SEED,
    ExactRows,
    bootstrap_method,
    percentile_limits,
    resample_blocks,
    resample_counts,
    stratified_counts,
)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 40), cuts=st.lists(st.integers(0, 30), max_size=4), seed=st.integers(0, 2**64 - 1))
def test_a_resample_does_not_depend_on_the_block_that_it_is_drawn_in(n, cuts, seed):
    bounds = sorted({0, 30, *cuts})
    blocks = [resample_counts(n, a, b, seed) for a, b in itertools.pairwise(bounds)]
    assert np.array_equal(np.concatenate(blocks), resample_counts(n, 0, 30, seed))


@pytest.mark.parametrize("n", [1, 2, 19, 1000])
def test_every_resample_draws_as_many_subjects_as_there_are(n):
    counts = resample_counts(n, 3, 40)
    assert (counts.shape, counts.dtype) == ((37, n), np.uint8)
    assert (counts.sum(axis=1) == n).all()


def test_the_draws_are_those_that_are_promised():
    n, b = 7, 5
    words = np.random.Philox(key=SEED, counter=b * math.ceil(n / 4)).random_raw(8)[:n]
    drawn = [int(n * Fraction(int(word) >> 11, 2**53)) for word in words]
    assert resample_counts(n, b, b + 1)[0].tolist() == [drawn.count(subject) for subject in range(n)]
    assert "floor(n uniform)" in resample_counts.__doc__


def test_subjects_are_drawn_equally_often_and_independently():
    n, resamples = 50, 4000
    counts = resample_counts(n, 0, resamples).astype(float)
    assert counts.mean(axis=0) == pytest.approx(np.ones(n), abs=5 * math.sqrt(0.98 / resamples))
    covariance = np.cov(counts.T)
    assert np.diag(covariance) == pytest.approx(np.full(n, 1 - 1 / n), abs=0.15)
    assert covariance[~np.eye(n, dtype=bool)].mean() == pytest.approx(-1 / n, abs=1e-3)
    successive = (counts[1:] * counts[:-1]).mean()
    assert successive == pytest.approx(1, abs=5 / math.sqrt(n * resamples))


def test_another_seed_and_another_stratum_draw_otherwise():
    usual = resample_counts(30, 0, 5)
    assert not np.array_equal(usual, resample_counts(30, 0, 5, SEED + 1))
    assert not np.array_equal(usual, resample_counts(30, 0, 5, stratum=1))


def test_a_stratified_resample_keeps_the_number_of_events():
    outcome = np.array([0, 1, 1, 0, 0, 0, 1.0])
    counts = stratified_counts(outcome, 0, 200)
    assert (counts @ outcome == 3).all()
    assert (counts.sum(axis=1) == 7).all()
    assert np.array_equal(counts[50:60], stratified_counts(outcome, 50, 60))
    assert (counts.max(axis=0) > 1).all()


def test_events_and_others_are_drawn_independently():
    outcome = np.repeat([0.0, 1.0], 20)
    counts = stratified_counts(outcome, 0, 3000).astype(float)
    first = counts[:, :20] - counts[:, :20].mean(axis=0)
    second = counts[:, 20:] - counts[:, 20:].mean(axis=0)
    covariance = (first * second).mean(axis=0)
    assert covariance == pytest.approx(np.zeros(20), abs=5 / math.sqrt(3000))


def test_blocks_cover_the_resamples_once_and_bound_the_memory(monkeypatch):
    monkeypatch.setattr(resampling, "COUNTS_AT_ONCE", 1000)
    assert list(resample_blocks(300, 7)) == [(0, 3), (3, 6), (6, 7)]
    assert list(resample_blocks(5000, 2)) == [(0, 1), (1, 2)]


def exactly(values, counts):
    return [
        [float(sum(Fraction(float(v)) * int(c) for v, c in zip(row, of, strict=True))) for of in counts]
        for row in values
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(-1e300, 1e300, allow_subnormal=True), min_size=6, max_size=6),
        min_size=1,
        max_size=4,
    )
)
def test_sums_over_resamples_are_right_to_a_rounding_of_the_largest_term(rows):
    values, counts = np.array(rows), resample_counts(6, 0, 5)
    found = ExactRows(values).sums(counts)
    for row, sums, wanted in zip(values, found, exactly(values, counts), strict=True):
        assert sums == pytest.approx(wanted, rel=2.3e-16, abs=np.abs(row).max() * 2.3e-16)


def test_sums_of_probabilities_are_rounded_once():
    values = np.random.default_rng(1).uniform(size=(3, 200)) ** 4
    counts = resample_counts(200, 0, 20)
    assert ExactRows(values).sums(counts) == pytest.approx(
        np.array(exactly(values, counts)), rel=2e-16, abs=0
    )


def test_sums_do_not_depend_on_blocks_or_company_to_the_bit():
    values = np.random.default_rng(2).normal(size=(9, 501)) * 10.0 ** np.arange(-4, 5)[:, None]
    counts = resample_counts(501, 0, 64)
    together = ExactRows(values).sums(counts)
    for row in range(9):
        assert np.array_equal(ExactRows(values[row : row + 1]).sums(counts), together[row : row + 1])
    for b in range(0, 64, 7):
        assert np.array_equal(ExactRows(values).sums(counts[b : b + 1]), together[:, b : b + 1])
    shuffled = np.random.default_rng(3).permutation(501)
    assert np.array_equal(ExactRows(values[:, shuffled]).sums(counts[:, shuffled]), together)


def test_limits_are_percentiles_of_type_7():
    statistics = np.random.default_rng(4).normal(size=(5, 999))
    limits = percentile_limits(statistics)
    wanted = np.quantile(statistics, [0.025, 0.975], axis=1)
    assert np.array([limits.low, limits.high]) == pytest.approx(wanted, abs=1e-15)
    assert not limits.few.any()


def test_resamples_without_the_statistic_are_left_out_and_too_many_of_them_leave_no_limits():
    statistics = np.arange(10.0) * np.ones((4, 1))
    statistics[1, :5] = np.nan
    statistics[2, :6] = np.inf
    statistics[3] = np.nan
    limits = percentile_limits(statistics)
    assert limits.n_defined.tolist() == [10, 5, 4, 0]
    assert limits.few.tolist() == [False, False, True, True]
    assert limits.low.tolist() == pytest.approx([0.225, 5.1, math.nan, math.nan], nan_ok=True)
    assert limits.high.tolist() == pytest.approx([8.775, 8.9, math.nan, math.nan], nan_ok=True)


def test_the_method_says_what_was_resampled_and_what_could_not_be_used():
    assert "B=50, 3 without both outcomes, seed=7, Philox" in bootstrap_method(50, 7, single_class=3)
    assert "within each outcome" in bootstrap_method(50, 7, stratified=True)
    assert "outcome" not in bootstrap_method(50, 7)
