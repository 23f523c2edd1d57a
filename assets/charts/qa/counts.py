"""P1: the numbers of runs, subjects and events are those of the data: what is drawn could not come from others."""

import re
from collections.abc import Iterator

import pandas as pd

from assets.charts.qa.exhibit import Counts, Exhibit, NotApplicableError, check

_ROUNDING = 1e-6
STRATEGIES = "strategies"
"""Dataset of treating all and none, which are no runs."""
_TOLD = {
    "runs": re.compile(r"(\d[\d,]*) runs(?=, (?:n = |whose ))"),
    "subjects": re.compile(r"\bn = (\d[\d,]*) test subjects"),
    "events": re.compile(r"(\d[\d,]*) with the outcome"),
    "refits": re.compile(r"mean over (\d[\d,]*) refits"),
}


@check("P1")
def counts_add_up(figure: Exhibit) -> Iterator[str]:
    """There are no more events than subjects; a histogram has every subject once, and densities made of its counts."""
    counts = figure.counts
    if counts.subjects is not None and counts.events is not None and counts.events > counts.subjects:
        yield f"{counts.events} events among {counts.subjects} subjects"
    for name, frame in figure.frames.items():
        if {"run_id", "y_true", "n", "bin_start", "bin_end"} <= set(frame.columns):
            for (run, outcome), bins in frame.groupby(["run_id", "y_true"]):
                for message in _binned(bins, _expected(counts, bool(outcome))):
                    yield f"`{name}`, {run}, outcome {outcome}: {message}"


@check("P1")
def runs_are_counted(figure: Exhibit) -> Iterator[str]:
    """The figure speaks of as many runs as it draws."""
    no_runs = {row.get("run_id") for row in figure.sidecar["data"].get(STRATEGIES, [])}
    drawn = {
        row["run_id"] for rows in figure.sidecar["data"].values() for row in rows if row.get("run_id")
    } - no_runs
    if not drawn:
        raise NotApplicableError("no dataset tells its runs")
    if len(drawn) != figure.counts.runs:
        yield f"{figure.counts.runs} runs are told, and {len(drawn)} drawn"


@check("P1")
def caption_has_the_counts(figure: Exhibit) -> Iterator[str]:
    """Where the caption tells runs, subjects, events or refits, it tells the numbers that there are."""
    for name, pattern in _TOLD.items():
        count = getattr(figure.counts, name)
        for told in pattern.findall(figure.sidecar["caption"]):
            if int(told.replace(",", "")) != count:
                yield f"the caption tells {told} {name}, the figure has {count}"


@check("P1")
def rates_are_of_whole_subjects(figure: Exhibit) -> Iterator[str]:
    """Rates, AUROCs and net benefits are such as so many subjects and events can give.

    (The GRIM test of Brown & Heathers 2017: a proportion times its denominator is a whole number.)
    """
    subjects, events = figure.counts.subjects, figure.counts.events
    if not subjects or not events or events >= subjects:
        raise NotApplicableError(
            "the numbers of subjects and events are not known, or not those of every run"
        )
    found = False
    for name, frame in figure.frames.items():
        for column, whole in _wholes(frame, subjects, events).items():
            found = True
            wrong = (whole - whole.round()).abs() > _ROUNDING * subjects
            if wrong.any():
                yield f"`{name}.{column}`: {wrong.sum()} values cannot come from {events} events in {subjects} subjects"
    if not found:
        raise NotApplicableError("no rates of runs are drawn")


def _wholes(frame: pd.DataFrame, subjects: int, events: int) -> dict[str, pd.Series]:
    """Return by column what must be whole numbers: pairs won, or subjects counted."""
    if "run_id" not in frame:
        return {}
    numbers = frame.select_dtypes("number").dropna(how="all", axis="columns")
    found = {}
    if "auroc" in numbers and frame.groupby("run_id").auroc.nunique().max() <= 1:
        found["auroc"] = numbers.auroc.dropna() * 2 * events * (subjects - events)
    for column, of in (("true_positive_rate", events), ("false_positive_rate", subjects - events)):
        if column in numbers:
            found[column] = numbers[column].dropna() * of
    if {"net_benefit", "threshold"} <= set(numbers):  # at a threshold of so many whole per cent
        cents = numbers.threshold * 100
        whole = (cents - cents.round()).abs() < _ROUNDING
        found["net_benefit"] = (numbers.net_benefit * subjects * (100 - cents))[whole].dropna()
    return found


def _expected(counts: Counts, outcome: bool) -> int | None:
    if counts.subjects is None or counts.events is None:
        return None
    return counts.events if outcome else counts.subjects - counts.events


def _binned(bins: pd.DataFrame, expected: int | None) -> Iterator[str]:
    total = bins.n.sum()
    if expected is not None and total != expected:
        yield f"{total} subjects, not {expected}"
    if "density" in bins and total:
        made = bins.n / total / (bins.bin_end - bins.bin_start)
        if ((bins.density - made).abs() > _ROUNDING).any():
            yield "its densities are not those of its counts"
