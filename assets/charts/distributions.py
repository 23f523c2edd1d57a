"""Predicted risks of subjects with and without the outcome, a panel for each highlighted run."""

from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key, panels
from assets.charts.composition.about import about, sizes_of
from assets.charts.composition.datasets import columns, having
from assets.charts.composition.style import WITHOUT, emphasised, finished, overlaid

_BINS = ["run_id", "y_true", "bin", "bin_start", "bin_end", "n", "density"]
_SHARE = "datum.density * (datum.bin_end - datum.bin_start) * 100"


def distributions(
    probability_distributions: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    metrics: pd.DataFrame | None = None,
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
    width
        By default one column for one panel, else a page.
    """
    runs = emphasised(highlights)
    bins = columns(probability_distributions, "probability_distributions", _BINS)
    bins = having(bins, "probability_distributions", runs.run_id)
    bins = bins[bins.run_id.isin(runs.run_id)].sort_values(["run_id", "y_true", "bin"], ignore_index=True)
    row = panels.per_row(len(runs))

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        height = round(0.8 * plot)
        headings = panels.headings(runs, [[] for _ in runs.run_id], plot)
        placed = key.flowed(panels.groups(runs, bins), top=height + 34, width=row * plot)
        drawn = [
            [_histogram(run, bins, plot, height, first=i % row == 0)]
            for i, run in enumerate(runs.itertuples())
        ]
        below = (len(runs) - 1) // row * row
        drawn[below][0] = overlaid(drawn[below][0], key.drawn("key", plot, height), width=plot, height=height)
        chart = panels.grid(runs, headings, drawn, row=row, plot=plot)
        return chart, {"predicted_risks": bins, "headings": headings, "key": placed}

    said = _said(runs, sizes_of(bins) if metrics is None else metrics)
    margin = 40 + panels.SPACING * (row - 1)
    return finished(draw, said, width or panels.usual_width(len(runs)), plots=row, margin=margin)


def _said(runs: pd.DataFrame, sizes: pd.DataFrame) -> dict[str, Any]:
    text = (
        "Histograms of the predicted risks of subjects with the outcome, upwards, and without it, downwards: "
        f"{', '.join(runs.label)}"
    )
    units = {"density": "per unit of risk, shown in per cent of the group"}
    units |= dict.fromkeys(["bin_start", "bin_end"], "proportion")
    return about("Predicted risks by outcome", text, units, list(runs.run_id), sizes)


def _histogram(run: Any, bins: pd.DataFrame, plot: float, height: float, *, first: bool) -> alt.LayerChart:
    share = bins.density.fillna(0) * (bins.bin_end - bins.bin_start) * 100
    above, below = (float(share[bins.y_true == outcome].max()) for outcome in (1, 0))
    x = alt.X("bin_start:Q", scale=alt.Scale(domain=[0, 1], nice=False), title="Predicted risk").axis(
        tickCount=5
    )
    y = alt.Y(
        "share:Q", scale=alt.Scale(domain=[-below, above]), title="Share of the group (%)" if first else None
    )
    y = y.axis(labels=first, tickCount=6, labelExpr="abs(datum.value)")
    colour = alt.when("datum.y_true === 1").then(alt.value(run.colour)).otherwise(alt.value(WITHOUT))
    bars = alt.Chart(alt.NamedData("predicted_risks")).transform_filter(
        (alt.datum.run_id == run.run_id) & (alt.datum.n > 0)
    )
    bars = bars.transform_calculate(share=f"datum.y_true === 1 ? {_SHARE} : -{_SHARE}", zero="0")
    bars = bars.mark_rect(stroke="white", strokeWidth=0.3)
    return alt.layer(bars.encode(x=x, x2="bin_end:Q", y=y, y2="zero:Q", color=colour)).properties(
        width=plot, height=height
    )
