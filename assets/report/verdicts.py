"""The section of checks: what was found of each figure, at each level."""

from collections.abc import Sequence

from assets.charts.qa.verdict import Checked
from assets.report.figure_files import Picture
from assets.report.markup import Html, element, prose, together

LEVELS = {
    "P0": "Integrity",
    "P1": "Statistics",
    "P2": "Print",
    "P3": "Accessibility",
}
"""Levels of checks; a figure that fails at the first two is kept out."""


_HOW_TO_READ = (
    "Each figure's files are judged before they are put in place. One that fails on integrity or statistics is kept "
    "out; what fails on print or accessibility is shown here as a warning. Numbers differ because not every check "
    "applies to every figure."
)


def section(pictures: Sequence[Picture]) -> Html:
    """Return the table of all figures and levels, each with its checks to unfold."""
    heads = [f"{name} ({level})" for level, name in LEVELS.items()]
    head = element("tr", *(element("th", name, scope="col") for name in ("Figure", *heads, "Checks")))
    rows = [_row(picture) for picture in pictures]
    table = element("table", element("thead", head), element("tbody", *rows), class_="checks")
    return together([
        element("p", _HOW_TO_READ),
        element("div", table, class_="scroll", tabindex="0", role="region", aria_labelledby="checks"),
    ])  # fmt: skip


def _row(picture: Picture) -> Html:
    name = element("th", element("a", picture.title, href=f"#figure-{picture.key}"), scope="row")
    if picture.verdict is None:
        why = picture.entry.because or "its checks are not on file"
        return element("tr", name, element("td", prose(f"Not judged: {why}"), colspan=len(LEVELS) + 1))
    checks = picture.verdict.checks
    levels = [_level([check for check in checks if check.level == level]) for level in LEVELS]
    return element("tr", name, *levels, element("td", _unfolded(checks)))


def _level(checks: Sequence[Checked]) -> Html:
    failed = [check for check in checks if check.outcome == "failed"]
    passed = sum(check.outcome == "passed" for check in checks)
    told = f"{len(failed)} failed" if failed else f"{passed} passed" if passed else "none applies"
    kind = "failed" if failed else "passed" if passed else "idle"
    messages = [element("li", prose(message)) for check in failed for message in check.messages]
    listed = element("ul", *messages) if messages else None
    return element("td", element("span", told, class_=f"badge {kind}"), listed)


def _unfolded(checks: Sequence[Checked]) -> Html:
    lines = [
        element("li", element("b", f"{check.level} {check.outcome}"), f" {check.promise}", _said(check))
        for check in checks
    ]
    return element("details", element("summary", f"all {len(checks)}"), element("ul", *lines))


def _said(check: Checked) -> Html | None:
    return element("small", f" ({'; '.join(check.messages)})") if check.messages else None
