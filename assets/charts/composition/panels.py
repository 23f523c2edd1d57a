"""Figures of several panels, one for each highlighted run."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition.key import Entry
from assets.charts.composition.style import COLUMN, INK, LABEL, PAGE, TITLE, WITHOUT
from assets.charts.composition.typesetting import wrapped

SPACING = 18
_LINE_HEIGHT, _GAP, _BETWEEN_ROWS = 10, 10, 30


def per_row(n: int) -> int:
    """How many of `n` panels stand beside one another."""
    return n if n <= 4 else 3


def usual_width(n: int) -> int:
    """The journal width at which `n` panels are neither cramped nor wasteful."""
    return COLUMN if n == 1 else PAGE


def headings(runs: pd.DataFrame, notes: Sequence[Sequence[str]], plot: float) -> pd.DataFrame:
    """The lines over each panel: the run's label, broken to fit, then its notes; all end at one height.

    A frame of run_id, text, size and y, the middle of the line in points from the top.
    """
    broken = [wrapped(label, plot, TITLE) for label in runs.label]
    deepest = max(len(lines) + len(note) for lines, note in zip(broken, notes, strict=True))
    return pd.DataFrame(
        {"run_id": run_id, "text": text, "size": size, "y": (deepest - len(sized) + i + 0.5) * _LINE_HEIGHT}
        for run_id, lines, note in zip(runs.run_id, broken, notes, strict=True)
        for sized in [[*((line, TITLE) for line in lines), *((line, LABEL) for line in note)]]
        for i, (text, size) in enumerate(sized)
    )


def grid(
    runs: pd.DataFrame, headings: pd.DataFrame, rows_of: Sequence[Sequence[Any]], *, row: int, plot: float
) -> alt.ConcatChart:
    """The panels of all runs, `row` of them beside one another, under their headings in the dataset `headings`.

    `rows_of` has the views of each panel from top to bottom, the same number for each.
    """
    # One flat grid: each level of nesting makes Altair copy everything below it several times over.
    views: list[Any] = []
    for start in range(0, len(runs), row):
        these = range(start, min(start + row, len(runs)))
        blank = [_heading("", headings, plot, above=0)] * (row - len(these))
        above = _BETWEEN_ROWS if start else 0
        views += [_heading(runs.run_id[i], headings, plot, above=above) for i in these] + blank
        for part in zip(*(rows_of[i] for i in these), strict=True):
            views += [*part, *blank]
    return alt.concat(*views, columns=row, bounds="flush", spacing={"row": _GAP, "column": SPACING})


def groups(runs: pd.DataFrame, bins: pd.DataFrame) -> list[Entry]:
    """Key entries for the bars of both groups, with their sizes if all runs have the same subjects.

    Reads run_id, y_true and n of histogram bins.
    """
    colour = runs.colour[0] if len(runs) == 1 else INK
    sizes = bins.groupby(["y_true", "run_id"]).n.sum().groupby("y_true").agg(["min", "max"])
    n = {group: f" (n = {low})" if low == high else "" for group, low, high in sizes.itertuples()}
    return [
        Entry(f"With the outcome{n.get(1, '')}, upwards", colour, mark="box"),
        Entry(f"Without{n.get(0, '')}, downwards", WITHOUT, mark="box"),
    ]


def _heading(run_id: str, lines: pd.DataFrame, plot: float, *, above: float) -> alt.Chart:
    height = above + float(lines.y.max()) + _LINE_HEIGHT / 2
    scale = alt.Scale(domain=[-above, height - above], range=[0, height], zero=False, nice=False)
    text = alt.Chart(alt.NamedData("headings")).transform_filter(alt.datum.run_id == run_id)
    text = text.mark_text(align="left", baseline="middle").encode(
        x=alt.value(0),
        y=alt.Y("y:Q", scale=scale, axis=None),
        text="text:N",
        size=alt.Size("size:Q", scale=None),
    )
    return text.properties(width=plot, height=height)
