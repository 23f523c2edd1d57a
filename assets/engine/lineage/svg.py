"""A lineage drawing as SVG: shape says the kind, mark, colour and word the state; for light and dark pages."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from assets.engine.lineage.graph import Graph, Node
from assets.engine.lineage.layout import HEIGHT, Box, Point, lay_out

_MARGIN = 16.0
_LONGEST = 40  # a longer name is cut; its title has all of it
_LETTER, _SMALL_LETTER = 7.3, 6.4  # widths of a monospaced letter of 12 px, and of a wide one of 11 px
_TEXT_AT = 30.0  # from a box's left edge
_CORNER = 10.0

# Classes and a media query instead of variables: programs that are no browsers do not know those.
STYLE = """
.page{fill:#ffffff}.box{fill:#f6f8fa;stroke:#57606a;stroke-width:1.2}.source .box{stroke-dasharray:4 3}
.line{fill:none;stroke:#8c959f;stroke-width:1.3}.head{fill:#8c959f}
text{fill:#1f2328;font:600 12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.said{fill:#424a53;font:11px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
.mark{stroke-width:2;fill:none}
.fresh .mark{fill:#1a7f37;stroke:#1a7f37}.stale .mark{fill:#9a6700;stroke:#9a6700}
.missing .mark,.missing .box{stroke:#cf222e}.unsure .mark{stroke:#0969da}.source .mark{stroke:#57606a}
@media(prefers-color-scheme:dark){
.page{fill:#0d1117}.box{fill:#161b22;stroke:#9198a1}.line{stroke:#6e7681}.head{fill:#6e7681}
text{fill:#f0f6fc}.said{fill:#b7bdc8}
.fresh .mark{fill:#3fb950;stroke:#3fb950}.stale .mark{fill:#d29922;stroke:#d29922}
.missing .mark,.missing .box{stroke:#f85149}.unsure .mark{stroke:#58a6ff}.source .mark{stroke:#9198a1}
}"""

_MARKS = {
    "fresh": '<circle class="mark" r="4"/>',
    "stale": '<path class="mark" d="M0-4 4.5 4h-9z"/>',
    "missing": '<circle class="mark" r="5"/>',
    "unsure": '<path class="mark" d="M0-6 6 0 0 6-6 0z"/>',
    "": '<path class="mark" d="M-4-4h8v8h-8z"/>',
}


def svg(graph: Graph, *, interactive: bool = False) -> str:
    """Draw the graph; an interactive drawing has a button for each node, for the page it is part of."""
    widths = {key: _width(node) for key, node in graph.nodes.items()}
    layout = lay_out(graph, widths)
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    role = 'role="group"' if interactive else 'role="img"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" {role} aria-labelledby="lineage lineage-said">',
        f'<title id="lineage">Lineage: {graph.summary()}</title>',
        f'<desc id="lineage-said">{escape(" ".join(_sentences(graph)))}</desc>',
        f"<style>{STYLE}</style>",
        '<rect class="page" width="100%" height="100%"/>',
        f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
    ]
    for (upstream, reader), points in layout.lines.items():
        parts.append(_line(points, upstream, reader))
    for key, node in graph.nodes.items():
        parts.append(_node(node, layout.boxes[key], interactive=interactive))
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _width(node: Node) -> float:
    words = max(len(_shown(node.key)) * _LETTER, len(node.status) * _SMALL_LETTER)
    return _TEXT_AT + words + 14.0


def _shown(key: str) -> str:
    return key if len(key) <= _LONGEST else key[: _LONGEST - 1] + "…"


def _sentences(graph: Graph) -> Iterator[str]:
    for node in graph.nodes.values():
        reads = f", reads {', '.join(node.reads)}" if node.reads else ""
        yield f"{node.key}: {node.kind}{', ' + node.state if node.state else ''}{reads}."


def _line(points: Sequence[Point], upstream: str, reader: str) -> str:
    """A line with an arrow's head: a curve between two columns, level through those that it passes."""
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        half = (x + to_x) / 2
        curve = f"C{half:.1f} {y:.1f} {half:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        path.append(f"H{to_x:.1f}" if number % 2 else curve)
    x, y = points[-1]
    named = f'data-from="{escape(upstream)}" data-to="{escape(reader)}"'
    head = f'<path class="head" d="M{x:.1f} {y:.1f}l-7-3.5v7z"/>'
    return f'<g class="edge" {named}><path class="line" d="{"".join(path)}"/>{head}</g>'


def _node(node: Node, box: Box, *, interactive: bool) -> str:
    reachable = ' tabindex="0" role="button" aria-pressed="false"' if interactive else ""
    told = ": ".join(
        filter(None, [node.key, node.status, node.facts.get("why"), node.facts.get("description")])
    )
    return (
        f'<g class="node {node.state or node.kind}" data-key="{escape(node.key)}"{reachable} '
        f'transform="translate({box.left:.1f} {box.y - HEIGHT / 2:.1f})"><title>{escape(told)}</title>'
        f'<path class="box" d="{_outline(node.kind, box.right - box.left)}"/>'
        f'<g transform="translate(16 {HEIGHT / 2:.0f})">{_MARKS[node.state]}</g>'
        f'<text x="{_TEXT_AT:.0f}" y="17">{escape(_shown(node.key))}</text>'
        f'<text x="{_TEXT_AT:.0f}" y="32" class="said">{escape(node.status)}</text></g>'
    )


def _outline(kind: str, width: float) -> str:
    """A source has round ends, a table is a plain box, what is kept as files has a corner cut off."""
    if kind == "source":
        r = HEIGHT / 2
        return f"M{r} 0H{width - r:.1f}a{r} {r} 0 0 1 0 {HEIGHT}H{r}a{r} {r} 0 0 1 0-{HEIGHT}z"
    if kind == "table":
        return f"M0 0H{width:.1f}V{HEIGHT}H0z"
    return f"M0 0H{width - _CORNER:.1f}l{_CORNER} {_CORNER}V{HEIGHT}H0z"
