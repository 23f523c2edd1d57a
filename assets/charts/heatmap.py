"""AUROC of every pair of preprocessing methods, a panel for each classifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts.composition import direct
from assets.charts.composition.about import about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import fixed
from assets.charts.composition.style import (
    COLUMN,
    INK,
    LABEL,
    PAGE,
    SEQUENTIAL,
    SMALL,
    TITLE,
    finished,
    overlaid,
)
from assets.charts.composition.typesetting import text_width, wrapped
from assets.engine.errors import UserError

_TITLES = {
    "classifier": "Classifier",
    "featurization": "Features",
    "outlier_method": "Outlier method",
    "imputation_method": "Imputation",
}
_BETWEEN, _GAP, _MANY = 10.0, 3.0, 6
_NARROWEST = 14.0  # a cell that still holds a number of 6 points
_LOWEST_PANEL = 60.0  # the title of the vertical axis needs so much
_MISSING = "– no run, or AUROC not estimable"
_TITLE = "AUROC by preprocessing"


@dataclass(frozen=True)
class _Grid:
    """The cells of all panels, and which methods their rows and columns are."""

    cells: pd.DataFrame
    down: str
    across: str

    @property
    def panels(self) -> list[str]:
        return list(self.cells.panel.unique())

    @property
    def rows(self) -> list[str]:
        return list(self.cells[self.down].unique())

    @property
    def columns(self) -> list[str]:
        return list(self.cells[self.across].unique())

    @property
    def size(self) -> float:
        """Font size of the methods' names."""
        return SMALL if max(len(self.rows), len(self.columns)) > _MANY else LABEL


def heatmap(
    metrics: pd.DataFrame, *, notes: Sequence[str] = (), width: float | None = None
) -> alt.ConcatChart | alt.LayerChart:
    """AUROC by outlier method and imputation; classifiers (and kinds of features) are not mixed.

    Where only one of the two varies (or the features alone), the other side is the classifiers; where nothing does,
    the figure says so.

    Parameters
    ----------
    metrics
        run_id, classifier, featurization, outlier_method, imputation_method, auroc. A categorical
        column is shown in the order of its categories.
    notes
        Sentences for the caption.
    width
        By default one column for one panel, else a page.
    """
    runs = columns(metrics, "metrics", ["run_id", *_TITLES, "auroc"])
    if runs.duplicated(list(_TITLES)).any():
        raise UserError("`metrics` has two runs of one configuration: a heatmap has one cell for each.")
    if not runs.auroc.notna().any():
        raise UserError("`metrics` has no AUROC at all: see auroc_status.")
    sides = _sides(runs)
    if sides is None:
        return absent(_same_everywhere(runs), _said(runs, [], metrics, notes), width or COLUMN)
    grid = _grid(runs, *sides)
    labels, height = _row_labels(grid.rows, grid.size)
    beside = max(text_width(text, grid.size) for text in labels.text) + 2 * _GAP
    total = width or (COLUMN if len(grid.panels) == 1 else PAGE)
    row = _panels_in_a_row(grid, total - beside - TITLE)

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        chart = _chart(grid, plot, height, row=row, beside=beside)
        return chart, {"cells": grid.cells, "labels": labels}

    said = _said(runs, grid.panels, metrics, notes)
    return finished(draw, said, total, plots=row, margin=beside + _BETWEEN * (row - 1) + 16)


def _sides(runs: pd.DataFrame) -> tuple[str, str] | None:
    """The methods that are rows and columns; None if nothing but the classifier varies."""
    varying = [name for name in ("outlier_method", "imputation_method") if runs[name].nunique() > 1]
    if not varying and runs.featurization.nunique() > 1:
        varying = ["featurization"]
    return (varying[0], [*varying, "classifier"][1]) if varying else None


def _same_everywhere(runs: pd.DataFrame) -> str:
    first = runs.iloc[0]
    return (
        f"All runs have one outlier method ({first.outlier_method}) and one imputation ({first.imputation_method}), "
        "so there is nothing to compare; the forest plot has the AUROC of each."
    )


def _panels_in_a_row(grid: _Grid, room: float) -> int:
    title = max(text_width(piece, TITLE) for name in grid.panels for piece in wrapped(name, 0, TITLE))
    fit = int(room / (max(_NARROWEST * len(grid.columns), title) + _BETWEEN))
    return max(1, min(len(grid.panels), fit))


def _chart(grid: _Grid, plot: float, height: float, *, row: int, beside: float) -> alt.ConcatChart:
    titles = [wrapped(name, plot, TITLE) for name in grid.panels]
    drawn = []
    for i, name in enumerate(grid.panels):
        last = i + row >= len(titles)
        panel = _panel(grid, name, plot, height, last=last, beside=None if i % row else beside)
        if i % row == 0:
            written = direct.written("labels", grid.size)
            panel = overlaid(panel, written, width=plot, height=height, apart=("x", "y"))
        drawn.append(panel.properties(title=alt.TitleParams(titles[i], frame="group")) if name else panel)
    between = {"row": 10 + 10 * max(map(len, titles)), "column": _BETWEEN}
    chart = alt.concat(*drawn, columns=row, bounds="flush", spacing=between)
    if grid.cells.auroc.isna().any():
        chart.title = alt.TitleParams(_MISSING, orient="bottom", fontSize=LABEL)
    return chart


def _said(
    runs: pd.DataFrame, panels: list[str], metrics: pd.DataFrame, notes: Sequence[str]
) -> dict[str, Any]:
    each = f"; a panel each for {', '.join(panels)}" if len(panels) > 1 else ""
    text = (
        f"AUROC of {len(runs)} runs by outlier method and imputation, from {fixed(runs.auroc.min())} to "
        f"{fixed(runs.auroc.max())}{each}."
    )
    return about(_TITLE, text, {"auroc": "probability"}, list(runs.run_id), metrics, notes=notes)


def _grid(runs: pd.DataFrame, down: str, across: str) -> _Grid:
    """Every pair of methods in every panel, with what is printed in its cell; pairs without a run too."""
    order = {name: [str(value) for value in runs[name].sort_values().unique()] for name in (down, across)}
    several = runs.featurization.nunique() > 1 and down != "featurization"
    named = [*(["classifier"] if across != "classifier" else []), *(["featurization"] if several else [])]
    runs = runs.sort_values(["classifier", "featurization"]).astype(dict.fromkeys(_TITLES, "str"))
    runs = runs.assign(panel=runs[named].agg(", ".join, axis=1) if named else "")
    keys = ["panel", *order]
    every = pd.MultiIndex.from_product([list(runs.panel.unique()), *order.values()], names=keys)
    cells = runs.set_index(keys)[["run_id", "auroc"]].reindex(every).reset_index()
    texts = ["–" if pd.isna(value) else fixed(value) for value in cells.auroc]
    return _Grid(cells.assign(text=texts), down, across)


def _row_labels(outliers: list[str], size: float) -> tuple[pd.DataFrame, float]:
    """The names of the rows, in at most two lines where that is possible, and the height of all rows."""
    for widest in range(60, 170, 10):
        broken = [wrapped(name, widest, size) for name in outliers]
        if max(map(len, broken)) <= 2:
            break
    step = max(13.0, max(map(len, broken)) * (size + 1) + 2, _LOWEST_PANEL / len(outliers))
    lines = [
        (line, (i + 0.5) * step + (j - (len(name) - 1) / 2) * (size + 1))
        for i, name in enumerate(broken)
        for j, line in enumerate(name)
    ]
    frame = pd.DataFrame({"text": text, "x": -_GAP, "y": y, "align": "right"} for text, y in lines)
    return frame, step * len(outliers)


def _panel(
    grid: _Grid, name: str, plot: float, height: float, *, last: bool, beside: float | None
) -> alt.LayerChart:
    lying = max(text_width(text, grid.size) for text in grid.columns) < plot / len(grid.columns) - 3
    plain = {"domain": False, "ticks": False, "offset": 0}
    x = alt.X(
        f"{grid.across}:N",
        sort=grid.columns,
        title=_TITLES[grid.across] if last else None,
        scale=alt.Scale(padding=0),
        axis=alt.Axis(labels=last, labelAngle=0 if lying else -90, labelFontSize=grid.size, **plain),
    )
    # The names of the rows are written apart: an axis hangs a label of several lines from its first one.
    y = alt.Y(
        f"{grid.down}:N",
        sort=grid.rows,
        title=_TITLES[grid.down] if beside else None,
        scale=alt.Scale(padding=0),
        axis=alt.Axis(labels=False, titlePadding=beside or 0, **plain),
    )
    base = alt.Chart(alt.NamedData("cells")).transform_filter(alt.datum.panel == name).encode(x=x, y=y)
    known = base.transform_filter("isValid(datum.auroc)").mark_rect(stroke="white", strokeWidth=0.5)
    number = base.mark_text(fontSize=SMALL, color=INK).encode(text=alt.Text("text:N"))
    return alt.layer(known.encode(color=_colour(grid.cells)), number).properties(width=plot, height=height)


def _colour(cells: pd.DataFrame) -> alt.Color:
    lowest = float(np.floor(cells.auroc.min() * 100) / 100)
    highest = max(float(np.ceil(cells.auroc.max() * 100) / 100), lowest + 0.01)
    legend = alt.Legend(
        title="AUROC", titleOrient="left", titleAnchor="middle", orient="top", direction="horizontal",
        values=[lowest, highest], format=".2f", gradientThickness=7, gradientLength=90, offset=6,
    )  # fmt: skip
    scale = alt.Scale(domain=[lowest, highest], range=SEQUENTIAL, interpolate="rgb")
    return alt.Color("auroc:Q", scale=scale, legend=legend)
