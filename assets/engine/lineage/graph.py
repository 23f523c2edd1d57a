"""The lineage of a project: who reads whom; as text, as Mermaid, and as facts that drawings are made from.

Pure: nothing is looked at or written here. `layout` places the boxes, `svg` draws them,
`html` makes a page of the drawing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assets.engine.definitions import Definitions


@dataclass(frozen=True)
class Node:
    """One source or asset of a drawing."""

    key: str
    kind: str
    """`source`, or how the asset is kept: `table`, `figure`, `file`."""
    reads: tuple[str, ...] = ()
    """Keys of the other nodes of the same graph that it reads."""
    state: str = ""
    """State of the asset; empty for a source, which has none."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What a reader may want to know, by label, in the order to show it; never empty texts."""

    @property
    def status(self) -> str:
        """Kind and state in words."""
        return f"{self.kind} · {self.state}" if self.state else self.kind


@dataclass(frozen=True)
class Graph:
    """Sources and assets by key, each after all that it reads."""

    nodes: Mapping[str, Node]

    @classmethod
    def of(cls, definitions: Definitions, report: Mapping[str, Any]) -> "Graph":
        """Return the graph of the sources and assets that a report (`Project.report`) speaks of."""
        rows = {row["key"]: row for row in report["assets"]}
        there = {*report["sources"], *rows}
        nodes = {
            key: Node(key, "source", facts=_said(definitions.sources[key].description, found=summary))
            for key, summary in report["sources"].items()
        }
        for key, row in rows.items():
            reads = tuple(dict.fromkeys(u for u in definitions.assets[key].upstream if u in there))
            rows_there = f"{row['rows']:,}" if row["rows"] is not None else ""
            facts = _said(
                row["description"],
                why=row["because"],
                rows=rows_there,
                built=row["built_at"],
                group=row["group"],
                reads="what is known of all others" if definitions.assets[key].told_lineage else "",
            )
            nodes[key] = Node(key, row["kind"], reads, row["state"], facts)
        return cls(nodes)

    def readers(self) -> dict[str, list[str]]:
        """Return the keys of those that read each node directly, in the order of the graph."""
        found: dict[str, list[str]] = {key: [] for key in self.nodes}
        for node in self.nodes.values():
            for upstream in node.reads:
                found[upstream].append(node.key)
        return found

    def layers(self) -> dict[str, int]:
        """Return the column of each node: one further than the furthest that it reads.

        What reads nothing stands just before its first reader, so that lines stay short; a file that neither reads
        nor is read stands at the end, since it speaks of all.
        """
        found: dict[str, int] = {}
        for node in self.nodes.values():
            found[node.key] = 1 + max((found[u] for u in node.reads), default=-1)
        last = max(found.values(), default=0)
        for key, readers in self.readers().items():
            if readers and not self.nodes[key].reads:
                found[key] = min(found[reader] for reader in readers) - 1
            elif self.nodes[key].kind == "file" and not self.nodes[key].reads:
                found[key] = last
        return found

    def summary(self) -> str:
        """Return what is in the graph, in one line."""
        states = [node.state for node in self.nodes.values() if node.state]
        sources = len(self.nodes) - len(states)
        counts = [f"{states.count(state)} {state}" for state in sorted(set(states), key=states.index)]
        return ", ".join([_counted(len(states), "asset"), _counted(sources, "source"), *counts])


def _said(description: str, **facts: str | None) -> dict[str, str]:
    return {name: text for name, text in {"description": description, **facts}.items() if text}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def text(graph: Graph) -> list[str]:
    """Draw the graph as indented lines, each node once: below the one it reads that is furthest along.

    What else it reads is named at the end of its line.
    """
    layers, order = graph.layers(), {key: number for number, key in enumerate(graph.nodes)}
    parents = {
        n.key: max(n.reads, key=lambda u: (layers[u], order[u])) for n in graph.nodes.values() if n.reads
    }
    children: dict[str | None, list[str]] = defaultdict(list)
    for key in graph.nodes:
        children[parents.get(key)].append(key)
    drawn = list(_branches(children))
    width = max((len(line) for line, _ in drawn), default=0)
    lines = []
    for line, key in drawn:
        node = graph.nodes[key]
        others = [u for u in node.reads if u != parents[key]]
        also = f"also reads {', '.join(others)}" if others else ""
        lines.append(f"{line:<{width}}  {node.kind:<6}  {node.state:<7}  {also}".rstrip())
    return lines


def _branches(children: Mapping[str | None, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield the beginning of each line and its key; with a stack, since chains can be long."""
    waiting = [(key, "", "") for key in reversed(children[None])]
    while waiting:
        key, start, below = waiting.pop()
        yield start + key, key
        rest = children[key]
        branches = [(child, below + "├─ ", below + "│  ") for child in rest[:-1]]
        branches += [(child, below + "└─ ", below + "   ") for child in rest[-1:]]
        waiting += reversed(branches)


_SHAPES = {"source": ("[/", "/]"), "table": ("[", "]"), "figure": ("([", "])")}
_CLASSES = {
    "source": "fill:#eceff3,stroke:#57606a,color:#1f2328,stroke-dasharray:4 3",
    "fresh": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    "stale": "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    "missing": "fill:#ffebe9,stroke:#cf222e,color:#1f2328",
    "unsure": "fill:#ddf4ff,stroke:#0969da,color:#1f2328",
}


def mermaid(graph: Graph) -> list[str]:
    """Write the graph as a Mermaid flowchart: shapes say the kind, classes and words the state."""
    names = {key: f"n{number}" for number, key in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for key, node in graph.nodes.items():
        opening, closing = _SHAPES.get(node.kind, ("[[", "]]"))
        lines.append(f'  {names[key]}{opening}"{_escaped(key)}<br/>{node.status}"{closing}')
    for key, node in graph.nodes.items():
        lines += [f"  {names[upstream]} --> {names[key]}" for upstream in node.reads]
    for name, style in _CLASSES.items():
        members = [names[n.key] for n in graph.nodes.values() if (n.state or n.kind) == name]
        if members:
            lines += [f"  classDef {name} {style}", f"  class {','.join(members)} {name}"]
    return lines


def _escaped(label: str) -> str:
    """Spell a label in Mermaid's own entities: in a quoted text these characters would end or change it."""
    return "".join(f"#{ord(c)};" if c in '"#<>&`\\' else c for c in label)
