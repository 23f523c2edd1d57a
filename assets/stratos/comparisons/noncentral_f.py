"""Limits of a share of variance from its F statistic: the noncentral F distribution, inverted."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ncfdtr

Array = NDArray[np.float64]

# Limits to 1e-12; below a noncentrality of 1e-15, which more would reach, scipy's noncentral F returns 1.
BISECTIONS = 40
# Beyond the one, the noncentral F cannot be inverted in double precision; below the other both limits are 0.
LARGEST_F, SMALLEST_F = 1e6, 1e-9


def noncentral_f_limits(f: Array, df: Array, residual_df: int, n: int) -> tuple[Array, Array]:
    """95 % limits of the population's partial eta2, lambda / (lambda + n), from F statistics; shape of `f`.

    NaN where there is no F, or one too large to invert. n counts the observations.

    Steiger 2004, Psychological Methods 9:164.
    """
    usable = np.isfinite(f) & (f <= LARGEST_F)
    given = np.where(usable & (f > SMALLEST_F), f, 0.0)
    limits = []
    for probability in (0.975, 0.025):
        low, high = np.zeros(len(f)), np.ones(len(f))
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            above = ncfdtr(np.maximum(df, 1), residual_df, n * middle / (1 - middle), given) > probability
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        limits.append(np.where(usable, low, np.nan))
    return limits[0], limits[1]
