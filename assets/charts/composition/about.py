"""What a figure says of itself: it travels in the chart's `usermeta` and becomes part of the sidecar."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

Privacy = Literal["aggregate", "row_level"]

_COUNTS = {"n_subjects": "n_test", "n_events": "n_events", "n_bootstrap": "n_bootstrap"}
_DIFFERS, _UNKNOWN, _NO_RUN = "differs between runs", "not in the tables that are drawn", "no run is drawn"


def about(
    title: str,
    alt_text: str,
    units: Mapping[str, str],
    runs: Sequence[str],
    sizes: pd.DataFrame | None,
    *,
    notes: Sequence[str] = (),
    privacy: Privacy = "aggregate",
) -> dict[str, Any]:
    """A figure's title, its description for those who cannot see it, its units, and how much is behind it.

    Parameters
    ----------
    units
        The unit of every field that is drawn on a scale.
    runs
        The run_id of every run that is drawn; none where no run is.
    sizes
        run_id and, as far as known, n_test, n_events, n_bootstrap. A number that is unknown or not
        the same in all runs is None, and `missing_counts` says why.
    notes
        Sentences that only the data can fill, such as how runs were chosen; the caption ends in them,
        and in a last one on the counts.
    privacy
        `row_level` if a row of the data is one subject, `aggregate` if none is.
    """
    counts, missing = _counted(runs, sizes)
    said = {"title": title, "alt_text": alt_text, "units": dict(units), "privacy": privacy}
    told = [*notes, *([counts_said(runs, sizes)] if runs else [])]
    return {**said, "notes": told, "n_runs": len(runs), **counts, "missing_counts": missing}


def about_diagram(title: str, alt_text: str, *, notes: Sequence[str] = ()) -> dict[str, Any]:
    """What a figure without runs, subjects or scales says of itself."""
    return about(title, alt_text, {}, (), None, notes=notes)


def sizes_of(bins: pd.DataFrame) -> pd.DataFrame:
    """run_id, n_test and n_events of every run, counted from histogram bins (run_id, y_true, n)."""
    groups = bins.pivot_table(index="run_id", columns="y_true", values="n", aggfunc="sum", fill_value=0)
    groups = groups.reindex(columns=[0, 1], fill_value=0)
    return pd.DataFrame({"n_test": groups[0] + groups[1], "n_events": groups[1]}).reset_index()


def counts_said(runs: Sequence[str], sizes: pd.DataFrame | None) -> str:
    """The sentence on how much is behind these runs, as far as that is known; `sizes` as for `about`."""
    counts, missing = _counted(runs, sizes)
    subjects, events, refits = counts.values()
    parts = [f"{len(runs)} runs" if len(runs) > 1 else "One run"]
    if subjects is not None:
        parts[0] += f", n = {subjects:,} test subjects"
        parts[0] += "" if events is None else f", {events:,} with the outcome"
    elif missing["n_subjects"] == _DIFFERS:
        parts[0] += ", whose test sets differ in size"
    if refits is not None and refits > 1:
        parts.append(f"a predicted risk is the mean over {refits:,} refits of the model")
    return f"{'; '.join(parts)}."


def _counted(runs: Sequence[str], sizes: pd.DataFrame | None) -> tuple[dict[str, int | None], dict[str, str]]:
    """The counts that all runs share, and why the others are None."""
    counts: dict[str, int | None] = {}
    missing = {} if runs else {"n_runs": _NO_RUN}
    for name, column in _COUNTS.items():
        known = [] if sizes is None or column not in sizes else _values(sizes, runs, column)
        counts[name] = int(known[0]) if len(known) == 1 else None
        if len(known) != 1:
            missing[name] = _why(runs, known)
    return counts, missing


def _values(sizes: pd.DataFrame, runs: Sequence[str], column: str) -> list[Any]:
    return list(sizes.loc[sizes.run_id.isin(runs), column].dropna().unique())


def _why(runs: Sequence[str], known: Sequence[Any]) -> str:
    if not runs:
        return _NO_RUN
    return _DIFFERS if known else _UNKNOWN
