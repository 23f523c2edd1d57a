"""Python functions in ibis expressions: named in the SQL after their code, and made known to DuckDB."""

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.records import Closure

if TYPE_CHECKING:
    import duckdb

_KINDS = {"PYTHON": "native", "PYARROW": "arrow"}
_registering = threading.Lock()
_registered: set[Callable[..., Any]] = set()
"""Kept alive as long as the process: DuckDB calls them on after the cursor is closed that brought them, and then
nothing of DuckDB's keeps them from being freed."""


class Code(Protocol):
    """The code of a project, where functions are looked up."""

    def closure(self, *references: str) -> Closure:
        """Return all that the `module:name` references reach."""


@dataclass(frozen=True)
class Function:
    """A scalar Python function that SQL calls."""

    name: str
    """What the SQL calls it: its own name and a hash of its code, types and options."""
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    returns: str
    """DuckDB types, as those of the parameters."""
    kind: str
    """How DuckDB calls it: `native` (row by row) or `arrow` (with arrays)."""
    options: Mapping[str, Any]
    libraries: frozenset[str]
    """What its code imports, whose versions count too."""


def function_of(call: Any, code: Code | None) -> Function:
    """Return what an ibis operation calls, a user-defined function in Python.

    Raises `UserError` for what DuckDB cannot run, and for code that cannot be followed.
    """
    from ibis.backends.sql.compilers.duckdb import compiler

    function, kind = call.__func__, _KINDS.get(call.__input_type__.name)
    named = f"its expression calls the Python function `{call.__func_name__}`"
    if code is None:
        raise UserError(f"{named}, whose code is not at hand")
    if kind is None:
        raise UserError(f"{named} in a way that DuckDB does not know: use ibis.udf.scalar.python or .pyarrow")
    if not _is_what_its_name_says(function):
        raise UserError(
            f"{named}, which another function makes, so its code cannot be followed: define it by itself"
        )
    closure = code.closure(f"{function.__module__}:{function.__qualname__}")
    spell = compiler.type_mapper.to_string
    declared = [p.annotation.pattern.dtype for p in call.__signature__.parameters.values()]
    types = tuple(spell(dtype or arg.dtype) for dtype, arg in zip(declared, call.__args__, strict=True))
    returns, options = spell(call.dtype), dict(call.__config__)
    shown = {name: str(value) for name, value in options.items()}
    hashed = digest("udf", closure.fragments, types, returns, kind, shown)
    name = f"{function.__name__}_{hashed[:16]}".lower()
    return Function(name, function, types, returns, kind, options, closure.libraries)


def called_as(call: Any, name: str) -> Any:
    """Return the same call of a function under another name in SQL."""
    return type(name, (type(call),), {})(*call.__args__)


def register(connection: "duckdb.DuckDBPyConnection", functions: Iterable[Function]) -> None:
    """Make Python functions known to the database of a connection; what is known already is left alone."""
    for function in functions:
        with _registering, connection.cursor() as cursor:  # no transaction of the caller's can take it back
            query = "SELECT function_name FROM duckdb_functions() WHERE function_name = ?"
            if cursor.execute(query, [function.name]).fetchall():
                continue
            _registered.add(function.function)
            told: dict[str, Any] = {**function.options, "type": function.kind}
            types: list[Any] = list(function.parameters)
            cursor.create_function(function.name, function.function, types, function.returns, **told)


def _is_what_its_name_says(function: Any) -> bool:
    """Tell whether the name under which a function's code is looked up holds this very function."""
    held = getattr(sys.modules.get(function.__module__), function.__qualname__, None)
    while held is not None and held is not function:
        held = getattr(held, "__wrapped__", None)
    return held is not None
