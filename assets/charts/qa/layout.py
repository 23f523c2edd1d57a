"""P2: the picture on the page: size, sharpness, text that is large enough, whole, apart, and really there."""

from collections.abc import Iterator, Mapping

import numpy as np

from assets.charts.publication.pictures import size_of
from assets.charts.qa.colours import contrast
from assets.charts.qa.finding import Finding
from assets.charts.qa.scene import Box, Scene, Text

_PPI, _SMALLEST_TEXT, _TALLEST_MM = 300, 6.0, 297
_WIDTHS_MM, _TOLERANCE_MM = (89, 183), 0.5
_FAINT = 1.7  # contrast on white of lines that may run behind text: grids, and other runs
_TOUCH = 0.3  # points by which boxes of text may overlap: the boxes are a little wider than the ink


def sharp_and_sized(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """PNG, SVG and PDF are well formed, and one or two columns of a journal wide; 300 ppi."""
    for kind in ("png", "svg", "pdf"):
        try:
            size = size_of(kind, files[kind])
        except ValueError as error:
            yield Finding("P2", "sharp and sized", f"the {kind} is broken: {error}")
            continue
        if min(abs(size.width_mm - width) for width in _WIDTHS_MM) > _TOLERANCE_MM:
            yield Finding("P2", "sharp and sized", f"the {kind} is {size.width_mm} mm wide, not 89 or 183 mm")
        if size.height_mm > _TALLEST_MM:
            yield Finding(
                "P2", "sharp and sized", f"the {kind} is {size.height_mm} mm high: more than a page"
            )
        if size.ppi is not None and round(size.ppi) < _PPI:
            yield Finding("P2", "sharp and sized", f"the {kind} has {size.ppi} pixels per inch, not {_PPI}")


def text_is_large_enough(scene: Scene) -> Iterator[Finding]:
    """No text is smaller than 6 points."""
    small = [text for text in scene.texts if text.size < _SMALLEST_TEXT]
    if small:
        yield Finding(
            "P2", "text is large enough", f"{len(small)} texts below 6 points, such as {small[0].text!r}"
        )


def axes_are_titled(scene: Scene) -> Iterator[Finding]:
    """An axis with tick labels says what they are."""
    bare = [axis for axis in scene.axes if axis.labelled and not axis.titled]
    if bare:
        yield Finding("P2", "axes are titled", f"{len(bare)} axes without a title ({bare[0].orient})")


def text_is_whole(scene: Scene) -> Iterator[Finding]:
    """No text leaves the canvas."""
    for text in scene.texts:
        left, top, right, bottom = text.box
        if left < -_TOUCH or top < -_TOUCH or right > scene.width + _TOUCH or bottom > scene.height + _TOUCH:
            yield Finding("P2", "text is whole", f"{text.text!r} is cut off at the edge")


def marks_are_whole(scene: Scene) -> Iterator[Finding]:
    """No mark leaves the canvas."""
    boxes = [shape.box for shape in scene.shapes]
    boxes += [(*line.points.min(axis=0), *line.points.max(axis=0)) for line in scene.lines]
    outside = [
        box for box in boxes if min(box[:2]) < -1 or box[2] > scene.width + 1 or box[3] > scene.height + 1
    ]
    if outside:
        yield Finding("P2", "marks are whole", f"{len(outside)} marks leave the canvas")


def text_is_apart(scene: Scene) -> Iterator[Finding]:
    """No text overlaps another one, a line, or a symbol."""
    boxes = np.array([text.box for text in scene.texts]).reshape(-1, 4)
    for i, text in enumerate(scene.texts):
        for j in np.flatnonzero(_overlap(boxes[i + 1 :], text.box)):
            yield Finding("P2", "text is apart", f"{text.text!r} overlaps {scene.texts[i + 1 + j].text!r}")
    points = _dense([line.points for line in scene.lines if contrast(line.stroke, "white") > _FAINT])
    symbols = np.array([shape.box for shape in scene.shapes if shape.kind == "symbol"]).reshape(-1, 4)
    for text in scene.texts:
        left, top, right, bottom = text.box
        inside = (points > (left + _TOUCH, top + _TOUCH)) & (points < (right - _TOUCH, bottom - _TOUCH))
        if inside.all(axis=1).any():
            yield Finding("P2", "text is apart", f"a line runs through {text.text!r}")
        if _overlap(symbols, text.box).any():
            yield Finding("P2", "text is apart", f"a symbol covers {text.text!r}")


def text_is_inked(scene: Scene, grey: np.ndarray) -> Iterator[Finding]:
    """Where text should be, there is some: a font that is not found draws nothing, without a word."""
    scale = grey.shape[1] / scene.width
    bare = [text for text in scene.texts if not _inked(grey, text, scale)]
    if bare:
        yield Finding(
            "P2",
            "text is inked",
            f"{len(bare)} of {len(scene.texts)} texts are not drawn, such as {bare[0].text!r}",
        )


def _inked(grey: np.ndarray, text: Text, scale: float) -> bool:
    left, top, right, bottom = (round(side * scale) for side in text.box)
    there = grey[max(top, 0) : bottom, max(left, 0) : right]
    # Measured against what lies around, which may be a coloured cell; a few pixels of a hyphen suffice.
    return there.size > 0 and bool((np.abs(there - np.bincount(there.ravel()).argmax()) > 60).sum() >= 4)


def _overlap(boxes: np.ndarray, box: Box) -> np.ndarray:
    left, top, right, bottom = boxes.T
    across = (left < box[2] - _TOUCH) & (right > box[0] + _TOUCH)
    return across & (top < box[3] - _TOUCH) & (bottom > box[1] + _TOUCH)


def _dense(paths: list[np.ndarray]) -> np.ndarray:
    """Points along the paths, no further than a point apart."""
    pieces = []
    for path in paths:
        steps = (
            np.maximum(np.ceil(np.abs(np.diff(path, axis=0)).max(axis=1)).astype(int), 1)
            if len(path) > 1
            else []
        )
        pieces += [np.linspace(a, b, n + 1) for a, b, n in zip(path[:-1], path[1:], steps, strict=True)]
    return np.concatenate(pieces) if pieces else np.empty((0, 2))
