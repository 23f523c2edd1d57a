"""Which runs the figures show in colour, by the rule in the settings, and what a caption must say of it."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import queries
from assets.engine.errors import UserError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

MOST = 7
"""As many runs have a colour and a dash of their own; more could not be told apart."""

_THE_MEDIAN_RUN = (
    "the run with its median AUROC (the lower of two), not the best one; it was chosen by its AUROC on the same "
    "test set, so its interval does not cover the choice."
)
_THE_ONLY_RUN = "its only run that has an AUROC, so that none was chosen by its result."
_LISTED = "In colour are the runs listed in the study's settings."
_METHODS = {
    "none": "`none` leaves the step out.",
    "reference": "`reference` is the known truth in place of a method: a ceiling, not a choice.",
}


@dataclass(frozen=True)
class Highlighted:
    """The runs in colour (run_id, classifier, label; in the order of the key) and sentences on how they were chosen."""

    runs: "pd.DataFrame"
    notes: tuple[str, ...]
    rule: str
    """How they were chosen, where there is no colour."""


def highlighted(
    essential_metrics: "ir.Table",
    runs: "ir.Table",
    rule: Literal["median", "listed"] = "median",
    listed: Sequence[str] = (),
) -> Highlighted:
    """The few runs to show in colour; none of them if no run has an AUROC.

    Parameters
    ----------
    rule
        `median`: of each classifier the run with its lower median AUROC. `listed`: those of `listed`.
    listed
        Ids or names of runs, in the order of the key.

    Raises
    ------
    UserError
        The list is empty or too long, or names a run that is not there, or one twice, or a name of two runs.
    """
    if rule == "listed":
        asked = _listed(essential_metrics, runs, listed)
        scored = essential_metrics.auroc.count().to_pyarrow().as_py()
        return Highlighted(
            asked if scored else asked.head(0), (_LISTED,), "The runs listed in the study's settings."
        )
    chosen = queries.highlights.median_run_per_classifier(essential_metrics).to_pandas()
    chosen = chosen.sort_values("classifier", ignore_index=True)
    several = int(essential_metrics.auroc.count().to_pandas()) > len(chosen)
    which, left = _THE_MEDIAN_RUN if several else _THE_ONLY_RUN, list(chosen.classifier[MOST:])
    beyond = (f"Not in colour, for want of colours: {', '.join(left)}.",) if left else ()
    notes = (f"In colour is, of each classifier, {which}", *beyond)
    return Highlighted(chosen.head(MOST), notes, f"Of each classifier {which}")


def methods_explained(methods: Iterable[str]) -> tuple[str, ...]:
    """A sentence for each method whose name does not say what it is, in the order of its name."""
    return tuple(_METHODS[name] for name in sorted(set(methods) & set(_METHODS)))


def _listed(essential_metrics: "ir.Table", runs: "ir.Table", listed: Sequence[str]) -> "pd.DataFrame":
    if not 0 < len(listed) <= MOST:
        raise UserError(
            f'`highlight_rule` is "listed", and `highlighted_runs` lists {len(listed)} runs: list 1 to {MOST}.'
        )
    named = queries.highlights.named_runs(essential_metrics, runs).to_pandas().sort_values("run_id")
    places = [_place(named, wanted) for wanted in listed]
    twice = next((name for name, place in zip(listed, places, strict=True) if places.count(place) > 1), None)
    if twice:
        raise UserError(f"`highlighted_runs` lists the run `{twice}` twice: list it once.")
    return _apart(named.loc[places].reset_index(drop=True))[["run_id", "classifier", "label"]]


def _place(named: "pd.DataFrame", wanted: str) -> int:
    """The row of the run with that id or name."""
    found = named.index[(named.run_id == wanted) | (named.run_name == wanted)]
    if len(found) == 1:
        return int(found[0])
    if len(found):
        ids = ", ".join(named.run_id[found])
        raise UserError(
            f"`highlighted_runs`: {len(found)} runs are named `{wanted}`; list one by its id: {ids}."
        )
    near = difflib.get_close_matches(wanted, [*named.run_name, *named.run_id], n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else "see the table `runs`."
    raise UserError(f"`highlighted_runs`: no run has the id or name `{wanted}`; {hint}")


def _apart(chosen: "pd.DataFrame") -> "pd.DataFrame":
    """The runs, those of one label told apart by their names."""
    label = chosen.label.mask(chosen.label.duplicated(keep=False), chosen.run_name)
    return chosen.assign(label=label.mask(label.duplicated(keep=False), chosen.run_id))
