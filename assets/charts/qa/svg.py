"""What an SVG of ours holds: its texts, its shapes, and whatever does not belong into a picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

_SHAPES = frozenset({"path", "rect", "line", "circle", "polygon", "polyline"})
_FOREIGN = frozenset({"script", "image", "foreignObject", "style", "animate", "set", "iframe", "a"})


@dataclass(frozen=True)
class Svg:
    """One SVG: each line of text, number of shapes, and what comes from outside or does something."""

    texts: tuple[str, ...]
    shapes: int
    foreign: tuple[str, ...]


def read(content: bytes) -> Svg:
    """What is in an SVG. Raises ValueError if it is not well formed."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError("it declares entities")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    texts, shapes, foreign = list[str](), 0, list[str]()
    for element in root.iter():
        name = _plain(element.tag)
        shapes += name in _SHAPES and element.get("class") != "background"
        foreign += [f"<{name}>"] if name in _FOREIGN else []
        foreign += _outside(name, element.attrib)
        if name == "text":
            lines = [inner.text or "" for inner in element if _plain(inner.tag) == "tspan"]
            texts += lines or [element.text or ""]
    return Svg(tuple(text for text in texts if text.strip()), shapes, tuple(foreign))


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _outside(name: str, attributes: Mapping[str, str]) -> list[str]:
    return [
        f"{_plain(attribute)} of <{name}>"
        for attribute, value in attributes.items()
        if (_plain(attribute) == "href" and not value.startswith("#")) or _plain(attribute).startswith("on")
    ]
