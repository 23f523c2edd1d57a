"""Type II sums of squares of a factorial design, for many responses of the same runs at once."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESIDUAL = "residual"
HIGHEST_ORDER = 2
# What is left of a column below this share of it is rounding: the column adds nothing to those before it.
NOTHING_NEW = 1e-9
# Numbers that are decomposed at a time, which stay in the processor's cache; no result depends on it.
AT_ONCE = 2**15


@dataclass(frozen=True)
class Term:
    """One effect: `basis`, shape (df, runs), is orthonormal and spans what it adds to the terms it is tested with."""

    name: str
    basis: Array

    @property
    def df(self) -> int:
        """Degrees of freedom: 0 where the runs cannot tell the effect from others."""
        return len(self.basis)


@dataclass(frozen=True)
class Design:
    """The effects of some factors on some runs; what all of them leave over has `residual_df`."""

    terms: tuple[Term, ...]
    model: Array
    residual_df: int


@dataclass(frozen=True)
class SumsOfSquares:
    """Of each of m responses: `terms` of shape (m, terms), `residual` and `total` (about the mean) of (m,)."""

    terms: Array
    residual: Array
    total: Array


def design(factors: Mapping[str, Sequence[Any]]) -> Design:
    """Lay out main effects and two-way interactions of factors, each with one level per run.

    Interactions are left out where they would leave no residual: with one run per combination of two factors their
    interaction is the residual; of three factors it is the three-way interaction. The adjustment is Type II: a
    term is tested beside all terms that do not contain it, so missing combinations need no special care.
    Coding is by sums to zero, on which Type II does not depend.

    Yates 1934, Journal of the American Statistical Association 29:51; Langsrud 2003, Statistics and
    Computing 13:163.
    """
    coded: dict[tuple[str, ...], Array] = {(name,): _sum_coded(levels) for name, levels in factors.items()}
    runs = len(next(iter(factors.values())))
    found = [_of_order(coded, order, runs) for order in range(1, HIGHEST_ORDER + 1)]
    with_residual = [one for one in found if one.residual_df > 0]
    return with_residual[-1] if with_residual else found[0]


def sums_of_squares(laid_out: Design, responses: Array) -> SumsOfSquares:
    """Decompose responses of shape (m, runs); each for itself, to the bit."""
    responses = np.ascontiguousarray(responses)  # sums of rows that lie otherwise differ in their last bits
    at_once = max(1, AT_ONCE // responses.shape[1])
    blocks = [responses[first : first + at_once] for first in range(0, len(responses), at_once)]
    found = [_of_block(laid_out, block) for block in blocks or [responses]]
    return SumsOfSquares(
        np.concatenate([one.terms for one in found]),
        np.concatenate([one.residual for one in found]),
        np.concatenate([one.total for one in found]),
    )


def _of_block(laid_out: Design, responses: Array) -> SumsOfSquares:
    left = responses - responses.mean(axis=1, keepdims=True)
    total = (left * left).sum(axis=1)
    terms = [_explained(left, term.basis) for term in laid_out.terms]
    for row in laid_out.model:
        left = left - (left * row).sum(axis=1)[:, None] * row
    return SumsOfSquares(np.stack(terms, axis=1), (left * left).sum(axis=1), total)


def contrasts(term: Term, responses: Array) -> Array:
    """Return the coordinates of responses of shape (m, runs) in a term's basis, shape (m, df)."""
    return np.stack([(responses * row).sum(axis=1) for row in term.basis], axis=1)


def _explained(centred: Array, basis: Array) -> Array:
    explained = np.zeros(len(centred))
    for row in basis:
        explained += (centred * row).sum(axis=1) ** 2
    return explained


def _of_order(coded: Mapping[tuple[str, ...], Array], order: int, runs: int) -> Design:
    columns = dict(coded)
    for size in range(2, order + 1):
        for names in itertools.combinations([name for (name,) in coded], size):
            columns[names] = _products([coded[name,] for name in names])
    constant = _extended(np.empty((0, runs)), np.ones((1, runs)))
    model = _extended(constant, np.concatenate(list(columns.values())))
    terms = []
    for names, of_term in columns.items():
        beside = [other for others, other in columns.items() if not set(names) <= set(others)]
        base = np.concatenate([constant, _extended(constant, np.concatenate([*beside, of_term[:0]]))])
        terms.append(Term(":".join(names), _extended(base, of_term)))
    return Design(tuple(terms), model, runs - 1 - len(model))


def _sum_coded(levels: Sequence[Any]) -> Array:
    """Return a row for every level but the last: 1 where a run has it, -1 where a run has the last."""
    known = sorted(set(levels))
    given = np.array([known.index(level) for level in levels])
    return np.array([(given == k) * 1.0 - (given == len(known) - 1) for k in range(len(known) - 1)])


def _products(factors: Sequence[Array]) -> Array:
    """Multiply every row of one factor with every row of the others."""
    return np.array([np.prod(rows, axis=0) for rows in itertools.product(*factors)])


def _extended(basis: Array, columns: Array) -> Array:
    """Return orthonormal rows for what `columns` add to `basis`; each is made orthogonal twice, for rounding."""
    rows = basis
    for column in columns:
        new = column
        for _ in range(2):
            new = new - ((rows * new).sum(axis=1)[:, None] * rows).sum(axis=0)
        length = np.sqrt((new * new).sum())
        if length > NOTHING_NEW * np.sqrt((column * column).sum()):
            rows = np.vstack([rows, new / length])
    return rows[len(basis) :]
