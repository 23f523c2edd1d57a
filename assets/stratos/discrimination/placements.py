"""Placements: how many of the other outcome each subject is above. What AUROC and DeLong are made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.ties import first_of_ties, past_ties

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Placements:
    """Doubled placements of some runs of the same subjects, in whole numbers held exactly.

    `of_events`, shape (runs, n1): 2 for every non-event below the event, 1 for every tie. `of_others`,
    shape (runs, n0): 2 for every event below the non-event, 1 for every tie. Subjects keep their order.
    """

    of_events: Array
    of_others: Array

    @property
    def auroc(self) -> Array:
        """P(p1 > p0) + P(p1 = p0) / 2 of each run; NaN without both outcomes."""
        with np.errstate(invalid="ignore"):
            return self.of_events.sum(axis=1) / (2 * self.of_events.shape[1] * self.of_others.shape[1])

    @property
    def variance(self) -> Array:
        """DeLong variance of each AUROC; NaN with fewer than two events or two non-events.

        DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837.
        """
        n1, n0 = self.of_events.shape[1], self.of_others.shape[1]
        if min(n1, n0) < 2:
            return np.full(len(self.of_events), np.nan)
        # Placements are doubled and counted against the other outcome: both come off, squared.
        of_events = _variance_of_mean(self.of_events) / (2 * n0) ** 2
        of_others = _variance_of_mean(self.of_others) / (2 * n1) ** 2
        return of_events + of_others

    def of_runs(self, runs: Whole) -> "Placements":
        """Choose runs by their places, repeatedly if wanted."""
        return Placements(self.of_events[runs], self.of_others[runs])

    def minus(self, other: "Placements") -> "Placements":
        """Subtract placements of other runs of the same subjects: their AUROCs are differences then.

        The variance is that of DeLong's paired test, var a + var b - 2 cov, without its cancellation.
        """
        return Placements(self.of_events - other.of_events, self.of_others - other.of_others)


def placements(outcome: Array, probability: Array) -> Placements:
    """Place subjects with outcome of shape (n,) by scores of shape (runs, n), all runs at once.

    Sun & Xu 2014, IEEE Signal Processing Letters 21:1389.
    """
    order = np.argsort(probability, axis=1, kind="stable")
    rising = np.take_along_axis(probability, order, axis=1)
    first, past = first_of_ties(rising), past_ties(rising)
    events_up_to = np.zeros((len(order), order.shape[1] + 1), np.int64)
    np.cumsum(outcome[order], axis=1, out=events_up_to[:, 1:], dtype=np.int64)
    events = np.take_along_axis(events_up_to, first, axis=1) + np.take_along_axis(events_up_to, past, axis=1)
    placed = np.empty(order.shape)
    np.put_along_axis(placed, order, np.where(outcome[order] == 1, first + past - events, events), axis=1)
    return Placements(*(np.compress(outcome == y, placed, axis=1) for y in (1, 0)))


def _variance_of_mean(placed: Array) -> Array:
    """Variance of the mean of each row; whole deviations leave nothing to cancel, and 0 is exactly 0."""
    n = placed.shape[1]
    deviation = placed - np.floor(placed.sum(axis=1, keepdims=True) / n)
    square, total = (deviation * deviation).sum(axis=1), deviation.sum(axis=1)
    variance: Array = (square - total * total / n) / (n * (n - 1))
    return variance
