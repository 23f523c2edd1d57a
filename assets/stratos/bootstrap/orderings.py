"""Subjects in order of a run's probabilities, ready to be counted in many resamples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.floating]

# n subjects make n^2 / 4 pairs at most; up to here that is a whole number that single precision holds.
SINGLE_PRECISION_SUBJECTS = 2**13


def by_subject(counts: NDArray[np.generic]) -> Whole:
    """Turn counts of shape (resamples, n) around for `Ordering.count`: contiguous by subject."""
    return np.ascontiguousarray(counts.T, dtype=_precision(counts.shape[1]))


@dataclass(frozen=True)
class Counted:
    """What one run counts in each resample, in whole numbers.

    `doubled_wins`, shape (resamples,): 2 for every pair of an event above a non-event, 1 for every tie.
    `true_positives` and `false_positives`, shape (thresholds, resamples): probability at or above it.
    """

    doubled_wins: Array
    true_positives: Array
    false_positives: Array


@dataclass(frozen=True)
class Ordering:
    """One run's subjects in rising order of probability, cut into few segments.

    Within a segment either all events are above all non-events, or it is `tied`: all have one probability.
    No threshold runs through it. So it is enough to know how many of each class a resample has in each segment,
    which the sparse matrices `nonevents` and `events`, shape (segments, n), say with ones where a subject
    belongs. There are at most as many segments as distinct probabilities, and without ties about as many
    as events. `cells`, shape (thresholds + 1, segments), says between which thresholds a segment lies.
    """

    nonevents: csr_array
    events: csr_array
    tied: Flags
    cells: csr_array

    def count(self, counts: Whole) -> Counted:
        """Count in resamples, shape (n, resamples) as `by_subject` returns them; exact."""
        nonevents, events = self.nonevents @ counts, self.events @ counts
        ties = np.einsum("sr,sr->r", nonevents[self.tied], events[self.tied])
        return Counted(
            2 * _wins(nonevents, events) - ties,
            _from_above(self.cells @ events),
            _from_above(self.cells @ nonevents),
        )


def ordering(outcome: Array, probability: Array, thresholds: Sequence[float] = ()) -> Ordering:
    """Sort and cut the subjects of one run, both of shape (n,); thresholds rise."""
    order = np.argsort(probability, kind="stable")
    rising, event = probability[order], outcome[order] == 1
    first = np.flatnonzero(np.append(True, rising[1:] != rising[:-1]))
    sizes = np.diff(np.append(first, len(rising)))
    events = np.add.reduceat(event.astype(np.int64), first)
    cell = np.searchsorted(thresholds, rising[first], side="right")
    starts, tied = _cuts(events > 0, events < sizes, cell)
    segment = np.cumsum(starts) - 1
    of_row = np.repeat(segment, sizes)
    segments, n = int(starts.sum()), len(order)
    return Ordering(
        _membership(order[~event], of_row[~event], (segments, n), n),
        _membership(order[event], of_row[event], (segments, n), n),
        tied[starts],
        _membership(np.arange(segments), cell[starts], (len(thresholds) + 1, segments), n),
    )


def _cuts(events: Flags, nonevents: Flags, cell: NDArray[np.int64]) -> tuple[Flags, Flags]:
    """Which distinct probabilities begin a segment, and which are shared by events and non-events."""
    tied = events & nonevents
    falls = events[:-1] & nonevents[1:]
    return np.append(True, tied[1:] | tied[:-1] | falls | (cell[1:] != cell[:-1])), tied


def _membership(
    members: NDArray[np.int64], group: NDArray[np.int64], shape: tuple[int, int], n: int
) -> csr_array:
    """Build a matrix (groups, members) with ones where a member, given in order of groups, belongs."""
    bounds = np.searchsorted(group, np.arange(shape[0] + 1))
    return csr_array((np.ones(len(members), _precision(n)), members, bounds), shape=shape)


def _precision(n: int) -> type[np.floating]:
    return np.float32 if n <= SINGLE_PRECISION_SUBJECTS else np.float64


def _wins(nonevents: Whole, events: Whole) -> Array:
    """Count pairs of an event above a non-event or in its segment, from counts (segments, resamples).

    Neighbouring segments are merged, each pair once, until one is left: twice as many additions as
    segments, all along rows.
    """
    wins = np.einsum("sr,sr->r", nonevents, events).astype(np.float64)
    while len(nonevents) > 1:
        wins += np.einsum("sr,sr->r", nonevents[:-1:2], events[1::2])
        nonevents, events = _merged(nonevents), _merged(events)
    return wins


def _merged(segments: Whole) -> Whole:
    merged = segments[::2].copy()
    merged[: len(segments) // 2] += segments[1::2]
    return merged


def _from_above(in_cell: Whole) -> Array:
    """Add up from the highest cell down; the lowest, below all thresholds, is left out."""
    return np.cumsum(in_cell[:0:-1], axis=0, dtype=np.float64)[::-1]
