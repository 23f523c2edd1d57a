"""Whether a slope exists, told from the values: no solver notices separation reliably."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.calibration.logistic import Array, WeightedRows

Bools = NDArray[np.bool_]

# Further out than any logit, and so far that adding one does not change it.
BEYOND = 1e300


@dataclass(frozen=True)
class Overlap:
    """How the logits of the two classes lie, by model; every array has shape (models,).

    `empty`: no row has weight. `single_class`: one outcome only. `constant`: both, at one logit. `above` and
    `below`: the classes are separated, and the events lie there; `shared` is the one logit at which both
    may occur even so, else NaN.
    """

    empty: Bools
    single_class: Bools
    constant: Bools
    above: Bools
    below: Bools
    shared: Array

    @property
    def overlapping(self) -> Bools:
        """Models whose slope exists."""
        overlapping: Bools = ~(self.empty | self.single_class | self.constant | self.above | self.below)
        return overlapping


def overlap(rows: WeightedRows) -> Overlap:
    """Compare the ranges of the two classes.

    Albert & Anderson 1984, Biometrika 71:1.
    """
    k, beyond = rows.n_events, (rows.weight == 0) * BEYOND
    low, high = rows.logit + beyond, np.subtract(rows.logit, beyond, out=beyond)
    low_event, low_other = (part.min(axis=1, initial=BEYOND) for part in (low[:, :k], low[:, k:]))
    high_event, high_other = (part.max(axis=1, initial=-BEYOND) for part in (high[:, :k], high[:, k:]))
    no_event, no_other = low_event == BEYOND, low_other == BEYOND
    both = ~(no_event | no_other)
    constant = both & (low_event == high_event) & (low_other == high_other) & (low_event == low_other)
    above = both & ~constant & (low_event >= high_other)
    below = both & ~constant & (low_other >= high_event)
    touching = (above & (low_event == high_other)) | (below & (low_other == high_event))
    shared = np.where(touching, np.where(above, low_event, low_other), np.nan)
    return Overlap(no_event & no_other, no_event ^ no_other, constant, above, below, shared)
