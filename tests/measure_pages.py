"""The generated tables of assets/stratos/README.md: `python -m tests.measure_pages` writes them anew."""

import math
import re
from pathlib import Path

from assets.stratos.catalogue import MEASURES, Definition
from assets.stratos.estimates import STATUSES
from tests import oracle_deviations

PAGE = Path(__file__).parent.parent / "assets" / "stratos" / "README.md"


def blocks() -> dict[str, list[str]]:
    """Every generated block by its name, as lines of Markdown."""
    return {"measures": measures(), "statuses": statuses(), "deviations": oracle_deviations.table()}


def measures() -> list[str]:
    """What each measure is."""
    lines = [
        "| name | measure | range (ideal) | proper | clear focus | advice | source |",
        "| --- " * 7 + "|",
    ]
    for name, found in MEASURES.items():
        proper, focus = ("yes" if holds else "no" for holds in (found.proper, found.clear_focus))
        lines.append(
            f"| `{name}` | {found.domain} | {found.title}: {found.text} | {_range(found)} | {proper} | {focus} "
            f"| {found.advice} | {found.source} |"
        )
    return lines


def statuses() -> list[str]:
    """What each status says."""
    return [
        "| status | what it says |",
        "| --- | --- |",
        *(f"| `{s}` | {text} |" for s, text in STATUSES.items()),
    ]


def _range(found: Definition) -> str:
    low, high = (
        f"{end:g}".replace("inf", "∞") if math.isinf(end) else f"{end:g}" for end in (found.low, found.high)
    )
    return f"{low} to {high}" + (f" ({found.ideal:g})" if found.ideal is not None else "")


def block(page: str, name: str) -> list[str]:
    """The lines of a generated block as they stand in a page."""
    found = re.search(f"<!-- {name} -->\n(.*?)<!-- end -->", page, re.DOTALL)
    assert found, f"the page has no block {name}"
    return found[1].splitlines()


def main() -> None:
    """Write every block into the page."""
    page = PAGE.read_text("utf-8")
    for name, lines in blocks().items():
        text = "\n".join(lines)
        page = re.sub(
            f"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda m, text=text: f"{m[1]}{text}\n{m[2]}",
            page,
            flags=re.DOTALL,
        )
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
