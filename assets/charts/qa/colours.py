"""P3: colours that readers with any colour vision, and a grey printer, can tell apart; words for who sees none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise

import numpy as np
from coloraide import Color

from assets.charts.qa.exhibit import Exhibit, NotApplicableError, check
from assets.charts.qa.palettes import as_hex
from assets.charts.qa.scene import Text

_VISIONS = ("normal", "protan", "deutan", "tritan")
_CLOSEST = 7.0  # CIEDE2000; the default palette of Vega comes to 1.1, Okabe and Ito's to 7.9
_NEXT_STEP, _DARKER = 3.0, 2.0  # of two neighbours among seven colours of a scale: CIEDE2000, and lightness
_TEXT_CONTRAST, _MARK_CONTRAST = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
_GREY_STEP = 8.0  # of lightness, 0 to 100
_MAIN_LINE = 1.0  # points; thinner lines are background
_FAINT, _PALE = 1.7, 25.0  # contrast on white and chroma (CIE LCh) up to which a colour is background
_MUCH = 0.2  # of the pixels behind a text: what covers more is what it stands on


@dataclass(frozen=True)
class _Look:
    """How one kind of thing looks in a plot: its colour, and its form beside that, such as a dash or a shape."""

    colour: str
    form: tuple[object, ...]


_Boxes = list[tuple[float, float, float, float]]


@check("P3", of_pictures=True)
def colours_differ(figure: Exhibit) -> Iterator[str]:
    """Any two colours of a plot's lines, symbols, bars and areas differ in normal, protan, deutan and tritan vision."""
    pairs = set[tuple[str, str]]()
    for looks in _plots(figure).values():
        colours = sorted({look.colour for look in looks if not is_background(look.colour)})
        pairs |= set(combinations(colours, 2))
    for one, other in sorted(pairs):
        for vision in _VISIONS:
            distance = _distance(one, other, vision)
            if distance < _CLOSEST:
                yield f"{one} and {other} are {distance:.1f} apart in {vision} vision"


@check("P3", of_pictures=True)
def print_in_grey_can_be_read(figure: Exhibit) -> Iterator[str]:
    """What is told apart by colour is told apart by dash, shape, place or shade of grey as well."""
    for looks in _plots(figure).values():
        for one, other in combinations(looks, 2):
            if one.form != other.form or is_background(one.colour) or is_background(other.colour):
                continue
            near = abs(_lightness(one.colour) - _lightness(other.colour)) < _GREY_STEP
            if one.colour != other.colour and near and not _separate(looks[one], looks[other]):
                kind = one.form[0]
                yield f"{kind}s in {one.colour} and {other.colour} have one form and one shade of grey"


@check("P3", of_pictures=True)
def colours_stand_out(figure: Exhibit) -> Iterator[str]:
    """Text has a contrast of 4.5 on what lies behind it, lines, symbols and bars have 3 on white."""
    scale = figure.pixels.shape[1] / figure.scene.width
    for text in figure.scene.texts:
        for behind in _behind(figure.pixels, text, scale):
            if contrast(text.fill, behind) < _TEXT_CONTRAST:
                yield f"{text.text!r} in {text.fill} on {behind}"
    colours = {(look.form[0], look.colour) for looks in _plots(figure).values() for look in looks}
    for kind, colour in sorted(colours, key=str):
        if contrast(colour, "white") < _MARK_CONTRAST and not is_background(colour):
            yield f"{kind}s in {colour} are faint on white"


@check("P3", of_pictures=True)
def scales_of_colour_run_evenly(figure: Exhibit) -> Iterator[str]:
    """From step to step a scale of numbers grows darker (or lighter) and changes, in each vision."""
    if not figure.measured:
        raise NotApplicableError("no colour tells a number")
    for ramp in sorted(set(figure.measured.values())):
        for vision in _VISIONS:
            light = np.array([_lightness(colour, vision) for colour in ramp])
            steps = np.diff(light) * np.sign(light[-1] - light[0])
            if steps.min() < _DARKER:
                yield f"the scale from {ramp[0]} to {ramp[-1]} does not run from light to dark in {vision} vision"
            if min(_distance(a, b, vision) for a, b in pairwise(ramp)) < _NEXT_STEP:
                yield f"the scale from {ramp[0]} to {ramp[-1]} has steps that look the same in {vision} vision"


@check("P3")
def alt_text_tells_what_is_seen(figure: Exhibit) -> Iterator[str]:
    """The text for those who do not see the figure says more than its title, with numbers where there are data."""
    title, text = figure.sidecar["title"], figure.sidecar["alt_text"]
    if len(text) < len(title) + _MORE:
        yield f"{text!r} says hardly more than the title"
    if figure.counts.runs and not any(character.isdigit() for character in text):
        yield "it has no number"


_MORE = 40
"""Characters by which an alternative text is longer than a title, at the least."""


@cache
def contrast(colour: str, background: str) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""
    return float(Color(colour).contrast(background))


def _plots(figure: Exhibit) -> dict[str, dict[_Look, _Boxes]]:
    """What each plot has in it whose colour means something, and where; what is on a scale of numbers is left out."""
    found: dict[str, dict[_Look, _Boxes]] = {}
    for line in figure.scene.lines:
        if line.role == "mark" and line.width >= _MAIN_LINE:
            look = _Look(line.stroke, ("line", dash_of(line.dash)))
            found.setdefault(line.plot, {}).setdefault(look, []).append(line.box)
    for shape in figure.scene.shapes:
        colour = shape.fill or shape.stroke
        if shape.role == "mark" and colour and shape.mark not in figure.measured:
            form = (_NAMES.get(shape.kind, shape.kind), shape.form, bool(shape.fill))
            found.setdefault(shape.plot, {}).setdefault(_Look(colour, form), []).append(shape.box)
    return found


_NAMES = {"rect": "bar", "arc": "sector", "path": "area", "shape": "area"}


def dash_of(dash: Iterable[float]) -> tuple[float, ...]:
    """A dash as it is seen: one without gaps is none."""
    dash = tuple(dash)
    return dash if any(dash[1::2]) else ()


def is_background(colour: str) -> bool:
    """Whether a colour is meant to lie behind: near to white, and nearly grey."""
    return contrast(colour, "white") <= _FAINT and chroma(colour) <= _PALE


def _separate(one: _Boxes, other: _Boxes) -> bool:
    """Tell whether two kinds of things never share a row, or never a column: then their place tells which is which."""
    a, b = np.array(one)[:, None, :], np.array(other)[None, :, :]
    return any(
        not ((a[..., low] < b[..., high]) & (b[..., low] < a[..., high])).any()
        for low, high in ((0, 2), (1, 3))
    )


def _behind(pixels: np.ndarray, text: Text, scale: float) -> Iterator[str]:
    """Yield each colour that much of the box of a text is filled with, but for the text's own."""
    left, top, right, bottom = (round(side * scale) for side in text.box)
    there = pixels[max(top, 0) : bottom, max(left, 0) : right].reshape(-1, 3).astype(np.int64)
    if len(there):
        colours, counts = np.unique(there @ (1 << 16, 1 << 8, 1), return_counts=True)
        for colour in colours[counts > _MUCH * len(there)]:
            if f"#{colour:06x}" != as_hex(text.fill):
                yield f"#{colour:06x}"


@cache
def _seen(colour: str, vision: str) -> Color:
    return Color(colour) if vision == "normal" else Color(colour).filter(vision)


@cache
def _distance(one: str, other: str, vision: str) -> float:
    return float(_seen(one, vision).delta_e(_seen(other, vision), method="2000"))


@cache
def _lightness(colour: str, vision: str = "normal") -> float:
    return float(_seen(colour, vision).convert("lab")["lightness"])


@cache
def chroma(colour: str) -> float:
    """How far a colour is from grey (CIE LCh)."""
    return float(Color(colour).convert("lch")["chroma"])
