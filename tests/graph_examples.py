"""Graphs of who reads whom, small, random and large."""

from hypothesis import strategies as st

from assets.engine.lineage.graph import Graph, Node

STATES = ("fresh", "stale", "missing", "unsure")
KINDS = ("table", "figure", "file")


def graph(**reads: str) -> Graph:
    """A graph of tables from `key="upstream upstream"`; those that read nothing are sources."""
    nodes = {}
    for key, upstream in reads.items():
        kind, state = ("table", "fresh") if upstream else ("source", "")
        nodes[key] = Node(key, kind, tuple(upstream.split()), state)
    return Graph(nodes)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes: dict[str, Node] = {}
    for number in range(draw(st.integers(1, 14))):
        key = f"t{number}" + "x" * draw(st.integers(0, 6))
        reads = tuple(draw(st.lists(st.sampled_from([*nodes]), unique=True, max_size=4))) if nodes else ()
        kind = draw(st.sampled_from(KINDS)) if reads else "source"
        nodes[key] = Node(key, kind, reads, draw(st.sampled_from(STATES)) if reads else "")
    return Graph(nodes)


def layered(sources: int, layers: int, wide: int) -> Graph:
    """A large regular project: each table reads two of the layer before."""
    nodes = {f"raw_{i}": Node(f"raw_{i}", "source") for i in range(sources)}
    before = [*nodes]
    for layer in range(layers):
        tables = [
            Node(f"t{layer}_{i}", "table", (before[i % len(before)], before[(i + 1) % len(before)]), "fresh")
            for i in range(wide)
        ]
        nodes |= {node.key: node for node in tables}
        before = [node.key for node in tables]
    return Graph(nodes)


LARGE = layered(20, 10, 20)
DIAMOND = graph(raw="", left="raw", right="raw", both="left right", late="both raw")
