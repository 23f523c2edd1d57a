"""Drawings of who reads whom, as SVG and as a page: nothing is lost, and every reader can use them."""

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from assets.engine.lineage.graph import Graph, Node, mermaid, text
from assets.engine.lineage.html import html
from assets.engine.lineage.svg import STYLE, svg
from tests.graph_examples import DIAMOND, STATES, graph, graphs

SVG = "{http://www.w3.org/2000/svg}"


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


def test_a_long_chain_is_written_as_any_other() -> None:
    nodes = {"t0": Node("t0", "source")}
    nodes |= {f"t{i}": Node(f"t{i}", "table", (f"t{i - 1}",), "fresh") for i in range(1, 2000)}
    assert len(text(Graph(nodes))) == len(svg(Graph(nodes)).split('class="node')) - 1 == 2000


def test_a_very_long_name_is_cut_in_its_box_and_whole_in_its_title() -> None:
    (node,) = elements(graph(**{"x" * 90: ""}), "node")
    assert node.find(SVG + "text").text == "x" * 39 + "…"  # type: ignore[union-attr]
    assert "x" * 90 in str(node.findtext(SVG + "title"))


def test_a_page_alone_and_nothing_at_all_can_be_drawn() -> None:
    assert "page" in svg(Graph({"page": Node("page", "file", state="fresh")}))
    assert "0 assets, 0 sources" in svg(Graph({}))
