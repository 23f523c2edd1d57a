"""How far the smooth calibration curve is from the probabilities: ICI and its kin, with bootstrap limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.bootstrap.resampling import (
    RESAMPLES,
    SEED,
    Counts,
    bootstrap_method,
    percentile_limits,
    resample_blocks,
    resample_counts,
)
from assets.stratos.calibration.loess_rows import curves_at_rows
from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import Estimates, first_true

Array = NDArray[np.float64]

MEASURES = ("ici", "e50", "e90", "emax", "eci_x100", "eci_stratos")

# Rows of resamples fitted together, few enough for a processor's cache; no result depends on it.
ROWS_AT_ONCE = 32_000

# Bounds the memory of the measures of all resamples; no result depends on it.
STATISTICS_AT_ONCE = 20_000_000


def calibration_error_measures(
    cohort: Cohort, *, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Estimates]:
    """Distances d between the smooth calibration curve and the probabilities of every run, at its rows.

    - `ici`: mean d; `e50`, `e90`: median and 90th percentile (type 7); `emax`: largest (all ideally 0);
    - `eci_x100`: 100 mean d^2; `eci_stratos`: mean d^2 / mean (prevalence - p)^2: two numbers, one name in
      the literature.

    The curve is R's `loess` of outcome on probability with its defaults (span 0.75, degree 2, interpolating
    surface), not clipped. Limits: percentiles over resampled subjects, each with its own curve; null for
    `resamples=0`. All are biased upwards, and so are their limits. `single_class`: the curve is 0 (or 1)
    throughout, which leaves values but no limits. `not_identified`: no curve, or for `eci_stratos` no distance
    to compare with. `few_resamples`: no curve in over half of the resamples; `variance_zero`: all agree.

    Austin & Steyerberg 2019, Statistics in Medicine 38:4051; Van Hoorde et al. 2015, Journal of Biomedical
    Informatics 54:283; Van Calster et al. 2025, Lancet Digital Health 7:100916.
    """
    values, limits = _of_runs(cohort), _limits(cohort, resamples, seed)
    single_class = np.full(len(values), cohort.n_events in (0, cohort.n))
    return {
        name: Estimates(
            values[:, i],
            np.full(len(values), cohort.n),
            first_true(
                (np.isnan(values[:, i]), "not_identified"),
                (single_class, "single_class"),
                (limits.few[:, i], "few_resamples"),
                (limits.flat[:, i], "variance_zero"),
            ),
            limits.low[:, i],
            limits.high[:, i],
            limits.method,
        )
        for i, name in enumerate(MEASURES)
    }


def rising_order(outcome: Array, probability: Array) -> NDArray[np.intp]:
    """Order rows by probability, then outcome; probabilities have shape (n,) or (models, n)."""
    return np.lexsort((np.broadcast_to(outcome, probability.shape), probability), axis=-1)


def _of_runs(cohort: Cohort) -> Array:
    """Measures of every run, shape (runs, measures); NaN where there is none."""
    at_once = max(1, ROWS_AT_ONCE // cohort.n)
    parts = []
    for first in range(0, len(cohort.run_ids), at_once):
        probability = cohort.probability[first : first + at_once]
        order = rising_order(cohort.outcome, probability)
        parts.append(_measures(np.take_along_axis(probability, order, axis=1), cohort.outcome[order]))
    return np.concatenate(parts)


def _measures(probability: Array, outcome: Array) -> Array:
    """Measures of models with rising probabilities; both have shape (models, n)."""
    distance = np.abs(curves_at_rows(probability, outcome) - probability)
    e50, e90 = np.quantile(distance, (0.5, 0.9), axis=1)
    flat = outcome.mean(axis=1, keepdims=True) - probability
    with np.errstate(all="ignore"):  # squares may overflow, and those of subnormal probabilities are 0
        squared = (distance * distance).mean(axis=1)
        relative = squared / (flat * flat).mean(axis=1)
        found = np.stack(
            [distance.mean(axis=1), e50, e90, distance.max(axis=1), 100 * squared, relative], axis=1
        )
    return np.where(np.isfinite(found), found, np.nan)


@dataclass(frozen=True)
class _Limits:
    """Limits of every run and measure, and where resamples were too few; shape (runs, measures)."""

    low: Array
    high: Array
    few: NDArray[np.bool_]
    flat: NDArray[np.bool_]
    """Where all resamples agree."""
    method: str


def _limits(cohort: Cohort, resamples: int, seed: int) -> _Limits:
    shape = len(cohort.run_ids), len(MEASURES)
    if resamples == 0 or cohort.n_events in (0, cohort.n):
        none, never = np.full(shape, np.nan), np.zeros(shape, np.bool_)
        return _Limits(none, none, never, never, "")
    at_once = max(1, STATISTICS_AT_ONCE // (resamples * len(MEASURES)))
    parts = []
    for first in range(0, len(cohort.run_ids), at_once):
        drawn, single_class = _drawn(cohort, slice(first, first + at_once), resamples, seed)
        parts.append(percentile_limits(drawn.reshape(-1, resamples)))
    low, high, few = (
        np.concatenate([getattr(part, name) for part in parts]).reshape(shape)
        for name in ("low", "high", "few")
    )
    flat, method = low == high, bootstrap_method(resamples, seed, single_class=single_class)
    return _Limits(np.where(flat, np.nan, low), np.where(flat, np.nan, high), few, flat, method)


def _drawn(cohort: Cohort, runs: slice, resamples: int, seed: int) -> tuple[Array, int]:
    """Measures of all resamples, (runs, measures, resamples), and how many resamples have one class only."""
    probabilities = cohort.probability[runs]
    drawn = np.empty((len(probabilities), len(MEASURES), resamples))
    single_class = 0
    for first, last in resample_blocks(cohort.n, resamples):
        counts = resample_counts(cohort.n, first, last, seed)
        single_class += int(np.isin(counts @ cohort.outcome, (0, cohort.n)).sum())
        for run, probability in enumerate(probabilities):
            drawn[run, :, first:last] = _of_resamples(cohort.outcome, probability, counts).T
    return drawn, single_class


def _of_resamples(outcome: Array, probability: Array, counts: Counts) -> Array:
    """Measures of one run in resamples with counts (resamples, n): shape (resamples, measures).

    A resample holds its subjects as often as they were drawn, in the order of their probabilities.
    """
    order = rising_order(outcome, probability)
    at_once = max(1, ROWS_AT_ONCE // len(order))
    parts = []
    for first in range(0, len(counts), at_once):
        times = np.take(counts[first : first + at_once], order, axis=1)
        drawn = np.repeat(np.tile(order, len(times)), times.ravel()).reshape(times.shape)
        parts.append(_measures(probability[drawn], outcome[drawn]))
    return np.concatenate(parts)
