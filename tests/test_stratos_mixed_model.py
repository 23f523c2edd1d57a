"""The mixed model with random subjects, tested by itself."""

import numpy as np
import pytest
from scipy import stats

from assets.stratos.comparisons.factorial import design
from assets.stratos.comparisons.mixed_model import mixed_test


def test_the_mixed_test_of_two_levels_is_the_paired_t_test():
    losses = np.random.default_rng(2).random((25, 2))
    (term,) = design({"classifier": ["a", "b"]}).terms
    found, wanted = mixed_test(term, losses), stats.ttest_rel(losses[:, 0], losses[:, 1])
    assert (found.f, found.p) == (pytest.approx(wanted.statistic**2), pytest.approx(wanted.pvalue))
    assert (found.df1, found.df2) == (pytest.approx(1), pytest.approx(24))


def test_greenhouse_and_geissers_correction_is_that_of_the_covariance_of_the_levels():
    losses = np.random.default_rng(5).normal(size=(12, 4)) * [1, 2, 3, 4]
    covariance = np.cov(losses.T)
    centred = covariance - covariance.mean(0) - covariance.mean(1)[:, None] + covariance.mean()
    epsilon = np.trace(centred) ** 2 / (3 * (centred**2).sum())
    (term,) = design({"classifier": list("abcd")}).terms
    assert mixed_test(term, losses).df1 == pytest.approx(3 * epsilon)
    assert mixed_test(term, losses).df2 == pytest.approx(33 * epsilon)


def test_subjects_that_do_not_differ_give_no_mixed_test():
    (term,) = design({"classifier": ["a", "b"]}).terms
    assert mixed_test(term, np.ones((9, 1)) * [0.1, 0.2]) is None
