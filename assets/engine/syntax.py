"""Syntax trees as hashes see them: which names they read, and which of their parts can matter."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_IGNORED_FIELDS = frozenset({"annotation", "returns", "type_params", "type_comment", "ctx", "kind", "simple"})
_TELLING: dict[type[ast.AST], tuple[str, ...]] = {}
_NOTATION = frozenset({"asset", "observable_source_asset"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_BINDERS = (*_DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.NamedExpr)

Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True)
class Use:
    """A name that code reads and does not bind itself, with the attributes hung on it: `a.b.c`."""

    name: str
    attributes: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    """Where a function around it imports the name; empty when the name is global."""


@dataclass(slots=True)
class _Scope:
    """The names that a function, class or comprehension binds for itself, each with its imports, if any."""

    names: dict[str, tuple[Import, ...]]
    outer: "_Scope | None"
    shared: frozenset[str] = frozenset()
    """Names that it declares global."""
    of_class: bool = False


def names_used(node: ast.AST) -> list[Use]:
    """Return each name that the code reads from outside itself, once: globals, builtins, and its own imports."""
    reading = _Reading()
    reading.read(node, None)
    return list(reading.found)


@dataclass
class _Reading:
    found: dict[Use, None] = field(default_factory=dict)

    def read(self, node: ast.AST, scope: _Scope | None) -> None:
        _READ.get(type(node), _Reading.read_all)(self, node, scope)

    def read_all(self, node: ast.AST, scope: _Scope | None) -> None:
        for child in _children(node):
            self.read(child, scope)

    def _chain(self, node: ast.Attribute | ast.Name, scope: _Scope | None) -> None:
        attributes: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            attributes.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self.read(inner, scope)
        elif not isinstance(inner.ctx, ast.Store):
            self._note(inner.id, tuple(reversed(attributes)), scope)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: _Scope | None
    ) -> None:
        self.read_all(node.args, scope)  # the defaults
        for outside in (*telling_decorators(node), *telling_annotations(node)):
            self.read(outside, scope)
        body = node.body if isinstance(node.body, list) else [node.body]
        given = node.args
        parameters = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        names, shared = _bound_within(body)
        inside = _Scope({**{a.arg: () for a in parameters if a}, **names}, scope, shared)
        for statement in body:
            self.read(statement, inside)

    def _class(self, node: ast.ClassDef, scope: _Scope | None) -> None:
        for outside in (*telling_decorators(node), *node.bases, *node.keywords):
            self.read(outside, scope)
        local, shared = _bound_within(node.body)
        imported = {name: imports for name, imports in local.items() if imports}
        inside = _Scope(imported, scope, shared, of_class=True)
        for statement in node.body:
            self.read(statement, inside)
        for declared in fields_of(node):
            self.read(_unquoted(declared.annotation), inside)

    def _comprehension(self, node: Any, scope: _Scope | None) -> None:
        self.read(node.generators[0].iter, scope)  # what is looped over first is read outside
        names: dict[str, tuple[Import, ...]] = {
            name: () for g in node.generators for name in stored(g.target)
        }
        self.read_all(node, _Scope(names, scope))

    def _augmented(self, node: ast.AugAssign, scope: _Scope | None) -> None:
        if isinstance(node.target, ast.Name):
            self._note(node.target.id, (), scope)
        self.read_all(node, scope)

    def _call(self, node: ast.Call, scope: _Scope | None) -> None:
        """Note a module that is imported by calling `import_module` or `__import__` with its name."""
        match node:
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(path)), *_],
            ):
                top, *rest = path.split(".")
                self.found[Use(top, tuple(rest), (ast.Import([ast.alias(path)]),))] = None
        self.read_all(node, scope)

    def _note(self, name: str, attributes: tuple[str, ...], scope: _Scope | None) -> None:
        place = scope
        while place is not None and name not in place.shared:
            if name in place.names and (
                place is scope or not place.of_class
            ):  # methods do not see their class's
                if place.names[name]:
                    self.found[Use(name, attributes, place.names[name])] = None
                return
            place = place.outer
        self.found[Use(name, attributes)] = None


_READ: dict[type, Callable[[_Reading, Any, _Scope | None], None]] = {
    ast.Constant: lambda reading, node, scope: None,
    ast.Name: _Reading._chain,
    ast.Attribute: _Reading._chain,
    ast.Call: _Reading._call,
    ast.AugAssign: _Reading._augmented,
    ast.ClassDef: _Reading._class,
    **dict.fromkeys(_FUNCTIONS, _Reading._function),
    **dict.fromkeys(_COMPREHENSIONS, _Reading._comprehension),
}


def _bound_within(body: Iterable[ast.AST]) -> tuple[dict[str, tuple[Import, ...]], frozenset[str]]:
    """Return the names that a body binds, not counting the scopes within it, and those it declares global."""
    names: dict[str, tuple[Import, ...]] = {}
    shared: set[str] = set()
    for node in _own_level(body):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names.setdefault(node.id, ())
        elif isinstance(node, Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                names[name] = (*names.get(name, ()), node)
        elif isinstance(node, ast.Global):
            shared.update(node.names)
        elif isinstance(node, _BINDERS):
            for name in _bound_here(node):
                names.setdefault(name, ())
    return {name: imports for name, imports in names.items() if name not in shared}, frozenset(shared)


def _own_level(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a body without entering the scopes within it; of comprehensions only what leaves them."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, _COMPREHENSIONS):
            yield from _assigned_within(node)
            continue
        yield node
        if not isinstance(node, _SCOPES):
            waiting += _children(node)


def _assigned_within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the `:=` of a comprehension, which bind names around it."""
    for child in _children(node):
        if isinstance(child, ast.NamedExpr):
            yield child
        if not isinstance(child, ast.Lambda):
            yield from _assigned_within(child)


def _children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes in the fields of a node that can matter."""
    found: list[ast.AST] = []
    for name in telling_fields(type(node)):
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def telling_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a kind of node that can matter."""
    if kind not in _TELLING:
        _TELLING[kind] = tuple(name for name in kind._fields if name not in _IGNORED_FIELDS)
    return _TELLING[kind]


def _bound_here(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(ctx=ast.Store(), id=name) | ast.NamedExpr(target=ast.Name(id=name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name


def stored(node: ast.AST) -> Iterator[str]:
    """Yield the names that an assignment's target, a pattern, or anything within the node, is stored under."""
    yield from (name for inner in ast.walk(node) for name in _bound_here(inner))


def telling_decorators(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the decorators of a definition, but those that only declare an asset: they are hashed apart."""
    for decorator in getattr(node, "decorator_list", ()):
        if not is_notation(decorator):
            yield decorator


def telling_annotations(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the annotations of a function on which its decorator acts: `@f.register` reads a type from them."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        isinstance(d, ast.Attribute) and d.attr == "register" for d in node.decorator_list
    ):
        yield from (a.annotation for a in (*node.args.posonlyargs, *node.args.args) if a.annotation)


def is_notation(decorator: ast.AST) -> bool:
    """Tell whether a decorator only declares an asset: what it says of content is hashed apart."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    last = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return last in _NOTATION


def fields_of(node: ast.AST) -> list[ast.AnnAssign]:
    """Return a class's fields, on whose annotations dataclasses and validators act."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    return [statement for statement in body if isinstance(statement, ast.AnnAssign)]


def _unquoted(annotation: ast.expr) -> ast.AST:
    """Return what an annotation in quotes says."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


def is_idle(statement: object) -> bool:
    """Tell whether a statement does nothing: `pass`, or a constant such as a docstring, also that of a field."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
