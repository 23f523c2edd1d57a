"""Code as people read it, without what its hash leaves out: for showing what changed."""

import ast
from collections.abc import Sequence
from copy import deepcopy

from assets.engine.source import Module
from assets.engine.syntax import Import, fields_of, is_idle, is_notation, names_used, telling_annotations


def readable(module: Module, name: str, statements: Sequence[ast.stmt]) -> str:
    """Return the statements that make a global name as Python, after what the names in them are imported as.

    Without comments, docstrings, annotations of functions and the decorators that declare assets; layout and
    quotes are Python's own. An empty name stands for the whole module.
    """
    bodies = [s for s in statements if not isinstance(s, Import) and not is_idle(s)]
    used = {use.name for body in bodies for use in names_used(body) if not use.imports}
    binders = {(n, s) for n in used for s in module.bound.get(n, ()) if isinstance(s, Import)}
    binders |= {
        (n, s)
        for s in statements
        if isinstance(s, Import)
        for n in module.targets(s)
        if n == name or not name
    }
    imports = sorted({_import(n, *module.targets(s)[n]) for n, s in binders})
    stripped = [_Stripped().visit(deepcopy(body)) for body in bodies]
    return "\n".join([*imports, *(ast.unparse(ast.fix_missing_locations(body)) for body in stripped)])


def _import(name: str, path: str, attributes: tuple[str, ...]) -> str:
    line, own = (
        (f"from {path} import {attributes[0]}", attributes[0]) if attributes else (f"import {path}", path)
    )
    return line if name == own else f"{line} as {name}"


class _Stripped(ast.NodeTransformer):
    """Takes from a syntax tree what no hash covers."""

    def __init__(self) -> None:
        self._fields: set[ast.AnnAssign] = set()

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Leave out statements that do nothing, and annotations."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node)
        self._fields.update(fields_of(node))
        super().generic_visit(node)
        for block in ("body", "orelse", "finalbody"):
            if isinstance(left := getattr(node, block, None), list):
                busy = [s for s in left if not is_idle(s)]
                setattr(node, block, busy or ([ast.Pass()] if block == "body" else []))
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Make an assignment of it, but of a class's field, on whose annotation a dataclass acts."""
        if node in self._fields:
            return super().generic_visit(node)
        assigned = ast.Assign([node.target], node.value) if node.value else ast.Pass()
        return super().generic_visit(assigned)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        told = list(telling_annotations(node))
        node.returns = None
        node.decorator_list = [d for d in node.decorator_list if not is_notation(d)]
        for arg in ast.walk(node.args):
            if isinstance(arg, ast.arg) and arg.annotation not in told:
                arg.annotation = None
