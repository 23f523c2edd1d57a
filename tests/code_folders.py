"""Code written to a folder, and what of it an asset reaches."""

import importlib
import sys
import textwrap
from pathlib import Path

from assets.engine.code import Closure, CodeBase

TARGET = "my_assets:table"


def closure(
    folder: Path, files: dict[str, str], reference: str = TARGET, *, caption: bool = False
) -> Closure:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return CodeBase(folder).closure(reference, caption=caption)


def names(folder: Path, files: dict[str, str], reference: str = TARGET) -> set[str]:
    return set(closure(folder, files, reference).fragments)


# A package of helpers; the tests reach `helpers.impl.f` in every way there is.
HELPER = {
    "helpers/__init__.py": "",
    "helpers/impl.py": "def f():\n    return 1\n\n\ndef g():\n    return 2\n",
}


def value(folder: Path, reference: str = TARGET) -> object:
    """Import the code in a folder anew and call the function: what it really returns."""
    module, _, name = reference.partition(":")
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return getattr(importlib.import_module(module), name)()
    finally:
        sys.path.remove(str(folder))
        for other in set(sys.modules) - known:
            if str(folder) in str(getattr(sys.modules[other], "__file__", None) or folder):
                del sys.modules[other]
