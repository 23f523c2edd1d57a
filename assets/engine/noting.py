"""What Python reads while code of the user's runs: files that it opens, folders that it lists.

A file that a module reads when it is imported, such as `params.yaml`, bears on what is declared; a folder that a source
lists bears on what it finds. Both are watched without anybody naming them. What a library opens in C, as DuckDB and
Arrow do, or in a thread of its own, is not seen.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from assets.engine.stamp import STATE, facts

Facts = dict[str, list[int] | None]
"""Statistics by absolute path, None of what is not there."""

_LISTED = ("os.listdir", "os.scandir")
_IMPORTING = "<frozen importlib"


class _Ear(threading.local):
    """An audit hook, which Python never lets go of; it hears only while somebody listens, and only their thread."""

    heard: Facts | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.heard is None or (event not in _LISTED and not (event == "open" and _reads(*arguments))):
            return
        if sys._getframe(1).f_code.co_filename.startswith(_IMPORTING):
            return  # Python's own search for modules, which are watched as such
        if isinstance(place := "." if arguments[0] is None else arguments[0], str | bytes | os.PathLike):
            path = str(Path(os.fsdecode(place)).absolute())
            self.heard.setdefault(path, facts(path))


def _reads(path: Any, mode: Any, flags: int) -> bool:
    return flags & os.O_ACCMODE == os.O_RDONLY


@cache
def _ear() -> _Ear:
    ear = _Ear()
    sys.addaudithook(ear)
    return ear


@contextmanager
def noting() -> Iterator[Facts]:
    """Note what is read within, with the statistics that it had before it was read first.

    Only what is below the working directory is kept, without what is installed or ours. Blocks do not nest.
    """
    found: Facts = {}
    ear = _ear()
    ear.heard = heard = Facts()
    try:
        yield found
    finally:
        ear.heard = None
        outside = (Path(sys.prefix), Path(STATE).absolute())
        for path, seen in heard.items():
            place = Path(path)
            if place.is_relative_to(Path.cwd()) and not any(map(place.is_relative_to, outside)):
                found[path] = seen
