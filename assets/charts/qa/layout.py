"""P2: the picture on the page: text that is large enough, whole, apart and really there; marks that are whole."""

import re
from collections.abc import Iterator

import numpy as np

from assets.charts.qa.colours import contrast
from assets.charts.qa.exhibit import Exhibit, check
from assets.charts.qa.scene import Box, Line, Scene, Shape, Text

_SMALLEST_TEXT = 6.0
_FAINT = 1.7  # contrast on white of lines that may run behind text: grids, and other runs
_TOUCH = 0.3  # points by which boxes of text may overlap: the boxes are a little wider than the ink
_EDGE = 1.0  # points by which a mark may reach over an edge: half of a thick line
_NOTHING = re.compile(r"(?<!\w)(NaN|nan|undefined|null|Infinity|inf|NaT)(?!\w)")


@check("P2", of_pictures=True)
def text_is_large_enough(figure: Exhibit) -> Iterator[str]:
    """No text is smaller than 6 points."""
    small = [text for text in figure.scene.texts if text.size < _SMALLEST_TEXT]
    if small:
        yield f"{len(small)} texts below 6 points, such as {small[0].text!r}"


@check("P2", of_pictures=True)
def text_says_something(figure: Exhibit) -> Iterator[str]:
    """No text is what a program prints of a missing value, such as NaN."""
    for text in figure.scene.texts:
        if _NOTHING.search(text.text):
            yield f"{text.text!r} is printed where a value is missing"


@check("P2", of_pictures=True)
def axes_are_titled(figure: Exhibit) -> Iterator[str]:
    """An axis with tick labels says what they are."""
    bare = [axis for axis in figure.scene.axes if axis.labelled and not axis.titled]
    if bare:
        yield f"{len(bare)} axes without a title ({bare[0].orient})"


@check("P2", of_pictures=True)
def print_is_solid(figure: Exhibit) -> Iterator[str]:
    """Nothing is see-through and all text is in one face: the PDF is the same on every machine and in every print."""
    for mark, opacity in figure.scene.sheer.items():
        yield f"{mark or 'a mark'} has an opacity of {opacity:g}"
    if len(figure.scene.faces) > 1:
        yield f"text is in {len(figure.scene.faces)} faces: {'; '.join(figure.scene.faces)}"


@check("P2", of_pictures=True)
def text_is_whole(figure: Exhibit) -> Iterator[str]:
    """No text leaves the canvas."""
    for text in figure.scene.texts:
        if _outside(text.box, _canvas(figure.scene), _TOUCH):
            yield f"{text.text!r} is cut off at the edge"


@check("P2", of_pictures=True)
def marks_are_whole(figure: Exhibit) -> Iterator[str]:
    """No mark leaves the canvas, and none is cut off at the edge of its plot."""
    marks: list[Line | Shape] = [*figure.scene.lines, *figure.scene.shapes]
    canvas = _canvas(figure.scene)
    outside = [mark for mark in marks if mark.clip is None and _outside(mark.box, canvas, _EDGE)]
    if outside:
        yield f"{len(outside)} marks leave the canvas"
    cut = [mark for mark in marks if mark.clip is not None and _outside(mark.box, mark.clip, _EDGE)]
    if cut:
        yield f"{len(cut)} marks are cut off at the edge of their plot"


@check("P2", of_pictures=True)
def text_is_apart(figure: Exhibit) -> Iterator[str]:
    """No text overlaps another one, a line, a symbol, or the edge of a bar or an area."""
    texts, lines = figure.scene.texts, figure.scene.lines
    boxes = _boxes(texts)
    for i, text in enumerate(texts):
        for j in np.flatnonzero(_overlap(boxes[i + 1 :], text.box)):
            yield f"{text.text!r} overlaps {texts[i + 1 + j].text!r}"
    shapes = [shape for shape in figure.scene.shapes if _strong(shape.fill) or _strong(shape.stroke)]
    edges = [shape.edge for shape in shapes if shape.edge is not None]
    points = _dense([line.points for line in lines if _strong(line.stroke)] + edges)
    symbols = _boxes([shape for shape in shapes if shape.kind == "symbol"])
    bars = _boxes([shape for shape in shapes if shape.kind == "rect"])
    for text in texts:
        left, top, right, bottom = text.box
        inside = (points > (left + _TOUCH, top + _TOUCH)) & (points < (right - _TOUCH, bottom - _TOUCH))
        if inside.all(axis=1).any():
            yield f"a line runs through {text.text!r}"
        if _overlap(symbols, text.box).any():
            yield f"a symbol covers {text.text!r}"
        if (_overlap(bars, text.box) & ~_around(bars, text.box)).any():
            yield f"the edge of a bar runs through {text.text!r}"


@check("P2", of_pictures=True)
def text_is_inked(figure: Exhibit) -> Iterator[str]:
    """Where text should be, there is some: a font that is not found draws nothing, without a word."""
    scale = figure.grey.shape[1] / figure.scene.width
    bare = [text for text in figure.scene.texts if not _inked(figure.grey, text, scale)]
    if bare:
        yield f"{len(bare)} of {len(figure.scene.texts)} texts are not drawn, such as {bare[0].text!r}"


def _canvas(scene: Scene) -> Box:
    return 0, 0, scene.width, scene.height


def _outside(box: Box, frame: Box, by: float) -> bool:
    """Tell whether a box reaches over a frame by more than so many points."""
    over = (frame[0] - box[0], frame[1] - box[1], box[2] - frame[2], box[3] - frame[3])
    return max(over) > by


def _strong(colour: str) -> bool:
    return bool(colour) and contrast(colour, "white") > _FAINT


def _inked(grey: np.ndarray, text: Text, scale: float) -> bool:
    left, top, right, bottom = (round(side * scale) for side in text.box)
    there = grey[max(top, 0) : bottom, max(left, 0) : right].astype(int)
    # Measured against what lies around, which may be a coloured cell; a few pixels of a hyphen suffice.
    return there.size > 0 and bool((np.abs(there - np.bincount(there.ravel()).argmax()) > 60).sum() >= 4)


def _boxes(things: list[Text] | list[Shape]) -> np.ndarray:
    return np.array([thing.box for thing in things], dtype=float).reshape(-1, 4)


def _overlap(boxes: np.ndarray, box: Box) -> np.ndarray:
    left, top, right, bottom = boxes.T
    across = (left < box[2] - _TOUCH) & (right > box[0] + _TOUCH)
    return across & (top < box[3] - _TOUCH) & (bottom > box[1] + _TOUCH)


def _around(boxes: np.ndarray, box: Box) -> np.ndarray:
    left, top, right, bottom = boxes.T
    across = (left < box[0] + _TOUCH) & (right > box[2] - _TOUCH)
    return across & (top < box[1] + _TOUCH) & (bottom > box[3] - _TOUCH)


def _dense(paths: list[np.ndarray]) -> np.ndarray:
    """Points along the paths, no further than a point apart."""
    starts = [path[:-1] for path in paths if len(path) > 1]
    if not starts:
        return np.empty((0, 2))
    start, end = np.concatenate(starts), np.concatenate([path[1:] for path in paths if len(path) > 1])
    counts = np.maximum(np.ceil(np.abs(end - start).max(axis=1)).astype(int), 1) + 1
    which = np.repeat(np.arange(len(start)), counts)
    place = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (place / (counts[which] - 1))[:, None]
    found: np.ndarray = start[which] + share * (end - start)[which]
    return found
