"""R's default `loess` of many models at once, at their own rows: what a bootstrap of the curve needs.

The same curve as `assets.stratos.calibration.loess.fit_loess`, without its standard error, from the sums of powers of
the distance; where these do not determine it well, from the orthogonalised columns as there.
"""

import numpy as np
from numpy.typing import NDArray

from assets.stratos.calibration.kd_tree import tree_vertices
from assets.stratos.calibration.loess import FEWEST_DISTINCT, FEWEST_NEIGHBOURS, SPAN, local_operators

Array = NDArray[np.float64]

# Share of a column's sum of squares that the columns before it leave: with less, sums lose too many digits.
LEAST_SHARE = 1e-5


def curves_at_rows(predictor: Array, outcome: Array) -> Array:
    """Evaluate the curve of each model at its own rows, not clipped; NaN where there is none.

    `predictor` and `outcome` have shape (models, n), predictors rising. There is no curve for fewer than 6
    rows, fewer than 3 distinct predictors, or three quarters of the rows at one predictor where a vertex
    lies.
    """
    fitted = np.full(predictor.shape, np.nan)
    if int(SPAN * predictor.shape[1] + 1e-5) < FEWEST_NEIGHBOURS:
        return fitted
    distinct = 1 + (predictor[:, 1:] > predictor[:, :-1]).sum(axis=1)
    varied = np.flatnonzero(distinct >= FEWEST_DISTINCT)
    if varied.size:
        with np.errstate(all="ignore"):  # what is not finite is not identified
            fitted[varied] = _interpolated(predictor[varied], outcome[varied])
    return fitted


def _interpolated(predictor: Array, outcome: Array) -> Array:
    knots = tree_vertices(predictor)
    bandwidths = _bandwidths(predictor, knots)
    fits = [
        _local_fit(predictor, outcome, knot, bandwidth)
        for knot, bandwidth in zip(knots.T, bandwidths.T, strict=True)
    ]
    value, slope = (np.stack(parts, axis=1) for parts in zip(*fits, strict=True))
    fitted = _hermite(predictor, knots, value, slope / bandwidths)
    fitted[~np.isfinite(fitted).all(axis=1) | ~(bandwidths > 0).all(axis=1)] = np.nan
    return fitted


def _bandwidths(predictor: Array, knots: Array) -> Array:
    """Distance from each vertex to its q-th nearest row, shape (models, vertices).

    The q nearest rows follow each other; where they begin is found by bisection.
    """
    n = predictor.shape[1]
    q = int(SPAN * n + 1e-5)
    model = np.arange(len(knots))[:, None]
    low, high = np.zeros(knots.shape, np.intp), np.full(knots.shape, n - q)
    while (low < high).any():
        middle = (low + high) // 2
        nearer = knots - predictor[model, middle] <= predictor[model, np.minimum(middle + q, n - 1)] - knots
        nearer |= low == high
        low, high = np.where(nearer, low, middle + 1), np.where(nearer, np.minimum(middle, high), high)
    return np.maximum(knots - predictor[model, low], predictor[model, low + q - 1] - knots)


def _local_fit(predictor: Array, outcome: Array, knot: Array, bandwidth: Array) -> tuple[Array, Array]:
    """Value and slope, per bandwidth, of the local quadratic of each model at one point."""
    offset = np.clip((predictor - knot[:, None]) / bandwidth[:, None], -1, 1)
    weight = _tricube(offset)
    total = weight.sum(axis=1)
    moments, with_outcome = [], [(weight * outcome).sum(axis=1) / total]
    for power in range(1, 5):
        weight *= offset
        moments.append(weight.sum(axis=1) / total)
        if power <= 2:
            with_outcome.append((weight * outcome).sum(axis=1) / total)
    value, slope, determined = _solved(moments, with_outcome)
    poor = np.flatnonzero(~determined & (bandwidth > 0))
    if poor.size:
        operator = local_operators(offset[poor])
        value[poor], slope[poor] = (operator * outcome[poor][:, None]).sum(axis=2).T
    return value, slope


def _tricube(offset: Array) -> Array:
    weight = np.abs(offset)
    weight *= weight * weight
    np.subtract(1, weight, out=weight)
    weight *= weight * weight
    return weight


def _solved(moments: list[Array], with_outcome: list[Array]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Solve the normal equations of weighted quadratics for value and slope at 0; also say which are sound."""
    first, second, third, fourth = moments
    mean, along, square = with_outcome
    spread, skew, width = second - first**2, third - first * second, fourth - second**2
    along, square = along - first * mean, square - second * mean
    rest = width - skew**2 / spread
    curvature = (square - skew / spread * along) / rest
    slope = (along - skew * curvature) / spread
    determined = (spread > LEAST_SHARE * second) & (rest > LEAST_SHARE * fourth)
    return mean - first * slope - second * curvature, slope, determined


def _hermite(predictor: Array, knots: Array, value: Array, slope: Array) -> Array:
    """Evaluate the cubics between the vertices at the rows."""
    cell = np.zeros(predictor.shape, np.intp)
    for knot in knots.T[1:-1]:
        cell += predictor > knot[:, None]
    cell += knots.shape[1] * np.arange(len(knots))[:, None]
    width = np.diff(knots, axis=1, append=np.inf)
    start, rise = slope * width, np.diff(value, axis=1, append=0)
    end = np.roll(slope, -1, axis=1) * width
    share = (predictor - knots.ravel()[cell]) / width.ravel()[cell]
    cubic = (start + end - 2 * rise).ravel()[cell]
    square = (3 * rise - 2 * start - end).ravel()[cell]
    return value.ravel()[cell] + share * (start.ravel()[cell] + share * (square + share * cubic))
