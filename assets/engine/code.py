"""The code of an asset: its function and everything of ours that it reaches, by syntax tree.

Read from the files, never imported, so that looking is cheap and runs nothing. What changes a hash
is what can change a result: names, calls, constants, defaults, decorators. What does not: comments,
layout, docstrings and annotations of functions. What importing a module does to others counts too:
patches, registries filled by decorators, subclasses that a base is told of. Look-ups by computed names
(`getattr`, `import_module`, `eval`) cannot be followed, nor can files that the code reads: what is only
found that way is not seen.
"""

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assets.engine.canonical import canonical
from assets.engine.effects import How, bases, called_by
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.readable import readable
from assets.engine.records import Closure
from assets.engine.source import Module
from assets.engine.stamp import facts
from assets.engine.syntax import Import, Use, is_idle, names_used

_ENGINE = __name__.split(".")[0]
"""Our own package, which declares assets but makes none of their content when used from elsewhere."""

_HANDED_ON = 20
"""Modules through which a decorator or base is followed to where it is defined; circles end there."""

ON_IMPORT = "<on import>"
"""Stands for the statements of a module that, when it is imported, alter what another module defines."""


@dataclass(frozen=True)
class _Definition:
    """What is known of one definition of ours."""

    hash: str
    reached: tuple[str, ...]
    libraries: frozenset[str]


class CodeBase:
    """The Python files below one root, parsed when first needed and once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: dict[str, list[int] | None] = {}
        """Statistics of every file looked for, those not there among them, taken before it was read."""
        self._modules: dict[str, Module | None] = {}
        self._definitions: dict[tuple[str, bool], _Definition] = {}
        self._hashes: dict[tuple[ast.stmt, bool], str] = {}
        self._uses: dict[ast.stmt, list[Use]] = {}
        self._on_import: dict[str, list[ast.stmt]] = {}
        self._before: dict[str, tuple[str, ...]] = {}

    def module(self, name: str) -> Module | None:
        """Return our module of that dotted name, or None when it is not one of ours."""
        if name not in self._modules:
            self._modules[name] = self._load(name)
        return self._modules[name]

    def closure(self, *references: str, caption: bool = False) -> Closure:
        """Return all that the `module:name` references reach.

        With `caption`, the docstrings of the references themselves count: a figure's is printed with it.
        Raises `UserError` for a reference that is not at the top level of a module below the root.
        """
        for reference in references:
            self._must_have(reference)
        found: dict[str, str] = {}
        libraries: set[str] = set()
        waiting = list(references)
        while waiting:
            if (reference := waiting.pop()) not in found:
                definition = self._definition(reference, caption=caption and reference in references)
                found[reference] = definition.hash
                libraries |= definition.libraries
                waiting += definition.reached
        return Closure(dict(sorted(found.items())), frozenset(libraries))

    def text(self, reference: str) -> str:
        """Return what of a definition is hashed, as readable Python; for people, not for hashes."""
        module, _, name = reference.partition(":")
        self._must_have(reference)
        return readable(self._named(module), name, self._statements(reference))

    def attributes_read(self, reference: str, parameter: str) -> set[str]:
        """Return the attributes of `parameter` that the function reads, such as fields of the settings.

        Raises `UserError` when the parameter itself is handed on: which fields are read would be unknown.
        """
        self._must_have(reference)
        bodies = [part for s in self._statements(reference) for part in getattr(s, "body", [])]
        uses = [use for part in bodies for use in names_used(part) if use.name == parameter]
        if not all(use.attributes for use in uses):
            raise UserError(
                f"`{reference}` hands `{parameter}` on whole, so what it reads cannot be hashed: "
                f"pass `{parameter}.<field>`"
            )
        return {use.attributes[0] for use in uses}

    def _load(self, name: str) -> Module | None:
        base = self.root.joinpath(*name.split("."))
        for path in (base / "__init__.py", base.with_suffix(".py")):
            self.seen[str(path)] = facts(str(path))
            if path.is_file():
                return Module(name, path)
        return None

    def _named(self, name: str) -> Module:
        module = self.module(name)
        assert module is not None, f"only modules of ours are followed, not {name}"
        return module

    def _must_have(self, reference: str) -> None:
        module_name, _, name = reference.partition(":")
        module = self.module(module_name)
        if module is None:
            raise UserError(f"the code of `{reference}` is not below {self.root}: cannot hash it")
        if name and name != ON_IMPORT and name not in module.bindings:
            raise UserError(
                f"`{name}` is not at the top level of {module.path}, so its code cannot be followed: declare it there"
            )

    def _statements(self, reference: str) -> list[ast.stmt]:
        """Return the statements that make a definition: those that bind or alter a name, or all of a module."""
        module, _, name = reference.partition(":")
        if name == ON_IMPORT:
            return self._altering_others(module)
        return self._named(module).bindings.get(name, []) if name else self._named(module).tree.body

    def _definition(self, reference: str, *, caption: bool) -> _Definition:
        if (reference, caption) not in self._definitions:
            self._definitions[reference, caption] = self._read(reference, caption=caption)
        return self._definitions[reference, caption]

    def _read(self, reference: str, *, caption: bool) -> _Definition:
        module_name, _, name = reference.partition(":")
        module = self._named(module_name)
        statements = self._statements(reference)
        bodies = [s for s in statements if not isinstance(s, Import) and not is_idle(s)]
        meant: dict[str, set[str]] = {}
        reached = dict.fromkeys(self._run_before(module_name))
        libraries: set[str] = set()
        for use, binder in self._bound_uses(module, name, statements, bodies):
            if isinstance(binder, Import):
                path, attributes = module.targets(binder)[use.name]
                meant.setdefault(use.name, set()).add(".".join((path, *attributes)))
                reached |= dict.fromkeys(self._follow(path, (*attributes, *use.attributes), libraries))
            else:
                reached[f"{module.name}:{use.name}"] = None
        hashes = [self._hash(body, caption=caption) for body in bodies]
        return _Definition(digest("code", hashes, meant), tuple(reached), frozenset(libraries))

    def _hash(self, statement: ast.stmt, *, caption: bool) -> str:
        if (statement, caption) not in self._hashes:
            self._hashes[statement, caption] = digest("statement", canonical(statement, caption=caption))
        return self._hashes[statement, caption]

    def _names_used(self, statement: ast.stmt) -> list[Use]:
        if statement not in self._uses:
            self._uses[statement] = names_used(statement)
        return self._uses[statement]

    def _bound_uses(
        self, module: Module, name: str, statements: list[ast.stmt], bodies: list[ast.stmt]
    ) -> Iterator[tuple[Use, ast.stmt]]:
        """Yield what a definition uses with each statement that binds it; what nothing binds is a builtin."""
        for statement in statements:
            if isinstance(statement, Import):  # handed on from where it is defined
                yield from ((Use(n), statement) for n in module.targets(statement) if n == name or not name)
        for use in dict.fromkeys(use for body in bodies for use in self._names_used(body)):
            yield from ((use, binder) for binder in use.imports or module.bindings.get(use.name, []))

    def _follow(self, path: str, attributes: tuple[str, ...], libraries: set[str]) -> Iterator[str]:
        """Yield the definition that attributes of the module at `path` mean, or note its library."""
        module, inner = self.module(path), ".".join((path, *attributes[:1]))
        if module and attributes and module.defines(attributes[0]):
            yield f"{path}:{attributes[0]}"
        elif attributes and (self.module(inner) or self._is_folder(inner)):
            yield from self._follow(inner, attributes[1:], libraries)
        elif module:  # handed about itself, or asked for what only running it can tell: all of it counts
            yield f"{path}:"
        elif (top := path.split(".")[0]) not in sys.stdlib_module_names and top != _ENGINE:
            libraries.add(top)

    def _is_folder(self, name: str) -> bool:
        return self.root.joinpath(*name.split(".")).is_dir()

    def _run_before(self, name: str) -> tuple[str, ...]:
        """Return what has run when a module is there, and alters what others define.

        Of itself, of the packages around it, and of modules that those import for that alone.
        """
        if name not in self._before:
            found, waiting, seen = dict[str, None](), [name], set[str]()
            while waiting:
                if (other := waiting.pop()) in seen:
                    continue
                seen.add(other)
                waiting += [other.rpartition(".")[0]] if "." in other else []
                with suppress(UserError):  # what is asked for itself was read already
                    if module := self.module(other):
                        found |= {f"{other}:{ON_IMPORT}": None} if self._altering_others(other) else {}
                        waiting += module.imported_for_effect
            self._before[name] = tuple(found)
        return self._before[name]

    def _altering_others(self, name: str) -> list[ast.stmt]:
        """Return the statements of a module that alter what another of ours defines when it is imported."""
        if name not in self._on_import:
            module = self._named(name)
            self._on_import[name] = [s for s, _ in module.statements if self._alters_others(module, s)]
        return self._on_import[name]

    def _alters_others(self, module: Module, statement: ast.stmt) -> bool:
        return any(self._is_ours(module, name) for name in module.altered_by(statement)) or any(
            self._acts(path, (*attributes, *use.attributes), how)
            for use, how in called_by(statement)
            for path, attributes in self._imported(module, use.name)
        )

    def _is_ours(self, module: Module, name: str) -> bool:
        return any(True for target in self._imported(module, name) for _ in self._follow(*target, set()))

    def _imported(self, module: Module, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what the imports of a global name mean: a module, and the attribute of it, if any."""
        for statement in module.bound.get(name, ()):
            if isinstance(statement, Import):
                yield module.targets(statement)[name]

    def _acts(self, path: str, attributes: tuple[str, ...], how: How, depth: int = 0) -> bool:
        """Tell whether calling what attributes of a module mean, or deriving from it, may alter something of ours."""
        for reference in self._follow(path, attributes, set()):
            where, _, name = reference.partition(":")
            module = self._named(where)
            rest = attributes[where.count(".") - path.count(".") + 1 :]
            if (rest and how == "decorates") or module.effects(name, how):
                return True
            bases_of = (use for c in module.lineage(name) for s in module.bound[c] for use in bases(s))
            further = [(name, rest), *((use.name, use.attributes) for use in bases_of if how == "derives")]
            if depth < _HANDED_ON and any(
                self._acts(target, (*inner, *after), how, depth + 1)
                for other, after in further
                for target, inner in self._imported(module, other)
            ):
                return True
        return False
