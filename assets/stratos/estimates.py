"""What is said of a measure: its value, its interval, and why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NORMAL_975 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""

STATUSES = {
    "ok": "nothing to remark",
    "single_class": "only one outcome occurs among the rows",
    "variance_zero": "the variance formula gives 0 (a constant, or perfect separation): no interval can be made of it",
    "variance_undefined": "a variance cannot be estimated from a single row, event, non-event or group member",
    "not_identified": "the rows do not determine it: too few distinct probabilities, or terms that always go together",
    "separation": "the probabilities separate the classes: the likelihood has no maximum",
    "not_converged": "the iteration did not arrive",
    "certain_left_out": "rows with a probability of 0 or 1 have no logit and were left out; n counts the others",
    "infinite": "something that was given no probability, or too little for a double, happened",
    "no_events": "no events: a ratio to their number, or an interval on the log scale, does not exist",
    "nothing_expected": "all probabilities are 0: nothing was expected",
    "empty_denominator": "nobody is in the group that it is a proportion of",
    "empty_cell": "a cell of the two-by-two table is empty: no interval on the logit scale",
    "limits_unbounded": "the likelihood does not bound the interval on one side",
    "single_refit": "one refit only: there is nothing that it could differ from",
    "few_subjects": "fewer than five subjects: nothing is said of so few",
    "single_level": "the factor has one level only: it cannot explain anything",
    "no_complete_block": "no combination of the other methods has a run of every level on the same subjects",
    "single_block": "one block only: there is nothing to test over",
    "blocks_share_subjects": "blocks of the same subjects are no independent replicates: no test over them is valid",
    "saturated": "as many effects as runs: nothing is left to judge them by",
    "few_resamples": "in over half of the resamples it was undefined: no interval",
    "different_subjects": "the runs did not predict the same subjects: a paired difference does not exist",
}
"""Every status, and what it says."""


@dataclass(frozen=True)
class Estimates:
    """One measure of each run of a cohort with its 95 % interval; every array has shape (runs,).

    NaN is null. `status` is a key of STATUSES; with `ok` and `certain_left_out` there is a value. `limit` is
    -inf or +inf where the measure diverges, else NaN. `n` counts the rows that the value is made of. `method`
    says how the interval is made where it exists, "" if none is made.
    """

    value: Array
    n: NDArray[np.int64]
    status: NDArray[np.str_]
    ci_low: Array = field(default_factory=lambda: np.empty(0))
    ci_high: Array = field(default_factory=lambda: np.empty(0))
    method: str = ""
    limit: Array = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Fill what was not given with nulls."""
        for name in ("ci_low", "ci_high", "limit"):
            if len(getattr(self, name)) == 0:
                object.__setattr__(self, name, np.full(len(self.value), np.nan))


def first_true(
    *cases: tuple[NDArray[np.bool_], str], otherwise: str | NDArray[np.str_] = "ok"
) -> NDArray[np.str_]:
    """Choose for each run the status of the first case that holds; cases have shape (runs,)."""
    conditions: Sequence[NDArray[np.bool_]] = [case for case, _ in cases]
    width = f"<U{max(map(len, STATUSES))}"
    fallback = np.broadcast_to(np.asarray(otherwise, dtype=width), conditions[0].shape)
    return np.select(conditions, [np.asarray(status, dtype=width) for _, status in cases], fallback)


def joined(parts: Sequence[Estimates]) -> Estimates:
    """Put the runs of several parts of a cohort behind each other; the method is that of the first."""
    arrays = ("value", "n", "status", "ci_low", "ci_high", "limit")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    return Estimates(**columns, method=parts[0].method)
