"""The project that a command is about: this study, or a module of the user's."""

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from assets.engine.declarations import Absent, Asset, Observation, Source
from assets.engine.definitions import Definitions
from assets.engine.errors import UserError
from assets.engine.importing import import_warily
from assets.engine.noting import noting
from assets.engine.project import Project


def project_of(module: str | None) -> Project:
    """Return the study, or the project that a module declares; its results are kept in the working directory."""
    if module is None:
        import_warily(Path(__file__).resolve().parents[2])
        from assets import study

        return study.load()
    imported = _imported(module)
    file = Path(imported.__file__ or ".").resolve()
    root = file.parents[module.count(".") + (file.name == "__init__.py")]
    settings = getattr(imported, "SETTINGS", None)
    declared = Definitions.load(root, [imported], settings)
    definitions = replace(declared, sources={key: _noted(s) for key, s in declared.sources.items()})
    return Project(
        definitions,
        Path(f"{module}.duckdb"),
        module,
        declared_in=_READ.get(imported, ()),
        shared_cache=getattr(settings, "shared_cache", None),
    )


_READ: WeakKeyDictionary[ModuleType, list[Path]] = WeakKeyDictionary()
"""What modules of the user's read when they were imported; a second import reads nothing."""


def _imported(name: str) -> ModuleType:
    """Import a module of the user's; what keeps it from being imported is the user's to mend."""
    sys.path.insert(0, "")
    import_warily(Path.cwd())
    try:
        with noting() as read:
            module = importlib.import_module(name)
    except SyntaxError as error:
        raise UserError(f"{Path(error.filename or name).name}:{error.lineno}: {error.msg}") from error
    except ImportError as error:
        raise UserError(f"cannot import `{name}`: {error}") from error
    if not any(isinstance(thing, Asset) for thing in vars(module).values()):
        raise UserError(f"`{name}` declares no assets: decorate a function with `@asset` from assets.engine")
    _READ.setdefault(module, [Path(path) for path in read])
    return module


def _noted(source: Source) -> Source:
    """Return the source with all that its function reads among what it watches, such as a folder that it lists."""
    function: Callable[..., Any] = source.function

    @wraps(function)
    def look(**given: Any) -> Observation | Absent:
        with noting() as read:
            seen: Observation | Absent = function(**given)
        return seen if seen.watched is None else replace(seen, watched={**read, **seen.watched})

    return replace(source, function=look)
