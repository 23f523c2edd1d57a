"""Syntax trees as hashes see them: which names they read, and their spelling without what cannot matter."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

_IGNORED_FIELDS = frozenset({"annotation", "returns", "type_params", "type_comment", "ctx", "kind", "simple"})
_NOTATION = frozenset({"asset", "observable_source_asset"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Use:
    """A name that code reads and does not bind itself, with the attributes hung on it: `a.b.c`."""

    name: str
    attributes: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    """Where a function around it imports the name; empty when the name is global."""


def names_used(node: ast.AST) -> Iterator[Use]:
    """Yield each name that the code reads from outside itself: globals, builtins, and its own imports."""
    if isinstance(node, ast.Attribute | ast.Name):
        yield from _chain(node)
        return
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield Use(node.target.id)
    if isinstance(node, _COMPREHENSIONS):  # what is looped over first is read outside
        yield from names_used(node.generators[0].iter)
    local = _local_names(node)
    for name, value in ast.iter_fields(node):
        outside = name in ("decorator_list", "args", "bases", "keywords")  # read where it is defined
        for child in _children(name, value):
            for use in names_used(child):
                if outside or use.imports or use.name not in local:
                    yield use
                elif local[use.name]:
                    yield replace(use, imports=local[use.name])
    for declared in _fields(node):
        yield from names_used(declared.annotation)


def _chain(node: ast.Attribute | ast.Name) -> Iterator[Use]:
    attributes: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        attributes.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name):
        yield from names_used(inner)
    elif not isinstance(inner.ctx, ast.Store):
        yield Use(inner.id, tuple(reversed(attributes)))


def _local_names(node: ast.AST) -> dict[str, tuple[Import, ...]]:
    """Return the names that a function or comprehension binds for itself, each with its imports, if any.

    Of a class only its imports: what else it binds is not seen by its methods.
    """
    if isinstance(node, _COMPREHENSIONS):
        return {name: () for g in node.generators for name in stored(g.target)}
    if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return {}
    inner = list(_own_level(node.body if isinstance(node.body, list) else []))
    local: dict[str, tuple[Import, ...]] = {}
    if isinstance(node, _FUNCTIONS):
        given = node.args
        parameters = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        local = {a.arg: () for a in parameters if a}
        local |= {name: () for statement in inner for name in _bound_here(statement)}
    for statement in inner:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                name = alias.asname or alias.name.split(".")[0]
                local[name] = (*local.get(name, ()), statement)
    shared = {name for statement in inner if isinstance(statement, ast.Global) for name in statement.names}
    return {name: imports for name, imports in local.items() if name not in shared}


def _bound_here(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(ctx=ast.Store(), id=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name


def stored(node: ast.AST) -> Iterator[str]:
    """Yield the names that an assignment's target, or anything within the node, is stored under."""
    yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def _own_level(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body without entering the scopes within it."""
    for node in nodes:
        yield node
        if not isinstance(node, (*_COMPREHENSIONS, *_FUNCTIONS, ast.ClassDef)):
            yield from _own_level(ast.iter_child_nodes(node))


def _children(name: str, value: object) -> Iterator[ast.AST]:
    """Yield the nodes in a field of a node that can matter."""
    if name in _IGNORED_FIELDS:
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, ast.AST) and not (name == "decorator_list" and is_notation(item)):
            yield item


def is_notation(decorator: ast.AST) -> bool:
    """Tell whether a decorator only declares an asset: what it says of content is hashed apart."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(target).split(".")[-1] in _NOTATION


def _fields(node: ast.AST) -> list[ast.AnnAssign]:
    """Return a class's fields, on whose annotations dataclasses and validators act."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    return [statement for statement in body if isinstance(statement, ast.AnnAssign)]


def canonical(node: ast.AST, *, caption: bool = False) -> list[object]:
    """Spell a syntax tree as nested lists without what cannot change a result.

    With `caption` the node's own docstring counts. Written out here because `ast.dump` and `ast.unparse`
    change between Python releases.
    """
    if isinstance(node, ast.AnnAssign):  # as if it were not annotated; a class tells of its fields itself
        node = ast.Assign(targets=[node.target], value=node.value)  # type: ignore[arg-type]  # may be None
    spelled: list[object] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if name not in _IGNORED_FIELDS and value is not None and value != []:
            spelled.append([name, _spelled(name, value)])
    if fields := _fields(node):
        spelled.append(["fields", [[canonical(f.target), canonical(f.annotation)] for f in fields]])
    if caption and isinstance(node, ast.FunctionDef):
        spelled.append(["caption", ast.get_docstring(node)])
    return spelled


def _spelled(name: str, value: object) -> object:
    if not isinstance(value, list):
        return canonical(value) if isinstance(value, ast.AST) else _constant(value)
    # A None in a list has its place: `{**a, "k": b}` is not `{"k": a, **b}`
    return [
        canonical(item) if isinstance(item, ast.AST) else _constant(item)
        for item in value
        if not is_bare_text(item) and not (name == "decorator_list" and is_notation(item))
    ]


def is_bare_text(statement: object) -> bool:
    """Tell whether a statement is text that nobody reads: a docstring, also that of a field."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _constant(value: object) -> object:
    if isinstance(value, complex) or value is Ellipsis:
        return [type(value).__name__, repr(value)]
    return value
