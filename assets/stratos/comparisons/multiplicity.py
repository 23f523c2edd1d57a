"""Several tests at once: what their p values become."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def holm(p_values: Array) -> Array:
    """Adjust p values of one family, shape (m,), so that the chance of any false rejection is controlled.

    The i-th smallest of m becomes the largest of (m - j + 1) p_j over j <= i, at most 1. NaN is no test: it
    stays and is not counted.

    Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    order, tests = _rising(p_values)
    steps = p_values[order] * np.arange(tests, 0, -1)
    return _put_back(p_values, order, np.minimum(np.maximum.accumulate(steps), 1))


def benjamini_hochberg(p_values: Array) -> Array:
    """Adjust p values of one family, shape (m,), so that the expected share of false rejections is controlled.

    The i-th smallest of m becomes the least of m p_j / j over j >= i, at most 1. NaN is no test: it stays and
    is not counted.

    Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57:289.
    """
    order, tests = _rising(p_values)
    steps = p_values[order] * tests / np.arange(1, tests + 1)
    return _put_back(p_values, order, np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1))


def _rising(p_values: Array) -> tuple[NDArray[np.int64], int]:
    """Order the p values, NaN left out, and count them."""
    tests = int(np.isfinite(p_values).sum())
    return np.argsort(p_values, kind="stable")[:tests], tests


def _put_back(p_values: Array, order: NDArray[np.int64], adjusted: Array) -> Array:
    result = np.full_like(p_values, np.nan)
    result[order] = adjusted
    return result
