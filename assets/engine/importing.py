"""Importing the code of a project, never from bytecode that may be of another text.

Python takes bytecode for current when the source has the whole second and the size that it had: an edit within
the second of the last build would run the old code, and be recorded as the new.
"""

import os
import sys
import time
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any


class _Wary(SourceFileLoader):
    """Loads a source file, from its bytecode only if that was written in a later second than the source."""

    def path_stats(self, path: Any) -> Any:
        """Return what bytecode is checked against; raises OSError, which means no bytecode, when in doubt."""
        found = super().path_stats(path)
        bytecode, edited = cache_from_source(path), int(found["mtime"])
        if int(time.time()) <= edited:
            raise OSError(f"{path} may be edited again within this second")
        with suppress(FileNotFoundError):
            if int(os.stat(bytecode).st_mtime) <= edited:
                os.unlink(bytecode)  # Python writes it anew
        return found


def import_warily(root: Path) -> None:
    """From now on, import source files below `root` with care; modules that are imported already stay."""
    below = f"{root}{os.sep}"

    def finder(folder: str) -> FileFinder:
        place = os.path.abspath(folder or os.curdir)
        if not f"{place}{os.sep}".startswith(below) or "site-packages" in place:
            raise ImportError("not below the root", path=folder)
        return FileFinder(place, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_Wary, [".py"]))

    sys.path_hooks.insert(0, finder)
    for folder in [*sys.path_importer_cache]:
        if f"{os.path.abspath(folder)}{os.sep}".startswith(below):
            del sys.path_importer_cache[folder]
