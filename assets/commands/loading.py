"""The project that a command is about: this study, or a module of the user's."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

from assets.engine.declarations import Asset
from assets.engine.definitions import Definitions
from assets.engine.errors import UserError
from assets.engine.importing import import_warily
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
    definitions = Definitions.load(root, [imported], getattr(imported, "SETTINGS", None))
    return Project(definitions, Path(f"{module}.duckdb"), module)


def _imported(name: str) -> ModuleType:
    """Import a module of the user's; what keeps it from being imported is the user's to mend."""
    sys.path.insert(0, "")
    import_warily(Path.cwd())
    try:
        module = importlib.import_module(name)
    except SyntaxError as error:
        raise UserError(f"{Path(error.filename or name).name}:{error.lineno}: {error.msg}") from error
    except ImportError as error:
        raise UserError(f"cannot import `{name}`: {error}") from error
    if not any(isinstance(thing, Asset) for thing in vars(module).values()):
        raise UserError(f"`{name}` declares no assets: decorate a function with `@asset` from assets.engine")
    return module
