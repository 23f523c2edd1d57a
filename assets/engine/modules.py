"""Packages whose modules load when first used, so that declaring assets imports nothing heavy."""

import importlib
from collections.abc import Callable
from types import ModuleType


def lazy_submodules(package: str) -> Callable[[str], ModuleType]:
    """Return a module-level `__getattr__` (PEP 562) that imports a submodule when it is first named."""

    def load(name: str) -> ModuleType:
        try:
            return importlib.import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":
                raise  # the module is there; something that it imports is not
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from error

    return load
