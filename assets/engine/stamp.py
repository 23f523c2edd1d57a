"""The stamp: a cache that tells "nothing changed" from file statistics alone.

Only the standard library, and little of it, so that doing nothing costs about what starting Python
costs. A stamp is never the truth: deleting it costs time, and whatever it does not recognise sends the
caller to decide properly.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

STATE = ".assets"
"""Folder, below the working directory, of what may be deleted without loss: stamps, lock, logs, staging."""

_FORMAT = 1
_TICK_NS = 20_000_000
"""Longer than the clock tick of any file system in use: a file that young may change unseen."""


def path_of(scope: str) -> str:
    """Return where the stamp of a scope (`all`, `tables`, `figures`) is."""
    return f"{STATE}/stamps/{scope}.json"


def read(path: str, prefixes: tuple[str, ...]) -> dict[str, Any] | None:
    """Return what was stamped at `path` if nothing it watches has moved since, else None.

    Watched are the stamped files, the running Python, and the environment variables with these prefixes.
    """
    try:
        with open(path, encoding="utf-8") as file:
            stamp = json.load(file)
        if stamp["circumstances"] != _circumstances(prefixes):
            return None
        if any(facts(name) != seen for name, seen in stamp["paths"].items()):
            return None
        return dict(stamp["content"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # absent, garbled or of another make: decide properly


def recall(path: str) -> dict[str, Any]:
    """Return what was stamped at `path`, whether it still holds or not; empty when there is nothing."""
    try:
        with open(path, encoding="utf-8") as file:
            return dict(json.load(file)["content"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write(
    path: str, paths: Mapping[str, list[int] | None], prefixes: tuple[str, ...], content: Mapping[str, Any]
) -> bool:
    """Stamp the paths as they were seen, unless one is so young that it could change unseen."""
    youngest = time.time_ns() - _TICK_NS
    if any(seen is not None and max(seen[0], seen[1]) > youngest for seen in paths.values()):
        return False
    stamp = {"circumstances": _circumstances(prefixes), "paths": dict(paths), "content": dict(content)}
    partial = f"{path}.{os.getpid()}.tmp"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(stamp, file)
    os.replace(partial, path)
    return True


def _circumstances(prefixes: tuple[str, ...]) -> list[Any]:
    variables = sorted(item for item in os.environ.items() if item[0].startswith(prefixes))
    if variables:  # hashed, since a password may be among them; imported only then, since it costs
        import hashlib

        variables = [("sha256", hashlib.sha256(json.dumps(variables).encode()).hexdigest())]
    # the folder too: a copy of it brings a stamp along that watches the files of the original
    return [_FORMAT, sys.version, sys.prefix, os.getcwd(), [list(item) for item in variables]]


def facts(path: str) -> list[int] | None:
    """Return modification and change time, size and inode of a path; None when it is absent."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]
