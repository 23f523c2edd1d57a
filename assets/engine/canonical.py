"""The spelling of syntax trees that is hashed: without what cannot change a result."""

import ast
from collections.abc import Callable, Iterable

from assets.engine.syntax import fields_of, is_idle, telling_annotations, telling_decorators, telling_fields

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def canonical(node: ast.AST, *, caption: bool = False) -> str:
    """Spell a syntax tree without what cannot change a result; different trees are spelled differently.

    With `caption` the node's own docstring counts. Written out here because `ast.dump` and `ast.unparse`
    change between Python releases.
    """
    spelled: list[str] = []
    _spell(node, spelled.append)
    if caption and isinstance(node, ast.FunctionDef):
        spelled.append(f"caption={ast.get_docstring(node)!a}")
    return "".join(spelled)


def _spell(node: ast.AST, write: Callable[[str], None]) -> None:
    if isinstance(node, ast.Name):
        write(f"Name({node.id!a})")
        return
    if isinstance(node, ast.AnnAssign):  # as if it were not annotated; a class tells of its fields itself
        node = ast.Assign(targets=[node.target], value=node.value)  # type: ignore[arg-type]  # may be None
    write(f"{type(node).__name__}(")
    for name in telling_fields(type(node)):
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            write(f"{name}=")
            _spell(value, write)
        elif isinstance(value, list):
            if value:
                write(f"{name}=")
                _spell_all(telling_decorators(node) if name == "decorator_list" else value, write)
        elif value is not None:
            write(f"{name}={value!a}")  # not `!r`, which depends on what a Python knows of Unicode
        write(",")
    if isinstance(node, _DEFINITIONS):
        declared = [part for f in fields_of(node) for part in (f.target, f.annotation)]
        _spell_all([*declared, *telling_annotations(node)], write)
    write(")")


def _spell_all(items: Iterable[object], write: Callable[[str], None]) -> None:
    """Spell a list; a None in it has its place: `{**a, "k": b}` is not `{"k": a, **b}`."""
    write("[")
    for item in items:
        if isinstance(item, ast.AST):
            if not is_idle(item):
                _spell(item, write)
                write(",")
        else:
            write(f"{item!a},")
    write("]")
