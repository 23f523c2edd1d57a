"""Figures that are wrong in one way, and what is found in them."""

import hashlib
from collections.abc import Callable
from typing import Any

from chart_figures import Files, drawn

from assets.charts.publication.pictures import size_of
from assets.charts.publication.sidecar import Sidecar, redraw
from assets.charts.qa import check_figure, check_sidecar

Change = Callable[[Sidecar], None]


def found(sidecar: Sidecar, files: Files, tables: dict[str, str] | None = None) -> set[tuple[str, str]]:
    return {(finding.level, finding.check) for finding in check_figure(sidecar, files, tables)}


def described(sidecar: Sidecar, files: Files) -> None:
    """Make the sidecar's description of its files true again, so that only the mutation is wrong."""
    for kind, content in files.items():
        entry = sidecar["files"][kind]
        entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        entry.update(width_mm=size_of(kind, content).width_mm, height_mm=size_of(kind, content).height_mm)


def mutant(name: str, change: Change, *size: int) -> set[tuple[str, str]]:
    """What is found in a figure that was drawn from changed data or a changed spec."""
    sidecar, _ = drawn(name, *(size or (3, 1, 1)))
    change(sidecar)
    pictures = redraw(sidecar)
    files = {"png": pictures.png, "svg": pictures.svg, "pdf": pictures.pdf}
    described(sidecar, files)
    return found(sidecar, files)


def numbers(name: str, change: Change, *size: int) -> set[tuple[str, str]]:
    """What is found in a sidecar with changed data, without drawing it."""
    sidecar, _ = drawn(name, *(size or (3, 1, 1)))
    change(sidecar)
    return {(finding.level, finding.check) for finding in check_sidecar(sidecar)}


def cell(dataset: str, column: str, value: Any, row: int = 0) -> Change:
    return lambda sidecar: sidecar["data"][dataset][row].update({column: value})


def walk(node: Any, visit: Callable[[dict[str, Any]], None]) -> None:
    if isinstance(node, dict):
        visit(node)
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        walk(inner, visit)


def everywhere(name: str, value: Any) -> Change:
    """Replace every property of that name in the spec."""

    def visit(node: dict[str, Any]) -> None:
        if name in node:
            node[name] = value

    return lambda sidecar: walk(sidecar["spec"], visit)
