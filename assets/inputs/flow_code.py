"""The flows, their tasks and the commands that start them, read from the source text.

Nothing is imported or run, and nothing of Prefect is needed: a picture of the flows can be drawn, and shown to be
stale, wherever the files are.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from assets.engine.declarations import Absent, Observation
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.stamp import facts

FLOWS, TASKS, MAKEFILE = "flows", "flows/tasks", "Makefile"
_TARGET = re.compile(r"^([a-z]+):[^#\n]*## (.+)\n((?:\t.*\n?)*)", re.MULTILINE)
_RUNS = re.compile(r"-m (flows \w+)|bin/(prefect server start)")
_BLOCK = re.compile(r"Block (\d+): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Task:
    """A task: its name (with `{...}` where it is one of several), its file, and what it does, in a clause."""

    name: str
    file: str
    says: str


@dataclass(frozen=True)
class Flow:
    """A flow: its function, its file, which block of the pipeline it is and what that does, and its tasks in order.

    One that runs blocks is none itself.
    """

    name: str
    file: str
    block: int | None
    says: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Module:
    """A module without a flow that runs with `python -m`, or a folder of modules: where it is, and what it says."""

    file: str
    says: str


@dataclass(frozen=True)
class Command:
    """A target of the Makefile that starts something of Prefect's: what it runs, and what that is for."""

    target: str
    runs: str
    says: str


@dataclass(frozen=True)
class FlowCode:
    """What the source text says: flows by block, what stands beside them, commands in the order of the Makefile."""

    flows: tuple[Flow, ...]
    others: tuple[Module, ...]
    commands: tuple[Command, ...]


def observe(root: Path) -> Observation | Absent:
    """Look at the flows below `root`; their data version is what they say, not how it is written down.

    Absent where there are no flows. Raises UserError for a file that does not parse.
    """
    folders = [root / FLOWS, root / TASKS]
    paths = [*folders, *(path for folder in folders for path in _modules(folder)), root / MAKEFILE]
    watched = {str(path): facts(str(path)) for path in paths}
    if not folders[0].is_dir():
        return Absent(f"there is no folder {FLOWS}/ beside the code", watched=watched)
    found = read(root)
    return Observation(
        data_version=digest("flow code", asdict(found)),
        value=found,
        watched=watched,
        summary=f"{len(found.flows)} flows, {sum(len(flow.tasks) for flow in found.flows)} tasks",
    )


def read(root: Path) -> FlowCode:
    """Read the flows, tasks and commands below `root`; without a Makefile there are no commands."""
    trees = {path: _tree(path) for folder in (root / FLOWS, root / TASKS) for path in _modules(folder)}
    tasks = {path: list(_tasks(path.relative_to(root).as_posix(), tree)) for path, tree in trees.items()}
    flows = [
        Flow(name, path.relative_to(root).as_posix(), *_block(tree), tuple(_used(tree, tasks)))
        for path, tree in trees.items()
        for name in _decorated(tree, "flow")
    ]
    with_flow = {flow.file for flow in flows}
    others = [path for path, tree in trees.items() if _runs_alone(tree)]
    others += sorted(root.glob(f"{FLOWS}/*/__init__.py"))
    makefile = root / MAKEFILE
    return FlowCode(
        tuple(sorted(flows, key=lambda flow: (flow.block is None, flow.block or 0, flow.name))),
        tuple(module for path in others if (module := _module(path, root)).file not in with_flow),
        tuple(_commands(makefile.read_text("utf-8"))) if makefile.is_file() else (),
    )


def _module(path: Path, root: Path) -> Module:
    file = path.relative_to(root).as_posix().removesuffix("__init__.py")
    return Module(file, _clause(ast.get_docstring(_tree(path))))


def _modules(folder: Path) -> list[Path]:
    """Return the files of a folder but those between double underscores, which hold no flow."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("__"))


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.msg}; mend the file and run again") from error


def _decorated(tree: ast.Module, decorator: str) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and decorator in map(_called, node.decorator_list):
            yield node.name


def _tasks(file: str, tree: ast.Module) -> Iterator[tuple[str, Task]]:
    """Yield the tasks of a module, each with the name by which other modules know it."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        if "task" in map(_called, node.decorator_list):
            yield node.name, Task(node.name, file, _clause(ast.get_docstring(node)))
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and _called(call) == "task" and (name := _pattern(call)):
                yield node.name, Task(name, file, _clause(ast.get_docstring(node)))


def _pattern(call: ast.Call) -> str | None:
    """Return the name that `task(name=f"...")` gives to what it makes, with braces where it differs."""
    for keyword in call.keywords:
        if keyword.arg == "name" and isinstance(keyword.value, ast.JoinedStr):
            parts = keyword.value.values
            return "".join(
                f"{{{ast.unparse(part.value)}}}"
                if isinstance(part, ast.FormattedValue)
                else ast.literal_eval(part)
                for part in parts
            )
    return None


def _used(tree: ast.Module, tasks: dict[Path, list[tuple[str, Task]]]) -> Iterator[Task]:
    """Yield the tasks that a module names, in the order in which they are defined."""
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for defined in tasks.values():
        yield from (task for name, task in defined if name in named & (imported | own))


def _called(node: ast.expr) -> str:
    """Return the last word of what is called, or used as a decorator: `flow` of `@prefect.flow(...)`."""
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _clause(text: str | None) -> str:
    """Return the first sentence of a docstring, up to where it is first interrupted."""
    sentence = " ".join((text or "").split("\n\n")[0].split())
    clause = re.split(r"[;:,.](?:\s|$)", sentence)[0].removeprefix("Return the task that ")
    return clause[:1].upper() + clause[1:]


def _block(tree: ast.Module) -> tuple[int | None, str]:
    """Return which block of the pipeline a module says it is, None if it says none, and what that does."""
    text = ast.get_docstring(tree) or ""
    found = _BLOCK.match(text)
    return (int(found[1]), _clause(found[2])) if found else (None, _clause(text))


def _runs_alone(tree: ast.Module) -> bool:
    """Tell whether there is a part that runs with `python -m` only."""
    tests = [node.test for node in tree.body if isinstance(node, ast.If)]
    return any(ast.unparse(test) == "__name__ == '__main__'" for test in tests)


def _commands(makefile: str) -> Iterator[Command]:
    for target, says, recipe in _TARGET.findall(makefile):
        if found := _RUNS.search(recipe):
            yield Command(target, f"python -m {found[1]}" if found[1] else found[2], says)
