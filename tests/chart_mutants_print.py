"""Mutants of print and accessibility: check -> what it must catch (P2, P3)."""

from typing import Any

from chart_figures import Files

from assets.charts.composition.style import COLOURS, DASHES, REFERENCE, SEQUENTIAL
from assets.charts.publication.sidecar import Sidecar
from tests.chart_mutants import Mutant, Spoil, as_it_is, cell, everywhere, file, marks, nodes, rows, said
from tests.chart_mutants_numbers import png

RAINBOW = ["#0000ff", "#00ffff", "#00ff00", "#ffff00", "#ff0000"]
SPECTRUM = {"scheme": "rainbow"}


def config(**given: Any) -> Spoil:
    return lambda sidecar, _: sidecar["spec"]["config"].update(given)


def axis(**given: Any) -> Spoil:
    return lambda sidecar, _: sidecar["spec"]["config"]["axis"].update(given)


def palette(*colours: str) -> Spoil:
    return everywhere("range", list(colours), was=COLOURS[:3])


def both(*spoils: Spoil) -> Spoil:
    def spoil(sidecar: Sidecar, files: Files) -> None:
        for one in spoils:
            one(sidecar, files)

    return spoil


CURVES, DECISIONS, SYMBOLS, CELLS, BARS = range(5)
"""The plots of the specimen."""


def moved(plot: int = CURVES, **place: float) -> Spoil:
    """Move the first label to a place in a plot, in points."""
    return lambda sidecar, _: sidecar["data"]["labels"][0].update(plot=plot, **place)


def zoomed(node: dict[str, Any]) -> None:
    """Show a part of the decision curves, and cut off the rest."""
    if isinstance(node.get("mark"), dict) and node["mark"]["type"] == "line":
        node["mark"]["clip"] = True
    if node.get("field") == "net_benefit":
        node["scale"] = {"domain": [0.1, 0.2]}


def background_twin(table: list[dict[str, Any]]) -> None:
    table += [{**row, "run_id": "another"} for row in table]


SCRIPT = b"<script>alert(1)</script></svg>"
LINK = b'<image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="http://example.org/a.png"/></svg>'

P2: dict[str, tuple[Mutant, ...]] = {
    "curves in the background differ": (Mutant("one curve twice", rows("other_runs", background_twin)),),
    "fields have units": (
        Mutant("an axis without a unit", lambda sidecar, _: sidecar["units"].pop("threshold")),
        Mutant("colours without a unit", lambda sidecar, _: sidecar["units"].pop("brier")),
    ),
    "pictures are sharp and sized": (
        Mutant("150 pixels per inch", png(lambda image: image, ppi=150), "150.0 pixels"),
        Mutant("a width that fits no journal", config(padding=40), "mm wide", redrawn=True),
        Mutant("more than a page", config(padding={"top": 600}), "mm high", redrawn=True),
        Mutant("a picture of another size", file("svg", lambda svg: svg.replace(b'519pt"', b'252pt"', 1)), "as large as"),
        *(Mutant(f"a {kind} cut short", file(kind, lambda content: content[:20])) for kind in ("png", "svg", "pdf")),
    ),
    "svg is whole": (
        Mutant("a word lost", file("svg", lambda svg: svg.replace(b">AUROC<", b"><"))),
        Mutant("a word retouched", file("svg", lambda svg: svg.replace(b">0.17<", b">0.71<"))),
        Mutant("a script", file("svg", lambda svg: svg.replace(b"</svg>", SCRIPT))),
        Mutant("a picture from elsewhere", file("svg", lambda svg: svg.replace(b"</svg>", LINK))),
        Mutant("an entity", file("svg", lambda svg: b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg)),
        Mutant("an end that is missing", file("svg", lambda svg: svg[:-6])),
    ),
    "pdf is whole": (
        Mutant("a font that is not embedded", file("pdf", lambda pdf: pdf.replace(b"/FontFile2 ", b"/FontFileX "))),
        Mutant("two pages", file("pdf", lambda pdf: pdf + b"\n90 0 obj\n<<\n  /Type /Page\n>>\nendobj\n")),
        Mutant("text as mere shapes", file("pdf", lambda pdf: pdf.replace(b"/ToUnicode", b"/ToNothing"))),
        Mutant("a stream that is broken", file("pdf", lambda pdf: pdf.replace(b"stream\nx", b"stream\nX", 1))),
    ),
    "text is large enough": (
        Mutant("labels of 5 points", axis(labelFontSize=5), plot=CURVES),
        Mutant("text of 5.9 points", config(text={"fontSize": 5.9}), plot=CURVES),
    ),
    "text says something": (
        Mutant("NaN as a label", cell("labels", "text", "AUROC NaN"), plot=CURVES),
        Mutant("undefined as a label", cell("labels", "text", "undefined"), plot=CURVES),
        Mutant("a number made from nothing", everywhere("field", "nothing", was="brier"), plot=CELLS),
    ),
    "axes are titled": (Mutant("an axis without a title", everywhere("title", None, was="Threshold"), plot=DECISIONS),),
    "key shows what is drawn": (
        Mutant("a sample of another colour", cell("key", "colour", "#882255"), "#882255", plot=CURVES),
        Mutant("a sample of another dash", cell("key", "dash", [9, 9], 1), "a dash of 9, 9, and not a dash of", plot=CURVES),
        Mutant("a palette that the key missed", palette("#882255", "#332288", "#000000"), "and not #332288", plot=CURVES),
    ),
    "print is solid": (
        Mutant("a band that one can see through", marks("area", opacity=0.3), plot=DECISIONS),
        Mutant("lines that one can see through", marks("line", strokeOpacity=0.9), plot=CURVES),
        Mutant("bold titles", axis(titleFontWeight="bold"), plot=CURVES),
        Mutant("a second font", marks("text", font="Georgia"), plot=CELLS),
    ),
    "text is whole": (
        Mutant("a canvas that is not high enough", as_it_is, "'FPR' is cut off", crop=(0, 12)),
        Mutant("a canvas that is not wide enough", as_it_is, "'1.0' is cut off", crop=(8, 0)),
    ),
    "marks are whole": (
        Mutant("a canvas that is not wide enough", as_it_is, "leave the canvas", crop=(8, 0)),
        Mutant("curves cut off at the edge of their plot", nodes(zoomed), "edge of their plot", plot=DECISIONS),
    ),
    "text is apart": (
        Mutant("two labels at one place", moved(y=88), "'First' overlaps 'Second'", plot=CURVES),
        Mutant("a line through a label", moved(x=10, y=35), "a line runs through 'First'", plot=CURVES),
        Mutant("a symbol on a label", moved(SYMBOLS, x=55, y=18), "a symbol covers 'First'", plot=SYMBOLS),
        Mutant("a label across an edge of a cell", moved(CELLS, x=20, y=36), "edge of a bar runs through 'First'", plot=CELLS),
        Mutant("a label across bars", moved(BARS, x=0, y=100), "edge of a bar runs through 'First'", plot=BARS),
        Mutant("a label across the edge of a band", both(moved(DECISIONS, x=40, y=37),
               marks("area", color="#888888")), "a line runs through 'First'", plot=DECISIONS),
    ),
    "text is inked": (
        Mutant("a font that nobody has", config(font="No Such Sans"), redrawn=True),
        Mutant("white text on white", marks("text", color="white"), redrawn=True),
    ),
}  # fmt: skip

P3: dict[str, tuple[Mutant, ...]] = {
    "colours differ": (
        Mutant("red and green lines", palette("#d62728", "#2ca02c", "#8c564b"), "in deutan vision", plot=CURVES),
        Mutant("blue and violet lines, one to tritans", palette("#0072B2", "#D55E00", "#00798c"), "in tritan vision", plot=DECISIONS),
        Mutant("red and green bars", both(everywhere("color", "#d62728", was=REFERENCE),
               everywhere("color", "#2ca02c", was=COLOURS[6])), "in deutan vision", plot=BARS),
        Mutant("red and green symbols", both(
            cell("runs", "colour", "#d62728"), cell("runs", "colour", "#5a9e2d", 1),
        ), plot=SYMBOLS),
    ),
    "print in grey can be read": (
        Mutant("lines of one dash and one grey", both(
            palette("#D55E00", "#009E73", "#CC79A7"), everywhere("range", [[1, 0]] * 3, was=DASHES[:3]),
        ), plot=CURVES),
        Mutant("bars of one grey", everywhere("color", "#777777", was=COLOURS[6]), plot=BARS),
    ),
    "colours stand out": (
        Mutant("pale print", axis(labelColor="#aaaaaa"), redrawn=True),
        Mutant("print that its cell swallows", everywhere("range", ["#001020", "#002040"], was=SEQUENTIAL),
               redrawn=True),
        Mutant("yellow lines", palette("#F0E442", "#D55E00", "#009E73")),
        Mutant("yellow symbols", cell("runs", "colour", "#F0E442")),
        Mutant("pale bars", marks("bar", color="#b0b0b0")),
    ),
    "scales of colour run evenly": (
        Mutant("a rainbow", everywhere("range", RAINBOW, was=SEQUENTIAL), plot=CELLS),
        Mutant("a rainbow by its name", nodes(lambda node: node.get("range") == SEQUENTIAL and (
            node.pop("range"), node.update(SPECTRUM))), plot=CELLS),
        Mutant("red to green", everywhere("range", ["#d62728", "#2ca02c"], was=SEQUENTIAL), plot=CELLS),
        Mutant("a scale of hardly any steps", everywhere("range", ["#cccccc", "#c0c0c0"], was=SEQUENTIAL), plot=CELLS),
    ),
    "alt text tells what is seen": (
        Mutant("the title again", said(alt_text="Specimen")),
        Mutant("words without numbers", said(alt_text="ROC curves, AUROCs and decision curves of some classifiers.")),
    ),
}  # fmt: skip
