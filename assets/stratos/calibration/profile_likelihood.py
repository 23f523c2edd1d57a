"""Profile-likelihood limits of intercept and slope: where twice the log likelihood has fallen by 3.84.

They need no estimate: where the classes are separated, or one is missing, the likelihood rises towards
infinity, and the one limit that there is can be found all the same.

Venzon & Moolgavkar 1988, Applied Statistics 37:87.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.calibration.logistic import (
    Array,
    WeightedRows,
    loss,
    offset_intercepts,
    residuals,
    standardised,
)

CRITICAL = 3.841458820694124
"""The 95th percentile of chi-squared with one degree of freedom."""

ROOT_STEPS = 100
# Of the distance between limit and estimate; the next of Newton's steps would be some 1e-16 of it.
LAST_STEP = 1e-8
GROWTH = 8.0
# Of the intercept at each slope: the loss, at its least there, differs by the square of what this leaves.
INNER_STEP = 1e-5
# 2^70 standard deviations: the spacing of doubles is wider.
DOUBLINGS = 70

Models = NDArray[np.intp]
Profile = Callable[[Models, Array], tuple[Array, Array]]
"""Loss of some models at one parameter each, all else at its best, and its derivative."""


@dataclass(frozen=True)
class Limits:
    """Lower and upper limit of each model, shape (models,); NaN on the side where there is none."""

    low: Array
    high: Array


def intercept_limits(rows: WeightedRows, estimate: Array, error: Array) -> Limits:
    """Limits of the intercept with the slope held at 1.

    `estimate` and its standard `error` have shape (models,); an estimate of -inf or +inf says that there
    are no events or no non-events, NaN that no limits are wanted.
    """

    def profile(models: Models, intercept: Array) -> tuple[Array, Array]:
        chosen = rows.of(models)
        residual, _ = residuals(chosen, chosen.linear(intercept))
        return loss(chosen, chosen.linear(intercept)), -residual.sum(axis=1)

    return _limits(profile, estimate, error, np.zeros_like(estimate))


def slope_limits(rows: WeightedRows, estimate: Array, error: Array, shared: Array) -> Limits:
    """Limits of the slope beside a free intercept.

    As `intercept_limits`; an estimate of +inf or -inf says that the events lie above or below the others,
    `shared` where both may occur even so (`assets.stratos.calibration.separation.overlap`).
    """
    standard, _centre, spread = standardised(rows)

    def profile(models: Models, slope: Array) -> tuple[Array, Array]:
        chosen = standard.of(models)
        sloped = chosen.scaled(slope)
        intercept = offset_intercepts(sloped, last_step=INNER_STEP)
        residual, _ = residuals(sloped, sloped.linear(intercept))
        return loss(sloped, sloped.linear(intercept)), -(residual * chosen.logit).sum(axis=1)

    found = _limits(profile, estimate * spread, error * spread, _loss_at(rows, shared))
    return Limits(found.low / spread, found.high / spread)


def _loss_at(rows: WeightedRows, shared: Array) -> Array:
    """Loss that the steepest slope leaves: that of the rows at the one logit that both classes share."""
    weight = np.where(rows.logit == shared[:, None], rows.weight, 0)
    there = WeightedRows(np.zeros_like(rows.logit), weight, rows.n_events)
    mixed = (there.events > 0) & (there.others > 0)
    there, least = there.of(mixed), np.zeros_like(shared)
    least[mixed] = loss(there, there.linear(offset_intercepts(there)))
    return least


def _limits(profile: Profile, estimate: Array, error: Array, infimum: Array) -> Limits:
    """Find both limits of finite estimates, and the finite one of infinite ones, whose least loss is `infimum`."""
    finite, infinite = np.flatnonzero(np.isfinite(estimate)), np.flatnonzero(np.isinf(estimate))
    least, start = infimum.copy(), estimate.copy()
    least[finite] = profile(finite, estimate[finite])[0]

    def deviance(models: Models, parameter: Array) -> tuple[Array, Array]:
        value, derivative = profile(models, parameter)
        return 2 * (value - least[models]), 2 * derivative

    start[infinite] = _within(deviance, infinite, np.sign(estimate[infinite]))
    first = np.fmin(np.where(np.isinf(estimate), np.abs(start), 2 * error), 1.0)
    low, high = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    for limit, side in ((low, -1), (high, 1)):
        models = np.flatnonzero(~np.isnan(estimate) & (estimate != side * np.inf))
        distance = _distance(deviance, models, start[models], side, first[models])
        limit[models] = start[models] + side * distance
    return Limits(low, high)


def _within(deviance: Profile, models: Models, direction: Array) -> Array:
    """Go in a direction, +1 or -1, until the deviance is below the critical value, as it is at infinity."""
    parameter = direction.copy()
    for _ in range(DOUBLINGS):
        outside = deviance(models, parameter)[0] >= CRITICAL
        if not outside.any():
            break
        parameter[outside] *= 2
    return parameter


def _distance(deviance: Profile, models: Models, start: Array, side: int, first: Array) -> Array:
    """Find how far from a start below it, on one side, the deviance reaches the critical value.

    It is convex, so that Newton's steps arrive from outside; from inside they may go far too far, which the
    bracket and `GROWTH` prevent.
    """
    distance, inner, outer = first.copy(), np.zeros_like(first), np.full_like(first, np.inf)
    active = np.arange(len(models))
    for _ in range(ROOT_STEPS):
        here = distance[active]
        value, derivative = deviance(models[active], start[active] + side * here)
        inner[active] = np.where(value < CRITICAL, here, inner[active])
        outer[active] = np.where(value < CRITICAL, outer[active], here)
        with np.errstate(all="ignore"):  # a flat deviance gives no step to be trusted
            moved = here + (CRITICAL - value) / (side * derivative)
        trusted = (moved >= inner[active]) & (moved <= np.minimum(outer[active], GROWTH * here))
        halfway = np.where(np.isinf(outer[active]), GROWTH * here, (inner[active] + outer[active]) / 2)
        distance[active] = np.where(trusted, moved, halfway)
        active = active[~(trusted & (np.abs(moved - here) <= LAST_STEP * here))]
        if active.size == 0:
            break
    return distance
