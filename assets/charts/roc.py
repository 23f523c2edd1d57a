"""ROC curves: all runs in one plot, and each highlighted one with its interval in a panel of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key, panels
from assets.charts.composition.about import about
from assets.charts.composition.datasets import columns, having, lined_up
from assets.charts.composition.numbers import NOT_ESTIMABLE, with_interval
from assets.charts.composition.style import (
    COLUMN,
    OTHER,
    PAGE,
    REFERENCE,
    colour_of,
    dash_of,
    emphasised,
    finished,
    overlaid,
    tint,
)

_RATES = ["false_positive_rate", "true_positive_rate"]
_LIMITS = ["sensitivity_ci_lower", "sensitivity_ci_upper"]
_AUROC = ["run_id", "auroc", "auroc_ci_lower", "auroc_ci_upper"]
_INTERVAL = "AUROC (95% CI, DeLong)"
_BAND = "95% CI, pointwise (Wilson)"
_AXIS, _OVERVIEW, _BETWEEN_PANELS = 41, 180, 56
_BESIDE = 4  # up to so many panels stand beside the overview

Drawn = tuple[Any, dict[str, pd.DataFrame]]


def roc(
    roc_curves: pd.DataFrame,
    metrics: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.LayerChart | alt.HConcatChart | alt.VConcatChart:
    """ROC curves of all runs, with the AUROC and its DeLong interval of those highlighted.

    A single highlighted run has its band in the plot; of several, each has it in a panel below.

    Parameters
    ----------
    roc_curves
        run_id, point (0 at the origin), false_positive_rate, true_positive_rate, sensitivity_ci_lower,
        sensitivity_ci_upper (pointwise). A run whose rates are null has no curve.
    metrics
        run_id, auroc, auroc_ci_lower, auroc_ci_upper; brier, n_test and n_events if known.
    highlights
        run_id, classifier, label; the runs in colour, in the order of the key.
    notes
        Sentences for the caption.
    width
        By default one column for one highlighted run, else a page.
    """
    runs = emphasised(highlights)
    curves = columns(roc_curves, "roc_curves", ["run_id", "point", *_RATES, *_LIMITS])
    curves = _corners(having(curves, "roc_curves", runs.run_id).dropna(subset=_RATES))
    metrics = having(metrics, "metrics", runs.run_id)
    entries = _entries(runs, columns(metrics, "metrics", _AUROC), curves)
    drawn = list(dict.fromkeys([*runs.run_id, *curves.run_id]))  # also a run without a curve
    plot = _Plot(runs, entries, _frames(runs, curves, metrics[metrics.run_id.isin(drawn)]))
    said = _said(entries, drawn, metrics, notes)
    if len(runs) == 1:
        return finished(plot.alone, said, width or COLUMN, margin=_AXIS)
    if len(runs) <= _BESIDE:
        row = (len(runs) + 1) // 2
        margin = 2 * _AXIS + panels.TO_THE_RIGHT + panels.SPACING * (row - 1) + _BETWEEN_PANELS
        return finished(plot.beside, said, width or PAGE, plots=2 + row, margin=margin)
    row = panels.in_a_row(len(runs))
    margin = _AXIS + panels.SPACING * (row - 1)
    return finished(plot.below, said, width or PAGE, plots=row, margin=margin)


@dataclass(frozen=True)
class _Plot:
    """The runs in colour, the entries of the key, and the datasets."""

    runs: pd.DataFrame
    entries: list[key.Entry]
    frames: dict[str, pd.DataFrame]

    def alone(self, plot: float) -> Drawn:
        """One plot with the band of the one run that is highlighted."""
        curves = pd.concat([self.frames["other_runs"], self.frames["highlighted_runs"]])
        drawn = alt.layer(_band(next(self.runs.itertuples())), _curves(self.runs))
        chart = overlaid(drawn, key.drawn("key", plot, plot), width=plot, height=plot)
        return chart, {**self.frames, "key": _placed(self.entries, curves, plot)}

    def beside(self, plot: float) -> Drawn:
        """All curves in one large plot, and beside it two rows of panels, one for each run with its band."""
        row = (len(self.runs) + 1) // 2
        grid, headings = self._panels(plot, row)
        side = panels.height(headings, plot, 2)
        listed = key.listed(
            self.entries, _INTERVAL, left=0, top=side + 34, width=side + panels.across(row, plot)
        )
        overview = overlaid(_curves(self.runs), key.drawn("key", side, side), width=side, height=side)
        return panels.beside(overview, grid), {**self.frames, "headings": headings, "key": listed}

    def below(self, plot: float) -> Drawn:
        """All curves in one plot with the key beside it, and below it a panel for each run with its band."""
        row = panels.in_a_row(len(self.runs))
        grid, headings = self._panels(plot, row)
        left = _OVERVIEW + 2 * panels.SPACING
        listed = key.listed(self.entries, _INTERVAL, left=left, top=0, width=panels.across(row, plot) - left)
        overview = overlaid(
            _curves(self.runs), key.drawn("key", _OVERVIEW, _OVERVIEW), width=_OVERVIEW, height=_OVERVIEW
        )
        return panels.below(overview, grid), {**self.frames, "headings": headings, "key": listed}

    def _panels(self, plot: float, row: int) -> tuple[alt.ConcatChart, pd.DataFrame]:
        known = set(self.frames["highlighted_runs"].run_id)
        missing = [[] if run in known else [f"Curve {NOT_ESTIMABLE}"] for run in self.runs.run_id]
        headings = panels.headings(panels.shortened(self.runs, plot), missing, plot)
        views = [
            [_panel(run, plot, first=run.Index % row == 0).properties(width=plot, height=plot)]
            for run in self.runs.itertuples()
        ]
        return panels.grid(self.runs, headings, views, row=row, plot=plot), headings


def _said(
    entries: list[key.Entry], runs: list[str], metrics: pd.DataFrame, notes: Sequence[str]
) -> dict[str, Any]:
    values = "; ".join(f"{entry.label} {entry.value}" for entry in entries if entry.value)
    text = f"ROC curves of {len(runs)} runs, with their {_INTERVAL}: {values}"
    return about(
        "ROC curves", text, dict.fromkeys([*_RATES, *_LIMITS], "proportion"), runs, metrics, notes=notes
    )


def _frames(runs: pd.DataFrame, curves: pd.DataFrame, metrics: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The curves, the diagonal, and of each run its AUROC; with its Brier score, which tells a recalibrated one."""
    shown = curves.run_id.isin(runs.run_id)
    return {
        "other_runs": curves.loc[~shown, ["run_id", "point", *_RATES]],
        "highlighted_runs": curves[shown],
        "diagonal": pd.DataFrame({rate: [0, 1] for rate in _RATES}),
        "runs": metrics[[name for name in (*_AUROC, "brier") if name in metrics]].sort_values("run_id"),
    }


def _corners(curves: pd.DataFrame) -> pd.DataFrame:
    """The curves without the points on the way along a level or an upright stretch, which draw nothing.

    Those within a slanting stretch stay: between them the band is no straight line.
    """
    ordered = lined_up(curves, "point")
    by_run = ordered.groupby("run_id", sort=False)[_RATES]
    on_the_way = (by_run.diff() == 0) & (by_run.diff(-1) == 0)
    return ordered[~on_the_way.any(axis=1)]


def _entries(runs: pd.DataFrame, metrics: pd.DataFrame, curves: pd.DataFrame) -> list[key.Entry]:
    """Key entries: the highlighted runs with their AUROC, their bands, and the others."""
    known = metrics.set_index("run_id")
    entries = [
        key.Entry(run.label, run.colour, run.dash, value=with_interval(*known.loc[run.run_id, _AUROC[1:]]))
        for run in runs.itertuples()
    ]
    bands = [tint(run.colour) for run in runs.itertuples() if run.run_id in set(curves.run_id)]
    if bands:
        entries.append(key.Entry(_BAND, mark="box", colours=bands))
    return [
        *entries,
        *([key.Entry("Other runs", OTHER, width=0.5)] if set(curves.run_id) - set(runs.run_id) else []),
    ]


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


def _panel(run: Any, plot: float, *, first: bool) -> alt.LayerChart:
    """The curve of one run over its band."""
    axes = _Axes(panels.ticks(plot), first)
    this = alt.Chart(alt.NamedData("highlighted_runs")).transform_filter(alt.datum.run_id == run.run_id)
    line = this.mark_line(color=run.colour).encode(
        x=axes.x, y=axes.y("true_positive_rate"), order=alt.Order("point:Q")
    )
    return alt.layer(_band(run, axes), _diagonal(axes), line)


def _curves(runs: pd.DataFrame) -> alt.LayerChart:
    """All curves in one plot."""
    axes = _Axes()

    def line(name: str) -> alt.Chart:
        lines = alt.Chart(alt.NamedData(name))
        return lines.encode(
            x=axes.x,
            y=axes.y("true_positive_rate"),
            detail=alt.Detail("run_id:N"),
            order=alt.Order("point:Q"),
        )

    return alt.layer(
        line("other_runs").mark_line(color=OTHER, strokeWidth=0.4),
        _diagonal(axes),
        line("highlighted_runs").mark_line().encode(color=colour_of(runs), strokeDash=dash_of(runs)),
    )


@dataclass(frozen=True)
class _Axes:
    """The axes of a plot; the first of a row has labels at its left."""

    ticks: int = 5
    first: bool = True

    @property
    def x(self) -> alt.X:
        axis = alt.Axis(tickCount=self.ticks)
        return alt.X("false_positive_rate:Q", scale=_UNIT, title="1 − specificity", axis=axis)

    def y(self, field: str) -> alt.Y:
        axis = alt.Axis(tickCount=self.ticks, labels=self.first)
        return alt.Y(f"{field}:Q", scale=_UNIT, title="Sensitivity" if self.first else None, axis=axis)


_UNIT = alt.Scale(domain=[0, 1], nice=False)


def _diagonal(axes: _Axes) -> alt.Chart:
    line = alt.Chart(alt.NamedData("diagonal")).mark_line(color=REFERENCE, strokeDash=[3, 2], strokeWidth=0.6)
    return line.encode(x=axes.x, y=axes.y("true_positive_rate"))


def _band(run: Any, axes: _Axes | None = None) -> alt.Chart:
    axes = axes or _Axes()
    points = alt.Chart(alt.NamedData("highlighted_runs")).transform_filter(alt.datum.run_id == run.run_id)
    limits = {"y": axes.y("sensitivity_ci_lower"), "y2": alt.Y2("sensitivity_ci_upper")}
    return points.mark_area(color=tint(run.colour)).encode(x=axes.x, **limits)
