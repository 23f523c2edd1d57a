"""A drawing in points rather than in data: boxes, lines, icons and lines of text, each a row of a dataset."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import altair as alt
import pandas as pd

from assets.charts.composition.icons import ICONS
from assets.charts.composition.style import INK, LABEL

Point = tuple[float, float]
_HEADS = {(1, 0): "M-1,-1L1,0L-1,1Z", (-1, 0): "M1,-1L-1,0L1,1Z", (0, 1): "M-1,-1L0,1L1,-1Z"}
_HEAD = 4.2  # length of an arrow's head
_COLUMNS = {
    "boxes": ["x", "y", "x2", "y2", "fill", "stroke"],
    "lines": ["x", "y", "x2", "y2", "stroke", "width"],
    "heads": ["x", "y", "shape", "fill"],
    "icons": ["x", "y", "shape", "size", "stroke"],
    "texts": ["x", "y", "text", "size", "align", "fill"],
}


@dataclass(frozen=True)
class Canvas:
    """A sheet of `width` times `height` points, its origin at the upper left; what is put on it stays in order."""

    width: float
    height: float
    _rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})

    def box(
        self, left: float, top: float, width: float, height: float, *, fill: str = "white", stroke: str = ""
    ) -> None:
        """Put a filled rectangle with rounded corners, outlined in `stroke` or in its own colour."""
        self._put("boxes", left, top, left + width, top + height, fill, stroke or fill)

    def line(self, *points: Point, stroke: str = INK, width: float = 0.6) -> None:
        """Put a line along the points."""
        for (x, y), (x2, y2) in itertools.pairwise(points):
            self._put("lines", x, y, x2, y2, stroke, width)

    def arrow(self, *points: Point, stroke: str = INK, width: float = 0.8) -> None:
        """Put a line along the points whose last stretch, rightwards, leftwards or downwards, ends in an arrowhead."""
        (x, y), (x2, y2) = points[-2:]
        right, down = (x2 > x) - (x2 < x), (y2 > y) - (y2 < y)
        neck = (x2 - right * _HEAD, y2 - down * _HEAD)
        self.line(*points[:-1], neck, stroke=stroke, width=width)
        middle = x2 - right * _HEAD / 2, y2 - down * _HEAD / 2
        self._put("heads", *middle, _HEADS[right, down], stroke)

    def icon(self, name: str, x: float, y: float, side: float, *, stroke: str = INK) -> None:
        """Put one of `ICONS` around a point, `side` points wide."""
        self._put("icons", x, y, ICONS[name], side**2, stroke)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = LABEL,
        align: Literal["left", "center", "right"] = "left",
        fill: str = INK,
    ) -> None:
        """Put a line of text, `y` its middle."""
        self._put("texts", x, y, text, size, align, fill)

    def frames(self) -> dict[str, pd.DataFrame]:
        """The datasets of all that was put, without those that are empty."""
        return {name: pd.DataFrame(rows) for name, rows in self._rows.items() if rows}

    def drawn(self) -> alt.LayerChart:
        """The drawing, of the datasets in `frames`."""
        layers = {"boxes": self._boxes, "lines": self._lines, "heads": self._heads, "icons": self._icons}
        found = [layers[name]() for name in layers if self._rows[name]]
        return alt.layer(*found, self._texts()).properties(width=self.width, height=self.height)

    def _put(self, name: str, *values: Any) -> None:
        self._rows[name].append(dict(zip(_COLUMNS[name], values, strict=True)))

    def _at(self, name: str) -> alt.Chart:
        x, y = (
            alt.Scale(domain=[0, length], range=[0, length], zero=False, nice=False)
            for length in (self.width, self.height)
        )
        return alt.Chart(alt.NamedData(name)).encode(
            x=alt.X("x:Q", scale=x, axis=None), y=alt.Y("y:Q", scale=y, axis=None)
        )

    def _boxes(self) -> alt.Chart:
        boxes = self._at("boxes").mark_rect(cornerRadius=2, strokeWidth=0.6)
        fill, stroke = alt.Fill("fill:N", scale=None), alt.Stroke("stroke:N", scale=None)
        return boxes.encode(x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q"), fill=fill, stroke=stroke)

    def _lines(self) -> alt.Chart:
        lines = self._at("lines").mark_rule(strokeWidth=alt.ExprRef("datum.width"), strokeCap="square")
        return lines.encode(x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q"), stroke=alt.Stroke("stroke:N", scale=None))

    def _heads(self) -> alt.Chart:
        heads = self._at("heads").mark_point(size=_HEAD**2, filled=True, strokeWidth=0)
        return heads.encode(shape=alt.Shape("shape:N", scale=None), fill=alt.Fill("fill:N", scale=None))

    def _icons(self) -> alt.Chart:
        icons = self._at("icons").mark_point(filled=False, strokeWidth=0.8, size=alt.ExprRef("datum.size"))
        return icons.encode(shape=alt.Shape("shape:N", scale=None), stroke=alt.Stroke("stroke:N", scale=None))

    def _texts(self) -> alt.Chart:
        texts = self._at("texts").mark_text(baseline="middle", align=alt.ExprRef("datum.align"))
        size, fill = alt.Size("size:Q", scale=None), alt.Fill("fill:N", scale=None)
        return texts.encode(text=alt.Text("text:N"), size=size, fill=fill)
