"""What makes a mutant: the specimen, wrong in one way; and the ways that several tables of mutants share."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chart_figures import TABLES, Files
from chart_specimen import specimen

from assets.charts.publication.pictures import size_of
from assets.charts.publication.sidecar import Sidecar, redraw
from assets.charts.qa.exhibit import Exhibit

Spoil = Callable[[Sidecar, Files], object]


@dataclass(frozen=True)
class Mutant:
    """The specimen with one fault, of which the check must say what `says` says.

    `redrawn` if its pictures are drawn from what was spoilt; `crop` makes the canvas so many points
    less wide and high than what is drawn; `plot` is the only one that is looked at, to save time.
    """

    fault: str
    spoil: Spoil
    says: str = ""
    redrawn: bool = False
    tables: Mapping[str, str] | None = None
    crop: tuple[int, int] = (0, 0)
    plot: int | None = None

    def exhibit(self) -> Exhibit:
        """The spoilt figure, with a description of its files that is true."""
        sidecar, files = specimen()
        self.spoil(sidecar, files)
        if self.redrawn:
            files |= vars(redraw(sidecar))
            described(sidecar, files)
        if self.plot is not None:
            sidecar["spec"]["hconcat"] = sidecar["spec"]["hconcat"][self.plot : self.plot + 1]
        figure = Exhibit(sidecar, files, TABLES if self.tables is None else self.tables)
        if any(self.crop):
            figure.scene.width, figure.scene.height = (
                figure.scene.width - self.crop[0], figure.scene.height - self.crop[1],
            )  # fmt: skip
        return figure


def as_it_is(_: Sidecar, __: Files) -> None:
    """Spoil nothing."""


def described(sidecar: Sidecar, files: Files) -> None:
    """Make the sidecar's description of its files true again, so that only the mutation is wrong."""
    for kind, content in files.items():
        sidecar["files"][kind].update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        with suppress(ValueError):
            sidecar["files"][kind].update(vars(size_of(kind, content)))


def said(**given: Any) -> Spoil:
    """Say something else of the figure."""
    return lambda sidecar, _: sidecar.update(given)


def cell(dataset: str, column: str, value: Any, row: int = 0) -> Spoil:
    """Put a value into a dataset."""
    return lambda sidecar, _: sidecar["data"][dataset][row].update({column: value})


def rows(dataset: str, change: Callable[[list[dict[str, Any]]], object]) -> Spoil:
    """Change the rows of a dataset."""
    return lambda sidecar, _: change(sidecar["data"][dataset])


def file(kind: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Change a file, and the sidecar's description of it, as whoever edits both would."""

    def spoil(sidecar: Sidecar, files: Files) -> None:
        files[kind] = change(files[kind])
        described(sidecar, files)

    return spoil


def nodes(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """Change every object of the spec."""

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            change(node)
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
            walk(inner)

    return lambda sidecar, _: walk(sidecar["spec"])


def everywhere(name: str, value: Any, was: Any = None) -> Spoil:
    """Replace every property of that name in the spec, or those with a certain value."""

    def change(node: dict[str, Any]) -> None:
        if name in node and (was is None or node[name] == was):
            node[name] = value

    return nodes(change)


def marks(kind: str, **given: Any) -> Spoil:
    """Give every mark of a kind other properties."""

    def change(node: dict[str, Any]) -> None:
        if isinstance(node.get("mark"), dict) and node["mark"]["type"] == kind:
            node["mark"].update(given)

    return nodes(change)
