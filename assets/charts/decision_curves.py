"""Decision curves: net benefit over threshold probabilities, always beside treating all and none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts.composition import direct, key, panels
from assets.charts.composition.about import about
from assets.charts.composition.numbers import fixed
from assets.charts.composition.style import (
    COLUMN,
    LABEL,
    OTHER,
    PAGE,
    REFERENCE,
    emphasised,
    finished,
    overlaid,
    tint,
)
from assets.charts.composition.typesetting import text_width
from assets.charts.decision_lines import ALL, LIMITS, Lines, lines

_HEIGHT, _AXIS, _BELOW = 150, 40, 34

Drawn = tuple[Any, dict[str, pd.DataFrame]]


def decision_curves(
    dca_curves: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    thresholds: tuple[float, float] = (0.01, 0.50),
    lowest: float | None = None,
    metrics: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.LayerChart | alt.VConcatChart:
    """Net benefit of all runs over the threshold probabilities that matter clinically.

    Vickers and Elkin 2006. A curve that leaves the plot at its lower edge is marked there. A single highlighted run
    has its band in the plot; of several, each has it in a panel below.

    Parameters
    ----------
    dca_curves
        run_id, threshold, net_benefit_model, net_benefit_all, net_benefit_none, net_benefit_ci_lower,
        net_benefit_ci_upper (pointwise; null where there is no interval, which leaves a gap in the band).
    highlights
        run_id, classifier, label; the runs in colour.
    thresholds
        First and last threshold probability shown.
    lowest
        Net benefit at the lower edge; without it, an eighth of the highest one below zero.
    metrics
        run_id, n_test and n_events, for the figure's account of itself, and to tell test sets apart; needed if they
        differ in prevalence.
    notes
        Sentences for the caption.
    width
        By default one column for one highlighted run, else a page.
    """
    runs = emphasised(highlights)
    shown = lines(dca_curves, runs, thresholds=thresholds, lowest=lowest, metrics=metrics)
    said = _said(runs, shown, metrics, notes)
    total = width or (COLUMN if len(runs) == 1 else PAGE)
    beside = direct.width_beside(list(shown.named.label), widest=total / 3, height=_HEIGHT) or 0.0
    widest = total / 3 if beside else 0.0
    if len(runs) == 1:
        return finished(lambda plot: _overview(shown, runs, plot, widest), said, total, margin=_AXIS + beside)
    row = panels.in_a_row(len(runs))

    def draw(plot: float) -> Drawn:
        points = panels.across(row, plot) - beside
        return _with_panels(shown, runs, _overview(shown, runs, points, widest), plot, _height(points))

    return finished(draw, said, total, plots=row, margin=_AXIS + panels.SPACING * (row - 1))


def _with_panels(shown: Lines, runs: pd.DataFrame, overview: Drawn, plot: float, height: float) -> Drawn:
    """An overview of that height, and below it a panel so many points wide for each run."""
    chart, frames = overview
    row = panels.in_a_row(len(runs))
    headings = panels.headings(panels.shortened(runs, plot), [[] for _ in runs.run_id], plot)
    views = [
        [panel(shown, run, plot, round(0.8 * plot), first=run.Index % row == 0)] for run in runs.itertuples()
    ]
    grid = panels.grid(runs, headings, views, row=row, plot=plot)
    deepest = float(frames["key"].y.max()) - height + 5
    return panels.below(chart, grid, deepest=deepest), {**frames, "headings": headings}


def panel(
    shown: Lines, run: Any, width: float, height: float, *, first: bool, data: str = "highlighted_runs"
) -> alt.LayerChart:
    """The curve of one run over its band, beside treating all and none."""
    at = _At(shown, "Threshold (%)", "Net benefit" if first else None, bands=True)
    of_run = alt.FieldOneOfPredicate(field="run_id", oneOf=shown.beside[run.run_id])
    parts = [
        _band(at, run, data),
        _lines(at, "strategies").transform_filter(of_run),
        _lines(at, data, solid=True).transform_filter(of_run),
        *(edge.transform_filter(of_run) for edge in _leaving(at)),
    ]
    drawn = alt.layer(*parts).resolve_scale(strokeDash="independent", color="independent")
    return drawn.properties(width=width, height=height)


def _overview(shown: Lines, runs: pd.DataFrame, points: float, widest: float) -> Drawn:
    """All lines in one plot, labelled at their ends if labels may be `widest` wide, else in a key below."""
    plot = direct.Plot(points, _height(points), shown.thresholds, shown.benefits(bands=len(runs) == 1))
    labels = _labels(shown, plot, widest) if widest else pd.DataFrame(columns=direct.COLUMNS)
    unlabelled = shown.named[~shown.named.label.isin(labels.label)]
    alone = int(unlabelled.run_id.isin(runs.run_id).sum())
    entries = _entries(unlabelled, shown, runs)
    placed = key.flowed(entries, top=plot.height + _BELOW, width=plot.width, alone=alone)
    parts = [_curves(shown, runs), direct.drawn("labels", plot), key.drawn("key", plot.width, plot.height)]
    chart = overlaid(*parts, width=plot.width, height=plot.height)
    return chart, {**shown.frames, "labels": labels, "key": placed}


def _height(points: float) -> float:
    return min(max(_HEIGHT, round(0.75 * points)), 180)


def _said(
    runs: pd.DataFrame, shown: Lines, metrics: pd.DataFrame | None, notes: Sequence[str]
) -> dict[str, Any]:
    drawn = [*runs.run_id, *shown.frames["other_runs"].run_id.unique()]
    thresholds = shown.frames["highlighted_runs"].threshold
    first, last = (fixed(100 * edge(thresholds), 0) for edge in (min, max))
    text = (
        f"Net benefit of {len(drawn)} runs at threshold probabilities of {first} to {last}%, beside treating "
        f"all and none. In colour: {', '.join(runs.label)}."
    )
    units = {"threshold": "probability, shown in per cent"}
    units |= dict.fromkeys(["net_benefit", *LIMITS], "true positives per subject")
    return about("Decision curves", text, units, drawn, metrics, notes=[*shown.notes, *notes])


def _labels(shown: Lines, plot: direct.Plot, widest: float) -> pd.DataFrame:
    """Labels at the ends of lines that reach the right edge, and one under treating all if that does not."""
    curves = shown.prominent
    ends = curves.groupby("run_id").net_benefit.last()
    named = shown.named.assign(y=shown.named.run_id.map(ends))
    labels = direct.at_ends(named[named.y >= plot.y_range[0]], plot, widest=widest)
    if ends.get(ALL, plot.y_range[0]) >= plot.y_range[0]:
        return labels
    every = pd.concat([curves, shown.frames["other_runs"]], ignore_index=True)
    every = every.rename(columns={"threshold": "x", "net_benefit": "y"})
    falling = every[every.run_id == ALL]
    heights = np.arange(plot.y(0) - LABEL, 0, -LABEL)
    right = np.interp(heights, plot.y(falling.y), plot.x(falling.x)) - text_width(ALL, LABEL)
    spots = [(x - away * LABEL, y) for x, y in zip(right, heights, strict=True) for away in range(1, 5)]
    spot = direct.free_spot(ALL, spots, [curve for _, curve in every.groupby("run_id")], plot)
    return pd.concat([labels, direct.in_the_plot(ALL, spot)]) if spot else labels


def _entries(unlabelled: pd.DataFrame, shown: Lines, runs: pd.DataFrame) -> list[key.Entry]:
    entries = [key.Entry(run.label, run.colour, run.dash, width=run.width) for run in unlabelled.itertuples()]
    entries.append(
        key.Entry("95% CI, pointwise", mark="box", colours=[tint(colour) for colour in runs.colour])
    )
    if len(shown.frames["other_runs"]):
        entries.append(key.Entry("Other runs", OTHER, width=0.5))
    if len(shown.frames["cut"]):
        entries.append(key.Entry("Continues below", REFERENCE, mark="down"))
    return entries


def _curves(shown: Lines, runs: pd.DataFrame) -> alt.LayerChart:
    alone = len(runs) == 1
    at = _At(shown, "Threshold probability (%)", "Net benefit (true positives per subject)", bands=alone)
    others = alt.Chart(alt.NamedData("other_runs")).transform_filter(at.visible)
    others = others.mark_line(color=OTHER, strokeWidth=0.4)
    bands = [_band(at, run, "highlighted_runs") for run in runs.itertuples()] if alone else []
    return alt.layer(
        *bands,
        others.encode(x=at.x("threshold"), y=at.y("net_benefit"), detail=alt.Detail("run_id:N")),
        _lines(at, "strategies"),
        _lines(at, "highlighted_runs"),
        *_leaving(at),
    ).resolve_scale(strokeDash="independent", color="independent")


@dataclass(frozen=True)
class _At:
    """The axes of a decision plot."""

    shown: Lines
    x_title: str
    y_title: str | None
    bands: bool

    @property
    def visible(self) -> str:
        # Not `clip=True`: it makes one clipping path per run, and a PNG of 64 runs then takes seconds.
        return f"datum.net_benefit >= {self.shown.lowest}"

    def x(self, field: str) -> alt.X:
        scale = alt.Scale(domain=list(self.shown.thresholds), nice=False)
        axis = alt.Axis(labelExpr="datum.value * 100", tickCount=5)
        return alt.X(f"{field}:Q", scale=scale, title=self.x_title, axis=axis)

    def y(self, field: str) -> alt.Y:
        scale = alt.Scale(domain=list(self.shown.benefits(bands=self.bands)), nice=False, clamp=True)
        axis = alt.Axis(labels=self.y_title is not None, tickCount=6)
        return alt.Y(f"{field}:Q", scale=scale, title=self.y_title, axis=axis)


def _lines(at: _At, data: str, *, solid: bool = False) -> alt.Chart:
    named = at.shown.named
    colour = alt.Color(
        "run_id:N", scale=alt.Scale(domain=list(named.run_id), range=list(named.colour)), legend=None
    )
    dash = alt.StrokeDash(
        "run_id:N", scale=alt.Scale(domain=list(named.run_id), range=list(named.dash)), legend=None
    )
    line = alt.Chart(alt.NamedData(data)).transform_filter(at.visible)
    line = line.mark_line(strokeWidth=1.0 if data == "strategies" else 1.2)
    line = line.encode(x=at.x("threshold"), y=at.y("net_benefit"), color=colour)
    return line if solid else line.encode(strokeDash=dash)


def _band(at: _At, run: Any, data: str) -> alt.Chart:
    band = alt.Chart(alt.NamedData(data)).transform_filter(alt.datum.run_id == run.run_id)
    band = band.mark_area(color=tint(run.colour))
    return band.encode(x=at.x("threshold"), y=at.y(LIMITS[0]), y2=alt.Y2(f"{LIMITS[1]}"))


def _leaving(at: _At) -> list[alt.Chart]:
    """The last stretch of a line that leaves the plot, and an arrow where it does."""
    colour, dash = alt.Color("colour:N", scale=None), alt.StrokeDash("dash:N", scale=None)
    edge = alt.Chart(alt.NamedData("cut")).encode(color=colour)
    stretch = edge.mark_rule(strokeWidth=1).encode(
        x=at.x("threshold"), y=at.y("net_benefit"), x2=alt.X2("edge_threshold"), y2=alt.Y2("edge_net_benefit")
    )
    arrow = edge.mark_point(shape="triangle-down", size=16)
    return [
        stretch.encode(strokeDash=dash),
        arrow.encode(x=at.x("edge_threshold"), y=at.y("edge_net_benefit")),
    ]
