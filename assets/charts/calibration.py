"""Smooth calibration curves with the risks that were predicted, a panel for each highlighted run."""

from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key, panels
from assets.charts.composition.about import about, sizes_of
from assets.charts.composition.datasets import columns, having
from assets.charts.composition.key import Entry
from assets.charts.composition.numbers import NOT_ESTIMABLE, with_interval
from assets.charts.composition.style import (
    INK,
    OTHER,
    REFERENCE,
    WITHOUT,
    emphasised,
    finished,
    overlaid,
    tint,
)

_CURVE = ["run_id", "point", "predicted", "observed", "ci_lower", "ci_upper"]
_BINS = ["run_id", "y_true", "bin", "bin_start", "bin_end", "n"]
_ESTIMATES = {"Intercept": "calibration_intercept", "Slope": "calibration_slope"}
_EVERY = 4  # a curve of 101 points that is drawn 0.4 points wide looks the same with 26
_STRIP = 40


def calibration(
    calibration_curves: pd.DataFrame,
    probability_distributions: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    metrics: pd.DataFrame | None = None,
    width: float | None = None,
) -> alt.ConcatChart:
    """Observed against predicted risk (loess, 95 % pointwise interval), above a histogram of the risks.

    Austin and Steyerberg 2014. What the smoother puts outside 0 to 1 is drawn at the edge.

    Parameters
    ----------
    calibration_curves
        run_id, point, predicted, observed, ci_lower, ci_upper.
    probability_distributions
        run_id, y_true, bin, bin_start, bin_end, n.
    highlights
        run_id, classifier, label; one panel each.
    metrics
        If given: run_id, calibration_intercept and calibration_slope, each with _ci_lower and
        _ci_upper; printed over the panels.
    width
        By default one column for one panel, else a page.
    """
    runs = emphasised(highlights)
    curves = columns(calibration_curves, "calibration_curves", _CURVE).dropna(subset=_CURVE[:4])
    curves = curves.sort_values(["run_id", "point"], ignore_index=True)
    bins = columns(probability_distributions, "probability_distributions", _BINS)
    bins = having(bins, "probability_distributions", runs.run_id)
    bins = bins[bins.run_id.isin(runs.run_id)].sort_values(["run_id", "y_true", "bin"], ignore_index=True)
    frames = {
        "other_runs": curves.loc[curves.point % _EVERY == 0, _CURVE[:4]],
        "highlighted_runs": curves[curves.run_id.isin(runs.run_id)],
        "predicted_risks": bins,
        "ideal": pd.DataFrame({"predicted": [0, 1], "observed": [0, 1]}),
    }
    notes = _notes(runs, curves, metrics)
    said = _said(runs, notes, curves, sizes_of(bins) if metrics is None else metrics)
    row = panels.per_row(len(runs))

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        headings = panels.headings(runs, notes, plot)
        entries = [*_entries(others=curves.run_id.nunique() > 1), *panels.groups(runs, bins)]
        placed = key.flowed(entries, top=_STRIP + 34, width=row * plot)
        views = [
            [_curve(run, plot, first=i % row == 0), _strip(run, plot, bins, first=i % row == 0)]
            for i, run in enumerate(runs.itertuples())
        ]
        below = (len(runs) - 1) // row * row
        views[below][1] = overlaid(views[below][1], key.drawn("key", plot, _STRIP), width=plot, height=_STRIP)
        chart = panels.grid(runs, headings, views, row=row, plot=plot)
        return chart, {**frames, "headings": headings, "key": placed}

    margin = 41 + panels.SPACING * (row - 1)
    return finished(draw, said, width or panels.usual_width(len(runs)), plots=row, margin=margin)


def _said(
    runs: pd.DataFrame, notes: list[list[str]], curves: pd.DataFrame, sizes: pd.DataFrame
) -> dict[str, Any]:
    drawn = list(dict.fromkeys([*runs.run_id, *curves.run_id]))
    panels_say = "; ".join(", ".join([label, *note]) for label, note in zip(runs.label, notes, strict=True))
    text = (
        f"Smooth calibration curves of {len(drawn)} runs, and histograms of predicted risk. In colour, each in "
        f"a panel of its own: {panels_say}"
    )
    units = {**dict.fromkeys([*_CURVE[2:], "bin_start", "bin_end"], "proportion"), "n": "subjects"}
    return about("Calibration", text, units, drawn, sizes)


def _notes(runs: pd.DataFrame, curves: pd.DataFrame, metrics: pd.DataFrame | None) -> list[list[str]]:
    """What is printed over each panel: the estimates, or that there is no curve."""
    missing = [[] if run in set(curves.run_id) else [f"Curve {NOT_ESTIMABLE}"] for run in runs.run_id]
    if metrics is None:
        return missing
    wanted = [name + part for name in _ESTIMATES.values() for part in ("", "_ci_lower", "_ci_upper")]
    known = columns(metrics, "metrics", ["run_id", *wanted]).set_index("run_id").reindex(runs.run_id)
    return [
        [f"{title} {with_interval(*row[i * 3 : i * 3 + 3])}" for i, title in enumerate(_ESTIMATES)] + note
        for row, note in zip(known[wanted].itertuples(index=False), missing, strict=True)
    ]


def _entries(*, others: bool) -> list[Entry]:
    return [
        Entry("Smooth curve (loess)"),
        Entry("95% CI, pointwise", tint(INK), mark="box"),
        Entry("Perfect calibration", REFERENCE, (3, 2), width=0.6),
        *([Entry("Other runs", OTHER, width=0.5)] if others else []),
    ]


def _curve(run: Any, plot: float, *, first: bool) -> alt.LayerChart:
    x_scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("predicted:Q", scale=x_scale, title=None).axis(labels=False, tickCount=5)

    def y(field: str) -> alt.Y:
        scale = alt.Scale(domain=[0, 1], nice=False, clamp=True)
        title = "Observed risk" if first else None
        return alt.Y(f"{field}:Q", scale=scale, title=title).axis(labels=first, tickCount=5)

    def part(name: str, only: Any) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).transform_filter(only).encode(x=x, y=y("observed"))

    this, others = alt.datum.run_id == run.run_id, alt.datum.run_id != run.run_id
    diagonal = alt.Chart(alt.NamedData("ideal")).mark_line(
        color=REFERENCE, strokeDash=[3, 2], strokeWidth=0.6
    )
    limit = part("highlighted_runs", this).mark_line(color=run.colour, strokeWidth=0.4)
    return alt.layer(
        part("highlighted_runs", this)
        .mark_area(color=tint(run.colour))
        .encode(y=y("ci_lower"), y2="ci_upper:Q"),
        part("other_runs", others).mark_line(color=OTHER, strokeWidth=0.3).encode(detail="run_id:N"),
        diagonal.encode(x=x, y=y("observed")),
        # Other runs lie over the band, so that none is hidden; its limits are drawn over them.
        limit.encode(y=y("ci_lower")),
        limit.encode(y=y("ci_upper")),
        part("highlighted_runs", this).mark_line(color=run.colour),
    ).properties(width=plot, height=plot)


def _strip(run: Any, plot: float, bins: pd.DataFrame, *, first: bool) -> alt.Chart:
    above, below = (int(bins.n[bins.y_true == outcome].max()) for outcome in (1, 0))
    x = alt.X("bin_start:Q", scale=alt.Scale(domain=[0, 1], nice=False), title="Predicted risk").axis(
        tickCount=5
    )
    y = alt.Y("signed:Q", scale=alt.Scale(domain=[-below, above], nice=False))
    y = y.title("Subjects" if first else None).axis(labels=first, tickCount=3, labelExpr="abs(datum.value)")
    colour = alt.when("datum.y_true === 1").then(alt.value(run.colour)).otherwise(alt.value(WITHOUT))
    bars = alt.Chart(alt.NamedData("predicted_risks")).transform_filter(
        (alt.datum.run_id == run.run_id) & (alt.datum.n > 0)
    )
    bars = bars.transform_calculate(signed="datum.y_true === 1 ? datum.n : -datum.n", zero="0")
    bars = bars.mark_rect(stroke="white", strokeWidth=0.3)
    return bars.encode(x=x, x2="bin_end:Q", y=y, y2="zero:Q", color=colour).properties(
        width=plot, height=_STRIP
    )
