"""A figure's SVG as part of a page: smaller, and apart from the other drawings of the page."""

import re

from assets.report.markup import Html

_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_LEFT_OUT = re.compile(
    r' (?:opacity="1"|(?:aria-[a-z]+|role|xmlns(?::xlink)?|version|pointer-events|font-family)="[^"]*")'
)
_PLACES = re.compile(r' (?:d="|transform="translate)[^"]*"')
_NUMBER = re.compile(r"-?\d*\.\d+")


def inline(svg: str, name: str) -> Html:
    """Return the SVG of a figure for the inside of a page, hidden from screen readers.

    Ids begin with `name`, so that figures do not clip one another. What the page says once for all is left out, and
    places are rounded to a tenth of a point.
    """
    svg = svg[svg.index("<svg") :].rstrip()
    opening, _, rest = _TAG.sub(lambda tag: _slim(tag[0], name), svg).partition(">")
    opening = re.sub(r' (?:width|height)="[\d.]+pt"', "", opening)
    return Html(f'{opening} aria-hidden="true" focusable="false">{rest}')


def _slim(tag: str, name: str) -> str:
    tag = _LEFT_OUT.sub("", tag)
    tag = re.sub(r' id="', f' id="{name}-', tag)
    tag = re.sub(r"url\(#", f"url(#{name}-", tag)
    return _PLACES.sub(lambda places: _NUMBER.sub(_tenth, places[0]), tag)


def _tenth(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")
