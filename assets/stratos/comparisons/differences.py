"""Is one run better than another? Paired differences of AUROC and of net benefit over the same subjects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtr

from assets.stratos.classification.thresholds import WHOLE_PER_CENTS, refuse_other_thresholds
from assets.stratos.cohorts import Cohort, cohorts
from assets.stratos.comparisons.multiplicity import benjamini_hochberg, holm
from assets.stratos.discrimination.auroc import delong_status
from assets.stratos.discrimination.placements import placements
from assets.stratos.estimates import NORMAL_975, first_true

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

# Bounds the memory of the pairs that are looked at together; no result depends on it.
ROWS_AT_ONCE = 1_000_000

_PAIR = [("run_a", pa.string()), ("run_b", pa.string()), ("factor", pa.string())]
_DIFFERENCE = [
    ("difference", pa.float64()),
    ("standard_error", pa.float64()),
    ("ci_lower", pa.float64()),
    ("ci_upper", pa.float64()),
]
AUROC_DIFFERENCES = pa.schema(
    [
        *_PAIR,
        *_DIFFERENCE,
        ("z", pa.float64()),
        ("p_value", pa.float64()),
        ("p_holm", pa.float64()),
        ("p_bh", pa.float64()),
        ("n", pa.int32()),
        ("status", pa.string()),
    ]
)
NET_BENEFIT_DIFFERENCES = pa.schema(
    [*_PAIR, ("threshold", pa.float64()), *_DIFFERENCE, ("n", pa.int32()), ("status", pa.string())]
)


def auroc_differences(predictions: pd.DataFrame, pairs: pd.DataFrame) -> pa.Table:
    """AUROC of run a less that of run b, for each pair, with DeLong's paired test.

    `predictions` has `run_id`, `subject_code`, `y_true`, `y_prob`; `pairs` has `run_a`, `run_b` and `factor`: what
    they differ in, null if that has no name. One row per pair, in order of a, b, factor. The 95 % interval is
    difference +/- 1.96 SE, cut to [-1, 1]; `p_value` is two-sided. `p_holm` and `p_bh` (false discovery rate)
    are adjusted over the pairs of the same factor. With a status other than `ok` the interval and the test are
    null: `variance_zero` (the same order of all subjects), `variance_undefined`, `single_class`, and
    `different_subjects`, where there is no paired difference either. Not for models nested in each other and
    fitted to these rows. Raises ValueError for a pair of a run without predictions.

    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837.
    """
    table = _sorted(pairs)
    found = _Differences.unknown(len(table), 1)
    for cohort, compared in _compared(predictions, table):
        placed = placements(cohort.outcome, cohort.probability)
        for rows, a, b in compared:
            less = placed.of_runs(a).minus(placed.of_runs(b))
            auroc, variance = less.auroc, less.variance
            found.fill(
                rows, auroc[:, None], variance[:, None], delong_status(auroc, variance)[:, None], cohort.n
            )
    low, high = found.limits()
    z = found.value[:, 0] / found.standard_error[:, 0]
    table = table.assign(
        difference=found.value[:, 0],
        standard_error=found.standard_error[:, 0],
        ci_lower=np.maximum(low[:, 0], -1),
        ci_upper=np.minimum(high[:, 0], 1),
        z=z,
        p_value=2 * ndtr(-np.abs(z)),
        n=found.n,
        status=found.status[:, 0],
    )
    p_values = table.groupby("factor", dropna=False)["p_value"]
    table["p_holm"] = p_values.transform(lambda p: holm(p.to_numpy()))
    table["p_bh"] = p_values.transform(lambda p: benjamini_hochberg(p.to_numpy()))
    return pa.Table.from_pandas(table, AUROC_DIFFERENCES, preserve_index=False)


def net_benefit_differences(
    predictions: pd.DataFrame, pairs: pd.DataFrame, thresholds: Sequence[int] = WHOLE_PER_CENTS
) -> pa.Table:
    """Net benefit of run a less that of run b at each threshold, for each pair, with paired Wald limits.

    Arguments as of `auroc_differences`; `thresholds` are whole per cents, 1 to 99. One row per pair and threshold.
    What a subject adds to net benefit is 1 for a true positive, -t / (1 - t) for a false one and 0
    otherwise; the difference is the mean of a's less b's over subjects, and its standard error that of a
    mean. `variance_zero` (limits null): the runs call the same subjects positive; `variance_undefined`: one
    subject; `different_subjects`: all null. Limits hold at each threshold by itself, not for the whole curve.
    Raises ValueError as `auroc_differences` does, and for a threshold that is no whole per cent from 1 to 99.

    Sande et al. 2020, Statistics in Medicine 39:2980.
    """
    refuse_other_thresholds(thresholds)
    table, per_cents = _sorted(pairs), np.array(sorted(set(thresholds)))
    found = _Differences.unknown(len(table), len(per_cents))
    for cohort, compared in _compared(predictions, table):
        cells = np.searchsorted(per_cents / 100, cohort.probability, side="right")
        for rows, a, b in compared:
            value, variance = _net_benefits_apart(cohort.outcome, cells[a], cells[b], per_cents)
            status = first_true((np.isnan(variance), "variance_undefined"), (variance == 0, "variance_zero"))
            found.fill(rows, value, variance, status, cohort.n)
    low, high = found.limits()
    repeated = table.loc[table.index.repeat(len(per_cents))].assign(
        threshold=np.tile(per_cents / 100, len(table)),
        difference=found.value.ravel(),
        standard_error=found.standard_error.ravel(),
        ci_lower=low.ravel(),
        ci_upper=high.ravel(),
        n=np.repeat(found.n, len(per_cents)),
        status=found.status.ravel(),
    )
    return pa.Table.from_pandas(repeated, NET_BENEFIT_DIFFERENCES, preserve_index=False)


@dataclass(frozen=True)
class _Differences:
    """What is known of each pair: arrays of shape (pairs, thresholds), `n` of shape (pairs,)."""

    value: Array
    standard_error: Array
    status: NDArray[np.str_]
    n: Whole

    @classmethod
    def unknown(cls, pairs: int, thresholds: int) -> "_Differences":
        nothing = np.full((pairs, thresholds), np.nan)
        status = first_true((np.isnan(nothing), "different_subjects"))
        return cls(nothing, nothing.copy(), status, np.zeros(pairs, np.int64))

    def fill(self, rows: Whole, value: Array, variance: Array, status: NDArray[np.str_], n: int) -> None:
        self.value[rows] = value
        self.standard_error[rows] = np.sqrt(np.where(status == "ok", variance, np.nan))
        self.status[rows] = status
        self.n[rows] = n

    def limits(self) -> tuple[Array, Array]:
        margin = NORMAL_975 * self.standard_error
        return self.value - margin, self.value + margin


def _sorted(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs[["run_a", "run_b", "factor"]].sort_values(["run_a", "run_b", "factor"], ignore_index=True)


Compared = tuple[Whole, Whole, Whole]
"""Rows of the pairs, and the places of their runs a and b in the cohort."""


def _compared(predictions: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[tuple[Cohort, list[Compared]]]:
    """Find the pairs within each cohort, in blocks of bounded memory."""
    named = pd.unique(pd.concat([pairs["run_a"], pairs["run_b"]]))
    chosen = predictions[predictions["run_id"].isin(named)]
    absent = set(named) - set(chosen["run_id"].unique())
    if absent:
        raise ValueError(f"pairs name runs without predictions: {', '.join(sorted(map(str, absent)))}")
    for cohort in cohorts(chosen, rows_at_once=max(1, len(chosen))):
        place = pd.Index(cohort.run_ids)
        a, b = place.get_indexer(pairs["run_a"]), place.get_indexer(pairs["run_b"])
        rows = np.flatnonzero((a >= 0) & (b >= 0))
        at_once = max(1, ROWS_AT_ONCE // cohort.n)
        blocks = [rows[first : first + at_once] for first in range(0, len(rows), at_once)]
        yield cohort, [(block, a[block], b[block]) for block in blocks]


def _net_benefits_apart(outcome: Array, a: Whole, b: Whole, per_cents: Whole) -> tuple[Array, Array]:
    """Difference and its variance, (pairs, thresholds), from the number of thresholds that each p reaches."""
    n, odds = len(outcome), per_cents / (100 - per_cents)
    gained, lost, harmed, spared = (
        _only_first(first[:, outcome == y], second[:, outcome == y], len(per_cents)) / n
        for y in (1, 0)
        for first, second in ((a, b), (b, a))
    )
    difference = gained - lost - (harmed - spared) * odds
    mean_square = gained + lost + (harmed + spared) * odds**2
    if n == 1:
        return difference, np.full_like(difference, np.nan)
    return difference, np.maximum(mean_square - difference**2, 0) / (n - 1)


def _only_first(first: Whole, second: Whole, thresholds: int) -> Whole:
    """Count subjects that the first of each pair calls positive at each threshold and the second does not.

    A subject counts at thresholds second .. first - 1: it enters at one and leaves at the other.
    """
    pair, subject = np.nonzero(first > second)
    width = thresholds + 1
    enters, leaves = (
        np.bincount(pair * width + reached[pair, subject], minlength=len(first) * width)
        for reached in (second, first)
    )
    return np.cumsum((enters - leaves).reshape(-1, width), axis=1)[:, :thresholds]
