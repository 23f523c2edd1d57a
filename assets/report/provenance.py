"""The sections of origin: which content the page was made from, with which libraries, and how to cite it."""

from collections.abc import Sequence
from pathlib import Path

from assets.engine.file_manifest import beside
from assets.engine.hashing import digest
from assets.engine.lineage.entries import Lineage
from assets.report.markup import Html, element, together
from assets.report.measures import Shown

_GUIDANCE = (
    "Van Calster B, Collins GS, Vickers AJ, Wynants L, Kerr KF, Barreñada L, Varoquaux G, Singh K, Moons KGM, "
    "Hernandez-Boussard T, Timmerman D, McLernon DJ, van Smeden M, Steyerberg EW. Evaluation of performance measures "
    "in predictive artificial intelligence models to support medical decisions: overview and guidance. The Lancet "
    "Digital Health 2025;7(12):100916.",
    "https://doi.org/10.1016/j.landig.2025.100916",
)
_CURVES = (
    "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models. Medical Decision "
    "Making 2006;26(6):565-574.",
    "https://doi.org/10.1177/0272989X06295361",
)


def provenance(lineage: Lineage, database: Path) -> Html:
    """Return what the page was made from."""
    versions = {
        entry.key: entry.data_version
        for entry in lineage.entries.values()
        if entry.kind in ("source", "table")
    }
    libraries = {
        name: version for entry in lineage.entries.values() for name, version in entry.libraries.items()
    }
    told = [
        ("Content", [element("code", digest("content", versions)),
            " is the hash of the data versions of all sources and tables: reports with the same one tell of the same "
            "data. The data version of each is in the table of ", element("a", "assets", href="#assets"), "."]),
        ("Tables", [element("code", database.name), ", with ", element("code", beside(database).name), " beside it: "
            "its sha256, rows and git revision. ", element("code", "sha256sum"), " holds the file to it."]),
        ("Proof", [element("code", "assets verify"), " proves that tables and figures hold what their records say; ",
            element("code", "assets why NAME"), " says what one was made from, ", element("code", "assets render NAME"),
            " draws a figure again from its sidecar alone."]),
        ("Libraries", [", ".join(f"{name} {libraries[name]}" for name in sorted(libraries))]),
    ]  # fmt: skip
    pairs = [together([element("dt", name), element("dd", *inside)]) for name, inside in told]
    return element("dl", *pairs, class_="facts")


def citing(citation: str, shown: Sequence[Shown]) -> Html:
    """Return how to cite the study, the guidance that it follows, and where each measure comes from."""
    unsaid = [
        "The study does not say how to cite it: the setting ",
        element("code", "study_citation"),
        " does.",
    ]
    sources = dict.fromkeys(measure.definition.source for measure in shown)
    return together([
        element("h3", "This study"),
        element("p", *([citation] if citation else unsaid)),
        element("h3", "What to report"),
        element("ul", *(element("li", said, " ", element("a", at, href=at)) for said, at in (_GUIDANCE, _CURVES))),
        element("h3", "Measures"),
        element("ul", *(element("li", source) for source in sources)),
    ])  # fmt: skip
