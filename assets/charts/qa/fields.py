"""P2: every field that the drawing asks for is in the data; Vega-Lite draws nothing and says nothing otherwise."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assets.charts.qa.finding import Finding

_IN_EXPRESSION = re.compile(r"datum\.(\w+)|datum\['(\w+)'\]|datum\[\"(\w+)\"\]")


def fields_exist(spec: Mapping[str, Any], data: Mapping[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    """Report each field of an encoding, filter or calculation that its dataset does not have."""
    missing = dict.fromkeys(_missing(spec, data, None, frozenset()))
    for name, field in missing:
        yield Finding(
            "P2", "fields exist", f"the drawing asks for `{field}` of `{name}`, which has no such column"
        )


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
    for part in ("layer", "concat", "hconcat", "vconcat"):
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
