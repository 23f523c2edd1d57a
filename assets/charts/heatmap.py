"""AUROC of every pair of preprocessing methods, a panel for each classifier."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts.composition import direct
from assets.charts.composition.about import about
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

_METHODS = ["classifier", "featurization", "outlier_method", "imputation_method"]
_BETWEEN, _GAP, _MANY = 10.0, 3.0, 6
_NARROWEST = 14.0  # a cell that still holds a number of 6 points
_LOWEST_PANEL = 60.0  # the title of the vertical axis needs so much
_MISSING = "– no run, or AUROC not estimable"


def heatmap(metrics: pd.DataFrame, *, width: float | None = None) -> alt.ConcatChart:
    """AUROC by outlier method and imputation; classifiers (and kinds of features) are not mixed.

    Parameters
    ----------
    metrics
        run_id, classifier, featurization, outlier_method, imputation_method, auroc. A categorical
        column is shown in the order of its categories.
    width
        By default one column for one panel, else a page.
    """
    runs = columns(metrics, "metrics", ["run_id", *_METHODS, "auroc"])
    if runs.duplicated(_METHODS).any():
        raise UserError("`metrics` has two runs of one configuration: a heatmap has one cell for each.")
    if not runs.auroc.notna().any():
        raise UserError("`metrics` has no AUROC at all: see auroc_status.")
    cells = _cells(runs)
    names, imputations = list(cells.panel.unique()), list(cells.imputation_method.unique())
    size = SMALL if max(cells.outlier_method.nunique(), len(imputations)) > _MANY else LABEL
    labels, height = _row_labels(list(cells.outlier_method.unique()), size)
    beside = max(text_width(text, size) for text in labels.text) + 2 * _GAP
    total = width or (COLUMN if len(names) == 1 else PAGE)
    title = max(text_width(piece, TITLE) for name in names for piece in wrapped(name, 0, TITLE))
    room = int((total - beside - TITLE) / (max(_NARROWEST * len(imputations), title) + _BETWEEN))
    row = max(1, min(len(names), room))

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        titles = [wrapped(name, plot, TITLE) for name in names]
        drawn = []
        for i, name in enumerate(names):
            panel = _panel(
                cells,
                name,
                plot,
                height,
                size,
                last=i + row >= len(names),
                beside=None if i % row else beside,
            )
            if i % row == 0:
                written = direct.written("labels", size)
                panel = overlaid(panel, written, width=plot, height=height, apart=("x", "y"))
            drawn.append(panel.properties(title=alt.TitleParams(titles[i], frame="group")))
        between = {"row": 10 + 10 * max(map(len, titles)), "column": _BETWEEN}
        chart = alt.concat(*drawn, columns=row, bounds="flush", spacing=between)
        if cells.auroc.isna().any():
            chart.title = alt.TitleParams(_MISSING, orient="bottom", fontSize=LABEL)
        return chart, {"cells": cells, "labels": labels}

    return finished(
        draw, _said(runs, names, metrics), total, plots=row, margin=beside + _BETWEEN * (row - 1) + 16
    )


def _said(runs: pd.DataFrame, panels: list[str], metrics: pd.DataFrame) -> dict[str, Any]:
    text = (
        f"AUROC of {len(runs)} runs by outlier method and imputation, from {fixed(runs.auroc.min())} to "
        f"{fixed(runs.auroc.max())}; a panel each for {', '.join(panels)}."
    )
    return about("AUROC by preprocessing", text, {"auroc": "probability"}, list(runs.run_id), metrics)


def _cells(runs: pd.DataFrame) -> pd.DataFrame:
    """Every pair of methods in every panel, with what is printed in its cell; pairs without a run too."""
    order = {name: [str(value) for value in runs[name].sort_values().unique()] for name in _METHODS[2:]}
    several = runs.featurization.nunique() > 1
    runs = runs.sort_values(_METHODS[:2]).astype(dict.fromkeys(_METHODS, "str"))
    runs = runs.assign(panel=runs.classifier + (", " + runs.featurization if several else ""))
    keys = ["panel", *order]
    every = pd.MultiIndex.from_product([list(runs.panel.unique()), *order.values()], names=keys)
    cells = runs.set_index(keys)[["run_id", "auroc"]].reindex(every).reset_index()
    return cells.assign(text=["–" if pd.isna(value) else fixed(value) for value in cells.auroc])


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
    cells: pd.DataFrame,
    name: str,
    plot: float,
    height: float,
    size: float,
    *,
    last: bool,
    beside: float | None,
) -> alt.LayerChart:
    outliers, imputations = list(cells.outlier_method.unique()), list(cells.imputation_method.unique())
    lying = max(text_width(text, size) for text in imputations) < plot / len(imputations) - 3
    x = alt.X("imputation_method:N", sort=imputations, title="Imputation" if last else None).scale(padding=0)
    y = alt.Y("outlier_method:N", sort=outliers, title="Outlier method" if beside else None).scale(padding=0)
    plain = {"domain": False, "ticks": False, "offset": 0}
    x = x.axis(labels=last, labelAngle=0 if lying else -90, labelFontSize=size, **plain)
    # The names of the rows are written apart: an axis hangs a label of several lines from its first one.
    y = y.axis(labels=False, titlePadding=beside or 0, **plain)
    base = alt.Chart(alt.NamedData("cells")).transform_filter(alt.datum.panel == name).encode(x=x, y=y)
    known = base.transform_filter("isValid(datum.auroc)").mark_rect(stroke="white", strokeWidth=0.5)
    number = base.mark_text(fontSize=SMALL, color=INK).encode(text="text:N")
    return alt.layer(known.encode(color=_colour(cells)), number).properties(width=plot, height=height)


def _colour(cells: pd.DataFrame) -> alt.Color:
    lowest = float(np.floor(cells.auroc.min() * 100) / 100)
    highest = max(float(np.ceil(cells.auroc.max() * 100) / 100), lowest + 0.01)
    legend = alt.Legend(
        title="AUROC", titleOrient="left", titleAnchor="middle", orient="top", direction="horizontal",
        values=[lowest, highest], format=".2f", gradientThickness=7, gradientLength=90, offset=6,
    )  # fmt: skip
    scale = alt.Scale(domain=[lowest, highest], range=SEQUENTIAL, interpolate="rgb")
    return alt.Color("auroc:Q", scale=scale, legend=legend)
