"""What Vega puts on the canvas, flattened: texts with their boxes, lines, filled shapes and axes, in points.

The scene graph has no bounds of texts; they are measured here (see `typesetting`).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import vl_convert

from assets.charts.composition.typesetting import text_width

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_BASELINE = {"top": 0.79, "middle": 0.3, "bottom": -0.21, "alphabetic": 0.0}
_ASCENT, _DESCENT = 0.73, 0.21
_SHIFT = {"left": 0.0, "center": -0.5, "right": -1.0}
_OPACITIES = ("opacity", "fillOpacity", "strokeOpacity")
_UNSEEN = {None, "", "transparent", "none"}


@dataclass(frozen=True)
class Text:
    """One line of text and the box of its glyphs."""

    text: str
    box: Box
    size: float
    fill: str
    role: str
    face: str
    """Family, weight and style of the font."""


@dataclass(frozen=True)
class Line:
    """A line, rule or outline: its corners, and the plot it belongs to."""

    points: np.ndarray
    stroke: str
    width: float
    dash: tuple[float, ...]
    role: str
    plot: str
    mark: str = ""
    clip: Box | None = None
    """The box outside which it is not drawn, if there is one."""

    @property
    def box(self) -> Box:
        """The box around its corners."""
        return (*self.points.min(axis=0).tolist(), *self.points.max(axis=0).tolist())


@dataclass(frozen=True)
class Shape:
    """A rectangle, area or symbol: its box, and of which mark of the drawing it is one."""

    kind: str
    box: Box
    fill: str
    stroke: str
    role: str
    plot: str
    mark: str
    form: str = ""
    """Of a symbol: circle, square and so on."""
    edge: np.ndarray | None = None
    """The corners of an area."""
    clip: Box | None = None


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
    sheer: dict[str, float] = field(default_factory=dict)
    """Marks that let shine through what is behind them, with their least opacity."""

    @property
    def faces(self) -> list[str]:
        """The faces of font that texts are in."""
        return sorted({text.face for text in self.texts})

    @property
    def is_solid(self) -> bool:
        """Whether nothing is see-through and all text is in one face."""
        return not self.sheer and len(self.faces) <= 1

    @property
    def marks(self) -> int:
        """How many lines and shapes show data."""
        return sum(line.role == "mark" for line in self.lines) + sum(s.role == "mark" for s in self.shapes)


@dataclass(frozen=True)
class _Place:
    """Where in the scene graph a mark is: the origin of its coordinates, its plot, and what cuts it off."""

    x: float
    y: float
    plot: str = ""
    clip: Box | None = None


def scene_of(drawing: Mapping[str, Any]) -> Scene:
    """The scene of a Vega spec with its data."""
    graph = vl_convert.vega_to_scenegraph(dict(drawing), allowed_base_urls=[])
    scene = Scene(graph["width"], graph["height"])
    _walk(graph["scenegraph"], _Place(*graph["origin"]), None, scene)
    return scene


def _walk(mark: Mapping[str, Any], place: _Place, frame: Box | None, scene: Scene) -> None:
    """Add what a mark draws; `frame` is the box of the group that it is in."""
    kind, role = mark["marktype"], mark.get("role", "")
    items = [item for item in mark["items"] if kind == "group" or _opacity(item)]
    place = _Place(place.x, place.y, place.plot, frame) if mark.get("clip") and frame else place
    name = mark.get("name", role)
    least = min(map(_opacity, items), default=1.0)
    if least < 1:
        scene.sheer[name] = min(least, scene.sheer.get(name, 1.0))
    if kind == "group":
        _walk_groups(mark, role, name, place, scene)
    elif kind == "text":
        scene.texts += [text for item in items for text in _texts(item, place, role)]
    elif kind in ("line", "rule"):
        scene.lines += _lines(kind, items, place, role, name)
    else:
        scene.shapes += _shapes(kind, items, place, role, name)


def _walk_groups(mark: Mapping[str, Any], role: str, name: str, place: _Place, scene: Scene) -> None:
    for i, item in enumerate(mark["items"]):
        if role == "axis":
            scene.axes.append(_axis(item))
        # A line with a run's name has a group of its own within the plot; a plot has a frame or a cell.
        plot = place.plot if "pathgroup" in name else f"{place.plot}/{name}.{i}"
        x, y = place.x + item.get("x", 0), place.y + item.get("y", 0)
        frame = (x, y, x + item.get("width", 0), y + item.get("height", 0))
        for child in item.get("items", []):
            _walk(child, _Place(x, y, plot, place.clip), frame, scene)


def _opacity(item: Mapping[str, Any]) -> float:
    """Return the least opacity of an item; Vega hides what it has no room for, such as a tick's label, with 0."""
    return min(float(item.get(name, 1)) for name in _OPACITIES)


def _axis(group: Mapping[str, Any]) -> Axis:
    drawn = {
        child.get("role") for child in group["items"] if any(item.get("text") for item in child["items"])
    }
    return Axis(group.get("orient", ""), "axis-label" in drawn, "axis-title" in drawn)


def _texts(item: Mapping[str, Any], place: _Place, role: str) -> Iterator[Text]:
    texts = item.get("text", "")
    size = float(item.get("fontSize", 11))
    face = " ".join(
        str(item.get(name) or plain)
        for name, plain in (("font", "sans-serif"), ("fontWeight", "normal"), ("fontStyle", "normal"))
    )
    for i, text in enumerate(texts if isinstance(texts, list) else [texts]):
        if str(text).strip():
            down = i * float(item.get("lineHeight", size + 2))
            box = _glyphs(item, str(text), size, place, down)
            yield Text(str(text), box, size, item.get("fill", "#000000"), role, face)


def _glyphs(item: Mapping[str, Any], text: str, size: float, place: _Place, down: float) -> Box:
    width = text_width(text, size)
    left = item.get("dx", 0) + _SHIFT[item.get("align", "left")] * width
    baseline = item.get("dy", 0) + down + _BASELINE[item.get("baseline", "alphabetic")] * size
    deep = _DESCENT * size if set(text) & set("gjpqyQ,;()[]{}|_@") else 0.0
    angle = math.radians(item.get("angle", 0))
    corners = [
        (
            place.x + item.get("x", 0) + a * math.cos(angle) - b * math.sin(angle),
            place.y + item.get("y", 0) + a * math.sin(angle) + b * math.cos(angle),
        )
        for a in (left, left + width)
        for b in (baseline - _ASCENT * size, baseline + deep)
    ]
    return _around(corners)


def _lines(kind: str, items: list[Any], place: _Place, role: str, name: str) -> Iterator[Line]:
    if kind == "rule":
        paths = [
            [(i.get("x", 0), i.get("y", 0)), (i.get("x2", i.get("x", 0)), i.get("y2", i.get("y", 0)))]
            for i in items
        ]
    else:
        paths = [[(i.get("x", 0), i.get("y", 0)) for i in items if i.get("defined", True)]]
    for path, item in zip(paths, items, strict=False):
        if path and item.get("stroke") not in _UNSEEN:
            dash = tuple(item.get("strokeDash") or ())
            points = np.array(path, dtype=float) + np.array([place.x, place.y])
            width = float(item.get("strokeWidth", 1))
            yield Line(points, item["stroke"], width, dash, role, place.plot, name, place.clip)


def _shapes(kind: str, items: list[Any], place: _Place, role: str, name: str) -> Iterator[Shape]:
    if kind == "area":
        there = [i for i in items if i.get("defined", True)]
        upper = [(i.get("x", 0), i.get("y", 0)) for i in there]
        lower = [(i.get("x2", i.get("x", 0)), i.get("y2", i.get("y", 0))) for i in reversed(there)]
        if upper:
            edge = np.array(upper + lower, dtype=float) + np.array([place.x, place.y])
            box = (*edge.min(axis=0).tolist(), *edge.max(axis=0).tolist())
            fill, stroke = _colour(there[0].get("fill")), _colour(there[0].get("stroke"))
            yield Shape(kind, box, fill, stroke, role, place.plot, name, edge=edge, clip=place.clip)
        return
    for item in items:
        fill, stroke = _colour(item.get("fill")), _colour(item.get("stroke"))
        form = str(item.get("shape", "circle")) if kind == "symbol" else ""
        box = _box(kind, item, place)
        yield Shape(kind, box, fill, stroke, role, place.plot, name, form, clip=place.clip)


def _box(kind: str, item: Mapping[str, Any], place: _Place) -> Box:
    if kind == "symbol":
        half = math.sqrt(item.get("size", 64)) / 2
        left, top, width, height = item.get("x", 0) - half, item.get("y", 0) - half, 2 * half, 2 * half
    else:
        left, top = item.get("x", 0), item.get("y", 0)
        width, height = item.get("width", 0), item.get("height", 0)
    return place.x + left, place.y + top, place.x + left + width, place.y + top + height


def _colour(value: Any) -> str:
    return value if isinstance(value, str) and value not in _UNSEEN else ""


def _around(points: list[tuple[float, float]]) -> Box:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
