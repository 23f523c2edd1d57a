"""HTML, written so that no text can be taken for markup."""

import json
from collections.abc import Iterable
from html import escape
from typing import Any

_VOID = {"br", "hr", "input", "link", "meta"}


class Html(str):
    """Text that is HTML already; any other text is escaped when it is put into an element."""

    __slots__ = ()


def element(name: str, *inside: Any, **attributes: Any) -> Html:
    """Return an element with its content.

    Content that is no `Html` is escaped; None is left out. An attribute's name loses a `_` at its end and has `-` for
    the others; True is written without a value, None and False not at all.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{together(inside)}</{name}>")


def together(parts: Iterable[Any], *, between: str = "") -> Html:
    """Return parts one after another, each escaped if it is no `Html`."""
    return Html(between.join(_safe(part) for part in parts if part is not None))


def prose(text: str) -> Html:
    """Return a sentence as HTML, what stands between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return together([text])  # a backtick without its fellow is just one
    return together(element("code", piece) if at % 2 else piece for at, piece in enumerate(pieces))


def data(name: str, value: Any) -> Html:
    """Return JSON for a script to read: numbers and texts in the open, in an element that nothing executes."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    # in a script `</` and `<!--` would end or change it, whatever quotes are around them
    return Html(f'<script type="application/json" id="{escape(name)}">{_without_tags(text)}</script>')


def _without_tags(text: str) -> str:
    return text.replace("<", "\\u003c")


def _safe(part: Any) -> str:
    return part if isinstance(part, Html) else escape(str(part), quote=False)


def _attribute(key: str, value: Any) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
