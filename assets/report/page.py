"""The page put together: sections, style and scripts in one file that fetches nothing."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.charts.publication import browser
from assets.engine.lineage.entries import Lineage
from assets.report import (
    all_runs,
    figure_sections,
    lineage_section,
    provenance,
    set_aside,
    summary,
    templates,
    verdicts,
)
from assets.report.figure_files import Picture
from assets.report.markup import Html, element, together
from assets.report.results import Results

Section = tuple[str, str, Html]
"""Name of its anchor, heading, content."""


@dataclass(frozen=True)
class Study:
    """What the page is about: its name, how to cite it, its runs, figures and assets, and the file of its tables."""

    title: str
    citation: str
    results: Results
    pictures: Sequence[Picture]
    lineage: Lineage
    database: Path


def page(study: Study, texts: Mapping[str, str], *, at: Path) -> str:
    """Return the page; the same text every time of the same content.

    `texts` are those of `templates`, `at` is where the page will be.
    """
    sections = _sections(study, at)
    style, scripts = templates.style(texts), [browser.javascript(), templates.script(texts)]
    contents = (element("li", element("a", title, href=f"#{name}")) for name, title, _ in sections)
    parts = {
        "policy": _policy(style, scripts),
        "title": element("title", study.title),
        "heading": element("h1", study.title),
        "style": style,
        "contents": together(contents),
        "sections": together((_section(*section) for section in sections), between="\n"),
        "vega": scripts[0],
        "script": scripts[1],
    }
    return re.sub(r"<!--(\w+)-->", lambda found: parts[found[1]], texts["page.html"])


def _sections(study: Study, at: Path) -> list[Section]:
    results, pictures, lineage = study.results, study.pictures, study.lineage
    return [
        ("summary", "Summary", summary.summary(results, lineage, pictures)),
        ("figures", "Figures", figure_sections.section(pictures, at)),
        ("runs", "All runs", all_runs.section(results)),
        ("checks", "Checks of the figures", verdicts.section(pictures)),
        ("graph", "Lineage", lineage_section.graph(lineage)),
        ("assets", "State of every asset", lineage_section.table(lineage)),
        ("aside", "Runs set aside", set_aside.section(results.quarantine)),
        ("provenance", "Provenance", provenance.provenance(lineage, study.database)),
        ("cite", "How to cite", provenance.citing(study.citation, results.further)),
    ]


def _section(name: str, title: str, content: Html) -> Html:
    return element("section", element("h2", title, id=name), content)


def _policy(style: str, scripts: Sequence[str]) -> Html:
    """Return the policy that forbids every request, and any style or script but those of the page."""
    rules = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {' '.join(map(_hash, scripts))}",
        "img-src data:",  # the empty icon: without one a browser asks the server for its own
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return element("meta", http_equiv="Content-Security-Policy", content="; ".join(rules))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
