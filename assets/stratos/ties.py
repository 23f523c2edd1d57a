"""Runs of equal values in sorted rows: where they begin, and where they are past."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


def past_ties(ordered: NDArray[Any]) -> Whole:
    """Return, for each place of each row, the first place past the values equal to it; shape of `ordered`.

    Equal values stand together, in rising or falling order. NaN equals nothing.
    """
    n = ordered.shape[1]
    last = np.ones(ordered.shape, dtype=np.bool_)
    last[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.where(last, np.arange(1, n + 1), n)
    return np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]


def first_of_ties(ordered: NDArray[Any]) -> Whole:
    """Return, for each place of each row, the first place of the values equal to it; shape of `ordered`."""
    return ordered.shape[1] - past_ties(ordered[:, ::-1])[:, ::-1]
