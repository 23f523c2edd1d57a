"""Scales that tell a number by a colour: which marks are on one, and the colours from one end to the other."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import vl_convert
from coloraide import Color

_OF_NUMBERS = {
    "linear", "log", "pow", "sqrt", "symlog", "time", "utc", "sequential", "quantize", "quantile", "threshold",
    "bin-ordinal",
}  # fmt: skip
STEPS = 7


def measured_marks(drawing: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Marks of a Vega spec whose fill or stroke is on a scale of numbers, by name; `STEPS` colours along each scale."""
    return {name: _ramp(_known(scale)) for name, scale in _on_scales(drawing, {})}


def _on_scales(group: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    scales = {**outer, **{scale["name"]: scale for scale in group.get("scales", [])}}
    for mark in group.get("marks", []):
        drawn = mark.get("encode", {}).get("update", {})
        for channel in ("fill", "stroke"):
            rules = drawn.get(channel, {})
            for rule in rules if isinstance(rules, list) else [rules]:
                scale = scales.get(str(rule.get("scale")))
                if scale and scale.get("type") in _OF_NUMBERS:
                    yield mark.get("name", ""), scale
        yield from _on_scales(mark, scales)


def _known(scale: Mapping[str, Any]) -> str:
    """Return all of a scale that its colours depend on, as text."""
    return json.dumps({name: scale[name] for name in ("range", "interpolate", "reverse") if name in scale})


@cache
def _ramp(scale: str) -> tuple[str, ...]:
    """Return the colours that Vega gives to numbers that rise evenly over a scale."""
    steps = {"name": "steps", "values": [{"v": i} for i in range(STEPS)]}
    colours = {"name": "colours", "type": "linear", "domain": [0, STEPS - 1], **json.loads(scale)}
    drawn = {"fill": {"scale": "colours", "field": "v"}}
    marks = [{"type": "symbol", "from": {"data": "steps"}, "encode": {"update": drawn}}]
    graph = vl_convert.vega_to_scenegraph({"data": [steps], "scales": [colours], "marks": marks})
    symbols = graph["scenegraph"]["items"][0]["items"][0]["items"]
    return tuple(as_hex(symbol["fill"]) for symbol in symbols)


@cache
def as_hex(colour: str) -> str:
    """The colour as #rrggbb, however CSS writes it."""
    return str(Color(colour).convert("srgb").to_string(hex=True, compress=False))
