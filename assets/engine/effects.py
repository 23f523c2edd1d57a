"""What code does to names besides binding them: calls that run when a module is imported, and what they alter."""

import ast
from collections.abc import Iterator
from typing import Literal

from assets.engine.syntax import Use, names_used, telling_decorators

How = Literal["calls", "decorates", "derives"]
"""How a statement uses what it calls: in an expression, on a definition, or as the base of a class."""

ALTERING = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "register", "remove"}
    | {"reverse", "setdefault", "sort", "update"}
)
"""Methods that alter what they are called on, wherever they are called."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)


def called_by(statement: ast.stmt) -> Iterator[tuple[Use, How]]:
    """Yield what is called when a statement runs: its decorators, its bases, or the calls of its expression."""
    if isinstance(statement, _DEFINITIONS):
        for decorator in telling_decorators(statement):
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            yield from ((use, "decorates") for use in names_used(target))
        yield from ((use, "derives") for use in bases(statement))
        for keyword in getattr(statement, "keywords", ()):  # a metaclass is called to make the class
            yield from ((use, "calls") for use in names_used(keyword.value))
    elif isinstance(statement, _ASSIGNMENTS):
        calls = (node.func for node in _run_at_once(statement) if isinstance(node, ast.Call))
        yield from ((use, "calls") for function in calls for use in names_used(function))


def bases(statement: ast.stmt) -> Iterator[Use]:
    """Yield the names of the bases of a class; nothing for another statement."""
    for base in statement.bases if isinstance(statement, ast.ClassDef) else ():
        yield from names_used(base)


def altered_within(statement: ast.stmt) -> Iterator[str]:
    """Yield the names whose values the code of a definition may alter, whether or not they are global."""
    for node in ast.walk(statement):
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                yield from (use.name for use in names_used(node.value))
            case ast.Expr():
                yield from (use.name for use in names_used(node))
            case ast.Call(func=ast.Attribute(attr=method, value=value)) if method in ALTERING:
                yield from (use.name for use in names_used(value))


def is_told_of_subclasses(statement: ast.stmt) -> bool:
    """Tell whether a class takes part in making classes that derive from it."""
    return isinstance(statement, ast.ClassDef) and (
        any(keyword.arg == "metaclass" for keyword in statement.keywords)
        or any(isinstance(s, ast.FunctionDef) and s.name == "__init_subclass__" for s in statement.body)
    )


def _run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of an expression but for those that wait in a lambda."""
    yield node
    if not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _run_at_once(child)
