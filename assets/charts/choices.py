"""The choices of method that a run is made of: which of them differ in a study, and in which order they are shown."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from assets.charts.composition.style import COLOURS
from assets.charts.forest_rows import METHODS

PLAIN = "#707070"
"""What has no colour of its own; of all greys the one that readers with any colour vision tell from `COLOURS` best."""

_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Choice:
    """One choice, such as the classifier: its column, what it is called, and its levels as they are shown."""

    field: str
    title: str
    levels: tuple[str, ...]


def choices(runs: pd.DataFrame) -> list[Choice]:
    """All choices; the levels of a categorical column in the order of its categories, others by name."""
    return [Choice(field, title, _levels(runs[field])) for field, title in METHODS.items()]


def varying(runs: pd.DataFrame) -> list[Choice]:
    """The choices with more than one level; where there is none, the classifier alone."""
    every = choices(runs)
    return [choice for choice in every if len(choice.levels) > 1] or every[:1]


def stated(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with their methods as text; a method that is null is called `not stated`."""
    return runs.assign(**{field: _text(runs[field]) for field in METHODS})


def by_auroc(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs as `stated`, by rising AUROC, those without one first; ties in the order of their methods.

    Not in that of their ids, which are drawn anew wherever a study is run again.
    """
    order = ["auroc", *METHODS, "run_id"]
    return stated(runs).sort_values(order, na_position="first", ignore_index=True)


def notes(metrics: pd.DataFrame) -> list[str]:
    """Sentences for a caption: what all runs share, classifiers without a colour, test sets that differ in size."""
    same = [f"{c.title.lower()} {c.levels[0]}" for c in choices(metrics) if len(c.levels) == 1]
    beyond = sorted(set(_text(metrics.classifier)))[len(COLOURS) :]
    sizes = [name for name in ("n_test", "n_events") if name in metrics and metrics[name].nunique() > 1]
    return [
        *([f"The same in all runs: {', '.join(same)}."] if same else []),
        *([f"Without a colour of their own: {', '.join(beyond)}."] if beyond else []),
        *(["Test sets differ between runs, so a difference may be one of subjects."] if sizes else []),
    ]


def colours_of(classifiers: Iterable[str]) -> dict[str, str]:
    """A colour for each of the first seven classifiers by name, grey for any more."""
    named = sorted(set(classifiers))
    return dict(zip(named, [*COLOURS, *[PLAIN] * max(0, len(named) - len(COLOURS))], strict=False))


def _levels(values: pd.Series) -> tuple[str, ...]:
    present = _text(values).unique()
    if isinstance(values.dtype, pd.CategoricalDtype):
        order = [str(category) for category in values.cat.categories if str(category) in present]
        return (*order, *(_NOT_STATED,) * (_NOT_STATED in present))
    return tuple(sorted(present))


def _text(values: pd.Series) -> pd.Series:
    return values.astype(object).where(values.notna(), _NOT_STATED).astype(str)
