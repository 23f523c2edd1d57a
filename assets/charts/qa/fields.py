"""P0, P2: fields that the drawing asks for have data and units.

Vega-Lite draws nothing where a field is missing, and says nothing: the picture lacks what its caption promises.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assets.charts.qa.exhibit import Exhibit, check

_SIDE_BY_SIDE = ("concat", "hconcat", "vconcat")
_READ = ("x", "y", "color", "fill", "stroke", "size")
_IN_EXPRESSION = re.compile(r"datum\.(\w+)|datum\['(\w+)'\]|datum\[\"(\w+)\"\]")


@check("P0")
def fields_exist(figure: Exhibit) -> Iterator[str]:
    """Every field of an encoding, filter or calculation is in its dataset."""
    missing = dict.fromkeys(_missing(figure.sidecar["spec"], figure.sidecar["data"], None, frozenset()))
    for name, field in missing:
        yield f"the drawing asks for `{field}` of `{name}`, which has no such column"


@check("P2")
def fields_have_units(figure: Exhibit) -> Iterator[str]:
    """What is read off an axis, or off a scale of colours, has its unit in the sidecar."""
    told = figure.sidecar["units"]
    for fields in _plots(figure.sidecar["spec"], {}):
        for channel, names in fields.items():
            if not any(name in told for name in names):
                yield f"no unit is told of {channel}, which shows {', '.join(sorted(names))}"


def _plots(view: Mapping[str, Any], made: Mapping[str, list[str]]) -> Iterator[dict[str, set[str]]]:
    """Yield of each plot the fields behind each channel that readers read off; layers share their scales."""
    made = {**made, **_made(view)}
    views = [inner for part in _SIDE_BY_SIDE for inner in view.get(part, [])]
    for inner in views:
        yield from _plots(inner, made)
    if not views:
        fields: dict[str, set[str]] = {}
        for channel, name in _scaled(view, made):
            fields.setdefault(channel.rstrip("2"), set()).add(name)
        yield fields


def _scaled(view: Mapping[str, Any], made: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    made = {**made, **_made(view)}
    for name, channel in view.get("encoding", {}).items():
        if name in _READ and isinstance(channel, Mapping) and _is_read(channel):
            yield from ((name, source) for source in made.get(channel["field"], [channel["field"]]))
    for inner in view.get("layer", []):
        yield from _scaled(inner, made)


def _is_read(channel: Mapping[str, Any]) -> bool:
    """Tell whether a channel shows a number of the data by a scale that readers see."""
    seen = channel.get("axis", "") is not None and channel.get("scale", "") is not None
    return seen and channel.get("type") == "quantitative" and isinstance(channel.get("field"), str)


def _made(view: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the fields that a view calculates, each with those that it is made from."""
    steps = [step for step in view.get("transform", []) if isinstance(step.get("as"), str)]
    return {step["as"]: [step["as"], *_in_expressions(step.get("calculate"))] for step in steps}


def _missing(
    view: Mapping[str, Any], data: Mapping[str, list[dict[str, Any]]], name: str | None, made: frozenset[str]
) -> Iterator[tuple[str, str]]:
    name = view.get("data", {}).get("name", name)
    asked: list[str] = []
    for step in view.get("transform", []):
        asked += [
            field
            for field in _in_expressions([step.get("filter"), step.get("calculate")])
            if field not in made
        ]
        made |= {step["as"]} if isinstance(step.get("as"), str) else set()
    encoding = view.get("encoding", {})
    asked += [field for channel in encoding.values() for field in _fields(channel)]
    rows = data.get(name or "", [])
    if name is not None and (rows or name not in data):
        columns = set(rows[0]) if rows else set()
        yield from ((name, field) for field in asked if field not in columns | made)
    for part in ("layer", *_SIDE_BY_SIDE):
        for inner in view.get(part, []):
            yield from _missing(inner, data, name, made)


def _fields(channel: Any) -> Iterator[str]:
    if isinstance(channel, Mapping):
        if isinstance(channel.get("field"), str):
            yield channel["field"]
        yield from _in_expressions(channel.get("condition"))


def _in_expressions(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from ("".join(found) for found in _IN_EXPRESSION.findall(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _in_expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _in_expressions(item)
