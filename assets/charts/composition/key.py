"""A figure's key: samples of its marks with their names, placed in points rather than in data units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import altair as alt
import pandas as pd

from assets.charts.composition.style import INK, LABEL
from assets.charts.composition.typesetting import fitted, text_width

LINE_HEIGHT = 10.0
_SHAPES = {"diamond": "diamond", "down": "triangle-down"}
_SAMPLE, _GAP, _BETWEEN = 14.0, 4.0, 14.0
_BOX = 6.3  # height of a box, in points
_INDENT = _SAMPLE + _GAP


@dataclass(frozen=True)
class Entry:
    """One mark and what it stands for; `value` is printed in a column of its own.

    Of several `colours` a box has a stripe each: one entry for what looks alike in every panel but for its colour.
    """

    label: str
    colour: str = INK
    dash: Sequence[float] = field(default=(1, 0))
    mark: Literal["line", "box", "frame", "diamond", "down", "none"] = "line"
    value: str = ""
    width: float = 1.2
    colours: Sequence[str] = ()


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


def paragraphs(groups: Sequence[Sequence[Entry]], *, top: float, width: float) -> pd.DataFrame:
    """Groups of entries below one another, each flowed."""
    placed = []
    for entries in groups:
        placed.append(flowed(entries, top=top, width=width))
        top = float(placed[-1].y.max()) + LINE_HEIGHT / 2
    return pd.concat(placed, ignore_index=True)


def drawn(name: str, width: float, height: float) -> alt.LayerChart:
    """The key in the dataset `name`, as a layer over (or a view below) a plot of that size in points."""
    pixels = alt.Scale(domain=[0, width], range=[0, width], zero=False, nice=False)
    down = alt.Scale(domain=[0, height], range=[0, height], zero=False, nice=False)
    colour, dash = alt.Color("colour:N", scale=None), alt.StrokeDash("dash:N", scale=None)
    shape = alt.Shape(
        "mark:N", scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())), legend=None
    )

    def at(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=pixels, axis=None)

    def below(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=down, axis=None)

    base = alt.Chart(alt.NamedData(name)).encode(y=below("y"))
    lines = base.transform_filter("datum.mark === 'line'")
    symbols = base.transform_filter("datum.mark === 'diamond' || datum.mark === 'down'")
    boxes = base.transform_filter("datum.mark === 'box' || datum.mark === 'frame'")
    fill, stroke = alt.Fill("fill:N", scale=None), alt.Stroke("colour:N", scale=None)
    return alt.layer(
        # An expression: as a channel, the width would lose against the style's.
        lines.mark_rule(strokeWidth=alt.ExprRef("datum.width")).encode(
            x=at("left"), x2=alt.X2("sample_end"), color=colour, strokeDash=dash
        ),
        symbols.mark_point(size=40).encode(x=at("middle"), color=colour, shape=shape),
        boxes.mark_rect(strokeWidth=0.4).encode(
            x=at("box_left"),
            x2=alt.X2("box_right"),
            y=below("box_top"),
            y2=alt.Y2("box_bottom"),
            fill=fill,
            stroke=stroke,
        ),
        base.mark_text(align="left", baseline="middle").encode(x=at("text"), text=alt.Text("label:N")),
        base.mark_text(align="right", baseline="middle").encode(x=at("right"), text=alt.Text("value:N")),
    ).properties(width=width, height=height)


def _values(entries: Sequence[Entry]) -> float:
    widest = max(text_width(entry.value, LABEL) for entry in entries)
    return widest + 2 * _GAP if widest else 0


def _broken(entry: Entry, width: float) -> list[Entry]:
    first, *rest = fitted(entry.label, width, LABEL)
    return [replace(entry, label=first), *(Entry(line, mark="none") for line in rest)]


def _frame(entries: Sequence[Entry], places: Sequence[tuple[float, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        row
        for entry, (left, y, right) in zip(entries, places, strict=True)
        for row in _rows(entry, left, y, right)
    )


def _rows(entry: Entry, left: float, y: float, right: float) -> Iterator[dict[str, Any]]:
    """The rows of an entry: one, or one for each stripe, the first with the text."""
    stripes = list(entry.colours) or [entry.colour]
    wide = max(_BOX, min(_SAMPLE, _BOX * len(stripes)))
    first, step, gap = left + (_SAMPLE - wide) / 2, wide / len(stripes), 0.8 if len(stripes) > 1 else 0.0
    for i, colour in enumerate(stripes):
        yield {
            "label": "" if i else entry.label, "value": "" if i else entry.value, "mark": entry.mark, "colour": colour,
            "fill": "white" if entry.mark == "frame" else colour, "dash": list(entry.dash), "width": entry.width,
            "left": left, "middle": left + _SAMPLE / 2, "sample_end": left + _SAMPLE, "text": left + _INDENT,
            "box_left": first + i * step, "box_right": first + (i + 1) * step - gap, "box_top": y - _BOX / 2,
            "box_bottom": y + _BOX / 2, "right": right, "y": y,
        }  # fmt: skip
