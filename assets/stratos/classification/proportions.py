"""Limits of a proportion: 95 %, two-sided, from counts."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from assets.stratos.estimates import NORMAL_975

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

WILSON = "Wilson score"
CLOPPER_PEARSON = "Clopper-Pearson exact"


def wilson_limits(count: Whole, n: Whole) -> tuple[Array, Array]:
    """Score limits of count / n, arrays of one shape; NaN for n = 0.

    Wilson 1927, Journal of the American Statistical Association 22:209.
    """
    square = NORMAL_975**2
    total = np.where(n > 0, n, np.nan)
    centre = count + square / 2
    half = NORMAL_975 * np.sqrt(count * ((total - count) / total) + square / 4)
    # At the ends a limit is 0 or 1 itself, which rounding would miss.
    low = np.where((count == 0) & (n > 0), 0.0, (centre - half) / (total + square))
    high = np.where((count == n) & (n > 0), 1.0, (centre + half) / (total + square))
    return low, high


def clopper_pearson_limits(count: Whole, n: Whole) -> tuple[Array, Array]:
    """Exact limits of count / n, arrays of one shape; NaN for n = 0. They cover at least 95 %.

    Clopper & Pearson 1934, Biometrika 26:404; from the quantiles of the beta distribution.
    """
    none, everybody = (count == 0) & (n > 0), (count == n) & (n > 0)
    missed = n - count
    low = betaincinv(np.where(count > 0, count, np.nan), missed + 1, 0.025)
    high = betaincinv(count + 1, np.where(missed > 0, missed, np.nan), 0.975)
    return np.where(none, 0.0, low), np.where(everybody, 1.0, high)
