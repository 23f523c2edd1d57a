"""Who is called positive at which risk threshold: the counts behind utility and classification."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import Estimates

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

WHOLE_PER_CENTS = range(1, 100)


@dataclass(frozen=True)
class TwoByTwo:
    """The table of prediction by outcome, for each run at each threshold of `per_cents`.

    The counts have shape (runs, thresholds); a risk of at least per_cents / 100 is positive.
    """

    n: int
    n_events: int
    per_cents: tuple[int, ...]
    true_positives: Whole
    false_positives: Whole

    @property
    def false_negatives(self) -> Whole:
        """Subjects with the outcome who are not positive."""
        return self.n_events - self.true_positives

    @property
    def true_negatives(self) -> Whole:
        """Subjects without the outcome who are not positive."""
        return self.n - self.n_events - self.false_positives

    @property
    def threshold(self) -> Array:
        """The thresholds as probabilities, the doubles nearest to k / 100; shape (thresholds,)."""
        return np.array(self.per_cents) / 100

    @property
    def odds(self) -> Array:
        """The odds t / (1 - t) of the thresholds, shape (thresholds,)."""
        per_cents = np.array(self.per_cents)
        return per_cents / (100 - per_cents)


def two_by_two(cohort: Cohort, per_cents: Sequence[int]) -> TwoByTwo:
    """Count who is positive, rightly and wrongly, at thresholds of whole per cents from 1 to 99.

    Every subject is put into one of the 100 parts between whole per cents, once, and the parts are added up
    from the top. Raises ValueError for another threshold.
    """
    refuse_other_thresholds(per_cents)
    chosen = np.array(per_cents, dtype=np.int64)
    runs = len(cohort.run_ids)
    # 0.29 * 100 is less than 29: the probabilities are compared with the quotients themselves.
    part = np.searchsorted(np.array(WHOLE_PER_CENTS) / 100, cohort.probability, side="right")
    part += 100 * cohort.outcome.astype(np.int64) + 200 * np.arange(runs)[:, None]
    parts = np.bincount(part.ravel(), minlength=200 * runs).reshape(runs, 2, 100)
    from_top = np.cumsum(parts[..., ::-1], axis=-1)[..., ::-1]
    return TwoByTwo(
        cohort.n, cohort.n_events, tuple(per_cents), from_top[:, 1, chosen], from_top[:, 0, chosen]
    )


def refuse_other_thresholds(per_cents: Sequence[int]) -> None:
    """Raise ValueError unless all thresholds are whole per cents from 1 to 99."""
    if not set(per_cents) <= set(WHOLE_PER_CENTS):
        raise ValueError(f"thresholds must be whole per cents from 1 to 99, got {list(per_cents)}")


def by_threshold(
    measure: str,
    table: TwoByTwo,
    value: Array,
    *,
    n: Whole | int | None = None,
    status: NDArray[np.str_] | str = "ok",
    ci: tuple[Array, Array] | tuple[float, float] = (np.nan, np.nan),
    method: str = "",
    limit: Array | float = np.nan,
) -> dict[str, Estimates]:
    """Name what is said of one measure at each threshold, as in `net_benefit@0.05`.

    `value` has shape (runs, thresholds); the others have that shape or stand for all, and `n` is the number
    of subjects unless given.
    """
    counted = np.asarray(table.n if n is None else n)
    shape = value.shape
    counted, low, high = (np.broadcast_to(given, shape) for given in (counted, *ci))
    statuses, limits = np.broadcast_to(np.asarray(status), shape), np.broadcast_to(limit, shape)
    return {
        f"{measure}@{per_cent / 100:.2f}": Estimates(
            value[:, i], counted[:, i], statuses[:, i], low[:, i], high[:, i], method, limits[:, i]
        )
        for i, per_cent in enumerate(table.per_cents)
    }


def per_cents_within(low: float, high: float) -> range:
    """Return the whole per cents k with low <= k / 100 <= high, two shares between 0 and 1."""
    return range(max(1, math.ceil(100 * low - 1e-9)), min(99, math.floor(100 * high + 1e-9)) + 1)
