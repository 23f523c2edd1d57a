"""The frame, the style and the scripts of the page, read from the files beside this one."""

from collections.abc import Mapping
from pathlib import Path

from assets.engine.declarations import Observation
from assets.engine.hashing import digest
from assets.engine.index import facts_of

FOLDER = Path(__file__).with_name("templates")
_SCRIPTS = ("theme.js", "table.js", "runs.js", "drawings.js", "lineage.js", "print.js")
_STYLES = ("page.css", "parts.css")


def observe() -> Observation:
    """Return what is there; its value is the text of each file by name."""
    names = ("page.html", *_STYLES, *_SCRIPTS)
    watched = facts_of(FOLDER / name for name in names)
    texts = {name: (FOLDER / name).read_text("utf-8") for name in names}
    return Observation(digest("templates", texts), texts, watched=watched, summary=f"{len(texts)} files")


def style(texts: Mapping[str, str]) -> str:
    """Return the page's style."""
    return "\n".join(texts[name] for name in _STYLES)


def script(texts: Mapping[str, str]) -> str:
    """Return the page's own script, each file in a scope of its own."""
    return "\n".join(['"use strict";', *(f"{{\n{texts[name]}}}" for name in _SCRIPTS)])
