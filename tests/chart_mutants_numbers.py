"""Mutants of origin and numbers: check -> what it must catch (P0, P1)."""

import io
import math
from typing import Any

from chart_figures import TABLES, Files
from PIL import Image

from assets.charts.publication.sidecar import Sidecar
from tests.chart_mutants import Mutant, Spoil, as_it_is, cell, everywhere, file, nodes, rows, said

Rows = list[dict[str, Any]]


def twin(dataset: str, run: str, other: str) -> Spoil:
    """Give one run's curve to another run as well."""

    def change(table: Rows) -> None:
        copies = [{**row, "run_id": other} for row in table if row["run_id"] == run]
        table[:] = [row for row in table if row["run_id"] != other] + copies

    return rows(dataset, change)


def settings(**given: Any) -> Spoil:
    return lambda sidecar, _: sidecar["ingredients"].update(settings=given)


def gone(kind: str) -> Spoil:
    return lambda _, files: files.pop(kind)


def touched(kind: str) -> Spoil:
    return lambda _, files: files.update({kind: files[kind] + b" "})


def without(name: str) -> Spoil:
    return lambda sidecar, _: sidecar.pop(name)


def png(change: Any, ppi: int = 300) -> Spoil:
    """Change the PNG's pixels."""

    def saved(content: bytes) -> bytes:
        written = io.BytesIO()
        change(Image.open(io.BytesIO(content)).convert("RGB")).save(written, "PNG", dpi=(ppi, ppi))
        return written.getvalue()

    return file("png", saved)


def one_dot(image: Image.Image) -> Image.Image:
    image.putpixel((700, 300), (1, 2, 3))
    return image


def blank_pdf(_: bytes) -> bytes:
    page = "1 0 obj\n<<\n/Type /Page\n/Contents 2 0 R\n/MediaBox [0 0 519 145]\n>>\nendobj\n"
    return f"%PDF-1.7\n{page}2 0 obj\n<<>>\nstream\nq\n1 1 1 rg\nf\nQ\nendstream\nendobj\n%%EOF".encode()


def no_marks(node: dict[str, Any]) -> None:
    if isinstance(node.get("mark"), dict) and node["mark"]["type"] != "text":
        node["mark"] = {"type": "text"}


def nothing_left(node: dict[str, Any]) -> None:
    if "mark" in node:
        node["transform"] = [{"filter": "false"}]


def only(**kept: Any) -> Any:
    """Keep the rows with these values."""
    return lambda table: table.__setitem__(
        slice(None), [row for row in table if all(row[name] == value for name, value in kept.items())]
    )


def without_curves(*told: int) -> Spoil:
    """Take the curves away, and say of these runs that theirs are not estimable."""

    def spoil(sidecar: Sidecar, _: Files) -> None:
        sidecar["data"]["highlighted_runs"].clear()
        for i, label in enumerate(sidecar["data"]["labels"]):
            label.update(run_id=f"run00{i}", text="Curve not estimable" if i in told else "Curve")

    return spoil


P0: dict[str, tuple[Mutant, ...]] = {
    "sidecar is valid": (
        Mutant("no caption", without("caption")),
        Mutant("no title", said(title="")),
        Mutant("a private class that there is not", said(privacy="secret")),
        Mutant("a count that is no number", said(n_runs="three")),
        Mutant("a drawing that is none", said(spec={"$schema": "x"}), says="cannot be drawn"),
    ),
    "sources are current": (
        Mutant("no source", said(sources={})),
        Mutant("an older table", as_it_is, tables={**TABLES, "curves": "v3"}),
        Mutant("a table that is gone", as_it_is, tables={"curves": "v2"}),
    ),
    "origin is real": (
        Mutant("a run marked as synthetic", cell("runs", "run_id", "__SYNTHETIC_run")),
        Mutant("a mock classifier", cell("runs", "classifier", "mock_3")),
        Mutant("a label of a placeholder", cell("runs", "imputation_method", "Placeholder")),
        Mutant("a caption of simulated data", said(caption="ROC curves of simulated patients.")),
        Mutant("a store of made-up runs", settings(store=["data/synthetic/mlruns"])),
    ),
    "subjects are private": (
        Mutant("a column of subjects", cell("runs", "subject_code", "S-0042")),
        Mutant("a column of patients", cell("labels", "patient_id", 42)),
        Mutant("a risk for each subject", cell("highlighted_runs", "y_prob", 0.25)),
        Mutant("an outcome for each subject", cell("highlighted_runs", "y_true", 1)),
        Mutant("row-level data that nobody allowed", said(privacy="row_level")),
    ),
    "data are there": (
        Mutant("no curves", rows("highlighted_runs", list.clear)),
        Mutant("no curves, and one run of two that is said to have none", without_curves(0)),
        Mutant("words for numbers", rows("runs", only(run_id="nobody"))),
    ),
    "fields exist": (
        Mutant("a misspelt field", everywhere("field", "aurocc", was="auroc")),
        Mutant("a misspelt filter", everywhere("filter", "datum.nothing === 1", was="datum.y_true === 1")),
    ),
    "curves differ": (
        Mutant("one ROC curve under two names", twin("highlighted_runs", "run000", "run001")),
        Mutant("one decision curve under two names", twin("decisions", "run000", "run001")),
        Mutant("one distribution under two names", twin("predicted_risks", "run000", "run002")),
    ),
    "files are those drawn": (
        *(Mutant(f"an edited {kind}", touched(kind)) for kind in ("png", "svg", "pdf")),
        *(Mutant(f"no {kind}", gone(kind)) for kind in ("png", "svg", "pdf")),
    ),
    "sidecar draws the pictures": (
        Mutant("other numbers", cell("runs", "auroc", 0.85)),
        Mutant("another drawing", everywhere("labelFontSize", 6.5)),
        Mutant("one pixel retouched, and its hash with it", png(one_dot)),
        Mutant("one number retouched in the SVG", file("svg", lambda svg: svg.replace(b">0.17<", b">0.18<"))),
        Mutant("another maker of the PDF", file("pdf", lambda pdf: pdf.replace(b"svg2pdf", b"SVG2PDF"))),
    ),
    "data are drawn": (
        Mutant("no marks", nodes(no_marks)),
        Mutant("a filter that nothing passes", nodes(nothing_left)),
    ),
    "pictures are not blank": (
        Mutant("a white PNG", png(lambda image: image.point(lambda _: 255)), "png is blank"),
        Mutant("a black PNG", png(lambda image: image.point(lambda _: 0)), "png is blank"),
        Mutant("a PNG cut short", file("png", lambda content: content[:500]), "png is blank or broken"),
        Mutant("an SVG without shapes", file("svg", lambda svg: svg[: svg.index(b">") + 1] + b"</svg>"), "svg is blank"),
        Mutant("an SVG cut short", file("svg", lambda content: content[:4000]), "svg is broken"),
        Mutant("an empty page", file("pdf", blank_pdf), "pdf is blank"),
    ),
}  # fmt: skip

P1: dict[str, tuple[Mutant, ...]] = {
    "numbers are real": (
        Mutant("a value that is NaN", cell("runs", "auroc", math.nan)),
        Mutant("a limit that is infinite", cell("decisions", "ci_upper", math.inf)),
    ),
    "values are in range": (
        Mutant("an AUROC above 1", cell("runs", "auroc", 1.2)),
        Mutant("a limit below 0", cell("runs", "auroc_ci_lower", -0.1)),
        Mutant("a rate above 1", cell("highlighted_runs", "true_positive_rate", 1.5)),
        Mutant("a threshold of 110 %", cell("decisions", "threshold", 1.1)),
        Mutant("fewer than no subjects", cell("predicted_risks", "n", -1)),
        Mutant("a negative density", cell("predicted_risks", "density", -0.5)),
        Mutant("a bin beyond 1", cell("predicted_risks", "bin_end", 1.05)),
    ),
    "limits are in order": (
        Mutant("a reversed interval", cell("runs", "auroc_ci_lower", 0.99)),
        Mutant("a reversed band", cell("decisions", "ci_upper", -1.0)),
        Mutant("an interval with one limit", cell("runs", "auroc_ci_upper", None)),
    ),
    "intervals hold their estimates": (
        Mutant("an estimate below its interval", cell("runs", "auroc_ci_lower", 0.87)),
        Mutant("an estimate above its interval", cell("runs", "auroc_ci_upper", 0.5)),
        Mutant("a curve outside its band", cell("decisions", "ci_lower", 0.399)),
    ),
    "counts add up": (
        Mutant("more events than subjects", said(n_events=172), "172 events among"),
        Mutant("a subject lost in a histogram", cell("predicted_risks", "n", 3)),
        Mutant("a density that is not of its counts", cell("predicted_risks", "density", 4)),
    ),
    "runs are counted": (
        Mutant("a run too many in the text", said(n_runs=4)),
        Mutant("a run too many in the data", cell("other_runs", "run_id", "run003")),
    ),
    "caption has the counts": (
        Mutant("other subjects", said(caption="3 runs, n = 172 test subjects, 64 with the outcome.")),
        Mutant("other events", said(caption="3 runs, n = 171 test subjects, 65 with the outcome.")),
        Mutant("other runs", said(caption="30 runs, n = 171 test subjects, 64 with the outcome.")),
        Mutant("other refits", said(caption="A predicted risk is the mean over 1,000 refits of the model.")),
    ),
    "rates are of whole subjects": (
        Mutant("another n", said(n_subjects=172)),
        Mutant("other events", said(n_events=63)),
        Mutant("an AUROC that no ranking gives", cell("runs", "auroc", 0.8123)),
        Mutant("half a subject", cell("highlighted_runs", "true_positive_rate", 0.5 / 64, 1)),
        Mutant("a net benefit of half a subject", cell("decisions", "net_benefit", 0.3, 20)),
    ),
    "roc curves rise": (
        Mutant("a curve that does not start at the origin", cell("highlighted_runs", "true_positive_rate", 0.5)),
        Mutant("a curve that turns back", cell("highlighted_runs", "true_positive_rate", 0.0, 30)),
    ),
    "net benefit is possible": (
        Mutant("more than the prevalence", cell("decisions", "net_benefit", 0.9, 9)),
        Mutant("worse than harming all", cell("decisions", "net_benefit", -3.0, 9)),
    ),
    "strategies are there": (
        Mutant("no treating none", rows("strategies", only(run_id="Treat all")), "is missing"),
        Mutant("no treating all", rows("strategies", only(run_id="Treat none"))),
        Mutant("treating all of another prevalence", cell("strategies", "net_benefit", 0.5), "not those of"),
    ),
}  # fmt: skip
