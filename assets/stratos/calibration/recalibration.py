"""Calibration intercept and slope of the runs of a cohort, with Wald and profile-likelihood limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.calibration.logistic import (
    Array,
    WeightedRows,
    lines,
    offset_intercepts,
    offset_score,
    weighted_rows,
)
from assets.stratos.calibration.profile_likelihood import Limits, intercept_limits, slope_limits
from assets.stratos.calibration.separation import Overlap, overlap
from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import NORMAL_975, Estimates, first_true, joined

WALD = "Wald"
PROFILE = "profile likelihood"

# Rows iterated together, few enough for a processor's cache; no result depends on it.
ROWS_AT_ONCE = 64_000


def recalibration_measures(cohort: Cohort) -> dict[str, Estimates]:
    """Logistic recalibration of every run: are the risks right on the whole, and are they too extreme?

    - `calibration_intercept`: a in logit P(y = 1) = a + logit p (ideal 0), with Wald limits;
    - `calibration_slope`: b in logit P(y = 1) = a + b logit p (ideal 1), with Wald limits;
    - `calibration_intercept_joint`: the a beside that b, which is another number than the first;
    - `calibration_intercept_profile_ci`, `calibration_slope_profile_ci`: the same values with
      profile-likelihood limits, better below some 50 events.

    Rows with p = 0 or 1 have no logit: they are left out, which the status `certain_left_out` says, and `n`
    counts the others. Nothing is clipped, nothing penalised. Null: `single_class` (intercepts with limit
    -inf without events, +inf without non-events), `separation` (the slope with limit +inf or -inf),
    `not_identified` (no row left, or the slope of a constant), `not_converged`. Where an estimate diverges,
    the profile likelihood gives one limit: `limits_unbounded`.

    Cox 1958, Biometrika 45:562; Van Calster et al. 2016, Journal of Clinical Epidemiology 74:167; Venzon &
    Moolgavkar 1988, Applied Statistics 37:87.
    """
    at_once = max(1, ROWS_AT_ONCE // cohort.n)
    parts = [
        _measures(Cohort(cohort.run_ids[runs], cohort.outcome, cohort.probability[runs]))
        for runs in (slice(first, first + at_once) for first in range(0, len(cohort.run_ids), at_once))
    ]
    return {name: joined([part[name] for part in parts]) for name in parts[0]}


def _measures(cohort: Cohort) -> dict[str, Estimates]:
    fit = recalibrated(cohort)
    n = (fit.rows.weight > 0).sum(axis=1)
    return {
        "calibration_intercept": _wald(fit.intercept, n),
        "calibration_slope": _wald(fit.slope, n),
        "calibration_intercept_joint": _wald(fit.joint, n),
        "calibration_intercept_profile_ci": _profiled(fit.intercept, _intercept_limits(fit), n),
        "calibration_slope_profile_ci": _profiled(fit.slope, _slope_limits(fit), n),
    }


@dataclass(frozen=True)
class Coefficient:
    """One coefficient of each run with its standard error, shape (runs,).

    The value is -inf or +inf where it diverges, NaN where there is none; `status` says why.
    """

    value: Array
    error: Array
    status: NDArray[np.str_]


@dataclass(frozen=True)
class Recalibration:
    """The recalibration of every run of a cohort, and what it was made from."""

    rows: WeightedRows
    overlap: Overlap
    intercept: Coefficient
    slope: Coefficient
    joint: Coefficient


def recalibrated(cohort: Cohort) -> Recalibration:
    """Estimate the intercept with offset, the slope, and the intercept beside it, of every run."""
    rows = weighted_rows(cohort)
    found = overlap(rows)
    left_out = np.where((rows.weight == 0).any(axis=1), "certain_left_out", "ok")
    status = first_true(
        (found.empty, "not_identified"), (found.single_class, "single_class"), otherwise=left_out
    )
    intercept = _intercepts(rows, found, status)
    slope, joint = _lines(rows, found, status, intercept)
    return Recalibration(rows, found, intercept, slope, joint)


def _intercepts(rows: WeightedRows, found: Overlap, status: NDArray[np.str_]) -> Coefficient:
    both = ~(found.empty | found.single_class)
    value = np.where(found.single_class, np.where(rows.events > 0, np.inf, -np.inf), np.nan)
    error = np.full_like(value, np.nan)
    value[both] = offset_intercepts(rows.of(both))
    error[both] = 1 / np.sqrt(offset_score(rows.of(both), value[both])[1])
    return Coefficient(value, error, status)


def _lines(
    rows: WeightedRows, found: Overlap, status: NDArray[np.str_], intercept: Coefficient
) -> tuple[Coefficient, Coefficient]:
    """Return the slope and the intercept beside it."""
    slope = np.where(found.above, np.inf, np.where(found.below, -np.inf, np.nan))
    joint = np.where(found.single_class, intercept.value, np.nan)
    slope_error, joint_error = np.full_like(slope, np.nan), np.full_like(slope, np.nan)
    chosen = found.overlapping
    fitted = lines(rows.of(chosen))
    slope[chosen], slope_error[chosen] = fitted.slope, fitted.slope_error
    joint[chosen], joint_error[chosen] = fitted.intercept, fitted.intercept_error
    status = first_true(
        (found.constant, "not_identified"),
        (found.above | found.below, "separation"),
        (chosen & np.isnan(slope), "not_converged"),
        otherwise=status,
    )
    return Coefficient(slope, slope_error, status), Coefficient(joint, joint_error, status)


def _wald(coefficient: Coefficient, n: NDArray[np.int64]) -> Estimates:
    value, margin = coefficient.value, NORMAL_975 * coefficient.error
    limits = Limits(value - margin, value + margin)
    return _estimates(value, n, coefficient.status, limits, WALD)


def _profiled(coefficient: Coefficient, limits: Limits, n: NDArray[np.int64]) -> Estimates:
    status = first_true((np.isinf(coefficient.value), "limits_unbounded"), otherwise=coefficient.status)
    return _estimates(coefficient.value, n, status, limits, PROFILE)


def _estimates(
    value: Array, n: NDArray[np.int64], status: NDArray[np.str_], limits: Limits, method: str
) -> Estimates:
    diverging = np.isinf(value)
    finite, limit = np.where(diverging, np.nan, value), np.where(diverging, value, np.nan)
    return Estimates(finite, n, status, limits.low, limits.high, method, limit)


def _intercept_limits(fit: Recalibration) -> Limits:
    models = ~np.isnan(fit.intercept.value)
    found = intercept_limits(fit.rows.of(models), fit.intercept.value[models], fit.intercept.error[models])
    return _spread(found, models)


def _slope_limits(fit: Recalibration) -> Limits:
    models = ~np.isnan(fit.slope.value)
    rows, shared = fit.rows.of(models), fit.overlap.shared[models]
    return _spread(slope_limits(rows, fit.slope.value[models], fit.slope.error[models], shared), models)


def _spread(found: Limits, models: NDArray[np.bool_]) -> Limits:
    """Put the limits of some models at their places among all."""
    low, high = np.full(len(models), np.nan), np.full(len(models), np.nan)
    low[models], high[models] = found.low, found.high
    return Limits(low, high)
