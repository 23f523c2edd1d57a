"""Retention of subjects drawn at random: what is to be expected of each measure."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import first_true

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Columns: TypeAlias = Mapping[str, NDArray[Any]]
"""Arrays of shape (runs, shares retained) by the names of columns."""


def at_random(cohort: Cohort, everybody: Columns, retained: Whole) -> Columns:
    """Expect of each measure over all ways to retain as many, arrays of shape (runs, shares).

    `everybody` holds the measures of all subjects, of that shape, `retained` how many each share is, (shares,).
    """
    n = np.broadcast_to(retained, everybody["brier"].shape)
    scaled, possible = expected_scaled_brier(cohort, retained)
    return {
        **everybody,
        "n_retained": n,
        "n_events_retained": n * everybody["prevalence_retained"],
        "scaled_brier": scaled,
        "auroc": np.where(possible, everybody["auroc"], np.nan),
        "status": first_true((np.broadcast_to(~possible, n.shape), "single_class")),
    }


def expected_scaled_brier(cohort: Cohort, retained: Whole) -> tuple[Array, NDArray[np.bool_]]:
    """Expect of the scaled Brier score, shape (runs, shares), given both outcomes; whether they can occur, (shares,).

    With k events among m retained the Brier score is expected to be (k B1 + (m - k) B0) / m, where B1 and B0 are the
    means of events and of non-events; over k/m (1 - k/m) that is B1 / (1 - k/m) + B0 / (k/m).
    """
    n, n1 = cohort.n, cohort.n_events
    k, m = np.arange(n1 + 1), retained[:, None]
    # Hypergeometric; an impossible k has the logarithm of the factorial of a negative number, which is inf.
    log_ways = log_choose(n1, k) + log_choose(n - n1, m - k) - log_choose(n, m)
    probability = np.where((k > 0) & (k < m), np.exp(log_ways), 0)
    total = probability.sum(axis=1)
    possible = total > 0
    if not possible.any():
        return np.full((len(cohort.run_ids), len(retained)), np.nan), possible
    share = np.clip(k / m, 0.5 / m, 1 - 0.5 / m)  # where it has no probability it must only not divide by 0
    of_events = (probability / (1 - share)).sum(axis=1) / np.where(possible, total, np.nan)
    of_others = (probability / share).sum(axis=1) / np.where(possible, total, np.nan)
    squares, event = cohort.squared_errors, cohort.outcome == 1
    mean = [np.compress(event == y, squares, axis=1).mean(axis=1)[:, None] for y in (True, False)]
    return 1 - mean[0] * of_events - mean[1] * of_others, possible


def log_choose(n: int, k: Whole) -> Array:
    """Logarithm of the number of ways to choose k of n; -inf where there is none."""
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
