"""One Python file of ours, as a hash needs it: what binds each of its global names, and what alters them."""

import ast
import gc
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from assets.engine.effects import ALTERING, How, altered_within, bases, called_by, is_told_of_subclasses
from assets.engine.errors import UserError
from assets.engine.syntax import Import, names_used, stored

_BLOCKS = (ast.If, ast.Try, ast.TryStar, ast.With, ast.For, ast.While, ast.Match)
_NEVER = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'")
"""Conditions that are false when a module is imported."""


class Module:
    """One Python file of ours: its syntax tree and what each of its global names is bound by."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path
        self._targets: dict[Import, dict[str, tuple[str, tuple[str, ...]]]] = {}
        self._altered: dict[ast.stmt, set[str]] = {}
        self._acts: dict[str, tuple[set[str], set[str]]] = {}

    @cached_property
    def text(self) -> bytes:
        """The file as it is."""
        return self.path.read_bytes()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the file; a file that does not parse is a user's mistake."""
        collecting = gc.isenabled()
        gc.disable()  # a tree is many objects and no garbage: no need to go through them again and again
        try:
            return ast.parse(self.text, filename=str(self.path))
        except SyntaxError as error:
            raise UserError(
                f"{self.path}:{error.lineno}: {error.msg}; mend the file and run again"
            ) from error
        except ValueError as error:  # null bytes
            raise UserError(f"{self.path}: {error}; mend the file and run again") from error
        finally:
            if collecting:
                gc.enable()

    @cached_property
    def statements(self) -> list[tuple[ast.stmt, ast.stmt | None]]:
        """Each statement that runs when the module is imported, with the outermost block around it."""
        return list(_flattened(self.tree.body))

    @cached_property
    def bound(self) -> dict[str, list[ast.stmt]]:
        """The statements that bind each global name."""
        found: dict[str, list[ast.stmt]] = {}
        for statement, _ in self.statements:
            for name in self._bound_by(statement):
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def bindings(self) -> dict[str, list[ast.stmt]]:
        """The statements that bind or alter each global name, whole blocks (if, try, for ...) included."""
        found: dict[str, dict[ast.stmt, None]] = {name: {} for name in self.bound}
        for statement, block in self.statements:
            for name in {*self._bound_by(statement), *self.altered_by(statement)}:
                if name in found:
                    found[name] |= dict.fromkeys(s for s in (statement, block) if s)
        return {name: list(statements) for name, statements in found.items()}

    def defines(self, name: str) -> bool:
        """Tell whether the file itself binds the name, to anything but its own submodule of that name."""
        return any(
            not isinstance(statement, Import) or self.targets(statement)[name] != (f"{self.name}.{name}", ())
            for statement in self.bound.get(name, [])
        )

    def targets(self, statement: Import) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Return what an import binds: name -> the module meant, and the attribute of it, if any."""
        if statement not in self._targets:
            self._targets[statement] = self._read_import(statement)
        return self._targets[statement]

    def _read_import(self, statement: Import) -> dict[str, tuple[str, tuple[str, ...]]]:
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

    @cached_property
    def imported_for_effect(self) -> list[str]:
        """The dotted names of what is imported and not named again: it may be a module that does something."""
        found = []
        for statement in (s for s, _ in self.statements if isinstance(s, Import)):
            for alias in statement.names:
                words = re.escape(alias.asname or alias.name).encode()
                if len(re.findall(rb"\b%s\b" % words, self.text)) == 1:
                    path, attributes = self.targets(statement)[alias.asname or alias.name.split(".")[0]]
                    found.append(
                        alias.name if isinstance(statement, ast.Import) else ".".join((path, *attributes))
                    )
        return found

    def altered_by(self, statement: ast.stmt) -> set[str]:
        """Return the global names whose values a statement may alter when the module is imported.

        What is assigned to (`a[k] = 1`, `a.b = 1`), whatever a bare call is given, what a function that
        decorates or is called alters itself, and a base that is told of its subclasses.
        """
        if statement not in self._altered:
            self._altered[statement] = self._read_altered(statement)
        return self._altered[statement]

    def _read_altered(self, statement: ast.stmt) -> set[str]:
        found: set[str] = set()
        match statement:
            case ast.Expr():
                found.update(use.name for use in names_used(statement))
            case ast.Assign(targets=targets) | ast.Delete(targets=targets):
                found.update(use.name for target in targets for use in names_used(target))
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                found.update(use.name for use in names_used(target))
        for use, how in called_by(statement):
            if use.attributes and (how == "decorates" or use.attributes[-1] in ALTERING):
                found.update({use.name} if self._is_own(use.name) else ())
            else:
                found |= self.effects(use.name, how)
        return found

    def effects(self, name: str, how: How = "calls") -> set[str]:
        """Return the global names that calling a function, or deriving from a class, may alter."""
        if how == "derives":
            told = [c for c in self.lineage(name) if any(map(is_told_of_subclasses, self.bound[c]))]
            return {*told, *(other for ancestor in told for other in self.effects(ancestor))}
        called = self._reached(name, lambda other: self._act(other)[0])
        return set[str]().union(*(self._act(other)[1] for other in called))

    def lineage(self, name: str) -> set[str]:
        """Return a class with those of its bases, and theirs, that the file defines itself."""
        return self._reached(name, lambda other: [use.name for s in self.bound[other] for use in bases(s)])

    def _reached(self, name: str, further: Callable[[str], Iterable[str]]) -> set[str]:
        reached, waiting = set[str](), [name]
        while waiting:
            if (other := waiting.pop()) not in reached and self._is_own(other):
                reached.add(other)
                waiting += further(other)
        return reached

    def _act(self, name: str) -> tuple[set[str], set[str]]:
        """Return the global names that what is bound to a name uses, and those that it alters when it is called."""
        if name not in self._acts:
            uses = {use.name for s in self.bound[name] for use in names_used(s) if not use.imports}
            alters = {other for statement in self.bound[name] for other in altered_within(statement)}
            declared = {other for statement in self.bound[name] for other in self._declared_global(statement)}
            self._acts[name] = uses, (alters & uses) | declared
        return self._acts[name]

    def _is_own(self, name: str) -> bool:
        return any(not isinstance(statement, Import) for statement in self.bound.get(name, ()))

    def _bound_by(self, statement: ast.stmt) -> Iterable[str]:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return [statement.name, *self._declared_global(statement)]
            case ast.Import() | ast.ImportFrom():
                return self.targets(statement)
            case ast.If(test=header) | ast.While(test=header):
                return stored(header)
            case ast.For(target=target, iter=header):
                return [*stored(target), *stored(header)]
            case ast.With(items=items):
                return [name for item in items for name in stored(item)]
            case ast.Match(subject=subject, cases=cases):
                return [n for part in (subject, *(c.pattern for c in cases)) for n in stored(part)]
        return () if isinstance(statement, _BLOCKS) else stored(statement)

    @cached_property
    def _declares_globals(self) -> bool:
        """Whether a look through all functions may find a global statement; seldom."""
        return b"global" in self.text

    def _declared_global(self, statement: ast.stmt) -> Iterator[str]:
        if self._declares_globals:
            yield from (n for node in ast.walk(statement) if isinstance(node, ast.Global) for n in node.names)


def _flattened(
    body: Iterable[ast.AST], block: ast.stmt | None = None
) -> Iterator[tuple[ast.stmt, ast.stmt | None]]:
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
