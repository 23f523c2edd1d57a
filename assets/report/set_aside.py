"""The section of runs that were not used: how many at which stage, and the reason of each."""

from typing import Any

import pandas as pd

from assets.report.markup import Html, element, prose, together
from assets.report.numbers import counted, known

_STAGES = {
    "listing": "MLflow's listing says that the run is not to be used",
    "name": "its methods cannot be told from its params, tags or name",
    "registry": "a method of it is not among those of the study",
    "artifact": "it has no artifact with predictions, or one that cannot be had",
    "unpickle": "its artifact cannot be read safely",
    "validate": "its predictions do not hold",
    "duplicate": "another run has the same methods",
}
"""Stages of reading, in their order, and what stops a run at each."""


def section(quarantine: pd.DataFrame | None) -> Html:
    """Return a table of runs for each stage."""
    if quarantine is None:
        return element("p", "The table `quarantined_runs` is not in place.")
    if quarantine.empty:
        return element("p", "No run was set aside: every run of the experiment is used.")
    stages = sorted(quarantine.stage.unique(), key=[*_STAGES, *quarantine.stage].index)
    told = [element("p", "No value was filled in for these runs; they are in no table and no figure.")]
    return together([*told, *(_stage(stage, quarantine[quarantine.stage == stage]) for stage in stages)])


def _stage(stage: str, runs: pd.DataFrame) -> Html:
    name = f"{stage.capitalize()}: {counted(len(runs), 'run')}"
    head = element("tr", *(element("th", title, scope="col") for title in ("Run", "Field", "Reason")))
    rows = [_row(run) for run in runs.itertuples()]
    table = element("table", element("thead", head), element("tbody", *rows))
    said = _STAGES.get(stage)
    return together([
        element("h3", name, id=f"stage-{stage}"),
        element("p", f"Stopped there because {said}.") if said else None,
        element("div", table, class_="scroll", tabindex="0", role="region", aria_labelledby=f"stage-{stage}"),
    ])  # fmt: skip


def _row(run: Any) -> Html:
    named = run.run_name if known(run.run_name) else run.run_id
    field = run.field if known(run.field) else ""
    return element(
        "tr",
        element("th", element("code", named), scope="row"),
        element("td", field),
        element("td", prose(run.reason)),
    )
