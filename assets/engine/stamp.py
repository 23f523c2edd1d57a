"""The stamp: a cache that tells "nothing changed" from file statistics alone.

Only `os`, `sys` and `time`, so that doing nothing costs about what starting Python costs. A stamp is never
the truth: deleting it costs time, and whatever it does not recognise sends the caller to decide properly.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False  # `typing` itself would be a quarter of the cost
if TYPE_CHECKING:
    from collections.abc import Mapping

STATE = ".assets"
"""Folder, below the working directory, of what may be deleted without loss: stamps, index, cache, lock, logs."""
LOCK = STATE + "/build.lock"
PARTS = STATE + "/parts"
"""Folder of rows that an unfinished build computed, by table."""
HEARTBEAT = STATE + "/progress.json"
"""Where a running build says how far it is."""

_FORMAT = 2
_END = "\n\n"
"""Between what is watched and the report; no watched line is empty."""
_TICK_NS = 20_000_000
"""Longer than the clock tick of any file system in use: a file that young may change unseen."""


class Stamp:
    """What was written down when everything was fresh: one line that says so, and a report as JSON text."""

    def __init__(self, summary: str, report: str) -> None:
        """Keep both; the report is parsed only by those who show it."""
        self.summary, self.report = summary, report


def path_of(project: str, scope: str) -> str:
    """Return where the stamp of a project's scope (`all`, `tables`, `files`) is."""
    return f"{STATE}/stamps/{project}-{scope}"


def read(path: str, prefixes: tuple[str, ...]) -> Stamp | None:
    """Return what was stamped at `path` if nothing it watches has moved since, else None.

    Watched are the stamped files, the running Python, and the environment variables with these prefixes.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            watched, _, report = file.read().partition(_END)
        circumstances, count, summary, *lines = watched.split("\n")
    except (OSError, ValueError):
        return None  # absent or garbled: decide properly
    whole = report.endswith("\n") and count == str(len(lines))
    if not whole or circumstances != _circumstances(prefixes):
        return None
    for line in lines:
        seen, _, name = line.partition(" ")
        if seen != _spelled(facts(name)):
            return None
    return Stamp(summary, report)


def write(
    path: str, paths: Mapping[str, list[int] | None], prefixes: tuple[str, ...], summary: str, report: str
) -> bool:
    """Stamp the paths as they were seen, unless one is so young that it could change unseen."""
    if not all(settled(seen) for seen in paths.values()) or any("\n" in name for name in paths):
        return False
    lines = [_circumstances(prefixes), str(len(paths)), summary]
    lines += [f"{_spelled(seen)} {name}" for name, seen in paths.items()]
    partial = f"{path}.{os.getpid()}.tmp"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(partial, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\n".join(lines) + _END + report + "\n")
    os.replace(partial, path)
    return True


def facts(path: str) -> list[int] | None:
    """Return modification and change time, size and inode of a path; None when it is absent."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def settled(seen: list[int] | None) -> bool:
    """Tell whether a file with these facts is old enough that a further change would show in them."""
    return seen is None or max(seen[0], seen[1]) <= time.time_ns() - _TICK_NS


def _spelled(seen: list[int] | None) -> str:
    return "-" if seen is None else f"{seen[0]},{seen[1]},{seen[2]},{seen[3]}"


def _circumstances(prefixes: tuple[str, ...]) -> str:
    variables = sorted(item for item in os.environ.items() if item[0].startswith(prefixes))
    spelled = ""
    if variables:  # hashed, since a password may be among them; imported only then, since it costs
        import hashlib

        spelled = hashlib.sha256(repr(variables).encode("utf-8", "surrogateescape")).hexdigest()
    # the folder too: a copy of it brings a stamp along that watches the files of the original
    return repr((_FORMAT, sys.version, sys.prefix, os.getcwd(), spelled))
