"""A Vega-Lite spec as SVG, PNG and PDF, the same bytes every time.

Imports nothing heavy, so that a pool of processes can use it. Such a pool must *spawn* its
processes: after vl-convert has been used, a forked process hangs for ever.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import vl_convert

PPI = 300


@dataclass(frozen=True)
class Rendered:
    """One figure's pictures, all made from the same SVG."""

    svg: bytes
    png: bytes
    pdf: bytes


def render(spec: Mapping[str, Any]) -> Rendered:
    """The spec's pictures: a pixel of Vega's is a point (1/72 inch), the PNG has 300 pixels per inch.

    Data must be in the spec: nothing is fetched, a URL raises ValueError. PDF bytes are the same
    every time as long as the spec uses neither opacity nor a second face of the font.
    """
    svg = _drawn(spec)
    png, pdf = printed(svg)
    return Rendered(svg=_in_points(svg).encode(), png=png, pdf=pdf)


@lru_cache(maxsize=4)
def printed(svg: str) -> tuple[bytes, bytes]:
    """The PNG and the PDF of an SVG; those of the last few are remembered, as a figure is drawn again to check it."""
    return vl_convert.svg_to_png(svg, ppi=PPI), vl_convert.svg_to_pdf(svg)


def svg_of(spec: Mapping[str, Any]) -> str:
    """The spec's SVG alone, the same as `render` makes."""
    return _in_points(_drawn(spec))


def _drawn(spec: Mapping[str, Any]) -> str:
    # Sorted keys: a spec that came back from a sidecar is drawn as the one that went into it.
    text = json.dumps(spec, sort_keys=True, allow_nan=False)
    return _steady_names(vl_convert.vegalite_to_svg(text, allowed_base_urls=[]))


def _steady_names(svg: str) -> str:
    # Gradients and clipping paths are numbered through the life of the process.
    names = list(dict.fromkeys(re.findall(r'\bid="((?:gradient_|clip)\d+)"', svg)))
    numbers = {name: f"{name.rstrip('0123456789')}{i}" for i, name in enumerate(names)}
    return re.sub(r'(id="|url\(#)((?:gradient_|clip)\d+)', lambda found: found[1] + numbers[found[2]], svg)


def _in_points(svg: str) -> str:
    # Browsers and Inkscape take a bare number for 1/96 inch and would show the figure a quarter too small.
    return re.sub(r'(<svg [^>]*?width="[\d.]+)(" height="[\d.]+)"', r'\1pt\2pt"', svg, count=1)
