"""The rows of a predictions table as arrays, a run at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class RunArrays:
    """Outcomes and probabilities of one run, both of shape (n,), sorted by probability, then outcome."""

    run_id: str
    outcome: NDArray[np.float64]
    probability: NDArray[np.float64]


def runs_of(predictions: pd.DataFrame) -> Iterator[RunArrays]:
    """Split `run_id`, `y_true`, `y_prob` into runs, in order of `run_id`, whatever the order of the rows.

    Sorting within the run makes every sum over it the same to the bit. Raises ValueError if an outcome is
    not 0 or 1 or a probability is missing or outside [0, 1], naming a run where it happens.
    """
    codes, run_ids = pd.factorize(predictions["run_id"], sort=True)
    outcome = predictions["y_true"].to_numpy(dtype=np.float64, na_value=np.nan)
    probability = predictions["y_prob"].to_numpy(dtype=np.float64, na_value=np.nan)
    refused = ~(np.isin(outcome, (0.0, 1.0)) & (probability >= 0) & (probability <= 1))
    if refused.any():
        row = int(np.flatnonzero(refused)[0])
        raise ValueError(
            f"Run {predictions['run_id'].iloc[row]} has outcome {outcome[row]} with probability "
            f"{probability[row]}; outcomes must be 0 or 1, probabilities within [0, 1]."
        )
    order = np.lexsort((outcome, probability, codes))
    starts = np.searchsorted(codes[order], np.arange(len(run_ids) + 1))
    for run_id, start, stop in zip(run_ids, starts[:-1], starts[1:], strict=True):
        rows = order[start:stop]
        yield RunArrays(str(run_id), outcome[rows], probability[rows])
