"""Smooth calibration curves with the risks that were predicted, a panel for each highlighted run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key, panels
from assets.charts.composition.about import about, sizes_of
from assets.charts.composition.datasets import columns, lined_up
from assets.charts.composition.key import Entry
from assets.charts.composition.numbers import NOT_ESTIMABLE, with_interval
from assets.charts.composition.style import (
    OTHER,
    REFERENCE,
    emphasised,
    finished,
    tint,
)
from assets.charts.distributions import bars, histograms, reach

_CURVE = ["run_id", "point", "predicted", "observed", "ci_lower", "ci_upper"]
IDEAL = pd.DataFrame({"predicted": [0, 1], "observed": [0, 1]})
# Wald and profile limits of the intercept take the slope for 1, and are too narrow where it is far from 1.
_ESTIMATES = {
    "Intercept": tuple(
        f"calibration_intercept{part}" for part in ("", "_bootstrap_lower", "_bootstrap_upper")
    ),
    "Slope": tuple(f"calibration_slope{part}" for part in ("", "_profile_lower", "_profile_upper")),
}
_EVERY = 4  # a curve of 101 points that is drawn 0.4 points wide looks the same with 26
_STRIP, _ABOVE = 40, 26  # the height of a histogram, and of the axis over it, in points


def calibration(
    calibration_curves: pd.DataFrame,
    probability_distributions: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    metrics: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
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
        If given: run_id, calibration_intercept with _bootstrap_lower and _bootstrap_upper, calibration_slope
        with _profile_lower and _profile_upper; printed over the panels.
    notes
        Sentences for the caption.
    width
        By default one column for one panel, else a page.
    """
    runs = emphasised(highlights)
    curves = smooth(calibration_curves)
    bins = histograms(probability_distributions, runs)
    over = estimates(runs, curves, metrics)
    said = _said(runs, over, curves, sizes_of(bins) if metrics is None else metrics, notes)
    row = panels.per_row(len(runs))
    return finished(
        lambda plot: _drawn(runs, curves, bins, over, plot),
        said,
        width or panels.usual_width(len(runs)),
        plots=row,
        margin=41 + panels.SPACING * (row - 1),
    )


def _drawn(
    runs: pd.DataFrame, curves: pd.DataFrame, bins: pd.DataFrame, over: list[list[str]], plot: float
) -> tuple[Any, dict[str, pd.DataFrame]]:
    """The panels, each so many points wide, under what is said `over` them, and their datasets."""
    row, height = panels.per_row(len(runs)), _ABOVE + _STRIP
    others = "other_runs" if curves.run_id.nunique() > 1 else None
    views = [
        [panel(run, plot, first=first, others=others), _strip(run, plot, bins, first=first)]
        for run in runs.itertuples()
        for first in [run.Index % row == 0]
    ]
    entries = [_key(runs, curves), panels.groups(runs, bins)]
    frames = {
        "other_runs": curves.loc[curves.point % _EVERY == 0, _CURVE[:4]],
        "highlighted_runs": curves[curves.run_id.isin(runs.run_id)],
        "predicted_risks": bins,
        "ideal": IDEAL,
        "headings": panels.headings(runs, over, plot),
        "key": key.paragraphs(entries, top=height + 12, width=panels.across(row, plot)),
    }
    chart = panels.keyed(runs, frames["headings"], views, row=row, plot=plot, height=height, between=10)
    return chart, frames


def smooth(calibration_curves: pd.DataFrame) -> pd.DataFrame:
    """The curves that are known, in order; UserError for a missing column."""
    curves = columns(calibration_curves, "calibration_curves", _CURVE).dropna(subset=_CURVE[:4])
    return lined_up(curves, "point")


def panel(
    run: Any, plot: float, *, first: bool, data: str = "highlighted_runs", others: str | None = None
) -> alt.LayerChart:
    """The curve of one run with its band, the curves of the dataset `others` in grey, and the ideal."""
    at = _Axes(plot, first)
    this = alt.datum.run_id == run.run_id
    limit = at.part(data, this).mark_line(color=run.colour, strokeWidth=0.4)
    grey = at.part(others or data, alt.datum.run_id != run.run_id).encode(detail=alt.Detail("run_id:N"))
    return alt.layer(
        at.part(data, this)
        .mark_area(color=tint(run.colour))
        .encode(y=at.y("ci_lower"), y2=alt.Y2("ci_upper")),
        *([grey.mark_line(color=OTHER, strokeWidth=0.3)] if others else []),
        at.part("ideal", "true").mark_line(color=REFERENCE, strokeDash=[3, 2], strokeWidth=0.6),
        # Other runs lie over the band, so that none is hidden; its limits are drawn over them.
        limit.encode(y=at.y("ci_lower")),
        limit.encode(y=at.y("ci_upper")),
        at.part(data, this).mark_line(color=run.colour),
    ).properties(width=plot, height=plot)


@dataclass(frozen=True)
class _Axes:
    """The axes of a panel so many points wide; the first of a row has labels at its left."""

    plot: float
    first: bool

    def part(self, data: str, only: Any) -> alt.Chart:
        """Curves of a dataset that `only` lets through."""
        scale = alt.Scale(domain=[0, 1], nice=False)
        axis = alt.Axis(tickCount=panels.ticks(self.plot))
        x = alt.X("predicted:Q", scale=scale, title="Predicted risk", axis=axis)
        return alt.Chart(alt.NamedData(data)).transform_filter(only).encode(x=x, y=self.y("observed"))

    def y(self, field: str) -> alt.Y:
        """A field on the vertical axis; what the smoother puts outside it is drawn at its ends."""
        scale = alt.Scale(domain=[0, 1], nice=False, clamp=True)
        title = "Observed risk" if self.first else None
        axis = alt.Axis(labels=self.first, tickCount=panels.ticks(self.plot))
        return alt.Y(f"{field}:Q", scale=scale, title=title, axis=axis)


def _said(
    runs: pd.DataFrame, said: list[list[str]], curves: pd.DataFrame, sizes: pd.DataFrame, notes: Sequence[str]
) -> dict[str, Any]:
    drawn = list(dict.fromkeys([*runs.run_id, *curves.run_id]))
    panels_say = "; ".join(", ".join([label, *note]) for label, note in zip(runs.label, said, strict=True))
    text = (
        f"Smooth calibration curves of {len(drawn)} runs, and histograms of predicted risk. In colour, each in "
        f"a panel of its own: {panels_say}"
    )
    units = {**dict.fromkeys([*_CURVE[2:], "bin_start", "bin_end"], "proportion"), "n": "subjects"}
    return about("Calibration", text, units, drawn, sizes, notes=notes)


def estimates(runs: pd.DataFrame, curves: pd.DataFrame, metrics: pd.DataFrame | None) -> list[list[str]]:
    """What is printed over the panel of each run: intercept and slope, and whether there is no curve."""
    missing = [[] if run in set(curves.run_id) else [f"Curve {NOT_ESTIMABLE}"] for run in runs.run_id]
    if metrics is None:
        return missing
    wanted = [name for names in _ESTIMATES.values() for name in names]
    known = columns(metrics, "metrics", ["run_id", *wanted]).set_index("run_id").reindex(runs.run_id)
    return [
        [f"{title} {with_interval(*row[i * 3 : i * 3 + 3])}" for i, title in enumerate(_ESTIMATES)] + note
        for row, note in zip(known[wanted].itertuples(index=False), missing, strict=True)
    ]


def _key(runs: pd.DataFrame, curves: pd.DataFrame) -> list[Entry]:
    """Key entries for what the panels show; a run without a curve has no band."""
    known = runs[runs.run_id.isin(curves.run_id)]
    bands = [tint(colour) for colour in known.colour]
    others = curves.run_id.nunique() > 1
    return [
        *(
            [Entry("Smooth curve (loess)"), Entry("95% CI, pointwise", mark="box", colours=bands)]
            if bands
            else []
        ),
        Entry("Perfect calibration", REFERENCE, (3, 2), width=0.6),
        *([Entry("Other runs", OTHER, width=0.5)] if others else []),
    ]


def _strip(run: Any, plot: float, bins: pd.DataFrame, *, first: bool) -> alt.Chart:
    """How many subjects with and without the outcome have which risk, under the axis of the curve."""
    above, below = reach(bins, bins.n)
    ticks = alt.Axis(labels=False, tickCount=panels.ticks(plot))
    x = alt.X("bin_start:Q", scale=alt.Scale(domain=[0, 1], nice=False), title=None, axis=ticks)
    height = _ABOVE + _STRIP
    scale = alt.Scale(domain=[-below, above], range=[height, _ABOVE], nice=False)
    axis = alt.Axis(labels=first, tickCount=3, labelExpr="abs(datum.value)", titleY=_ABOVE + _STRIP / 2)
    y = alt.Y("signed:Q", scale=scale, title="Subjects" if first else None, axis=axis)
    drawn = bars(run, "datum.n").encode(x=x, x2=alt.X2("bin_end"), y=y, y2=alt.Y2("zero"))
    return drawn.properties(width=plot, height=height)
