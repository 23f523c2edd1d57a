"""Logistic recalibration of many models at once: intercept with offset, and slope.

Models never meet: each keeps its own row of every array, so that no estimate depends on its company. The
estimates are expected to exist; `assets.stratos.calibration.separation` tells from the values where they do not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.cohorts import Cohort

Array = NDArray[np.float64]

# Two steps out of which at least one halves a bracket of at most 1,500, down to a double's spacing.
BRACKET_STEPS = 150
NEWTON_STEPS = 100
HALVINGS = 60
# A loss may be that much larger than it is for rounding.
ROUNDING = 1e-12
NARROW = 2 * np.finfo(np.float64).eps
# A last step of 1e-8, of the intercept in log-odds or of both in standard errors, leaves some 1e-16.
PRECISE = 1e-8


@dataclass(frozen=True)
class WeightedRows:
    """Rows of some models with the same outcomes, those with an event first.

    `logit` and `weight` have shape (models, n); the first `n_events` columns have the event. Logits are
    finite; what has weight 0 is not there.
    """

    logit: Array
    weight: Array
    n_events: int

    @property
    def against(self) -> Array:
        """-1 for an event and 1 for a non-event, shape (n,)."""
        return np.where(np.arange(self.logit.shape[1]) < self.n_events, -1.0, 1.0)

    @property
    def events(self) -> Array:
        """Weight of the events of each model."""
        events: Array = self.weight[:, : self.n_events].sum(axis=1)
        return events

    @property
    def others(self) -> Array:
        """Weight of the non-events of each model."""
        others: Array = self.weight[:, self.n_events :].sum(axis=1)
        return others

    def of(self, models: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "WeightedRows":
        """Return the rows of some models."""
        return WeightedRows(self.logit[models], self.weight[models], self.n_events)

    def linear(self, intercept: Array, slope: Array | None = None) -> Array:
        """Linear predictor of each model's line; without slopes they are 1."""
        sloped = self.logit if slope is None else self.logit * slope[:, None]
        linear: Array = sloped + intercept[:, None]
        return linear

    def scaled(self, slope: Array) -> "WeightedRows":
        """Return the rows with each model's logits times its slope."""
        return WeightedRows(slope[:, None] * self.logit, self.weight, self.n_events)


def weighted_rows(cohort: Cohort) -> WeightedRows:
    """Return logits of the runs of a cohort, with weight 1, and 0 where p is 0 or 1 and has no logit."""
    # Not by indexing, which would leave the columns contiguous: sums over rows would depend on their number.
    probability = np.take(cohort.probability, events_first(cohort), axis=1)
    certain = (probability == 0) | (probability == 1)
    probability[certain] = 0.5
    logit = np.log(probability) - np.log1p(-probability)
    return WeightedRows(logit, np.where(certain, 0.0, 1.0), cohort.n_events)


def events_first(cohort: Cohort) -> NDArray[np.intp]:
    """Order the subjects of a cohort as `weighted_rows` does."""
    return np.argsort(-cohort.outcome, kind="stable")


def offset_intercepts(rows: WeightedRows, start: Array | None = None, last_step: float = PRECISE) -> Array:
    """Intercept a in logit P(y = 1) = a + logit p of each model, on the log-odds scale; ideal 0.

    The score falls as a rises, so its root is bracketed; Newton from `start` is trusted while it stays
    inside and halves its steps, else the bracket is halved. IRLS diverges on over-confident predictions and
    reports success (-1.5e15 where the root is 0.18). Both classes must be present.

    Van Calster et al. 2016, Journal of Clinical Epidemiology 74:167.
    """
    overall = np.log(rows.events) - np.log(rows.others)
    lower, upper = overall - rows.logit.max(axis=1), overall - rows.logit.min(axis=1)
    value = np.clip(overall if start is None else start, lower, upper)
    before = upper - lower
    active = np.arange(len(value))
    for _ in range(BRACKET_STEPS):
        score, information = offset_score(rows, value[active])
        here, low, high = value[active], lower[active], upper[active]
        low, high = np.where(score > 0, here, low), np.where(score > 0, high, here)
        step = _quotient(score, information)
        trusted = (here + step >= low) & (here + step <= high) & (np.abs(step) <= before[active] / 2)
        moved = np.where(trusted, here + step, (low + high) / 2)
        value[active], lower[active], upper[active], before[active] = moved, low, high, np.abs(moved - here)
        going = ~(trusted & (np.abs(step) <= last_step)) & (high - low > NARROW * np.abs(moved))
        active, rows = active[going], rows if going.all() else rows.of(going)
        if active.size == 0:
            break
    return value


def offset_score(rows: WeightedRows, intercept: Array) -> tuple[Array, Array]:
    """First derivative of the log likelihood in the intercept, and the information, sum mu (1 - mu)."""
    residual, weight = residuals(rows, rows.linear(intercept))
    return residual.sum(axis=1), weight.sum(axis=1)


@dataclass(frozen=True)
class Lines:
    """Intercept beside a free slope, and that slope, with standard errors; shape (models,), NaN if not reached."""

    intercept: Array
    intercept_error: Array
    slope: Array
    slope_error: Array


def lines(rows: WeightedRows) -> Lines:
    """Intercept a and slope b in logit P(y = 1) = a + b logit p of each model; the slope's ideal is 1.

    Maximum likelihood without penalty, by Newton with step halving on the standardised logit. A model
    must have two distinct logits and classes that overlap, or b is infinite. Standard errors come from
    the information at the estimate.

    Cox 1958, Biometrika 45:562.
    """
    standard, centre, spread = standardised(rows)
    level = np.log(rows.events) - np.log(rows.others)
    level, slope = newton(standard, level, np.zeros_like(level))
    with np.errstate(all="ignore"):  # of what Newton did not reach, nothing is asked
        step = newton_step(standard, level, slope)
        slope, information = slope / spread, step.information * spread**2
        centre = centre + spread * step.centre
        at_centre = level + step.centre * slope * spread
        error = np.sqrt(1 / step.total + centre**2 / information)
    return Lines(at_centre - slope * centre, error, slope, 1 / np.sqrt(information))


def standardised(rows: WeightedRows) -> tuple[WeightedRows, Array, Array]:
    """Bring each model's logits to mean 0 and standard deviation 1; also return what these were."""
    total = rows.weight.sum(axis=1)
    centre = (rows.weight * rows.logit).sum(axis=1) / total
    centred = rows.logit - centre[:, None]
    spread = np.sqrt((rows.weight * centred * centred).sum(axis=1) / total)
    return WeightedRows(centred / spread[:, None], rows.weight, rows.n_events), centre, spread


def newton(
    rows: WeightedRows, intercept: Array, slope: Array, last_step: float = PRECISE
) -> tuple[Array, Array]:
    """Climb from a start, shape (models,), to the maximum in intercept and slope; NaN if not reached."""
    intercept, slope = intercept.copy(), slope.copy()
    active = np.arange(len(slope))
    for _ in range(NEWTON_STEPS):
        step = newton_step(rows, intercept[active], slope[active])
        share = _accepted_share(rows, intercept[active], slope[active], step)
        intercept[active] += share * step.up
        slope[active] += share * step.along
        going = ~(step.squared_length <= last_step**2)
        active, rows = active[going], rows if going.all() else rows.of(going)
        if active.size == 0:
            break
    intercept[active] = slope[active] = np.nan
    return intercept, slope


@dataclass(frozen=True)
class NewtonStep:
    """Step `up` of the intercept and `along` of the slope, and its squared length in standard errors.

    With x centred at `centre`, its mean by the weights mu (1 - mu), the information matrix is diagonal:
    `total` on the level there and `information` on the slope.
    """

    up: Array
    along: Array
    squared_length: Array
    centre: Array
    total: Array
    information: Array


def newton_step(rows: WeightedRows, intercept: Array, slope: Array) -> NewtonStep:
    """Newton's step from intercepts and slopes, shape (models,)."""
    residual, weight = residuals(rows, rows.linear(intercept, slope))
    total = weight.sum(axis=1)
    centre = _quotient((weight * rows.logit).sum(axis=1), total)
    centred = rows.logit - centre[:, None]
    score_up = residual.sum(axis=1)
    residual *= centred
    weight *= centred
    weight *= centred
    return step_from_sums(score_up, residual.sum(axis=1), total, centre, weight.sum(axis=1))


def step_from_sums(
    score_up: Array, score_along: Array, total: Array, centre: Array, information: Array
) -> NewtonStep:
    """Newton's step from the score of the level at the centre, that of the slope, and the information on both."""
    along = _quotient(score_along, information)
    level = _quotient(score_up, total)
    with np.errstate(all="ignore"):  # a step that overflows is not accepted
        squared_length = level * score_up + along * score_along
        return NewtonStep(level - centre * along, along, squared_length, centre, total, information)


def reach(step: NewtonStep, lowest: Array, highest: Array) -> Array:
    """Find the largest change that a step makes to the linear predictor of logits from lowest to highest."""
    with np.errstate(all="ignore"):
        return np.maximum(np.abs(step.up + step.along * lowest), np.abs(step.up + step.along * highest))


def _accepted_share(rows: WeightedRows, intercept: Array, slope: Array, step: NewtonStep) -> Array:
    """Halve the step until it does not raise the loss; the share that is left, 0 if none will do.

    A step of reach R <= 1 lowers the loss: along it the curvature grows at most by e^R (Bach 2010,
    Electronic Journal of Statistics 4:384), and (e^R - 1 - R) / R^2 < 1.
    """
    share = np.ones_like(slope)
    unsure = np.flatnonzero(~(reach(step, rows.logit.min(axis=1), rows.logit.max(axis=1)) <= 1))
    if unsure.size == 0:
        return share
    rows, intercept, slope = rows.of(unsure), intercept[unsure], slope[unsure]
    allowed = loss(rows, rows.linear(intercept, slope)) * (1 + ROUNDING)
    for _ in range(HALVINGS):
        with np.errstate(all="ignore"):  # what overflows is worse
            up, along = share[unsure] * step.up[unsure], share[unsure] * step.along[unsure]
            worse = ~(loss(rows, rows.linear(intercept + up, slope + along)) <= allowed)
        if not worse.any():
            return share
        share[unsure[worse]] /= 2
    share[unsure[worse]] = 0
    return share


def loss(rows: WeightedRows, linear: Array) -> Array:
    """Negative log likelihood of each model; `linear` has shape (models, n) and is overwritten."""
    linear *= rows.against
    surprise = np.maximum(linear, 0)
    surprise += np.log1p(np.exp(-np.abs(linear)))
    surprise *= rows.weight
    total: Array = surprise.sum(axis=1)
    return total


def residuals(rows: WeightedRows, linear: Array) -> tuple[Array, Array]:
    """Outcome less mu, and mu (1 - mu), times the weight; accurate in both tails, where 1 - mu would not be.

    `linear` has shape (models, n) and is overwritten.
    """
    against = rows.against
    linear *= against
    surprising = linear > 0
    np.abs(linear, out=linear)
    np.negative(linear, out=linear)
    odds = np.exp(linear, out=linear)
    likelier = 1 / (1 + odds)
    odds *= likelier
    missed = np.where(surprising, likelier, odds)
    missed *= rows.weight
    missed *= -against
    odds *= likelier
    odds *= rows.weight
    return missed, odds


def _quotient(above: Array, below: Array) -> Array:
    """Divide; what cannot be divided is infinite or NaN, and no step that is taken."""
    with np.errstate(all="ignore"):
        return above / below
