"""Runs that were tested on the same subjects: how they would compare, had others been tested."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.stratos.bootstrap.percentile_intervals import resampled_aurocs
from assets.stratos.bootstrap.resampling import RESAMPLES, SEED, ExactRows, resample_blocks, resample_counts
from assets.stratos.cohorts import Cohort, cohorts

Array = NDArray[np.float64]


def common_cohort(predictions: pd.DataFrame) -> Cohort | None:
    """Return all runs as one cohort, None unless all have the same subjects with the same outcomes."""
    found = list(cohorts(predictions, rows_at_once=max(1, len(predictions))))
    return found[0] if len(found) == 1 else None


def places(cohort: Cohort, run_ids: Sequence[str]) -> NDArray[np.int64]:
    """Return where runs stand in a cohort; ValueError for a run that is not in it."""
    place = {run_id: k for k, run_id in enumerate(cohort.run_ids)}
    if missing := [run_id for run_id in run_ids if run_id not in place]:
        raise ValueError(f"{len(missing)} run(s) without predictions, the first {missing[0]}")
    return np.array([place[run_id] for run_id in run_ids], dtype=np.int64)


def resampled_briers(cohort: Cohort, *, resamples: int = RESAMPLES, seed: int = SEED) -> Array:
    """Brier score of every run in every resample, shape (runs, resamples)."""
    squares = ExactRows(cohort.squared_errors)
    blocks = [
        squares.sums(resample_counts(cohort.n, first, last, seed)) / cohort.n
        for first, last in resample_blocks(cohort.n, resamples)
    ]
    return np.concatenate(blocks, axis=1)


RESAMPLED: Mapping[str, Callable[..., Array]] = {"auroc": resampled_aurocs, "brier": resampled_briers}
"""Measures of all runs in all resamples, shape (runs, resamples), NaN where one does not exist."""
