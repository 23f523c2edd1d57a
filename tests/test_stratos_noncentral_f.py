"""Limits of partial eta2 from the noncentral F distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assets.stratos.comparisons.noncentral_f import noncentral_f_limits


@given(st.floats(0, 1e4), st.integers(1, 20), st.integers(1, 200))
@settings(deadline=None)
def test_noncentral_f_limits_leave_two_and_a_half_per_cent_on_each_side(f, df, residual_df):
    n = df + residual_df + 1
    low, high = noncentral_f_limits(np.array([f]), np.array([df]), residual_df, n)
    assert 0 <= low[0] <= high[0] < 1
    for limit, tail in ((low[0], 0.975), (high[0], 0.025)):
        if limit == 0:
            assert stats.f.cdf(f, df, residual_df) < tail + 1e-6
        else:
            below = stats.ncf.cdf(f, df, residual_df, n * limit / (1 - limit))
            assert below == pytest.approx(tail, abs=1e-6)
