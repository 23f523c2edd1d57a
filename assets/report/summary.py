"""The beginning of the page: how much there is, in which state it is, and the highlighted runs."""

from collections import Counter
from collections.abc import Sequence

from assets.charts.composition.numbers import fixed
from assets.engine.lineage.entries import Lineage
from assets.report import cells
from assets.report.figure_files import Picture
from assets.report.markup import Html, element, together
from assets.report.numbers import counted, ranged
from assets.report.results import Results

_NOUNS = {
    "classifier": "classifier",
    "outlier_method": "outlier method",
    "imputation_method": "imputation method",
    "featurization": "feature set",
}
_STATES = ("fresh", "stale", "unsure", "missing")


def summary(results: Results, lineage: Lineage, pictures: Sequence[Picture]) -> Html:
    """Return the section of headline numbers."""
    runs = results.runs
    if runs is None or runs.empty:
        return together([element("p", "No run is in the tables.", class_="lede"), state(lineage, pictures)])
    return together([_sentence(results), _tiles(results), state(lineage, pictures), _highlighted(results)])


def _sentence(results: Results) -> Html:
    assert results.runs is not None
    parts = [counted(results.runs[name].nunique(), _NOUNS[name]) for name in results.varied]
    listed = " × ".join(parts)
    subjects = f"{ranged(results.runs.n_test)} test subjects"
    text = f"{counted(len(results.runs), 'run')} ({listed}), each judged on {subjects}."
    return element("p", text, class_="lede")


def _tiles(results: Results) -> Html:
    runs, aside = results.runs, results.quarantine
    assert runs is not None
    set_aside = "" if aside is None else f"{len(aside)} set aside"
    events = f"{ranged(runs.n_events)} with the outcome"
    if runs.prevalence.nunique() == 1:
        events += f" ({runs.prevalence.iloc[0]:.0%})"
    aurocs = [told.value for (_, measure), told in results.values.items() if measure == "auroc"]
    there = [value for value in aurocs if value is not None]
    span = f"{fixed(min(there))} to {fixed(max(there))}" if there else "not estimable"
    tiles = [
        ("Runs", f"{len(runs):,}", set_aside),
        ("Test subjects", ranged(runs.n_test), events),
        ("AUROC over all runs", span, f"least and largest estimate{_ceiling(results)}"),
        ("Refits behind a risk", ranged(runs.n_bootstrap), "a predicted risk is their mean"),
    ]
    return element("dl", *(_tile(*tile) for tile in tiles), class_="tiles")


def _ceiling(results: Results) -> str:
    """Say that runs with the known truth in place of a method are among them, which no method reaches."""
    assert results.runs is not None
    methods = results.runs[["outlier_method", "imputation_method"]].to_numpy()
    return ", `reference` (the known truth) among them" if "reference" in methods else ""


def _tile(name: str, number: str, more: str) -> Html:
    return element(
        "div", element("dt", name), element("dd", element("b", number), " ", element("span", more))
    )


def state(lineage: Lineage, pictures: Sequence[Picture]) -> Html:
    """Return in a line each whether everything is fresh, and whether every figure passes its checks."""
    lines = [_freshness(lineage), _checks(pictures)]
    return element("ul", *lines, class_="state")


def _freshness(lineage: Lineage) -> Html:
    assets = [entry for entry in lineage.entries.values() if entry.kind != "source"]
    kinds = Counter(entry.kind for entry in assets)
    told = ", ".join(counted(number, kind) for kind, number in kinds.items()) + " beside this report"
    if all(entry.state == "fresh" for entry in assets):
        return _line(
            "fresh", f"Everything was fresh ({told}): it holds what its code, settings and data make."
        )
    counts = Counter(entry.state for entry in assets)
    listed = ", ".join(f"{counts[name]} {name}" for name in _STATES if counts[name])
    return _line("stale", f"Of {told}: {listed}.", element("a", "See which, and why", href="#assets"))


def _checks(pictures: Sequence[Picture]) -> Html | None:
    judged = [picture.verdict for picture in pictures if picture.verdict]
    if not judged:
        return None
    failed = sum(check.outcome == "failed" for verdict in judged for check in verdict.checks)
    if not failed:
        return _line("fresh", f"{counted(len(judged), 'figure')} passed every check.")
    link = element("a", "See which", href="#checks")
    return _line("stale", f"{counted(failed, 'warning')} in {counted(len(judged), 'checked figure')}.", link)


def _line(kind: str, *inside: str) -> Html:
    mark = element("span", class_=f"mark {kind}", aria_hidden="true")
    return element("li", together([mark, *inside], between=" "))


def _highlighted(results: Results) -> Html | None:
    chosen = results.chosen
    if chosen is None or chosen.runs.empty:
        return None
    head = element("tr", element("th", "Run", scope="col"), *(cells.heading(shown) for shown in results.core))
    rows = [
        element(
            "tr",
            element("th", run.label, scope="row"),
            *(cells.measured(results.values.get((run.run_id, shown.row)), shown) for shown in results.core),
        )
        for run in chosen.runs.itertuples()
    ]
    table = element("table", element("thead", head), element("tbody", *rows), class_="measures")
    return together([
        element("h3", "The runs shown in colour", id="highlighted"),
        element("p", " ".join(chosen.notes)),
        element("div", table, class_="scroll", tabindex="0", role="region", aria_labelledby="highlighted"),
        element("p", cells.intervals(results, results.core), class_="note"),
        cells.meanings(results.core),
    ])  # fmt: skip
