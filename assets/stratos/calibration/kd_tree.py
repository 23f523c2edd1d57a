"""The vertices of the k-d tree on which R's `loess` interpolates, for many models at once.

Cleveland & Grosse 1991, Statistics and Computing 1:47.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# R splits a cell while it holds more than this share of the rows: a fifth of the span.
CELL_SHARE = 0.75 * 0.2
MARGIN = 0.005


def tree_vertices(predictor: Array) -> Array:
    """Place the vertices of each model's tree, rising: both ends, pushed out a little, and the cuts.

    `predictor` has shape (models, n), each row rising. Returns shape (models, most vertices of any); a model
    with fewer has its last one several times. Without ties there are nine, whatever n is.
    """
    cells = _roots(predictor)
    found = [(cells.model, cells.left), (cells.model, cells.right)]
    forward, backward = _steps(predictor)
    most = int(predictor.shape[1] * CELL_SHARE)
    while (cells := cells.of(cells.last - cells.first + 1 > most)).model.size:
        row = _cut_rows(cells, forward, backward)
        cut = predictor[cells.model, row]
        splits = (cut != cells.left) & (cut != cells.right)
        cells, row, cut = cells.of(splits), row[splits], cut[splits]
        found.append((cells.model, cut))
        cells = cells.split(row, cut)
    models, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _table(models, values, len(predictor))


@dataclass(frozen=True)
class _Cells:
    """Cells of several models: rows first..last, between two vertices."""

    model: Indices
    first: Indices
    last: Indices
    left: Array
    right: Array

    def of(self, chosen: NDArray[np.bool_]) -> "_Cells":
        return _Cells(
            self.model[chosen],
            self.first[chosen],
            self.last[chosen],
            self.left[chosen],
            self.right[chosen],
        )

    def split(self, row: Indices, cut: Array) -> "_Cells":
        """Return both parts of each cell; rows at the cut stay on the left."""
        return _Cells(
            np.concatenate([self.model, self.model]),
            np.concatenate([self.first, row + 1]),
            np.concatenate([row, self.last]),
            np.concatenate([self.left, cut]),
            np.concatenate([cut, self.right]),
        )


def _roots(predictor: Array) -> _Cells:
    models, n = predictor.shape
    lowest, highest = predictor[:, 0], predictor[:, -1]
    margin = MARGIN * np.maximum(highest - lowest, 1e-10 * np.abs(highest) + 1e-30)
    first = np.zeros(models, np.intp)
    return _Cells(np.arange(models), first, first + n - 1, lowest - margin, highest + margin)


def _steps(predictor: Array) -> tuple[Indices, Indices]:
    """Find the nearest row, from each row on and back from it, that differs from its next.

    Beyond reach where there is none.
    """
    n = predictor.shape[1]
    row = np.arange(n)
    steps = np.zeros(predictor.shape, np.bool_)
    steps[:, :-1] = predictor[:, :-1] < predictor[:, 1:]
    forward = np.minimum.accumulate(np.where(steps, row, 3 * n)[:, ::-1], axis=1)[:, ::-1]
    return forward, np.maximum.accumulate(np.where(steps, row, -3 * n), axis=1)


def _cut_rows(cells: _Cells, forward: Indices, backward: Indices) -> Indices:
    """Find the row of each cell that is nearest to its middle and differs from its next, looking right first.

    The middle itself if the search leaves the cell on either side before it finds one.
    """
    middle = (cells.first + cells.last) // 2
    right, left = forward[cells.model, middle] - middle, middle - backward[cells.model, middle]
    distance, rightwards = np.minimum(right, left), right <= left
    inside = (middle + distance < cells.last) & (middle - distance + rightwards >= cells.first)
    return np.where(inside, middle + np.where(rightwards, distance, -distance), middle)


def _table(models: Indices, values: Array, n_models: int) -> Array:
    """Put the values of each model into a row, rising, each once."""
    order = np.lexsort((values, models))
    models, values = models[order], values[order]
    fresh = np.ones(len(values), np.bool_)
    fresh[1:] = (models[1:] != models[:-1]) | (values[1:] != values[:-1])
    models, values = models[fresh], values[fresh]
    counts = np.bincount(models, minlength=n_models)
    place = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    last = values[np.cumsum(counts) - 1]
    table = np.repeat(last[:, None], counts.max(initial=0), axis=1)
    table[models, place] = values
    return table
