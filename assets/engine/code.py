"""The code of an asset: its function and everything of ours that it reaches, by syntax tree.

Read from the files, never imported, so that looking is cheap and runs nothing. What changes a hash
is what can change a result: names, calls, constants, defaults, decorators. What does not: comments,
layout, docstrings and annotations of functions. Dynamic look-ups (`getattr` by a computed name,
`importlib`, a registry that decorators fill) cannot be followed; what is only found that way is not seen.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.records import Closure
from assets.engine.stamp import facts
from assets.engine.syntax import Import, Use, canonical, is_bare_text, names_used, stored

_ENGINE = __name__.split(".")[0]
"""Our own package, which declares assets but makes none of their content when used from elsewhere."""

_BLOCKS = (ast.If, ast.Try, ast.TryStar, ast.With, ast.For, ast.While, ast.Match)
_NEVER = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'")
"""Conditions that are false when a module is imported."""


@dataclass
class _Found:
    fragments: dict[str, str] = field(default_factory=dict)
    libraries: set[str] = field(default_factory=set)


class CodeBase:
    """The Python files below one root, parsed when first needed and once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, Module | None] = {}
        self.seen: dict[str, list[int] | None] = {}
        """Statistics of every file looked for, those not there among them, taken before it was read."""
        self._closures: dict[tuple[object, ...], Closure] = {}

    def module(self, name: str) -> "Module | None":
        """Return our module of that dotted name, or None when it is not one of ours."""
        if name not in self._modules:
            self._modules[name] = self._load(name)
        return self._modules[name]

    def closure(self, *references: str, caption: bool = False) -> Closure:
        """Return all that the `module:name` references reach.

        With `caption`, the docstrings of the references themselves count: a figure's is printed with it.
        Raises `UserError` for a reference that is not at the top level of a module below the root.
        """
        known = (references, caption)
        if known not in self._closures:
            self._closures[known] = self._followed(references, caption=caption)
        return self._closures[known]

    def _followed(self, references: tuple[str, ...], *, caption: bool) -> Closure:
        for reference in references:
            self._statements(reference)
        found, waiting, seen = _Found(), list(references), set(references)
        while waiting:
            reference = waiting.pop()
            for reached in self._visit(reference, found, caption=caption and reference in references):
                if reached not in seen:
                    seen.add(reached)
                    waiting.append(reached)
        return Closure(dict(sorted(found.fragments.items())), frozenset(found.libraries))

    def attributes_read(self, reference: str, parameter: str) -> set[str]:
        """Return the attributes of `parameter` that the function reads, such as fields of the settings.

        Raises `UserError` when the parameter itself is handed on: which fields are read would be unknown.
        """
        bodies = [part for s in self._statements(reference) for part in getattr(s, "body", [])]
        uses = [use for part in bodies for use in names_used(part) if use.name == parameter]
        if not all(use.attributes for use in uses):
            raise UserError(
                f"`{reference}` hands `{parameter}` on whole, so what it reads cannot be hashed: "
                f"pass `{parameter}.<field>`"
            )
        return {use.attributes[0] for use in uses}

    def text(self, reference: str) -> str:
        """Return the statements that bind a name as text, without comments, in Python's own layout."""
        return "\n".join(ast.unparse(statement) for statement in self._statements(reference))

    def _load(self, name: str) -> "Module | None":
        base = self.root.joinpath(*name.split("."))
        for path in (base / "__init__.py", base.with_suffix(".py")):
            self.seen[str(path)] = facts(str(path))
            if path.is_file():
                return Module(name, path)
        return None

    def _statements(self, reference: str) -> list[ast.stmt]:
        """Return what binds a name that must be there."""
        module_name, _, name = reference.partition(":")
        module = self.module(module_name)
        if module is None:
            raise UserError(f"the code of `{reference}` is not below {self.root}: cannot hash it")
        if name and name not in module.bindings:
            raise UserError(
                f"`{name}` is not at the top level of {module.path}, so its code cannot be followed: declare it there"
            )
        return module.bindings[name] if name else module.tree.body

    def _visit(self, reference: str, found: _Found, *, caption: bool) -> Iterator[str]:
        """Record one definition and yield the references that it makes."""
        module_name, _, name = reference.partition(":")
        module = self.module(module_name)
        assert module is not None, f"only modules of ours are followed, not {module_name}"
        statements = module.bindings.get(name, []) if name else module.tree.body
        bodies = [s for s in statements if not isinstance(s, Import) and not is_bare_text(s)]
        meant: dict[str, list[object]] = {}
        for use, binder in self._bound_uses(module, name, statements, bodies):
            if isinstance(binder, Import):
                path, attributes = module.targets(binder)[use.name]
                meant.setdefault(use.name, []).append([path, *attributes])
                yield from self._follow(path, (*attributes, *use.attributes), found)
            else:
                yield f"{module.name}:{use.name}"
        spelled = [canonical(body, caption=caption) for body in bodies]
        found.fragments[reference] = digest("code", spelled, meant)

    def _bound_uses(
        self, module: "Module", name: str, statements: list[ast.stmt], bodies: list[ast.stmt]
    ) -> Iterator[tuple[Use, ast.stmt]]:
        """Yield what a definition uses with each statement that binds it; what nothing binds is a builtin."""
        for statement in statements:
            if isinstance(statement, Import):  # handed on from where it is defined
                yield from ((Use(n), statement) for n in module.targets(statement) if n == name or not name)
        for use in dict.fromkeys(use for body in bodies for use in names_used(body)):
            yield from ((use, binder) for binder in use.imports or module.bindings.get(use.name, []))

    def _follow(self, path: str, attributes: tuple[str, ...], found: _Found) -> Iterator[str]:
        """Yield the definition that attributes of the module at `path` mean, or note its library."""
        module, inner = self.module(path), ".".join((path, *attributes[:1]))
        if module and attributes and module.defines(attributes[0]):
            yield f"{path}:{attributes[0]}"
        elif attributes and (self.module(inner) or self._is_folder(inner)):
            yield from self._follow(inner, attributes[1:], found)
        elif module:  # handed about itself, or asked for what only running it can tell: all of it counts
            yield f"{path}:"
        elif (top := path.split(".")[0]) not in sys.stdlib_module_names and top != _ENGINE:
            found.libraries.add(top)

    def _is_folder(self, name: str) -> bool:
        return self.root.joinpath(*name.split(".")).is_dir()


class Module:
    """One Python file of ours: its syntax tree and what each of its global names is bound by."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the file; a file that does not parse is a user's mistake."""
        try:
            return ast.parse(self.path.read_bytes(), filename=str(self.path))
        except SyntaxError as error:
            raise UserError(
                f"{self.path}:{error.lineno}: {error.msg}; mend the file and run again"
            ) from error
        except ValueError as error:  # null bytes
            raise UserError(f"{self.path}: {error}; mend the file and run again") from error

    @cached_property
    def bindings(self) -> dict[str, list[ast.stmt]]:
        """The statements that bind or alter each global name, whole blocks (if, try, for ...) included."""
        found: dict[str, list[ast.stmt]] = {}
        ran = list(_flattened(self.tree.body))
        for statement, block in ran:
            for name in self._bound_by(statement):
                found.setdefault(name, []).extend(s for s in (statement, block) if s)
        for statement, block in ran:
            for name in found.keys() & set(_altered_by(statement)):
                found[name] += [s for s in (statement, block) if s]
        return {name: list(dict.fromkeys(statements)) for name, statements in found.items()}

    def defines(self, name: str) -> bool:
        """Tell whether the file itself binds the name, to anything but its own submodule of that name."""
        return any(
            not isinstance(statement, Import) or self.targets(statement)[name] != (f"{self.name}.{name}", ())
            for statement in self.bindings.get(name, [])
            if not isinstance(statement, (ast.Expr, *_BLOCKS))
        )

    def targets(self, statement: Import) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Return what an import binds: name -> the module meant, and the attribute of it, if any."""
        if isinstance(statement, ast.Import):  # `import a.b` binds a, `import a.b as c` binds c to a.b
            return {
                a.asname or a.name.split(".")[0]: (a.name if a.asname else a.name.split(".")[0], ())
                for a in statement.names
            }
        package = statement.module or ""
        if statement.level:
            parts = self.name.split(".")
            keep = len(parts) - statement.level + (self.path.name == "__init__.py")
            package = ".".join([*parts[:keep], *([package] if package else [])])
        if statement.names[0].name == "*":
            raise UserError(
                f"{self.path}:{statement.lineno}: `from {package} import *` hides what the code reads, "
                "so its hash could miss a change; import the names"
            )
        if package == self.name:  # a package can only import its submodules from itself
            return {alias.asname or alias.name: (f"{package}.{alias.name}", ()) for alias in statement.names}
        return {alias.asname or alias.name: (package, (alias.name,)) for alias in statement.names}

    def _bound_by(self, statement: ast.stmt) -> Iterable[str]:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return [statement.name]
            case ast.Import() | ast.ImportFrom():
                return self.targets(statement)
            case ast.For(target=target):
                return stored(target)
            case ast.With(items=items):
                return [name for item in items for name in stored(item)]
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Expr():
                return stored(statement)
        return ()


def _altered_by(statement: ast.stmt) -> Iterator[str]:
    """Yield the names whose values a statement may alter: `a[k] = 1`, `a.b = 1`, and whatever a call is given."""
    match statement:
        case ast.Expr():
            yield from (use.name for use in names_used(statement))
        case ast.Assign(targets=targets):
            yield from (use.name for target in targets for use in names_used(target))
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            yield from (use.name for use in names_used(target))


def _flattened(
    body: Iterable[ast.AST], block: ast.stmt | None = None
) -> Iterator[tuple[ast.stmt, ast.stmt | None]]:
    """Yield each statement that runs when the module is imported, with the outermost block around it."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) in _NEVER:
            yield from _flattened(node.orelse, block)
            continue
        if isinstance(node, ast.stmt):
            yield node, block
        if isinstance(node, _BLOCKS):
            yield from _flattened(ast.iter_child_nodes(node), block or node)
        elif isinstance(node, ast.ExceptHandler | ast.match_case):
            yield from _flattened(node.body, block)
