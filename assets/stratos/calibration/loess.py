"""Local regression of an outcome on one predictor, as R's `loess` with its defaults, without R.

Span 0.75, degree 2, tricube weights, least squares. R's default is `surface = "interpolate"`: value and
slope are fitted at the vertices of a k-d tree only, some nine of them whatever n is, with cubic Hermite
polynomials between. `direct_fit` is `surface = "direct"`. They are different curves (single fits differ
by up to 0.3 at n = 20); what is reported as ICI in the literature uses the default.

Sums go through `numpy.sum`, not through BLAS, whose result depends on the number of threads.

Cleveland & Devlin 1988, Journal of the American Statistical Association 83:596; Cleveland & Grosse 1991,
Statistics and Computing 1:47.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.stratos.calibration.kd_tree import tree_vertices

Array = NDArray[np.float64]

SPAN = 0.75
# A quadratic through fewer neighbours than this has no degree of freedom left.
FEWEST_NEIGHBOURS = 4
FEWEST_DISTINCT = 3
# Singular values below this share of the largest one are taken for zero, as R does.
RANK_TOLERANCE = 100 * np.finfo(np.float64).eps
# With less the curve passes through the points, and rounding would be read as their spread.
LEAST_FREEDOM = 1e-6
# Distances held at once; bounds the memory, no result depends on it.
BLOCK = 1_000_000

# R's correction to the residual degrees of freedom: knots, then value and slope at each in turn.
FREEDOM_KNOTS = np.array([-0.005, 0.1204, 0.2017, 0.2815, 0.3705, 0.4536, 0.5591, 0.7132, 0.8751, 1.005])
FREEDOM_CURVE = np.array(
    [
        *(-0.090572, 4.4844),
        *(0.095807, -0.7978),
        *(0.026152, -0.7286),
        *(-0.031926, -0.4457),
        *(-0.053718, -0.3495),
        *(-0.06417, 0.032813),
        *(-0.058387, 0.1611),
        *(-0.020636, 0.335),
        *(0.040172, -0.041032),
        *(-0.010856, -0.7736),
    ]
)


class NotIdentifiedError(ValueError):
    """The rows do not determine a local quadratic: too few, or too many at one place."""


@dataclass(frozen=True)
class LoessFit:
    """A fitted curve: `at` evaluates it, `standard_error` says how well it is known.

    `knots` shape (v,); `coefficients` shape (2 v,), value and slope at each knot; `gram` shape (2 v, 2 v),
    the covariance of the coefficients for rows of unit variance; `residual_variance` is NaN where the fit
    leaves no degrees of freedom.
    """

    knots: Array
    coefficients: Array
    gram: Array
    residual_variance: float

    def at(self, predictor: Array) -> Array:
        """Evaluate the curve at each predictor within the range of the data, shape (m,); not clipped."""
        curve: Array = (hermite_basis(predictor, self.knots) * self.coefficients).sum(axis=1)
        return curve

    def standard_error(self, predictor: Array) -> Array:
        """Pointwise standard error of the curve, shape (m,), as R's `predict(se = TRUE)`.

        A row of the smoother is a combination of the 2 v rows of coefficients, so this costs O(v^2) a
        point whatever n is; R forms the m x n matrix, which is why it gives up on large n.
        """
        basis = hermite_basis(predictor, self.knots)
        unit_variance = (np.einsum("ma,ab->mb", basis, self.gram) * basis).sum(axis=1)
        standard_error: Array = np.sqrt(self.residual_variance * unit_variance)
        return standard_error


def fit_loess(predictor: Array, outcome: Array) -> LoessFit:
    """Fit R's default loess to rows sorted by predictor, both of shape (n,).

    Raises NotIdentifiedError for fewer than 6 rows, fewer than 3 distinct predictors, more than three
    quarters of the rows at one predictor where a vertex lies, or so near each other that a slope overflows.
    """
    knots = tree_vertices(predictor[None])[0]
    basis = hermite_basis(predictor, knots)
    with np.errstate(all="ignore"):  # what overflows is looked for at the end
        operator = _local_quadratics(predictor, knots).reshape(2 * len(knots), len(predictor))
        coefficients = (operator * outcome).sum(axis=1)
        residual = outcome - (basis * coefficients).sum(axis=1)
        freedom = residual_freedom(len(predictor), float((basis * operator.T).sum()))
        variance = float((residual * residual).sum()) / freedom if freedom > LEAST_FREEDOM else np.nan
        gram = np.einsum("an,bn->ab", operator, operator)
    if not np.isfinite(coefficients).all():
        raise NotIdentifiedError("predictors are so near each other that a slope overflows")
    return LoessFit(knots, coefficients, gram, variance)


def direct_fit(predictor: Array, outcome: Array, at: Array) -> Array:
    """Fit the local quadratic at every point of `at`, shape (m,): R's `surface = "direct"`, O(m n).

    Rows sorted by predictor. Raises NotIdentifiedError as `fit_loess` does.
    """
    block = max(1, BLOCK // len(predictor))
    fitted = [
        (_local_quadratics(predictor, at[start : start + block])[:, 0] * outcome).sum(axis=1)
        for start in range(0, len(at), block)
    ]
    return np.concatenate(fitted)


def hermite_basis(predictor: Array, knots: Array) -> Array:
    """Weights of value and slope at each knot in the cubic through the two around a point, (m, 2 v)."""
    cell = np.clip(np.searchsorted(knots, predictor, side="left") - 1, 0, len(knots) - 2)
    width = knots[cell + 1] - knots[cell]
    h = (predictor - knots[cell]) / width
    basis = np.zeros((len(predictor), len(knots), 2))
    row = np.arange(len(predictor))
    basis[row, cell, 0] = (1 - h) ** 2 * (1 + 2 * h)
    basis[row, cell, 1] = h * (1 - h) ** 2 * width
    basis[row, cell + 1, 0] = h**2 * (3 - 2 * h)
    basis[row, cell + 1, 1] = h**2 * (h - 1) * width
    return basis.reshape(len(predictor), -1)


def residual_freedom(n: int, trace: float) -> float:
    """Degrees of freedom of the residual sum of squares, tr((I - L)(I - L)'), from the trace of L.

    This is the approximation that R uses by default, an interpolation in the trace that Cleveland & Grosse
    fitted to simulations; the constants are those of one predictor and degree 2. The exact value would be
    as cheap here and differs by less than 1 % at n = 20, by 0.02 % at n = 750; it is not used, so that the
    band is R's at every n. NaN where the trace is not between 0 and n.
    """
    if not 0 < trace < n:
        return np.nan
    floor = np.sqrt(3 / n)
    z = min(1.0, max(0.0, (np.sqrt(3 / trace) - floor) / (1 - floor)))
    correction = np.exp((hermite_basis(np.array([z]), FREEDOM_KNOTS) * FREEDOM_CURVE).sum())
    return float(n - trace * np.exp(0.1611761 * z**0.3091323 * (1 - z) ** 0.4401023 * correction))


def local_operators(offset: Array) -> Array:
    """Weights of the rows in value and slope of m local quadratics at 0, shape (m, 2, n).

    `offset` has shape (m, n): predictors less the point, in bandwidths, those further than one moved to one.
    """
    weight = np.sqrt((1 - np.abs(offset) ** 3) ** 3)
    columns = np.stack([weight, weight * offset, weight * offset * offset])
    norms = np.sqrt((columns * columns).sum(axis=2, keepdims=True))
    norms[norms == 0] = 1
    q, r = _orthogonalised(columns / norms)
    solve = np.linalg.pinv(r, rcond=RANK_TOLERANCE) / norms[:, :, 0].T[:, :, None]
    value, slope = ((solve[:, row, :].T[:, :, None] * q).sum(axis=0) * weight for row in (0, 1))
    return np.stack([value, slope], axis=1)


def _local_quadratics(predictor: Array, at: Array) -> Array:
    """Weights of the rows in the value and the slope of the local quadratic at each point, (m, 2, n)."""
    n, distinct = len(predictor), len(np.unique(predictor))
    neighbours = int(SPAN * n + 1e-5)
    if neighbours < FEWEST_NEIGHBOURS or distinct < FEWEST_DISTINCT:
        raise NotIdentifiedError(f"{n} rows with {distinct} distinct predictors")
    operator = np.empty((len(at), 2, n))
    block = max(1, BLOCK // n)
    for first in range(0, len(at), block):
        chosen = slice(first, first + block)
        offset = predictor - at[chosen, None]
        bandwidth = np.partition(np.abs(offset), neighbours - 1, axis=1)[:, neighbours - 1, None]
        if not (bandwidth > 0).all():
            raise NotIdentifiedError(f"{SPAN:.0%} of the rows or more lie at one predictor")
        with np.errstate(over="ignore"):  # further than the range of a double is further than one, too
            operator[chosen] = local_operators(np.clip(offset / bandwidth, -1, 1))
            operator[chosen, 1] /= bandwidth
    return operator


def _orthogonalised(columns: Array) -> tuple[Array, Array]:
    """QR of three columns at each of m points, (3, m, n): Q in the same shape, R (m, 3, 3).

    Gram-Schmidt, each column cleaned twice, which is enough for orthogonality to rounding (Giraud et al.
    2005, Numerische Mathematik 101:87).
    """
    q = np.zeros_like(columns)
    r = np.zeros((columns.shape[1], 3, 3))
    for j in range(3):
        column = columns[j]
        for i in [*range(j), *range(j)]:
            along = (q[i] * column).sum(axis=1)
            r[:, i, j] += along
            column = column - along[:, None] * q[i]
        r[:, j, j] = np.sqrt((column * column).sum(axis=1))
        q[j] = column / np.where(r[:, j, j] > 0, r[:, j, j], 1)[:, None]
    return q, r
