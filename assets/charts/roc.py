"""ROC curves: the highlighted runs in colour, every other run thin and grey."""

from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key
from assets.charts.composition.about import about
from assets.charts.composition.datasets import columns, having
from assets.charts.composition.numbers import with_interval
from assets.charts.composition.style import (
    COLUMN,
    OTHER,
    REFERENCE,
    colour_of,
    dash_of,
    emphasised,
    finished,
    overlaid,
)

_POINT = ["run_id", "point", "false_positive_rate", "true_positive_rate"]
_AUROC = ["run_id", "auroc", "auroc_ci_lower", "auroc_ci_upper"]
_INTERVAL = "AUROC (95% CI, DeLong)"


def roc(
    roc_curves: pd.DataFrame, metrics: pd.DataFrame, highlights: pd.DataFrame, *, width: float = COLUMN
) -> alt.LayerChart:
    """ROC curves of all runs, with the AUROC and its DeLong interval of those highlighted.

    Parameters
    ----------
    roc_curves
        run_id, point (0 at the origin), false_positive_rate, true_positive_rate.
    metrics
        run_id, auroc, auroc_ci_lower, auroc_ci_upper; n_test and n_events if known.
    highlights
        run_id, classifier, label; the runs in colour, in the order of the key.
    """
    runs = emphasised(highlights)
    curves = _corners(having(columns(roc_curves, "roc_curves", _POINT), "roc_curves", runs.run_id))
    shown = curves.run_id.isin(runs.run_id)
    frames = {
        "other_runs": curves[~shown],
        "highlighted_runs": curves[shown],
        "diagonal": pd.DataFrame({"false_positive_rate": [0, 1], "true_positive_rate": [0, 1]}),
    }
    metrics = having(metrics, "metrics", runs.run_id)
    entries = _entries(runs, columns(metrics, "metrics", _AUROC), others=bool((~shown).any()))

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        placed = _placed(entries, curves, plot)
        chart = overlaid(_curves(runs), key.drawn("key", plot, plot), width=plot, height=plot)
        return chart, {**frames, "key": placed}

    return finished(draw, _said(entries, curves, metrics), width, margin=41)


def _said(entries: list[key.Entry], curves: pd.DataFrame, metrics: pd.DataFrame) -> dict[str, Any]:
    runs = list(curves.run_id.unique())
    values = "; ".join(f"{entry.label} {entry.value}" for entry in entries if entry.value)
    text = f"ROC curves of {len(runs)} runs, with their {_INTERVAL}: {values}"
    return about("ROC curves", text, dict.fromkeys(_POINT[2:], "proportion"), runs, metrics)


def _corners(curves: pd.DataFrame) -> pd.DataFrame:
    """The curves without the points in the middle of a straight stretch, which draw nothing."""
    ordered = curves.sort_values(["run_id", "point"], ignore_index=True)
    by_run = ordered.groupby("run_id", sort=False)[["false_positive_rate", "true_positive_rate"]]
    before, after = by_run.diff(), -by_run.diff(-1)
    turn = before.iloc[:, 0] * after.iloc[:, 1] - before.iloc[:, 1] * after.iloc[:, 0]
    return ordered[~(turn.abs() < 1e-12)]


def _entries(runs: pd.DataFrame, metrics: pd.DataFrame, *, others: bool) -> list[key.Entry]:
    known = metrics.set_index("run_id")
    entries = []
    for run in runs.itertuples():
        value = with_interval(*known.loc[run.run_id, _AUROC[1:]])
        entries.append(key.Entry(run.label, run.colour, run.dash, value=value))
    if others:
        entries.append(key.Entry("Other runs", OTHER, width=0.5))
    return entries


def _placed(entries: list[key.Entry], curves: pd.DataFrame, plot: float) -> pd.DataFrame:
    """The key in the corner below the curves if no curve comes near, otherwise below the plot."""
    width, height = key.listed_size(entries, _INTERVAL)
    left, top = plot - width - 2, plot - height - 4
    clear = 4 / plot
    corner = 1 - top / plot + clear
    inside = curves[curves.false_positive_rate >= left / plot - clear]
    before = (
        curves[curves.false_positive_rate < left / plot - clear].groupby("run_id").true_positive_rate.max()
    )
    if left / plot > corner and left > 0 and min(inside.true_positive_rate.min(), before.min()) > corner:
        return key.listed(entries, _INTERVAL, left=left, top=top, width=width)
    return key.listed(entries, _INTERVAL, left=0, top=plot + 34, width=plot)


def _curves(runs: pd.DataFrame) -> alt.LayerChart:
    scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("false_positive_rate:Q", scale=scale, title="False positive rate (1 − specificity)")
    y = alt.Y("true_positive_rate:Q", scale=scale, title="True positive rate (sensitivity)")

    def line(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).encode(x=x, y=y, detail="run_id:N", order="point:Q")

    diagonal = alt.Chart(alt.NamedData("diagonal")).mark_line(
        color=REFERENCE, strokeDash=[3, 2], strokeWidth=0.6
    )
    return alt.layer(
        line("other_runs").mark_line(color=OTHER, strokeWidth=0.4),
        diagonal.encode(x=x, y=y),
        line("highlighted_runs").mark_line().encode(color=colour_of(runs), strokeDash=dash_of(runs)),
    )
