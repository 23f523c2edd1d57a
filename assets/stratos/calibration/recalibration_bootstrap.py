"""Bootstrap limits of calibration intercept and slope, for all runs and resamples at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.bootstrap.resampling import (
    RESAMPLES,
    SEED,
    Counts,
    ExactRows,
    PercentileLimits,
    bootstrap_method,
    percentile_limits,
    resample_blocks,
    resample_counts,
)
from assets.stratos.calibration.logistic import (
    Array,
    WeightedRows,
    events_first,
    newton,
    newton_step,
    offset_intercepts,
    reach,
    residuals,
    step_from_sums,
)
from assets.stratos.calibration.recalibration import Coefficient, Recalibration, recalibrated
from assets.stratos.calibration.separation import overlap
from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import Estimates, first_true

# Rows iterated together, few enough for a processor's cache; no result depends on it.
ROWS_AT_ONCE = 128_000
# Bounds the memory of the estimates of all resamples; no result depends on it.
ESTIMATES_AT_ONCE = 2_000_000
# What Newton's last step leaves is its square: 1e-6 of a standard error.
LAST_STEP = 1e-3
# A first step from sums needs an information that is not the small difference of large ones.
LEAST_INFORMATION = 0.01


def recalibration_bootstrap(
    cohort: Cohort, *, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Estimates]:
    """Percentile limits over resampled subjects: `calibration_intercept__bootstrap_ci`, `calibration_slope__...`.

    Values, n and statuses are those of `recalibration_measures`. A resample counts where its own estimate
    exists: both classes must occur in it and, for the slope, overlap; `few_resamples` if that is so in less
    than half of them, `variance_zero` if all agree. Prefer profile limits for few subjects: most resamples
    then separate.

    Efron 1981, Canadian Journal of Statistics 9:139.
    """
    fit = recalibrated(cohort)
    n = (fit.rows.weight > 0).sum(axis=1)
    at_once = max(1, ESTIMATES_AT_ONCE // max(1, resamples))
    parts = []
    for first in range(0, len(n), at_once):
        drawn, single_class = _drawn(cohort, _start(fit, slice(first, first + at_once)), resamples, seed)
        parts.append([percentile_limits(estimates) for estimates in drawn])
    method = bootstrap_method(resamples, seed, single_class=single_class)
    intercepts, slopes = zip(*parts, strict=True)
    return {
        "calibration_intercept__bootstrap_ci": _estimates(fit.intercept, n, intercepts, method),
        "calibration_slope__bootstrap_ci": _estimates(
            fit.slope, n, slopes, f"{method}; of the resamples in which the classes overlap"
        ),
    }


def _estimates(
    coefficient: Coefficient, n: NDArray[np.int64], parts: Sequence[PercentileLimits], method: str
) -> Estimates:
    low, high, few = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("low", "high", "few")
    )
    finite, diverges, agree = np.isfinite(coefficient.value), np.isinf(coefficient.value), low == high
    return Estimates(
        np.where(finite, coefficient.value, np.nan),
        n,
        first_true(
            (finite & few, "few_resamples"), (finite & agree, "variance_zero"), otherwise=coefficient.status
        ),
        np.where(agree, np.nan, low),
        np.where(agree, np.nan, high),
        method,
        np.where(diverges, coefficient.value, np.nan),
    )


@dataclass(frozen=True)
class _Start:
    """Rows of some runs and their estimates, from which those of the resamples are sought.

    `offset` is the intercept with slope 1; `level` is that beside `slope`. 0 stands for what does not exist,
    in the resamples as little as in the run.
    """

    rows: WeightedRows
    offset: Array
    level: Array
    slope: Array


def _start(fit: Recalibration, runs: slice) -> _Start:
    lined = np.isfinite(fit.slope.value[runs])
    offset = fit.intercept.value[runs]
    return _Start(
        fit.rows.of(runs),
        np.where(np.isfinite(offset), offset, 0),
        np.where(lined, fit.joint.value[runs], 0),
        np.where(lined, fit.slope.value[runs], 0),
    )


def _drawn(cohort: Cohort, start: _Start, resamples: int, seed: int) -> tuple[Array, int]:
    """Intercepts and slopes of all resamples, shape (2, runs, resamples), and how many have one class only."""
    drawn = np.full((2, len(start.slope), resamples), np.nan)
    single_class, order = 0, events_first(cohort)
    for first, last in resample_blocks(cohort.n, resamples):
        counts = resample_counts(cohort.n, first, last, seed)
        single_class += int(np.isin(counts @ cohort.outcome, (0, cohort.n)).sum())
        _resample(start, np.take(counts, order, axis=1), *drawn[:, :, first:last])
    return drawn, single_class


def _resample(start: _Start, counts: Counts, intercepts: Array, slopes: Array) -> None:
    """Fill in the estimates of every run in some resamples, shape (runs, resamples); NaN where there is none."""
    offset, level, slope = _first_steps(start, counts)
    for run, resample in _pairs(intercepts.shape, counts.shape[1]):
        weight = start.rows.weight[run] * counts[resample]
        rows = WeightedRows(start.rows.logit[run], weight, start.rows.n_events)
        found = overlap(rows)
        both = ~(found.empty | found.single_class)
        at = run[both], resample[both]
        intercepts[at] = offset_intercepts(rows.of(both), offset[at], LAST_STEP)
        at = run[found.overlapping], resample[found.overlapping]
        slopes[at] = newton(rows.of(found.overlapping), level[at], slope[at], LAST_STEP)[1]


def _pairs(shape: tuple[int, ...], n: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield indices of runs and resamples, as many pairs at a time as are to be iterated together."""
    pairs, at_once = shape[0] * shape[1], max(1, ROWS_AT_ONCE // n)
    for first in range(0, pairs, at_once):
        yield np.divmod(np.arange(first, min(first + at_once, pairs)), shape[1])


def _first_steps(start: _Start, counts: Counts) -> tuple[Array, Array, Array]:
    """Go one Newton step from the estimates of each run towards those of each resample, (runs, resamples) each.

    All steps are matrix products. A step is not taken if it might raise the loss (its reach is over 1), or if
    the information is a small difference of large sums, which centring at the run's own mean mostly prevents.
    """
    rows = start.rows
    with np.errstate(all="ignore"):  # a resample may have no row with a logit
        centre = np.nan_to_num(newton_step(rows, start.level, start.slope).centre)[:, None]
        x = rows.logit - centre
        at_offset = residuals(rows, rows.linear(start.offset))
        residual, weight = residuals(rows, rows.linear(start.level, start.slope))
        summands = *at_offset, residual, residual * x, weight, weight * x, weight * x * x
        sums = ExactRows(np.concatenate(summands)).sums(counts).reshape(len(summands), len(x), -1)
        offset_score, offset_information, up, along, total, first, second = sums
        offset_step = offset_score / offset_information
        mean = first / total
        information = second - mean * first
        step = step_from_sums(up, along - mean * up, total, mean, information)
        safe = reach(step, x.min(axis=1)[:, None], x.max(axis=1)[:, None]) <= 1
        safe &= information > LEAST_INFORMATION * second
        return (
            start.offset[:, None] + np.where(np.abs(offset_step) <= 1, offset_step, 0),
            start.level[:, None] + np.where(safe, step.up - centre * step.along, 0),
            start.slope[:, None] + np.where(safe, step.along, 0),
        )
