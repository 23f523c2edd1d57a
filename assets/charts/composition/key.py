"""A figure's key: samples of its marks with their names, placed in points rather than in data units."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import altair as alt
import pandas as pd

from assets.charts.composition.style import INK, LABEL
from assets.charts.composition.typesetting import text_width, wrapped

LINE_HEIGHT = 10.0
_SHAPES = {"box": "square", "diamond": "diamond", "down": "triangle-down"}
_SAMPLE, _GAP, _BETWEEN = 14.0, 4.0, 14.0
_INDENT = _SAMPLE + _GAP


@dataclass(frozen=True)
class Entry:
    """One mark and what it stands for; `value` is printed in a column of its own."""

    label: str
    colour: str = INK
    dash: Sequence[float] = field(default=(1, 0))
    mark: Literal["line", "box", "diamond", "down", "none"] = "line"
    value: str = ""
    width: float = 1.2


def listed_size(entries: Sequence[Entry], header: str) -> tuple[float, float]:
    """Width and height in points that entries below one another need if no label is broken."""
    labels = max(text_width(entry.label, LABEL) for entry in entries)
    width = max(_INDENT + labels + _values(entries), text_width(header, LABEL))
    return width, LINE_HEIGHT * (len(entries) + 1)


def listed(entries: Sequence[Entry], header: str, *, left: float, top: float, width: float) -> pd.DataFrame:
    """Entries below one another, their values flush right under a header; long labels are broken."""
    lines = [Entry("", mark="none", value=header)]
    for entry in entries:
        lines += _broken(entry, width - _INDENT - _values(entries))
    right = left + min(width, listed_size(entries, header)[0])
    return _frame(lines, [(left, top + LINE_HEIGHT * (i + 0.5), right) for i in range(len(lines))])


def flowed(entries: Sequence[Entry], *, top: float, width: float, alone: int = 0) -> pd.DataFrame:
    """Entries beside one another in as many lines as `width` asks for, the first `alone` each on its own."""
    lines, places, x, row = [], [], 0.0, 0
    for n, entry in enumerate(entries):
        pieces = _broken(entry, width - _INDENT)
        needs = _INDENT + max(text_width(piece.label, LABEL) for piece in pieces)
        if x and (n <= alone or x + needs > width):
            x, row = 0.0, row + 1
        for i, piece in enumerate(pieces):
            lines.append(piece)
            places.append((x, top + LINE_HEIGHT * (row + i + 0.5), x + needs))
        x, row = x + needs + _BETWEEN, row + len(pieces) - 1
    return _frame(lines, places)


def drawn(name: str, width: float, height: float) -> alt.LayerChart:
    """The key in the dataset `name`, as a layer over (or a view below) a plot of that size in points."""
    pixels = alt.Scale(domain=[0, width], range=[0, width], zero=False, nice=False)
    y = alt.Y(
        "y:Q", scale=alt.Scale(domain=[0, height], range=[0, height], zero=False, nice=False), axis=None
    )
    colour, dash = alt.Color("colour:N", scale=None), alt.StrokeDash("dash:N", scale=None)
    shape = alt.Shape(
        "mark:N", scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())), legend=None
    )

    def at(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=pixels, axis=None)

    base = alt.Chart(alt.NamedData(name)).encode(y=y)
    lines = base.transform_filter("datum.mark === 'line'")
    symbols = base.transform_filter("datum.mark !== 'line' && datum.mark !== 'none'")
    return alt.layer(
        # An expression: as a channel, the width would lose against the style's.
        lines.mark_rule(strokeWidth=alt.ExprRef("datum.width")).encode(
            x=at("left"), x2="sample_end:Q", color=colour, strokeDash=dash
        ),
        symbols.mark_point(size=40).encode(x=at("middle"), color=colour, shape=shape),
        base.mark_text(align="left", baseline="middle").encode(x=at("text"), text="label:N"),
        base.mark_text(align="right", baseline="middle").encode(x=at("right"), text="value:N"),
    ).properties(width=width, height=height)


def _values(entries: Sequence[Entry]) -> float:
    widest = max(text_width(entry.value, LABEL) for entry in entries)
    return widest + 2 * _GAP if widest else 0


def _broken(entry: Entry, width: float) -> list[Entry]:
    first, *rest = wrapped(entry.label, width, LABEL)
    return [replace(entry, label=first), *(Entry(line, mark="none") for line in rest)]


def _frame(entries: Sequence[Entry], places: Sequence[tuple[float, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": entry.label, "value": entry.value, "mark": entry.mark, "colour": entry.colour,
            "dash": list(entry.dash), "width": entry.width, "left": left, "middle": left + _SAMPLE / 2,
            "sample_end": left + _SAMPLE, "text": left + _INDENT, "right": right, "y": y,
        }
        for entry, (left, y, right) in zip(entries, places, strict=True)
    )  # fmt: skip
