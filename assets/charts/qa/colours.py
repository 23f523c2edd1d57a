"""P3: colours that readers with any colour vision, and a grey printer, can tell apart."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

from coloraide import Color

from assets.charts.qa.finding import Finding
from assets.charts.qa.scene import Line, Scene

_VISIONS = ("", "protan", "deutan", "tritan")
_CLOSEST = 7.0  # CIEDE2000; the default palette of Vega comes to 1.1, Okabe and Ito's to 7.9
_TEXT_CONTRAST, _LINE_CONTRAST = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
_GREY_STEP = 8.0  # of lightness, 0 to 100
_MAIN_LINE = 1.0  # points; thinner lines are background


@cache
def contrast(colour: str, background: str) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""
    return float(Color(colour).contrast(background))


def colours_differ(scene: Scene) -> Iterator[Finding]:
    """Any two colours of main lines in a plot differ under normal, protan, deutan and tritan vision."""
    pairs = {tuple(sorted((a.stroke, b.stroke))) for a, b in _pairs(scene) if a.stroke != b.stroke}
    for one, other in sorted(pairs):
        for vision in _VISIONS:
            distance = _distance(one, other, vision)
            if distance < _CLOSEST:
                seen = f"in {vision} vision" if vision else "in normal vision"
                yield Finding("P3", "colours differ", f"{one} and {other} are {distance:.1f} apart {seen}")


def lines_differ_in_grey(scene: Scene) -> Iterator[Finding]:
    """Two main lines of a plot differ in dash where grey print makes them look the same."""
    found = {
        tuple(sorted((a.stroke, b.stroke)))
        for a, b in _pairs(scene)
        if a.stroke != b.stroke
        and a.dash == b.dash
        and abs(_lightness(a.stroke) - _lightness(b.stroke)) < _GREY_STEP
    }
    for one, other in sorted(found):
        yield Finding("P3", "lines differ in grey", f"{one} and {other} have one dash and one shade of grey")


def colours_stand_out(scene: Scene) -> Iterator[Finding]:
    """Text has a contrast of 4.5 on what lies behind it, main lines have 3 on white."""
    cells = [shape for shape in scene.shapes if shape.kind == "rect" and shape.fill and shape.role == "mark"]
    for text in scene.texts:
        x, y = (text.box[0] + text.box[2]) / 2, (text.box[1] + text.box[3]) / 2
        behind = [c.fill for c in cells if c.box[0] <= x <= c.box[2] and c.box[1] <= y <= c.box[3]] or [
            "white"
        ]
        if contrast(text.fill, behind[-1]) < _TEXT_CONTRAST:
            yield Finding("P3", "colours stand out", f"{text.text!r} in {text.fill} on {behind[-1]}")
    for stroke in sorted({line.stroke for line in _main_lines(scene)}):
        if contrast(stroke, "white") < _LINE_CONTRAST:
            yield Finding("P3", "colours stand out", f"lines in {stroke} are faint on white")


def _main_lines(scene: Scene) -> list[Line]:
    return [line for line in scene.lines if line.role == "mark" and line.width >= _MAIN_LINE]


def _pairs(scene: Scene) -> Iterator[tuple[Line, Line]]:
    plots: dict[str, dict[Any, Line]] = {}
    for line in _main_lines(scene):
        plots.setdefault(line.plot, {})[line.stroke, line.dash] = line
    for lines in plots.values():
        yield from combinations(lines.values(), 2)


@cache
def _distance(one: str, other: str, vision: str) -> float:
    first, second = (Color(c).filter(vision) if vision else Color(c) for c in (one, other))
    return float(first.delta_e(second, method="2000"))


@cache
def _lightness(colour: str) -> float:
    return float(Color(colour).convert("lab")["lightness"])
