"""P2: a figure's key explains what is drawn, and nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any

from assets.charts.qa.colours import chroma, dash_of, is_background
from assets.charts.qa.exhibit import Exhibit, NotApplicableError, check
from assets.charts.qa.scene import Line, Shape

_KEY = "key"
"""Dataset of the samples in a key."""
_GREY = 5.0  # chroma


@check("P2", of_pictures=True)
def key_shows_what_is_drawn(figure: Exhibit) -> Iterator[str]:
    """The colours and the dashes of the key are those that are drawn, not others."""
    samples = set(_marks_of(figure.compiled, _KEY))
    marks: list[Line | Shape] = [*figure.scene.lines, *figure.scene.shapes]
    inside = [mark for mark in marks if mark.mark in samples]
    outside = [mark for mark in marks if mark.mark not in samples and mark.role == "mark"]
    if not inside:
        raise NotApplicableError("there is no key")
    for of in (_strong, _tints, _dashes):
        shown, drawn = of(inside), of(outside)
        if shown - drawn and drawn - shown:  # a key may explain what a study happens to have none of
            yield f"the key shows {min(shown - drawn)}, and not {min(drawn - shown)}, which is drawn"


def _marks_of(group: Mapping[str, Any], dataset: str) -> Iterator[str]:
    """Yield the names of the marks of a Vega spec that are drawn from a dataset, whatever was done to it before."""
    sources = {data["name"]: data.get("source") for data in group.get("data", [])}
    for mark in group.get("marks", []):
        origin = mark.get("from", {})
        name = origin.get("data") or origin.get("facet", {}).get("data")
        while isinstance(sources.get(name), str):
            name = sources[name]
        if name == dataset:
            yield from _named(mark)
        yield from _marks_of({**mark, "data": [*group.get("data", []), *mark.get("data", [])]}, dataset)


def _named(mark: Mapping[str, Any]) -> Iterator[str]:
    yield mark.get("name", "")
    for inner in mark.get("marks", []):
        yield from _named(inner)


def _strong(marks: list[Line | Shape]) -> set[str]:
    return {colour for colour in _colours(marks) if not is_background(colour)}


def _tints(marks: list[Line | Shape]) -> set[str]:
    return {colour for colour in _colours(marks) if is_background(colour)}


def _colours(marks: list[Line | Shape]) -> set[str]:
    """Return the colours that are no greys: a grey sample stands for any colour."""
    found = {mark.stroke for mark in marks} | {mark.fill for mark in marks if isinstance(mark, Shape)}
    return {colour.lower() for colour in found if colour and chroma(colour) > _GREY}


def _dashes(marks: list[Line | Shape]) -> set[str]:
    dashes = {dash_of(mark.dash) for mark in marks if isinstance(mark, Line)}
    return {f"a dash of {', '.join(f'{length:g}' for length in dash)}" for dash in dashes if dash}
