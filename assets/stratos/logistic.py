"""Logistic recalibration of many models at once: intercept with offset, and slope.

Arrays have shape (models, n). Rows never meet: a model's estimate does not depend on its company. Both
functions expect that the estimate exists; `calibration.recalibrate` rules out what has none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A bracket is never wider than the range of a double's logit, some 780: 780 / 2^64 is below rounding.
BISECTIONS = 64
NEWTON_STEPS = 100
HALVINGS = 60
# Squared length, in standard errors, of the last Newton step; what is left after it is its square.
CONVERGED = 1e-16


@dataclass(frozen=True)
class Estimates:
    """One estimate and its standard error per model, shape (models,); NaN where Newton did not arrive."""

    value: Array
    standard_error: Array


def offset_intercepts(logit: Array, outcome: Array) -> Estimates:
    """Intercept a in logit P(y = 1) = a + logit p, on the log-odds scale; ideal 0.

    The score falls as a rises, so its root is bracketed and bisected: IRLS diverges on over-confident
    predictions and reports success (-1.5e15 where the root is 0.18). Both classes must be present.
    Standard error 1 / sqrt(sum mu (1 - mu)).

    Van Calster et al. 2016, Journal of Clinical Epidemiology 74:167.
    """
    against = 1 - 2 * outcome
    overall = _log_odds(outcome)
    lower, upper = overall - logit.max(axis=1), overall - logit.min(axis=1)
    for _ in range(BISECTIONS):
        middle = (lower + upper) / 2
        too_low = _residuals(middle[:, None] + logit, against).sum(axis=1) > 0
        lower, upper = np.where(too_low, middle, lower), np.where(too_low, upper, middle)
    value = (lower + upper) / 2
    return Estimates(value, 1 / np.sqrt(_weights(value[:, None] + logit).sum(axis=1)))


def slopes(logit: Array, outcome: Array) -> Estimates:
    """Slope b in logit P(y = 1) = a + b logit p with a free; ideal 1.

    Maximum likelihood without penalty, by Newton with step halving on the standardised logit. Each model
    must have two distinct logits and classes that overlap, or b is infinite. The standard error comes from
    the information at the estimate.

    Cox 1958, Biometrika 45:562.
    """
    spread = logit.std(axis=1)
    x = (logit - logit.mean(axis=1, keepdims=True)) / spread[:, None]
    against = 1 - 2 * outcome
    intercept = _log_odds(outcome)
    slope = np.zeros_like(intercept)
    arrived = np.zeros(len(logit), dtype=bool)
    for _ in range(NEWTON_STEPS):
        up, along, squared_length, _information = _newton_step(intercept, slope, x, against)
        share = np.where(arrived, 0, _accepted_share(intercept, slope, up, along, x, against))
        intercept, slope = intercept + share * up, slope + share * along
        arrived |= squared_length <= CONVERGED
        if arrived.all():
            break
    *_, information = _newton_step(intercept, slope, x, against)
    standard_error = 1 / (np.sqrt(information) * spread)
    return Estimates(np.where(arrived, slope / spread, np.nan), np.where(arrived, standard_error, np.nan))


def _newton_step(
    intercept: Array, slope: Array, x: Array, against: Array
) -> tuple[Array, Array, Array, Array]:
    """Step of the intercept and of the slope, squared length in standard errors, information on the slope.

    x is centred at its weighted mean, which makes the information matrix diagonal.
    """
    linear = intercept[:, None] + slope[:, None] * x
    residual, weight = _residuals(linear, against), _weights(linear)
    total = weight.sum(axis=1)
    centre = (weight * x).sum(axis=1) / total
    centred = x - centre[:, None]
    information = (weight * centred * centred).sum(axis=1)
    score_up, score_along = residual.sum(axis=1), (residual * centred).sum(axis=1)
    along = score_along / information
    up = score_up / total - centre * along
    return up, along, score_up**2 / total + score_along**2 / information, information


def _accepted_share(
    intercept: Array, slope: Array, up: Array, along: Array, x: Array, against: Array
) -> Array:
    """Halve the step until it does not raise the loss; the share that is left, 0 if none will do."""
    allowed = _loss(intercept, slope, x, against) * (1 + 1e-12)
    share = np.ones_like(slope)
    for _ in range(HALVINGS):
        worse = ~(_loss(intercept + share * up, slope + share * along, x, against) <= allowed)
        if not worse.any():
            return share
        share[worse] /= 2
    return np.where(worse, 0.0, share)


def _loss(intercept: Array, slope: Array, x: Array, against: Array) -> Array:
    loss: Array = np.logaddexp(0, against * (intercept[:, None] + slope[:, None] * x)).sum(axis=1)
    return loss


def _log_odds(outcome: Array) -> Array:
    prevalence = outcome.mean(axis=1)
    log_odds: Array = np.log(prevalence) - np.log1p(-prevalence)
    return log_odds


def _expit(linear: Array) -> Array:
    with np.errstate(over="ignore"):  # exp(> 709) is inf, and 1 / inf the 0 that is wanted
        return 1 / (1 + np.exp(-linear))


def _residuals(linear: Array, against: Array) -> Array:
    """Outcome less mu, accurate in both tails: for an event 1 - mu is computed, not subtracted.

    `against` is -1 for an event and 1 for a non-event.
    """
    return -against * _expit(against * linear)


def _weights(linear: Array) -> Array:
    return _expit(linear) * _expit(-linear)
