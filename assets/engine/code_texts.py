"""The texts of code that assets were made from, by hash, so that a change can be shown as a diff.

A cache: without it a change of code is still noticed and named, only not shown.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from assets.engine.errors import UserError

_KEPT = 20_000
"""Texts that are kept, the latest ones."""


def recall(path: Path) -> dict[str, str]:
    """Return the texts that are kept, by hash; none when there is no such file, or it is garbled."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict):
            return found
    return {}


def remember(path: Path, fragments: Mapping[str, str], text: Callable[[str], str]) -> None:
    """Keep the text of each fragment (name -> hash) whose hash is not known yet; `text` returns it by name."""
    known = recall(path)
    missing = {found: name for name, found in fragments.items() if found not in known}
    if not missing:
        return
    for found, name in missing.items():
        with suppress(UserError):  # what keeps an asset, but has no text of its own
            known[found] = text(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    partial.write_text(json.dumps(dict([*known.items()][-_KEPT:])), encoding="utf-8")
    partial.replace(path)
