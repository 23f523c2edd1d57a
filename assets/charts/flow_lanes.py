"""Flows as lanes: their tasks in order, between what they read on the left and what they write on the right."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.charts.composition.canvas import Canvas
from assets.charts.composition.style import COLOURS, LABEL, REFERENCE, SMALL, TITLE, tint
from assets.charts.composition.typesetting import wrapped

SOFT = "#595959"
BLOCKS = {0: REFERENCE, 1: COLOURS[0], 2: COLOURS[2]}
"""The colour of what belongs to each block of the pipeline."""

_TEXT, _FINE = 7.8, 7.0  # from line to line of text of the sizes LABEL and SMALL
_LEFT, _RIGHT, _INSIDE, _STEP = 74.0, 436.0, 7.0, 11.0
_OVER, _UNDER, _APART = 15.0, 12.0, 13.0
_ICON, _STORES = 19.0, (33.0, 477.0)


@dataclass(frozen=True)
class Step:
    """A task in a lane: its name, and what it does."""

    name: str
    says: str


@dataclass(frozen=True)
class Place:
    """What a flow reads or writes: an icon, what it is, and where it is kept."""

    icon: str
    name: str
    where: Sequence[str]


@dataclass(frozen=True)
class Lane:
    """A flow: its heading, its function, the colour's block, its steps, and what is said of all of them."""

    heading: str
    function: str
    block: int
    steps: Sequence[Step]
    note: str
    reads: Place
    writes: Place


def drawn(sheet: Canvas, lanes: Sequence[Lane], top: float) -> float:
    """Put the lanes below one another, each joined to the next by what it writes; return where the last ends."""
    ends: list[float] = []
    for lane in lanes:
        if ends:
            _handed_on(sheet, ends[-1] + _APART / 2, top + _middle(lane))
        _lane(sheet, lane, top)
        ends.append(top + _height(lane))
        top = ends[-1] + _APART
    return ends[-1]


def _lane(sheet: Canvas, lane: Lane, top: float) -> None:
    colour = BLOCKS[lane.block]
    sheet.box(_LEFT, top, _RIGHT - _LEFT, _height(lane), fill=tint(colour, 0.1))
    sheet.text(_LEFT + _INSIDE, top + 7.5, lane.heading, size=TITLE)
    sheet.text(_RIGHT - _INSIDE, top + 7.5, f"@flow {lane.function}()", align="right")
    y = top + _middle(lane)
    for i, step in enumerate(lane.steps):
        left = _LEFT + _INSIDE + i * (_width(lane) + _STEP)
        _box(sheet, lane, step, left, top + _OVER)
        if i:
            sheet.arrow((left - _STEP + 1.5, y), (left - 1.5, y))
    _note(sheet, lane.note, top + _height(lane) - _UNDER / 2)
    _place(sheet, lane.reads, _STORES[0], y)
    _place(sheet, lane.writes, _STORES[1], y)
    sheet.arrow((_STORES[0] + _ICON / 2 + 2, y), (_LEFT + _INSIDE - 1.5, y))
    sheet.arrow((_RIGHT - _INSIDE + 1.5, y), (_STORES[1] - _ICON / 2 - 2, y))


def _box(sheet: Canvas, lane: Lane, step: Step, left: float, top: float) -> None:
    width = _width(lane)
    sheet.box(left, top, width, _deep(lane), stroke=BLOCKS[lane.block])
    name, says = _lines(step, width)
    y = top + (_deep(lane) - _needs(step, width)) / 2
    for line in name:
        sheet.text(left + width / 2, y + _TEXT / 2, line, align="center")
        y += _TEXT
    for line in says:
        sheet.text(left + width / 2, y + _FINE / 2, line, size=SMALL, align="center", fill=SOFT)
        y += _FINE


def _note(sheet: Canvas, note: str, y: float) -> None:
    sheet.icon("retry", _LEFT + _INSIDE + 4, y, 6.5)
    sheet.text(_LEFT + _INSIDE + 11, y, note, size=SMALL)


def _place(sheet: Canvas, place: Place, x: float, y: float) -> None:
    sheet.text(x, y - _ICON / 2 - 6, place.name, align="center")
    sheet.icon(place.icon, x, y, _ICON)
    for i, line in enumerate(place.where):
        sheet.text(x, y + _ICON / 2 + 5.5 + i * _FINE, line, size=SMALL, align="center", fill=SOFT)


def _handed_on(sheet: Canvas, y: float, below: float) -> None:
    """The way from what one lane writes back to what the next one reads."""
    left, right = _STORES
    sheet.arrow((right, y - 5), (right, y), (left, y), (left, below - _ICON / 2 - 11.5))


def _height(lane: Lane) -> float:
    return _OVER + _deep(lane) + _UNDER


def _middle(lane: Lane) -> float:
    """How far below a lane's top its arrows run."""
    return _OVER + _deep(lane) / 2


def _width(lane: Lane) -> float:
    n = len(lane.steps)
    return (_RIGHT - _LEFT - 2 * _INSIDE - (n - 1) * _STEP) / n


def _deep(lane: Lane) -> float:
    return max(_needs(step, _width(lane)) for step in lane.steps) + 6


def _needs(step: Step, width: float) -> float:
    name, says = _lines(step, width)
    return len(name) * _TEXT + len(says) * _FINE


def _lines(step: Step, width: float) -> tuple[list[str], list[str]]:
    return wrapped(step.name, width - 2, LABEL), wrapped(step.says, width - 6, SMALL)
