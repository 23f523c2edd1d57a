"""Where everything stands in a drawing of who reads whom: nothing overlaps; and the same as text and as Mermaid."""

import re
from collections import Counter
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.lineage import layout as graph_layout
from assets.engine.lineage.graph import Graph, Node, mermaid, text
from assets.engine.lineage.layout import GAP, HEIGHT, crossings, lay_out
from tests.graph_examples import DIAMOND, LARGE, graph, graphs


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
    assert alone.layers() == {"page": 0}


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


def test_an_empty_graph_can_be_drawn() -> None:
    empty = Graph({})
    assert text(empty) == [] and mermaid(empty) == ["flowchart LR"]
