"""What Vega puts on the canvas, flattened: texts with their boxes, lines, filled shapes and axes, in points.

The scene graph has no bounds of texts; they are measured here (see `typesetting`).
"""

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import vl_convert
from PIL import Image

from assets.charts.composition.typesetting import text_width

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_BASELINE = {"top": 0.79, "middle": 0.3, "bottom": -0.21, "alphabetic": 0.0}
_ASCENT, _DESCENT = 0.73, 0.21
_SHIFT = {"left": 0.0, "center": -0.5, "right": -1.0}


@dataclass(frozen=True)
class Text:
    """One line of text and the box of its glyphs."""

    text: str
    box: Box
    size: float
    fill: str
    role: str


@dataclass(frozen=True)
class Line:
    """A line, rule or outline: its corners, and the plot it belongs to."""

    points: np.ndarray
    stroke: str
    width: float
    dash: tuple[float, ...]
    role: str
    plot: str


@dataclass(frozen=True)
class Shape:
    """A filled rectangle, area or symbol, by its box."""

    kind: str
    box: Box
    fill: str
    role: str


@dataclass(frozen=True)
class Axis:
    """One axis: on which side, and whether it has tick labels and a title."""

    orient: str
    labelled: bool
    titled: bool


@dataclass
class Scene:
    """A picture of `width` times `height` points."""

    width: float
    height: float
    texts: list[Text] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)

    @property
    def marks(self) -> int:
        """How many lines and shapes show data."""
        return sum(line.role == "mark" for line in self.lines) + sum(s.role == "mark" for s in self.shapes)


def scene_of(spec: Mapping[str, Any]) -> Scene:
    """The scene of a Vega-Lite spec with its data."""
    graph = vl_convert.vegalite_to_scenegraph(dict(spec), allowed_base_urls=[])
    scene = Scene(graph["width"], graph["height"])
    left, top = graph["origin"]
    _walk(graph["scenegraph"], left, top, "", scene)
    return scene


def grey_of(png: bytes) -> np.ndarray:
    """The picture's pixels in shades of grey, 0 to 255; none if it cannot be read."""
    try:
        return np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=int)
    except OSError:
        return np.empty((0, 0), dtype=int)


def _walk(mark: Mapping[str, Any], x: float, y: float, plot: str, scene: Scene) -> None:
    kind, role, items = mark["marktype"], mark.get("role", ""), mark["items"]
    if kind == "group":
        for i, item in enumerate(items):
            if role == "axis":
                scene.axes.append(_axis(item))
            # A line with a run's name has a group of its own within the plot; a plot has a frame or a cell.
            inner = plot if "pathgroup" in mark.get("name", "") else f"{plot}/{mark.get('name', role)}.{i}"
            for child in item.get("items", []):
                _walk(child, x + item.get("x", 0), y + item.get("y", 0), inner, scene)
    elif kind == "text":
        scene.texts += [text for item in items for text in _texts(item, x, y, role)]
    elif kind in ("line", "rule"):
        scene.lines += _lines(kind, items, x, y, role, plot)
    else:
        scene.shapes += _shapes(kind, items, x, y, role)


def _axis(group: Mapping[str, Any]) -> Axis:
    drawn = {
        child.get("role") for child in group["items"] if any(item.get("text") for item in child["items"])
    }
    return Axis(group.get("orient", ""), "axis-label" in drawn, "axis-title" in drawn)


def _texts(item: Mapping[str, Any], x: float, y: float, role: str) -> Iterator[Text]:
    texts = item.get("text", "")
    size = float(item.get("fontSize", 11))
    for i, text in enumerate(texts if isinstance(texts, list) else [texts]):
        if str(text).strip():
            down = i * float(item.get("lineHeight", size + 2))
            box = _glyphs(item, str(text), size, x, y, down)
            yield Text(str(text), box, size, item.get("fill", "#000000"), role)


def _glyphs(item: Mapping[str, Any], text: str, size: float, x: float, y: float, down: float) -> Box:
    width = text_width(text, size)
    left = item.get("dx", 0) + _SHIFT[item.get("align", "left")] * width
    baseline = item.get("dy", 0) + down + _BASELINE[item.get("baseline", "alphabetic")] * size
    deep = _DESCENT * size if set(text) & set("gjpqyQ,;()[]{}|_@") else 0.0
    angle = math.radians(item.get("angle", 0))
    corners = [
        (
            x + item.get("x", 0) + a * math.cos(angle) - b * math.sin(angle),
            y + item.get("y", 0) + a * math.sin(angle) + b * math.cos(angle),
        )
        for a in (left, left + width)
        for b in (baseline - _ASCENT * size, baseline + deep)
    ]
    return _around(corners)


def _lines(kind: str, items: list[Any], x: float, y: float, role: str, plot: str) -> Iterator[Line]:
    if kind == "rule":
        paths = [
            [(i.get("x", 0), i.get("y", 0)), (i.get("x2", i.get("x", 0)), i.get("y2", i.get("y", 0)))]
            for i in items
        ]
    else:
        paths = [[(i.get("x", 0), i.get("y", 0)) for i in items if i.get("defined", True)]]
    for path, item in zip(paths, items, strict=False):
        if path and item.get("stroke"):
            dash = tuple(item.get("strokeDash") or ())
            points = np.array(path, dtype=float) + np.array([x, y])
            yield Line(points, item["stroke"], float(item.get("strokeWidth", 1)), dash, role, plot)


def _shapes(kind: str, items: list[Any], x: float, y: float, role: str) -> Iterator[Shape]:
    if kind == "area":
        edge = [(x + i.get("x", 0), y + i.get(name, 0)) for i in items for name in ("y", "y2")]
        if edge:
            yield Shape(kind, _around(edge), items[0].get("fill", ""), role)
        return
    for item in items:
        if kind == "symbol":
            half = math.sqrt(item.get("size", 64)) / 2
            left, top, width, height = item.get("x", 0) - half, item.get("y", 0) - half, 2 * half, 2 * half
        else:
            left, top = item.get("x", 0), item.get("y", 0)
            width, height = item.get("width", 0), item.get("height", 0)
        fill = item.get("fill")
        box = (x + left, y + top, x + left + width, y + top + height)
        yield Shape(kind, box, fill if isinstance(fill, str) else "", role)


def _around(points: list[tuple[float, float]]) -> Box:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
