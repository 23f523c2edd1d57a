"""What a figure says of itself: it travels in the chart's `usermeta` and becomes part of the sidecar."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

_COUNTS = {"n_subjects": "n_test", "n_events": "n_events", "n_bootstrap": "n_bootstrap"}


def about(
    title: str, alt_text: str, units: Mapping[str, str], runs: Sequence[str], sizes: pd.DataFrame | None
) -> dict[str, Any]:
    """A figure's title, its description for those who cannot see it, its units, and how much is behind it.

    Parameters
    ----------
    units
        The unit of every field that is drawn on a scale.
    runs
        The run_id of every run that is drawn.
    sizes
        run_id and, as far as known, n_test, n_events, n_bootstrap. A number that is unknown or not
        the same in all runs is None, and `missing_counts` says why.
    """
    counts: dict[str, int | None] = {}
    missing: dict[str, str] = {}
    for name, column in _COUNTS.items():
        known = [] if sizes is None or column not in sizes else _values(sizes, runs, column)
        counts[name] = int(known[0]) if len(known) == 1 else None
        if len(known) != 1:
            missing[name] = "differs between runs" if len(known) else "not in the tables that are drawn"
    said = {"title": title, "alt_text": alt_text, "units": dict(units), "privacy": "aggregate"}
    return {**said, "n_runs": len(runs), **counts, "missing_counts": missing}


def sizes_of(bins: pd.DataFrame) -> pd.DataFrame:
    """run_id, n_test and n_events of every run, counted from histogram bins (run_id, y_true, n)."""
    groups = bins.pivot_table(index="run_id", columns="y_true", values="n", aggfunc="sum", fill_value=0)
    groups = groups.reindex(columns=[0, 1], fill_value=0)
    return pd.DataFrame({"n_test": groups[0] + groups[1], "n_events": groups[1]}).reset_index()


def _values(sizes: pd.DataFrame, runs: Sequence[str], column: str) -> list[Any]:
    return list(sizes.loc[sizes.run_id.isin(runs), column].dropna().unique())
