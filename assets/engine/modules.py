"""Modules: those that load when first used, and those that are loaded."""

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def loaded_below(root: Path) -> list[Path]:
    """Return the files of all modules that are loaded from below a folder, installed ones aside."""
    named = [found for m in [*sys.modules.values()] if (found := getattr(m, "__file__", None))]
    start = "" if root == Path() else str(root)
    files = [
        Path(found) for found in named if found.startswith(start)
    ]  # few of thousands: a path costs 10 us
    return [file for file in files if file.is_relative_to(root) and "site-packages" not in file.parts]


def lazy_submodules(package: str, homes: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """Return a module-level `__getattr__` (PEP 562) that imports a submodule when it is first named.

    `homes` says of public names in which submodule they are, so that they can be asked of the package itself.
    """

    def load(name: str) -> Any:
        if homes and name in homes:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        try:
            return importlib.import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":
                raise  # the module is there; something that it imports is not
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from error

    return load
