"""A lineage drawing as one page that works without a network: choose an asset to see its lines and its facts."""

import json
import re
from html import escape
from pathlib import Path

from assets.engine.lineage.graph import Graph
from assets.engine.lineage.svg import svg

_PAGE = Path(__file__).with_name("page.html")


def html(graph: Graph, title: str) -> str:
    """Return the page."""
    facts = {
        key: {"kind": node.kind, "state": node.state, "reads": node.reads, "facts": node.facts}
        for key, node in graph.nodes.items()
    }
    # in a script `</` and `<!--` would end or change it, whatever quotes are around them
    data = json.dumps(facts, ensure_ascii=False, default=list).replace("<", "\\u003c")
    parts = {
        "title": escape(title),
        "summary": graph.summary(),
        "drawing": svg(graph, interactive=True),
        "facts": data,
    }
    return re.sub(r"<!--(\w+)-->", lambda found: parts[found[1]], _PAGE.read_text("utf-8"))
