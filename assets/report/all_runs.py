"""The table of all runs: methods, measures with intervals; to sort and to filter where scripts run."""

from typing import Any

from assets.charts.composition.numbers import fixed
from assets.report import cells
from assets.report.markup import Html, element, together
from assets.report.numbers import known
from assets.report.results import METHODS, Results

_HOW_TO_READ = (
    "Ordered by preprocessing, not by result. A star marks the runs shown in colour in the figures. "
    "The table scrolls sideways, up to the name of each run."
)


def section(results: Results) -> Html:
    """Return the filters and the table."""
    if results.runs is None or results.runs.empty:
        return element("p", "No run is in the tables.")
    columns = [element("th", METHODS[name], scope="col") for name in results.varied]
    others = [cells.heading(shown) for shown in results.further[1:]]
    counts = [element("th", name, scope="col", class_="number") for name in ("n", "Events")]
    reach, chosen = _reach(results), _chosen(results)
    first = [cells.heading(results.further[0]), _axis(*reach)]
    head = element("tr", *columns, *first, *others, *counts, element("th", "Run", scope="col"))
    rows = [_row(run, results, reach, highlighted=run.run_id in chosen) for run in results.runs.itertuples()]
    table = element(
        "table", element("thead", head), element("tbody", *rows), class_="measures", id="runs-table"
    )
    return together([
        element("p", _HOW_TO_READ),
        _filters(results),
        element("div", table, class_="scroll tall", tabindex="0", role="region", aria_labelledby="runs"),
        element("p", cells.intervals(results, results.further), class_="note"),
        cells.meanings(results.further),
    ])  # fmt: skip


def _chosen(results: Results) -> set[str]:
    return set() if results.chosen is None else set(results.chosen.runs.run_id)


def _reach(results: Results) -> tuple[float, float]:
    """Return the least lower and the greatest upper limit of the AUROC, a little apart."""
    told = [value for (_, measure), value in results.values.items() if measure == "auroc"]
    limits = [
        limit for value in told for limit in (value.lower, value.value, value.upper) if limit is not None
    ]
    return (min(limits), max(max(limits), min(limits) + 1e-9)) if limits else (0.0, 1.0)


def _axis(low: float, high: float) -> Html:
    """Return the head of the column of drawn intervals: the ends of their common scale."""
    ends = [element("small", fixed(end), aria_hidden="true") for end in (low, high)]
    return element(
        "th", element("span", "Interval of the AUROC, drawn", class_="sr"), *ends, class_="whisker plain"
    )


def _row(run: Any, results: Results, reach: tuple[float, float], *, highlighted: bool) -> Html:
    star = (
        element("span", " ★", class_="star", role="img", aria_label="shown in colour")
        if highlighted
        else None
    )
    methods = {name: getattr(run, name) for name in results.varied}
    first, *others = methods.values()
    auroc, *rest = ((shown, results.values.get((run.run_id, shown.row))) for shown in results.further)
    return element(
        "tr",
        element("th", first, star, scope="row", data_name=first),
        *(element("td", method) for method in others),
        cells.measured(auroc[1], auroc[0]),
        cells.whisker(auroc[1], *reach),
        *(cells.measured(value, shown) for shown, value in rest),
        *(element("td", _count(number), class_="number") for number in (run.n_test, run.n_events)),
        element("td", element("code", run.run_name)),
        data_run=run.run_id,
        data_name=f"{first} ({', '.join(others)})" if others else first,
        **{f"data_{name}": level for name, level in methods.items()},
    )


def _count(number: Any) -> str:
    return f"{int(number):,}" if known(number) else "unknown"


def _filters(results: Results) -> Html:
    """Return what chooses rows, hidden until a script makes it work."""
    assert results.runs is not None
    search = element("label", "Find ", element("input", type="search", id="runs-find", autocomplete="off"))
    choices = [_choice(name, results) for name in results.varied if results.runs[name].nunique() > 1]
    star = element("label", element("input", type="checkbox", id="runs-starred"), " in colour only")
    count = element("output", id="runs-count", for_="runs-find")
    return element("form", search, *choices, star, count, class_="filters", id="runs-filters", hidden=True)


def _choice(name: str, results: Results) -> Html:
    assert results.runs is not None
    levels = sorted(results.runs[name].dropna().unique())
    options = [element("option", "all", value=""), *(element("option", level) for level in levels)]
    return element(
        "label", METHODS[name], " ", element("select", *options, data_filters=name.replace("_", "-"))
    )
