"""Decision curves: net benefit over threshold probabilities, always beside treating all and none."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts.composition import direct, key
from assets.charts.composition.about import about
from assets.charts.composition.datasets import columns, having
from assets.charts.composition.numbers import fixed
from assets.charts.composition.style import (
    COLUMN,
    LABEL,
    OTHER,
    REFERENCE,
    colour_of,
    dash_of,
    emphasised,
    finished,
    overlaid,
)
from assets.charts.composition.typesetting import text_width
from assets.engine.errors import UserError

ALL, NONE = "Treat all", "Treat none"
_COLUMNS = ["run_id", "threshold", "net_benefit_model", "net_benefit_all", "net_benefit_none"]
_HEIGHT, _AXIS = 150, 40
_LINE = ["run_id", "threshold", "net_benefit"]
_STRATEGIES = pd.DataFrame(
    {"run_id": [ALL, NONE], "label": [ALL, NONE], "colour": REFERENCE, "dash": [[4, 2], [1, 0]]}
)


def decision_curves(
    dca_curves: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    thresholds: tuple[float, float] = (0.01, 0.50),
    lowest: float | None = None,
    metrics: pd.DataFrame | None = None,
    width: float = COLUMN,
) -> alt.LayerChart:
    """Net benefit of all runs over the threshold probabilities that matter clinically.

    Vickers and Elkin 2006. A curve that leaves the plot at its lower edge is marked there.

    Parameters
    ----------
    dca_curves
        run_id, threshold, net_benefit_model, net_benefit_all, net_benefit_none.
    highlights
        run_id, classifier, label; the runs in colour.
    thresholds
        First and last threshold probability shown.
    lowest
        Net benefit at the lower edge; without it, an eighth of the highest one below zero.
    metrics
        If given: run_id, n_test and n_events, for the figure's account of itself.
    """
    runs = emphasised(highlights)
    curves = columns(dca_curves, "dca_curves", _COLUMNS).sort_values(_COLUMNS[:2], ignore_index=True)
    curves = curves[curves.threshold.between(*thresholds)]
    curves = having(curves, "dca_curves", runs.run_id).rename(columns={"net_benefit_model": "net_benefit"})
    shown = curves.run_id.isin(runs.run_id)
    frames = {
        "other_runs": curves.loc[~shown, _LINE],
        "highlighted_runs": curves.loc[shown, _LINE],
        "strategies": _strategies(curves),
    }
    named = pd.concat([runs, _STRATEGIES], ignore_index=True)
    lines = pd.concat([frames["highlighted_runs"], frames["strategies"]], ignore_index=True)
    benefits = _benefits(lines, lowest)
    frames["cut"] = _cut(lines, benefits[0]).merge(named[["run_id", "colour", "dash"]])
    beside = direct.width_beside(list(named.label), widest=width / 3, height=_HEIGHT)

    def draw(points: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        plot = direct.Plot(points, max(_HEIGHT, round(0.75 * points)), thresholds, benefits)
        labels = _labels(named, lines, plot, width / 3) if beside else pd.DataFrame(columns=direct.COLUMNS)
        unlabelled = named[~named.label.isin(labels.label)]
        alone = int(unlabelled.run_id.isin(runs.run_id).sum())
        entries = _entries(unlabelled, frames)
        placed = key.flowed(entries, top=plot.height + 34, width=width - _AXIS, alone=alone)
        parts = [_curves(runs, plot), direct.drawn("labels", plot), key.drawn("key", points, plot.height)]
        return overlaid(*parts, width=points, height=plot.height), {**frames, "labels": labels, "key": placed}

    return finished(draw, _said(runs, curves, metrics), width, margin=_AXIS + (beside or 0))


def _said(runs: pd.DataFrame, curves: pd.DataFrame, metrics: pd.DataFrame | None) -> dict[str, Any]:
    drawn = list(curves.run_id.unique())
    first, last = (fixed(100 * edge(curves.threshold), 0) for edge in (min, max))
    text = (
        f"Net benefit of {len(drawn)} runs at threshold probabilities of {first} to {last}%, beside treating "
        f"all and none. In colour: {', '.join(runs.label)}."
    )
    units = {"threshold": "probability, shown in per cent", "net_benefit": "true positives per subject"}
    return about("Decision curves", text, units, drawn, metrics)


def _strategies(curves: pd.DataFrame) -> pd.DataFrame:
    """Net benefit of treating all and none, which all runs on one test set have in common."""
    values = curves.groupby("threshold")[["net_benefit_all", "net_benefit_none"]].agg(["min", "max"])
    if len(values) < 2:
        raise UserError("`dca_curves` has fewer than two thresholds in the range to be shown.")
    if any((values[name]["max"] - values[name]["min"]).max() > 1e-9 for name in values.columns.levels[0]):
        raise UserError(
            "`dca_curves` mixes test sets of different prevalence: draw a figure for each of them."
        )
    pairs = [(ALL, values["net_benefit_all"]["min"]), (NONE, values["net_benefit_none"]["min"])]
    lines = [
        pd.DataFrame({"run_id": name, "threshold": line.index, "net_benefit": line.to_numpy()})
        for name, line in pairs
    ]
    return pd.concat(lines, ignore_index=True)


def _benefits(lines: pd.DataFrame, lowest: float | None) -> tuple[float, float]:
    highest = float(lines.net_benefit.max())
    if lowest is None:
        lowest = -max(0.02, round(highest / 8, 2))
    return lowest, highest + 0.02 * (highest - lowest)


def _cut(lines: pd.DataFrame, lowest: float) -> pd.DataFrame:
    """Where each line first goes below the lower edge of the plot, from its last point above."""
    after = lines.groupby("run_id", sort=False)[["threshold", "net_benefit"]].shift(-1)
    steps = lines.join(after.add_suffix("_after"))
    steps = steps[(steps.net_benefit >= lowest) & (steps.net_benefit_after < lowest)].drop_duplicates(
        "run_id"
    )
    share = (steps.net_benefit - lowest) / (steps.net_benefit - steps.net_benefit_after)
    crossing = steps.threshold + share * (steps.threshold_after - steps.threshold)
    edge = {"edge_threshold": crossing, "edge_net_benefit": lowest}
    return steps[_LINE].assign(**edge)


def _labels(named: pd.DataFrame, lines: pd.DataFrame, plot: direct.Plot, widest: float) -> pd.DataFrame:
    """Labels at the ends of lines that reach the right edge, and one under treating all if that does not."""
    ends = lines.groupby("run_id").net_benefit.last()
    named = named.assign(y=named.run_id.map(ends))
    labels = direct.at_ends(named[named.y >= plot.y_range[0]], plot, widest=widest)
    if ends[ALL] >= plot.y_range[0]:
        return labels
    curves = lines.rename(columns={"threshold": "x", "net_benefit": "y"}).groupby("run_id")
    falling = curves.get_group(ALL)
    heights = np.arange(plot.y(0) - LABEL, 0, -LABEL)
    left = np.interp(heights, plot.y(falling.y), plot.x(falling.x)) - LABEL - text_width(ALL, LABEL)
    spot = direct.free_spot(ALL, zip(left, heights, strict=True), [curve for _, curve in curves], plot)
    return pd.concat([labels, direct.in_the_plot(ALL, spot)]) if spot else labels


def _entries(unlabelled: pd.DataFrame, frames: dict[str, pd.DataFrame]) -> list[key.Entry]:
    entries = [key.Entry(run.label, run.colour, run.dash) for run in unlabelled.itertuples()]
    if len(frames["other_runs"]):
        entries.append(key.Entry("Other runs", OTHER, width=0.5))
    if len(frames["cut"]):
        entries.append(key.Entry("Continues below", REFERENCE, mark="down"))
    return entries


def _curves(runs: pd.DataFrame, plot: direct.Plot) -> alt.LayerChart:
    x_scale = alt.Scale(domain=list(plot.x_range), nice=False)
    y_scale = alt.Scale(domain=list(plot.y_range), nice=False)
    x_title, y_title = "Threshold probability (%)", "Net benefit (true positives per subject)"

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=x_scale, title=x_title).axis(labelExpr="datum.value * 100")

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, title=y_title).axis(tickCount=6)

    # Not `clip=True`: it makes one clipping path per run, and a PNG of 64 runs then takes seconds.
    visible = f"datum.net_benefit >= {plot.y_range[0]}"

    def line(name: str, **mark: Any) -> alt.Chart:
        lines = alt.Chart(alt.NamedData(name)).transform_filter(visible)
        return lines.mark_line(**mark).encode(x=x("threshold"), y=y("net_benefit"), detail="run_id:N")

    colour, dash = alt.Color("colour:N", scale=None), alt.StrokeDash("dash:N", scale=None)
    edge = alt.Chart(alt.NamedData("cut")).encode(color=colour)
    last = edge.mark_rule(strokeWidth=1).encode(
        x=x("threshold"), y=y("net_benefit"), x2="edge_threshold:Q", y2="edge_net_benefit:Q", strokeDash=dash
    )
    return alt.layer(
        line("other_runs", color=OTHER, strokeWidth=0.4),
        line("strategies", color=REFERENCE, strokeWidth=1).encode(strokeDash=dash_of(_STRATEGIES)),
        line("highlighted_runs").encode(color=colour_of(runs), strokeDash=dash_of(runs)),
        last,
        edge.mark_point(shape="triangle-down", size=16).encode(
            x=x("edge_threshold"), y=y("edge_net_benefit")
        ),
    ).resolve_scale(strokeDash="independent", color="independent")
