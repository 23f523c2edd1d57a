"""Tables of measures: their heads, their cells with intervals, and the notes below them."""

from collections.abc import Sequence

from assets.charts.composition.numbers import fixed
from assets.report.markup import Html, element
from assets.report.measures import Shown
from assets.report.numbers import in_words, interval
from assets.report.results import Results, Value
from assets.stratos.estimates import STATUSES


def measured(value: Value | None, shown: Shown) -> Html:
    """Return the cell of a measure: `0.91` and, smaller, `0.84 to 0.98`; or that it is not estimable, and why."""
    if value is None or value.value is None:
        return _nothing(value)
    between = interval(value.lower, value.upper, shown.digits)
    limits = element("small", between) if between else _no_interval(value)
    return element(
        "td", fixed(value.value, shown.digits), " ", limits, class_="number", data_v=_sorted_by(value.value)
    )


def _nothing(value: Value | None) -> Html:
    status = value.status if value else None
    why = element("small", in_words(status), title=STATUSES.get(status or ""))
    return element("td", "not estimable ", why, class_="number none")


def _no_interval(value: Value) -> Html:
    return element("small", f"no interval: {in_words(value.status)}", title=STATUSES.get(value.status))


def _sorted_by(value: float) -> str:
    return f"{value:.9g}"


def whisker(value: Value | None, low: float, high: float) -> Html:
    """Return a small drawing of a value with its interval between `low` and `high`; of nothing, an empty one.

    It repeats what is written beside it, so that screen readers pass it over.
    """
    inside: list[Html] = []
    if value and value.value is not None:
        left, middle, right = (_place(limit, low, high) for limit in (value.lower, value.value, value.upper))
        if left is not None and right is not None:
            inside.append(element("path", d=f"M{left} 6H{right}"))
        inside.append(element("circle", cx=middle, cy=6, r=3))
    return element("td", element("svg", *inside, viewBox="0 0 100 12", aria_hidden="true"), class_="whisker")


def _place(number: float | None, low: float, high: float) -> float | None:
    """Return where a number lies in a drawing 100 wide."""
    return None if number is None else round(4 + 92 * (min(max(number, low), high) - low) / (high - low), 1)


def heading(shown: Shown) -> Html:
    """Return the head of a measure's column."""
    return element("th", shown.title, scope="col", class_="number", title=shown.sentence)


def meanings(columns: Sequence[Shown]) -> Html:
    """Return what each measure is, to unfold."""
    lines = [element("li", shown.sentence) for shown in columns]
    return element(
        "details", element("summary", "What the measures are"), element("ul", *lines), class_="note"
    )


def intervals(results: Results, columns: Sequence[Shown]) -> str:
    """Return in a sentence how the intervals of these measures are made."""
    ways: dict[str, list[str]] = {}
    for shown in columns:
        for method in results.methods_of(shown):
            ways.setdefault(method, []).append(shown.title)
    told = "; ".join(f"{', '.join(titles)}: {method}" for method, titles in ways.items())
    return f"Intervals are of 95%, of the sampling of test subjects. {told}." if told else ""
