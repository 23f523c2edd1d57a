"""Figures of several panels, one for each highlighted run."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key
from assets.charts.composition.key import Entry
from assets.charts.composition.style import COLUMN, INK, LABEL, PAGE, TITLE, overlaid
from assets.charts.composition.typesetting import fitted

SPACING, TO_THE_RIGHT = 18, 50
_LINE_HEIGHT, _GAP, _BETWEEN_ROWS, _MOST_LINES, _DEEPEST = 10, 10, 30, 3, 6


def per_row(n: int) -> int:
    """How many of `n` panels stand beside one another."""
    return min(n, 4)


def in_a_row(n: int) -> int:
    """How many of `n` panels stand beside one another below an overview."""
    return min(max(n, 3), 4)


def across(row: int, plot: float) -> float:
    """Points from the left edge of the first panel of a row to the right edge of the last."""
    return row * plot + (row - 1) * SPACING


def below(overview: Any, grid: alt.ConcatChart, *, deepest: float = 24) -> alt.VConcatChart:
    """An overview with panels below it; `deepest` is how far axis and key reach below the overview, in points."""
    return alt.vconcat(overview, grid, bounds="flush", spacing=deepest + 2 * _GAP)


def beside(overview: Any, grid: alt.ConcatChart) -> alt.HConcatChart:
    """An overview with panels to the right of it."""
    return alt.hconcat(overview, grid, bounds="flush", spacing=TO_THE_RIGHT)


def height(headings: pd.DataFrame, plot: float, rows: int) -> float:
    """Points from the top of the first heading of a grid to the lower edge of the last of so many rows of plots."""
    return rows * (float(headings.y.max()) + _LINE_HEIGHT / 2 + _GAP + plot) + (rows - 1) * (
        _BETWEEN_ROWS + _GAP
    )


def usual_width(n: int) -> int:
    """The journal width at which `n` panels are neither cramped nor wasteful."""
    return COLUMN if n == 1 else PAGE


def headings(runs: pd.DataFrame, notes: Sequence[Sequence[str]], plot: float) -> pd.DataFrame:
    """The lines over each panel: the run's label, broken to fit, then its notes; all end at one height.

    A frame of run_id, text, size and y, the middle of the line in points from the top.
    """
    broken = [fitted(label, plot, TITLE) for label in runs.label]
    deepest = max(len(lines) + len(note) for lines, note in zip(broken, notes, strict=True))
    return pd.DataFrame(
        {"run_id": run_id, "text": text, "size": size, "y": (deepest - len(sized) + i + 0.5) * _LINE_HEIGHT}
        for run_id, lines, note in zip(runs.run_id, broken, notes, strict=True)
        for sized in [[*((line, TITLE) for line in lines), *((line, LABEL) for line in note)]]
        for i, (text, size) in enumerate(sized)
    )


def shortened(runs: pd.DataFrame, plot: float) -> pd.DataFrame:
    """The runs, called by their classifiers alone where labels are long and these tell them apart.

    What is longer still has a mark for its middle. For figures whose key has the whole labels.
    """
    long = any(len(fitted(label, plot, TITLE)) > _MOST_LINES for label in runs.label)
    labels = runs.classifier if long and runs.classifier.is_unique else runs.label
    return runs.assign(label=[_cut(label, plot) for label in labels])


def _cut(label: str, plot: float) -> str:
    """The label, without as much of its middle as makes it deeper than a heading may be."""
    short = label
    for left in range(len(label) - 1, 0, -1):
        if len(fitted(short, plot, TITLE)) <= _DEEPEST:
            break
        short = f"{label[: (left + 1) // 2]}…{label[len(label) - left // 2 :]}"
    return short


def grid(
    runs: pd.DataFrame,
    headings: pd.DataFrame,
    rows_of: Sequence[Sequence[Any]],
    *,
    row: int,
    plot: float,
    between: float = _BETWEEN_ROWS,
) -> alt.ConcatChart:
    """The panels of all runs, `row` of them beside one another, under their headings in the dataset `headings`.

    `rows_of` has the views of each panel from top to bottom, the same number for each; rows of panels are `between`
    points apart.
    """
    # One flat grid: each level of nesting makes Altair copy everything below it several times over.
    views: list[Any] = []
    for start in range(0, len(runs), row):
        these = range(start, min(start + row, len(runs)))
        blank = [_heading("", headings, plot, above=0)] * (row - len(these))
        above = between if start else 0
        views += [_heading(runs.run_id[i], headings, plot, above=above) for i in these] + blank
        for part in zip(*(rows_of[i] for i in these), strict=True):
            views += [*part, *[_nothing(plot)] * len(blank)]
    return alt.concat(*views, columns=row, bounds="flush", spacing={"row": _GAP, "column": SPACING})


def keyed(
    runs: pd.DataFrame,
    headings: pd.DataFrame,
    rows_of: Sequence[Sequence[Any]],
    *,
    row: int,
    plot: float,
    height: float,
    between: float = _BETWEEN_ROWS,
) -> alt.ConcatChart:
    """As `grid`, with the key in the dataset `key` from the corner of the lowest view at the left, `height` high."""
    lowest = (len(runs) - 1) // row * row
    *above, last = rows_of[lowest]
    over = overlaid(last, key.drawn("key", plot, height), width=plot, height=height)
    views = [*rows_of[:lowest], [*above, over], *rows_of[lowest + 1 :]]
    return grid(runs, headings, views, row=row, plot=plot, between=between)


def ticks(plot: float) -> int:
    """How many steps an axis from 0 to 1 is divided into so that its labels stay apart."""
    return 5 if plot >= 85 else 2


def groups(runs: pd.DataFrame, bins: pd.DataFrame) -> list[Entry]:
    """Key entries for the bars of both groups, with their sizes if all runs have the same subjects.

    Reads run_id, y_true and n of histogram bins.
    """
    sizes = bins.groupby(["y_true", "run_id"]).n.sum().groupby("y_true").agg(["min", "max"])
    n = {group: f" (n = {low})" if low == high else "" for group, low, high in sizes.itertuples()}
    some = set(bins.run_id[(bins.y_true == 1) & (bins.n > 0)])
    upwards = [colour for run, colour in zip(runs.run_id, runs.colour, strict=True) if run in some]
    entry = Entry(f"With the outcome{n.get(1, '')}, upwards", mark="box", colours=upwards)
    return [*([entry] if upwards else []), Entry(f"Without{n.get(0, '')}, downwards", INK, mark="frame")]


def _nothing(plot: float) -> alt.Chart:
    """What stands where a row of panels ends early; lower than any panel, so that it does not set the row's height."""
    return (
        alt.Chart(alt.NamedData("headings"))
        .transform_filter("false")
        .mark_text()
        .properties(width=plot, height=1)
    )


def _heading(run_id: str, lines: pd.DataFrame, plot: float, *, above: float) -> alt.Chart:
    height = above + float(lines.y.max()) + _LINE_HEIGHT / 2
    scale = alt.Scale(domain=[-above, height - above], range=[0, height], zero=False, nice=False)
    text = alt.Chart(alt.NamedData("headings")).transform_filter(alt.datum.run_id == run_id)
    text = text.mark_text(align="left", baseline="middle").encode(
        x=alt.value(0),
        y=alt.Y("y:Q", scale=scale, axis=None),
        text=alt.Text("text:N"),
        size=alt.Size("size:Q", scale=None),
    )
    return text.properties(width=plot, height=height)
