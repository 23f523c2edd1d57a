"""Drawings of who reads whom: nothing overlaps, nothing is lost, and every reader can use them."""

import json
import re
from collections import Counter
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.lineage import layout as graph_layout
from assets.engine.lineage.graph import Graph, Node, mermaid, text
from assets.engine.lineage.html import html
from assets.engine.lineage.layout import GAP, HEIGHT, crossings, lay_out
from assets.engine.lineage.svg import STYLE, svg

SVG = "{http://www.w3.org/2000/svg}"
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


@given(graphs())
def test_everything_stands_right_of_what_it_reads_and_sources_next_to_their_first_reader(g: Graph) -> None:
    layers = g.layers()
    assert all(layers[node.key] > layers[u] for node in g.nodes.values() for u in node.reads)
    for key, readers in g.readers().items():
        if readers and not g.nodes[key].reads:
            assert layers[key] == min(layers[r] for r in readers) - 1


def test_a_file_that_is_told_of_all_stands_at_the_end_without_lines() -> None:
    nodes = {"page": Node("page", "file", state="fresh"), **DIAMOND.nodes}
    layers = Graph(nodes).layers()
    assert layers["page"] == layers["late"] == max(layers.values())
    alone = Graph({"page": nodes["page"]})
    assert alone.layers() == {"page": 0} and "page" in svg(alone)


@settings(max_examples=60)
@given(graphs())
def test_no_boxes_overlap_and_no_line_runs_through_one(g: Graph) -> None:
    layout = lay_out(g, {key: 60.0 + 7 * len(key) for key in g.nodes})
    boxes = layout.boxes
    for one, other in combinations(boxes.values(), 2):
        beside = one.right <= other.left or other.right <= one.left
        assert beside or abs(one.y - other.y) >= HEIGHT + GAP - 0.01
    for (upstream, reader), points in layout.lines.items():
        assert points[0] == (boxes[upstream].right, boxes[upstream].y)
        assert points[-1] == (boxes[reader].left, boxes[reader].y)
        inner = points[1:-1]
        for (x, y), (to_x, to_y) in zip(inner[::2], inner[1::2], strict=True):
            assert y == to_y
            for box in boxes.values():
                if box.left < to_x and x < box.right:
                    assert abs(box.y - y) >= HEIGHT / 2 + GAP - 0.01
        for (x, _), (to_x, _) in zip(points[::2], points[1::2], strict=True):
            assert x < to_x and not any(box.left < to_x and x < box.right for box in boxes.values())
    assert all(HEIGHT / 2 - 0.01 <= box.y <= layout.height - HEIGHT / 2 + 0.01 for box in boxes.values())
    assert max(box.right for box in boxes.values()) == layout.width


@settings(max_examples=60)
@given(graphs())
def test_sorting_the_columns_never_adds_crossings(g: Graph) -> None:
    columns, links = graph_layout._columns(g, g.layers())
    before = crossings(columns, links)
    after = graph_layout._untangled(columns, links)
    assert crossings(after, links) <= before
    assert [Counter(column) for column in after] == [Counter(column) for column in columns]


@settings(max_examples=60)
@given(graphs())
def test_crossings_are_counted_as_by_comparing_every_two_lines(g: Graph) -> None:
    columns, links = graph_layout._columns(g, g.layers())
    place = {vertex: i for column in columns for i, vertex in enumerate(column)}
    crossing = 0
    for (a, b), (c, d) in combinations(links, 2):
        crossing += a[1] == c[1] and (place[a] - place[c]) * (place[b] - place[d]) < 0
    assert crossings(columns, links) == crossing


def test_lines_that_need_not_cross_do_not() -> None:
    g = graph(a="", b="", c="", one="c", two="b", three="a")
    columns, links = graph_layout._columns(g, g.layers())
    assert crossings(columns, links) == 3
    assert crossings(graph_layout._untangled(columns, links), links) == 0


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.5, 4), st.floats(0, 50)), min_size=1))
def test_places_keep_their_distances_and_are_those_wanted_where_that_can_be(
    given: list[tuple[float, float, float]],
) -> None:
    wanted, weights, apart = (list(values) for values in zip(*given, strict=True))
    places = graph_layout._apart(wanted, weights, apart[1:])
    distances = [b - a for a, b in pairwise(places)]
    assert all(found >= least - 1e-6 for found, least in zip(distances, apart[1:], strict=True))
    # nothing is gained by moving all of them: the weighted misses cancel out
    assert sum(w * (p - d) for w, p, d in zip(weights, places, wanted, strict=True)) == pytest.approx(
        0, abs=1e-6
    )
    free = [b - a for a, b in pairwise(wanted)]
    if all(found > least for found, least in zip(free, apart[1:], strict=True)):
        assert places == pytest.approx(wanted)


def test_a_large_project_fits_on_a_page_that_can_be_scrolled() -> None:
    layout = lay_out(LARGE, dict.fromkeys(LARGE.nodes, 120.0))
    assert len(layout.boxes) == 220 and layout.width < 5000 and layout.height < 3000


def elements(g: Graph, name: str) -> list[ElementTree.Element]:
    return [e for e in ElementTree.fromstring(svg(g)).iter(SVG + "g") if name in e.get("class", "").split()]


@settings(max_examples=30)
@given(graphs())
def test_the_svg_has_each_node_with_its_name_and_state_in_words_and_each_line(g: Graph) -> None:
    drawn = {e.get("data-key"): [t.text for t in e.iter(SVG + "text")] for e in elements(g, "node")}
    assert drawn == {key: [key, node.status] for key, node in g.nodes.items()}
    lines = {(e.get("data-from"), e.get("data-to")) for e in elements(g, "edge")}
    assert lines == {(u, node.key) for node in g.nodes.values() for u in node.reads}
    assert svg(g) == svg(g)


def test_the_svg_tells_a_screen_reader_all_that_it_shows() -> None:
    root = ElementTree.fromstring(svg(DIAMOND))
    assert root.get("role") == "img" and root.get("aria-labelledby") == "lineage lineage-said"
    assert root.findtext(SVG + "title") == "Lineage: 4 assets, 1 source, 4 fresh"
    assert "late: table, fresh, reads both, raw." in str(root.findtext(SVG + "desc"))


def test_each_state_has_a_mark_of_its_own_shape() -> None:
    marks = set()
    for state in STATES:
        (node,) = elements(Graph({"a": Node("a", "table", (), state)}), "node")
        marks.add(next((e.tag, e.get("r"), e.get("d")) for e in node.iter() if e.get("class") == "mark"))
    assert len(marks) == len(STATES)


def test_each_kind_has_an_outline_of_its_own_shape() -> None:
    shapes = set()
    for kind in ("source", "table", "figure"):
        (node,) = elements(Graph({"a": Node("a", kind)}), "node")
        shapes.add(
            next(re.sub(r"[\d.]+", "", e.get("d", "")) for e in node.iter() if e.get("class") == "box")
        )
    assert len(shapes) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_and_marks_stand_out_on_light_and_on_dark_pages(theme: str) -> None:
    light, dark = STYLE.split("@media(prefers-color-scheme:dark)")
    rules = light if theme == "light" else dark

    def colour(selector: str, what: str) -> str:
        return str(re.search(re.escape(selector) + r"\{[^}]*" + what + r":(#\w{6})", rules)[1])  # type: ignore[index]

    box = luminance(colour(".box", "fill"))
    assert contrast(luminance(colour("text", "fill")), box) >= 7
    assert contrast(luminance(colour(".said", "fill")), box) >= 4.5
    for state in STATES:
        selector = f".{state} .mark" + (",.missing .box" if state == "missing" else "")
        assert contrast(luminance(colour(selector, "stroke")), box) >= 3
    assert contrast(luminance(colour(".line", "stroke")), luminance(colour(".page", "fill"))) >= 3


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_names_that_mean_something_to_xml_mermaid_or_a_script_are_only_names() -> None:
    odd = 'a<b>&"quoted" `end` #1 </script><!-- x'
    g = Graph(
        {odd: Node(odd, "source", facts={"description": odd}), "b": Node("b", "table", (odd,), "stale")}
    )
    assert odd in [t.text for e in elements(g, "node") for t in e.iter(SVG + "text")]
    page = html(g, odd)
    assert json.loads(embedded(page)).keys() == {odd, "b"}
    assert page.count("</script>") == 2
    label = mermaid(g)[1]
    assert label.startswith('  n0[/"') and label.endswith('<br/>source"/]')
    assert not set('"<>`') & set(label[7:-16])


def embedded(page: str) -> str:
    return page.partition('<script type="application/json" id="facts">')[2].partition("</script>")[0]


def test_the_page_needs_no_network_and_knows_what_each_node_reads_and_is() -> None:
    g = Graph({**DIAMOND.nodes, "raw": Node("raw", "source", facts={"found": "one file"})})
    page = html(g, "A study")
    assert "<title>A study</title>" in page and "4 assets, 1 source" in page
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(?:src|href)\s*=|@import|url\(|fetch\(", page)
    facts = json.loads(embedded(page))
    assert facts["late"] == {"kind": "table", "state": "fresh", "reads": ["both", "raw"], "facts": {}}
    assert facts["raw"]["facts"] == {"found": "one file"}
    assert page.count('tabindex="0" role="button"') == len(g.nodes)
    assert "<!--" not in page.partition("</html>")[0]


@given(graphs())
def test_the_text_has_each_node_once_and_all_that_it_reads(g: Graph) -> None:
    found: dict[str, set[str]] = {}
    above: list[tuple[int, str]] = []
    for line in text(g):
        indent, key = re.match(r"([│├└─ ]*)(\S+)", line).groups()  # type: ignore[union-attr]
        above = [(depth, k) for depth, k in above if depth < len(indent)]
        _, _, others = line.partition("also reads ")
        reads = {*others.split(", ")} - {""} | ({above[-1][1]} if above else set())
        assert key not in found
        found[key] = reads
        above.append((len(indent), key))
    assert found == {key: set(node.reads) for key, node in g.nodes.items()}


def test_the_text_looks_like_this() -> None:
    assert text(DIAMOND) == [
        "raw            source",
        "├─ left        table   fresh",
        "└─ right       table   fresh",
        "   └─ both     table   fresh    also reads left",
        "      └─ late  table   fresh    also reads raw",
    ]


def test_a_long_chain_is_written_as_any_other() -> None:
    nodes = {"t0": Node("t0", "source")}
    nodes |= {f"t{i}": Node(f"t{i}", "table", (f"t{i - 1}",), "fresh") for i in range(1, 2000)}
    assert len(text(Graph(nodes))) == len(svg(Graph(nodes)).split('class="node')) - 1 == 2000


@given(graphs())
def test_mermaid_has_each_node_and_each_arrow(g: Graph) -> None:
    lines = mermaid(g)
    names = dict(re.match(r'  (n\d+)\S*?"(.*?)<br/>', line).groups() for line in lines if "<br/>" in line)  # type: ignore[union-attr]
    assert list(names.values()) == list(g.nodes)
    arrows = {
        (names[a], names[b])
        for a, b in (line.split(" --> ") for line in map(str.strip, lines) if "-->" in line)
    }
    assert arrows == {(u, node.key) for node in g.nodes.values() for u in node.reads}
    said = {
        name: style for line in lines if line.startswith("  class ") for name, style in [line.split()[1:]]
    }
    assert {n for members in said for n in members.split(",")} == set(names)


def test_a_very_long_name_is_cut_in_its_box_and_whole_in_its_title() -> None:
    (node,) = elements(graph(**{"x" * 90: ""}), "node")
    assert node.find(SVG + "text").text == "x" * 39 + "…"  # type: ignore[union-attr]
    assert "x" * 90 in str(node.findtext(SVG + "title"))


def test_an_empty_graph_can_be_drawn() -> None:
    empty = Graph({})
    assert text(empty) == [] and mermaid(empty) == ["flowchart LR"]
    assert "0 assets, 0 sources" in svg(empty)
