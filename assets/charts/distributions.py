"""Predicted risks of subjects with and without the outcome, a panel for each highlighted run."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key, panels
from assets.charts.composition.about import about, sizes_of
from assets.charts.composition.datasets import columns, having
from assets.charts.composition.style import INK, emphasised, finished

_BINS = ["run_id", "y_true", "bin", "bin_start", "bin_end", "n", "density"]
_LOW = 70  # points of height below which an axis has few ticks and a short title
_SHARE = "datum.density * (datum.bin_end - datum.bin_start) * 100"


def distributions(
    probability_distributions: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    metrics: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.ConcatChart:
    """Mirrored histograms of predicted risk: with the outcome upwards, without it downwards.

    Each is a share of its own group, so that groups of unequal size can be compared.

    Parameters
    ----------
    probability_distributions
        run_id, y_true (0 or 1), bin, bin_start, bin_end, n, density (per unit of risk).
    highlights
        run_id, classifier, label; one panel each.
    metrics
        If given: run_id, n_test, n_events and n_bootstrap, for the figure's account of itself.
    notes
        Sentences for the caption.
    width
        By default one column for one panel, else a page.
    """
    runs = emphasised(highlights)
    bins = histograms(probability_distributions, runs)
    row = panels.per_row(len(runs))

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        height = round(0.8 * plot)
        headings = panels.headings(runs, [[] for _ in runs.run_id], plot)
        placed = key.flowed(panels.groups(runs, bins), top=height + 34, width=panels.across(row, plot))
        drawn = [
            [panel(run, bins, plot, height, first=i % row == 0)] for i, run in enumerate(runs.itertuples())
        ]
        chart = panels.keyed(runs, headings, drawn, row=row, plot=plot, height=height)
        return chart, {"predicted_risks": bins, "headings": headings, "key": placed}

    said = _said(runs, bins, sizes_of(bins) if metrics is None else metrics, notes)
    margin = 40 + panels.SPACING * (row - 1)
    return finished(draw, said, width or panels.usual_width(len(runs)), plots=row, margin=margin)


def histograms(probability_distributions: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The bins of those runs in order; UserError for a missing column or a run without bins."""
    bins = columns(probability_distributions, "probability_distributions", _BINS)
    bins = having(bins, "probability_distributions", runs.run_id)
    return bins[bins.run_id.isin(runs.run_id)].sort_values(["run_id", "y_true", "bin"], ignore_index=True)


def _said(
    runs: pd.DataFrame, bins: pd.DataFrame, sizes: pd.DataFrame, notes: Sequence[str]
) -> dict[str, Any]:
    fullest = "; ".join(
        f"{run.label}: {_fullest(bins[bins.run_id == run.run_id])}" for run in runs.itertuples()
    )
    text = (
        "Histograms of the predicted risks of subjects with the outcome, upwards, and without it, downwards. "
        f"Where most of them are: {fullest}."
    )
    units = {"density": "per unit of risk, shown in per cent of the group"}
    units |= dict.fromkeys(["bin_start", "bin_end"], "proportion")
    return about("Predicted risks by outcome", text, units, list(runs.run_id), sizes, notes=notes)


def _fullest(bins: pd.DataFrame) -> str:
    """The fullest bin of either outcome, in words; `nobody` where there is none."""
    said = []
    for outcome, name in ((1, "with"), (0, "without")):
        group = bins[(bins.y_true == outcome) & (bins.n > 0)]
        top = group.loc[group.n.idxmax()] if len(group) else None
        where = (
            "nobody"
            if top is None
            else f"{top.n} of {group.n.sum()} at {top.bin_start:.2f}–{top.bin_end:.2f}"
        )
        said.append(f"{name} the outcome {where}")
    return ", ".join(said)


def panel(run: Any, bins: pd.DataFrame, plot: float, height: float, *, first: bool) -> alt.LayerChart:
    """The histograms of one run, in the range of all `bins`."""
    share = bins.density.fillna(0) * (bins.bin_end - bins.bin_start) * 100
    above, below = reach(bins, share)
    ticks = alt.Axis(tickCount=panels.ticks(plot))
    x = alt.X("bin_start:Q", scale=alt.Scale(domain=[0, 1], nice=False), title="Predicted risk", axis=ticks)
    low = height < _LOW
    title = "Share (%)" if low else "Share of the group (%)"
    axis = alt.Axis(labels=first, tickCount=4 if low else 6, labelExpr="abs(datum.value)")
    scale = alt.Scale(domain=[-below, above])
    y = alt.Y("signed:Q", scale=scale, title=title if first else None, axis=axis)
    drawn = bars(run, _SHARE).encode(x=x, x2=alt.X2("bin_end"), y=y, y2=alt.Y2("zero"))
    return alt.layer(drawn).properties(width=plot, height=height)


def reach(bins: pd.DataFrame, height: pd.Series) -> tuple[float, float]:
    """How high the highest bar is with the outcome, and without it; 0 for an outcome that nobody has."""
    above, below = (max([0.0, *height[bins.y_true == outcome]]) for outcome in (1, 0))
    return float(above), float(below)


def bars(run: Any, measure: str) -> alt.Chart:
    """A bar for each bin of a run, as high as the expression `measure`: upwards and filled with the outcome, or hollow.

    Fields `signed` and `zero` are its ends.
    """
    drawn = alt.Chart(alt.NamedData("predicted_risks")).transform_filter(
        (alt.datum.run_id == run.run_id) & (alt.datum.n > 0)
    )
    drawn = drawn.transform_calculate(signed=f"datum.y_true === 1 ? {measure} : -{measure}", zero="0")
    with_outcome = alt.when("datum.y_true === 1")
    return drawn.mark_rect(strokeWidth=0.4).encode(
        color=with_outcome.then(alt.value(run.colour)).otherwise(alt.value("white")),
        stroke=with_outcome.then(alt.value("white")).otherwise(alt.value(INK)),
    )
