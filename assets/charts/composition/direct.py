"""Labels written next to what they name: at the ends of lines, in a free spot of the plot, beside rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts.composition.style import LABEL
from assets.charts.composition.typesetting import dodged, text_width, wrapped

COLUMNS = ["label", "colour", "text", "text_x", "text_y", "from_x", "from_y", "to_x", "to_y"]
_LEADER, _LINE_HEIGHT, _CLEAR = 9.0, 8.5, 3.0


@dataclass(frozen=True)
class Plot:
    """A plot's size in points and the range of values on its axes."""

    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: Any) -> Any:
        """Points from the left edge."""
        low, high = self.x_range
        return (value - low) / (high - low) * self.width

    def y(self, value: Any) -> Any:
        """Points from the upper edge."""
        low, high = self.y_range
        return (high - value) / (high - low) * self.height


def width_beside(labels: Sequence[str], *, widest: float, height: float) -> float | None:
    """Points that labels at the right of a plot of that height need; None if they do not fit there.

    They fit in at most two lines each, none longer than `widest`.
    """
    lines = [wrapped(label, widest, LABEL) for label in labels]
    width = max(text_width(text, LABEL) for broken in lines for text in broken)
    deepest = max(map(len, lines))
    fits = width <= widest and deepest <= 2 and len(labels) * deepest * _LINE_HEIGHT <= height
    return _LEADER + 2 + width if fits else None


def at_ends(ends: pd.DataFrame, plot: Plot, *, widest: float) -> pd.DataFrame:
    """Labels to the right of the plot, each led to the end of its line and clear of the others.

    Reads label, colour and y, the line's last value. Labels are broken to be at most `widest` points wide.
    """
    lines = [wrapped(label, widest, LABEL) for label in ends.label]
    gap = max(map(len, lines)) * _LINE_HEIGHT
    from_y = [float(plot.y(value)) for value in ends.y]
    to_y = dodged(from_y, gap=gap, low=0, high=plot.height)
    leaders = ends[["label", "colour"]].assign(
        from_x=plot.width + 2, from_y=from_y, to_x=plot.width + _LEADER, to_y=to_y
    )
    texts = pd.DataFrame(
        {"label": label, "text": text, "text_x": plot.width + _LEADER + 2, "text_y": middle + shift}
        for label, middle, broken in zip(ends.label, to_y, lines, strict=True)
        for text, shift in zip(broken, _stacked(len(broken)), strict=True)
    )
    return pd.concat([leaders, texts], ignore_index=True)[COLUMNS]


def in_the_plot(label: str, spot: tuple[float, float]) -> pd.DataFrame:
    """A label without a leader, its left edge and middle at a spot in points."""
    return pd.DataFrame(
        [{"label": label, "text": label, "text_x": spot[0], "text_y": spot[1]}], columns=COLUMNS
    )


def free_spot(
    label: str, candidates: Iterable[tuple[float, float]], curves: Sequence[pd.DataFrame], plot: Plot
) -> tuple[float, float] | None:
    """The first candidate (left edge, middle; in points) where the label lies in the plot and touches no curve.

    A curve has the columns x and y in data units, x increasing.
    """
    width = text_width(label, LABEL)
    for left, middle in candidates:
        inside = left >= 0 and left + width <= plot.width
        if inside and not any(_touches(curve, left, left + width, middle, plot) for curve in curves):
            return left, middle
    return None


def drawn(name: str, plot: Plot) -> alt.LayerChart:
    """The labels in the dataset `name` as a layer over the plot."""
    x_scale = alt.Scale(domain=[0, plot.width], range=[0, plot.width], zero=False, nice=False)
    y_scale = alt.Scale(domain=[0, plot.height], range=[0, plot.height], zero=False, nice=False)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=x_scale, axis=None)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, axis=None)

    base = alt.Chart(alt.NamedData(name))
    leader = base.transform_filter("isValid(datum.from_x)").mark_rule(strokeWidth=0.6)
    text = base.transform_filter("isValid(datum.text_x)").mark_text(align="left", baseline="middle")
    colour = alt.Color("colour:N", scale=None)
    return alt.layer(
        leader.encode(x=x("from_x"), x2=alt.X2("to_x"), y=y("from_y"), y2=alt.Y2("to_y"), color=colour),
        text.encode(x=x("text_x"), y=y("text_y"), text=alt.Text("text:N")),
    )


def written(name: str, size: float) -> alt.LayerChart:
    """Text at places in points from the upper left corner of the plot, inside or outside it.

    The dataset `name` has text, x, y (the middle of the line) and align (left or right).
    """
    pixels = alt.Scale(domain=[0, 1], range=[0, 1], zero=False, nice=False)
    base = alt.Chart(alt.NamedData(name)).encode(
        x=alt.X("x:Q", scale=pixels, axis=None),
        y=alt.Y("y:Q", scale=pixels, axis=None),
        text=alt.Text("text:N"),
    )
    left, right = (base.transform_filter(alt.datum.align == side) for side in ("left", "right"))
    return alt.layer(
        left.mark_text(align="left", baseline="middle", fontSize=size),
        right.mark_text(align="right", baseline="middle", fontSize=size),
    )


def _stacked(n: int) -> list[float]:
    """How far the middles of `n` lines lie from the middle of them all."""
    return [(i - (n - 1) / 2) * _LINE_HEIGHT for i in range(n)]


def _touches(curve: pd.DataFrame, left: float, right: float, middle: float, plot: Plot) -> bool:
    grid = np.linspace(left - _CLEAR, right + _CLEAR)
    x, y = plot.x(curve.x.to_numpy()), plot.y(curve.y.to_numpy())
    gap = np.interp(grid, x, y, left=np.nan, right=np.nan) - middle
    gap = gap[~np.isnan(gap)]
    crosses = len(gap) > 0 and gap.min() < 0 < gap.max()
    return bool(crosses or (np.abs(gap) < LABEL / 2 + _CLEAR).any())
