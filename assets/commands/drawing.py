"""The command that draws: `graph`."""

import argparse
import sys
from pathlib import Path

from assets.commands import screen
from assets.commands.loading import project_of
from assets.engine.errors import UserError
from assets.engine.lineage.graph import Graph, mermaid, text
from assets.engine.report import report


def graph_command(options: argparse.Namespace) -> int:
    """Draw what reads what, with the state of each."""
    project = project_of(options.module)
    inventory = project.look()
    decisions = inventory.plan(project.definitions.select(options.selection))
    graph = Graph.of(project.definitions, report(inventory, decisions, project.database))
    if options.json:
        screen.as_json({"nodes": [_node_row(node.key, graph) for node in graph.nodes.values()]})
    elif options.output is None:
        sys.stdout.write(_drawn(graph, options.format, project.name))
    else:
        _write(Path(options.output), _drawn(graph, options.format, project.name))
    return 0


def _drawn(graph: Graph, form: str, name: str) -> str:
    if form in ("text", "mermaid"):
        lines = mermaid(graph) if form == "mermaid" else text(graph)
        return "".join(f"{line}\n" for line in lines)
    if form == "svg":
        from assets.engine.lineage.svg import svg

        return svg(graph)
    from assets.engine.lineage.html import html

    return html(graph, f"Lineage of {name}")


def _write(path: Path, content: str) -> None:
    if path.is_dir():
        raise UserError(f"{path} is a folder: give --output the name of a file")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} is no folder: make it, or give another --output")
    partial = path.with_name(f".{path.name}.tmp")
    partial.write_text(content, encoding="utf-8")
    partial.replace(path)


def _node_row(key: str, graph: Graph) -> dict[str, object]:
    node = graph.nodes[key]
    return {"key": key, "kind": node.kind, "state": node.state or None, "reads": list(node.reads)}
