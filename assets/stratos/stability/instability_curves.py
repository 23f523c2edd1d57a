"""How far refits of a model disagree, along the risk that it predicts, without a row of any single subject."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets.stratos.bootstrap.resampling import percentile_limits
from assets.stratos.stability.refits import Refits, absolute_deviations, described

Array = NDArray[np.float64]

INSTABILITY_CURVES = pa.schema(
    [
        ("run_id", pa.string()),
        ("bin", pa.int32()),
        ("n", pa.int32()),
        ("risk_lower", pa.float64()),
        ("risk_upper", pa.float64()),
        ("risk_mean", pa.float64()),
        ("refit_lower", pa.float64()),
        ("refit_upper", pa.float64()),
        ("mean_absolute_deviation", pa.float64()),
        ("status", pa.string()),
    ]
)

BINS = 10
LEAST_IN_A_BIN = 5
"""Subjects that a bin has at least, so that no row tells of single ones."""


def instability_curves(bootstrap_predictions: pa.Table) -> pa.Table:
    """Average what a run's refits disagree on over tenths of its subjects by mean risk: `instability_curves`.

    A row per run and bin: the least, largest and mean of its subjects' mean risks; the means over its subjects of
    the 2.5th and 97.5th percentile of the refits' risks and of their mean absolute deviation from the mean risk.
    Subjects with the same risk share a bin, and a bin of fewer than five subjects is joined to its neighbour. Null
    with status `single_refit` what the refits would say; all but `n` with `few_subjects`, fewer than five in all.
    Needs and raises what `refit_spread` does.

    After the instability plots of Riley & Collins 2023, Biometrical Journal 65:2200302.
    """
    return described(bootstrap_predictions, _binned, INSTABILITY_CURVES)


def _binned(refits: Refits) -> Sequence[Any]:
    if len(refits.risk) < LEAST_IN_A_BIN:
        return 0, len(refits.risk), *[np.nan] * 6, "few_subjects"
    order = np.argsort(refits.risk.mean(axis=1), kind="stable")
    risk = refits.risk[order]
    mean, limits = risk.mean(axis=1), percentile_limits(risk)
    starts = np.array(list(_starts(mean)))
    n = np.diff([*starts, len(mean)])
    spread = (limits.low, limits.high, absolute_deviations(risk, mean))
    of_refits = (refits.if_several(np.add.reduceat(values, starts) / n) for values in spread)
    bounds = mean[starts], mean[starts + n - 1]
    of_bins = np.clip(np.add.reduceat(mean, starts) / n, *bounds)
    return np.arange(len(n)), n, *bounds, of_bins, *of_refits, [refits.status] * len(n)


def _starts(mean: Array) -> Iterator[int]:
    """Yield where bins begin among rising risks: tenths by midrank, joined until they are large enough."""
    n = len(mean)
    below, up_to = (np.searchsorted(mean, mean, side=side) for side in ("left", "right"))
    tenth = (below + up_to) * BINS // (2 * n)
    edges = [0, *(np.flatnonzero(np.diff(tenth)) + 1).tolist(), n]
    start = 0
    for stop in edges[1:]:
        if stop == n or (stop - start >= LEAST_IN_A_BIN and n - stop >= LEAST_IN_A_BIN):
            yield start
            start = stop
