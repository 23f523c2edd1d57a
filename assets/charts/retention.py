"""How good the predictions are of those subjects on whom a run is most certain: risk-coverage curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key, panels
from assets.charts.composition.about import about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import columns
from assets.charts.composition.key import Entry
from assets.charts.composition.numbers import NOT_ESTIMABLE, fixed
from assets.charts.composition.style import (
    COLUMN,
    FAINT,
    PAGE,
    REFERENCE,
    emphasised,
    finished,
)

_FEW, _LOW = 10, 42
_NO_RUN = "No run has an AUROC: the column auroc_status says why."
_NO_CURVE = "`retention_metrics` has no value for the highlighted runs: its column status says why."
_GAINS = {"refit_spread": "spread", "closeness_to_half": "risk"}


@dataclass(frozen=True)
class _Order:
    """A way to tell whom to retain, and how its line looks; one without a dash of a run's own is a baseline."""

    label: str
    dash: tuple[float, ...]
    width: float


_ORDERS = {
    "refit_spread": _Order("Least spread of refits first", (1, 0), 1.2),
    "closeness_to_half": _Order("Farthest from a risk of 50% first", (5, 2), 1.0),
    "random": _Order("At random (expectation)", (3, 2), 0.8),
    "oracle": _Order("Least error first (oracle)", (1, 1.5), 0.8),
}


def retention(
    retention_metrics: pd.DataFrame,
    retention_areas: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    per_cent: int = 10,
    metrics: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.ConcatChart | alt.LayerChart:
    """Brier score, AUROC and net benefit of the subjects retained, over the prevalence among them.

    Each beside retaining at random, and by the error itself, which nobody can know beforehand. Grey lies
    behind shares with fewer than 10 retained subjects with, or without, the outcome. El-Yaniv and Wiener
    2010; Geifman, Uziel and El-Yaniv 2019. Where a curve leaves the range of all values off the grey, it
    is not drawn.

    Parameters
    ----------
    retention_metrics
        run_id, uncertainty, share, n_retained, n_events_retained, prevalence_retained, brier, auroc and
        net_benefit_<per_cent>pct.
    retention_areas
        run_id, uncertainty, share_of_oracle_gain; printed over the panels.
    highlights
        run_id, classifier, label; a column of panels each.
    per_cent
        Risk threshold of the net benefit.
    metrics
        If given: run_id, n_test, n_events and n_bootstrap, for the figure's account of itself.
    notes
        Sentences for the caption, such as how the runs were chosen.
    width
        By default one column for one run, else a page.
    """
    net_benefit = {f"net_benefit_{per_cent}pct": f"Net benefit at {per_cent}%"}
    titles = {"brier": "Brier score", "auroc": "AUROC", **net_benefit, "prevalence_retained": "Prevalence"}
    curves = _curves(retention_metrics, highlights, list(titles))
    gains = _gains(retention_areas, highlights)
    said = _said(highlights, gains, titles, metrics, notes)
    total = width or (COLUMN if len(highlights) == 1 else PAGE)
    if curves.empty:
        return absent(_NO_CURVE if len(highlights) else _NO_RUN, said, total)
    runs, few = emphasised(highlights), _few(curves)
    frames = {"retained": _inked(curves, runs)} | ({"few": few} if len(few) else {})
    row = panels.per_row(len(runs))
    margin = 56 + panels.SPACING * (row - 1)
    return finished(
        lambda plot: _drawn(runs, gains, titles, frames, plot), said, total, plots=row, margin=margin
    )


def _drawn(
    runs: pd.DataFrame,
    gains: Sequence[Sequence[str]],
    titles: Mapping[str, str],
    frames: dict[str, pd.DataFrame],
    plot: float,
) -> tuple[Any, dict[str, pd.DataFrame]]:
    """A column of panels for each run, each so many points wide, and the datasets."""
    row = panels.per_row(len(runs))
    height = 62 if len(runs) <= row else _LOW
    headings = panels.headings(runs, gains, plot)
    views = [
        [_panel(run, name, title, frames, plot, height, first=i % row == 0) for name, title in titles.items()]
        for i, run in enumerate(runs.itertuples())
    ]  # fmt: skip
    placed = key.flowed(_entries(runs, frames), top=height + 34, width=row * plot)
    chart = panels.keyed(runs, headings, views, row=row, plot=plot, height=height)
    return chart, {**frames, "headings": headings, "key": placed}


def _said(
    runs: pd.DataFrame,
    gains: Sequence[Sequence[str]],
    titles: Mapping[str, str],
    metrics: pd.DataFrame | None,
    notes: Sequence[str],
) -> dict[str, Any]:
    told = "; ".join(", ".join([label, *gain]) for label, gain in zip(runs.label, gains, strict=True))
    text = (
        f"{', '.join(titles.values())} against the share of subjects retained, most certain first, beside retaining "
        f"at random and by error; a column of panels for each highlighted run ({len(runs)}). {told}."
    )
    units = {"share": "proportion, shown in per cent", "prevalence_retained": "proportion"}
    units |= {"brier": "squared probability", "auroc": "probability"}
    units |= {name: "true positives per subject" for name in titles if name.startswith("net_benefit")}
    return about("Retention", text, units, list(runs.run_id), metrics, notes=notes)


def _curves(retained: pd.DataFrame, runs: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    wanted = ["run_id", "uncertainty", "share", "n_retained", "n_events_retained", *measures]
    curves = columns(retained, "retention_metrics", wanted)
    curves = curves[curves.run_id.isin(runs.run_id) & curves.uncertainty.isin(_ORDERS)]
    return curves.dropna(subset="brier").sort_values(["run_id", "uncertainty", "share"], ignore_index=True)


def _inked(curves: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The curves with the colour, dash and width of each line."""
    orders, colours = curves.uncertainty.map(_ORDERS), curves.run_id.map(runs.set_index("run_id").colour)
    return curves.assign(
        colour=colours.where(curves.uncertainty.isin(_GAINS), REFERENCE),
        dash=[list(order.dash) for order in orders],
        width=[order.width for order in orders],
    )


def _gains(areas: pd.DataFrame, runs: pd.DataFrame) -> list[list[str]]:
    """What is printed over each panel: of the gain that the oracle makes, the share that an order makes."""
    areas = columns(areas, "retention_areas", ["run_id", "uncertainty", "share_of_oracle_gain"])
    known = areas.set_index(["run_id", "uncertainty"]).share_of_oracle_gain.dropna().to_dict()

    def said(run: str, order: str) -> str:
        share = known.get((run, order))
        gain = NOT_ESTIMABLE if share is None else f"{fixed(100 * share, 0)}% of the oracle's"
        return f"Gain by {_GAINS[order]}: {gain}"

    return [[said(run, order) for order in _GAINS] for run in runs.run_id]


def _few(curves: pd.DataFrame) -> pd.DataFrame:
    """Up to which share each run retains too few subjects of either outcome for a measure to be worth much."""
    own = curves[curves.uncertainty.isin(_GAINS)]
    without = own.n_retained - own.n_events_retained
    few = own[own.n_events_retained.combine(without, min) < _FEW]
    return few.groupby("run_id").share.max().rename("share_end").reset_index().assign(share=0.0)


def _entries(runs: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> list[Entry]:
    drawn = set(frames["retained"].uncertainty)
    colour = runs.colour[0] if len(runs) == 1 else "#000000"
    entries = [
        Entry(order.label, colour if name in _GAINS else REFERENCE, order.dash, width=order.width)
        for name, order in _ORDERS.items()
        if name in drawn
    ]
    if "few" in frames:
        entries.append(Entry(f"Fewer than {_FEW} retained with or without the outcome", FAINT, mark="box"))
    return entries


def _panel(
    run: Any,
    field: str,
    title: str,
    frames: Mapping[str, pd.DataFrame],
    plot: float,
    height: float,
    *,
    first: bool,
) -> alt.LayerChart:
    last = field == "prevalence_retained"
    low, high = _range(frames, field)
    y = alt.Y("shown:Q", scale=alt.Scale(domain=[low, high], nice=False))
    y = y.title(title.split(" at ") if first else None).axis(
        labels=first, tickCount=4 if height > _LOW else 3
    )
    x = alt.X("share:Q", scale=alt.Scale(domain=[0, 1], nice=False))
    x = x.title("Subjects retained (%)" if last else None)
    x = x.axis(labels=last, tickCount=panels.ticks(plot), labelExpr="datum.value * 100")
    # One layer of lines, not one for each order: Altair copies every layer several times.
    within = f"datum.{field} >= {low} && datum.{field} <= {high} ? datum.{field} : null"
    lines = _of(run, "retained").transform_calculate(shown=within)
    lines = lines.mark_line(strokeWidth=alt.ExprRef("datum.width")).encode(
        x=x,
        y=y,
        detail=alt.Detail("uncertainty:N"),
        color=alt.Color("colour:N", scale=None),
        strokeDash=alt.StrokeDash("dash:N", scale=None),
    )
    grey = (
        [_of(run, "few").mark_rect(color=FAINT).encode(x=x, x2=alt.X2("share_end:Q"))]
        if "few" in frames
        else []
    )
    return alt.layer(*grey, lines).properties(width=plot, height=height)


def _range(frames: Mapping[str, pd.DataFrame], field: str) -> tuple[float, float]:
    """From the least to the largest value that rests on enough subjects, and a little more."""
    curves = frames["retained"].dropna(subset=field)
    if "few" in frames:
        ends = curves.run_id.map(frames["few"].set_index("run_id").share_end).fillna(0)
        curves = curves[curves.share > ends] if (curves.share > ends).any() else curves
    if curves.empty:
        return 0.0, 1.0
    low, high = float(curves[field].min()), float(curves[field].max())
    room = 0.04 * (high - low) or 0.05
    return low - room, high + room


def _of(run: Any, name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name)).transform_filter(alt.datum.run_id == run.run_id)
