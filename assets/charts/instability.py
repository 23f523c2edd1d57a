"""How far refits of a model disagree on its predictions, a column of panels for each highlighted run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.composition import key, panels
from assets.charts.composition.about import Privacy, about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import columns, lined_up
from assets.charts.composition.key import Entry
from assets.charts.composition.numbers import NOT_ESTIMABLE, fixed
from assets.charts.composition.style import (
    COLUMN,
    INK,
    OTHER,
    PAGE,
    REFERENCE,
    emphasised,
    finished,
    tint,
)
from assets.engine.errors import UserError

_BINS = [
    "run_id", "bin", "n", "risk_lower", "risk_upper", "risk_mean", "refit_lower", "refit_upper",
    "mean_absolute_deviation",
]  # fmt: skip
_SUBJECTS = ["run_id", "y_prob", "y_prob_refit_lower", "y_prob_refit_upper"]
_CROSSED = re.compile(r"classification_instability_(\d+)pct")
_NO_RUN = "No run has an AUROC: the column auroc_status says why."
_NO_REFITS = (
    "The highlighted runs have fewer than two refits of the model, or fewer than five test subjects. Log the risks "
    "that each refit predicted, and read them with the setting `keep_refits = true`."
)
_OVER = 28
_BLOCK = 0.22  # share of colour in the blocks, over which subjects' lines still show


@dataclass(frozen=True)
class _Drawn:
    """The frames of the figure, and what its plots have in common: the ends of scales, and a height."""

    frames: dict[str, pd.DataFrame]
    deviation: float
    crossed: float
    height: float
    """Of the plots below the first; in points."""


def instability(
    instability_curves: pd.DataFrame,
    instability_summary: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    subjects: pd.DataFrame | None = None,
    metrics: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.ConcatChart | alt.LayerChart:
    """Where a run's refits put the risk that it predicts, how far off that is, and who changes side.

    After Riley and Collins 2023. No range here is a confidence interval: refits differ in the data that
    they were trained on, the test subjects stay the same.

    Parameters
    ----------
    instability_curves
        run_id, bin, n, risk_lower, risk_upper, risk_mean, refit_lower, refit_upper,
        mean_absolute_deviation; null limits and deviations where a run has a single refit.
    instability_summary
        run_id, mean_absolute_deviation and any of classification_instability_<k>pct.
    highlights
        run_id, classifier, label; a column of panels each.
    subjects
        If given, a row per subject of the highlighted runs, drawn over the blocks: run_id, y_prob,
        y_prob_refit_lower, y_prob_refit_upper. The figure is of privacy class `row_level` then.
    metrics
        If given: run_id, n_test, n_events and n_bootstrap, for the figure's account of itself.
    notes
        Sentences for the caption, such as how the runs were chosen.
    width
        By default one column for one run, else a page.
    """
    bins = lined_up(columns(instability_curves, "instability_curves", _BINS), "bin")
    known = bins.dropna(subset=_BINS[3:])
    summary = columns(instability_summary, "instability_summary", ["run_id", "mean_absolute_deviation"])
    some = known.run_id.isin(highlights.run_id).any()
    values = _values(highlights, summary)
    sizes = instability_summary if metrics is None else metrics
    said = _said(highlights, values, known, sizes, notes, private=subjects is not None and bool(some))
    total = width or (COLUMN if len(highlights) == 1 else PAGE)
    if not some:
        return absent(_NO_REFITS if len(highlights) else _NO_RUN, said, total)
    runs = emphasised(highlights)
    drawn = _frames(runs, known, _crossed(instability_summary), subjects)
    row = panels.per_row(len(runs))
    margin = 55 + panels.SPACING * (row - 1)
    return finished(lambda plot: _panels(runs, values, drawn, plot), said, total, plots=row, margin=margin)


def _said(
    runs: pd.DataFrame,
    values: list[list[str]],
    known: pd.DataFrame,
    sizes: pd.DataFrame,
    notes: Sequence[str],
    *,
    private: bool,
) -> dict[str, Any]:
    told = "; ".join(", ".join([label, *value]) for label, value in zip(runs.label, values, strict=True))
    text = (
        f"Prediction instability, a column of panels for each highlighted run ({len(runs)}): the range of risks that "
        f"refits of the model predict, their mean absolute deviation, and the share of refits that cross a risk "
        f"threshold. {told}."
    )
    units = dict.fromkeys([*_BINS[3:], "share"], "proportion") | {
        "threshold": "probability, shown in per cent"
    }
    units |= dict.fromkeys(_SUBJECTS[1:], "proportion") if private else {}
    drawn = list(dict.fromkeys([*runs.run_id, *known.run_id]))
    privacy: Privacy = "row_level" if private else "aggregate"
    return about("Prediction instability", text, units, drawn, sizes, notes=notes, privacy=privacy)


def _values(runs: pd.DataFrame, summary: pd.DataFrame) -> list[list[str]]:
    values = runs.run_id.map(summary.set_index("run_id").mean_absolute_deviation)
    return [
        [f"Mean abs. deviation {NOT_ESTIMABLE if pd.isna(value) else fixed(value, 3)}"] for value in values
    ]


def _crossed(summary: pd.DataFrame) -> pd.DataFrame:
    """run_id, threshold, share: of the refits on the other side of the threshold than the mean risk."""
    found = {
        name: int(match[1]) / 100 for name in summary.columns if (match := _CROSSED.fullmatch(str(name)))
    }
    if not found:
        raise UserError("`instability_summary` lacks classification_instability_<k>pct, of any threshold.")
    long = summary.melt("run_id", list(found), "threshold", "share").dropna()
    return lined_up(long.assign(threshold=long.threshold.map(found)), "threshold")


def _frames(
    runs: pd.DataFrame, known: pd.DataFrame, crossed: pd.DataFrame, subjects: pd.DataFrame | None
) -> _Drawn:
    here, there = known.run_id.isin(runs.run_id), crossed.run_id.isin(runs.run_id)
    frames = {
        "other_runs": known.loc[~here, ["run_id", "bin", "risk_mean", "mean_absolute_deviation"]],
        "highlighted_runs": known[here],
        "shares": crossed[there],
        "no_change": pd.DataFrame({"risk_mean": [0, 1], "refit_lower": [0, 1]}),
    }
    if not there.all():
        frames["other_shares"] = crossed[~there]
    if subjects is not None:
        chosen = columns(subjects, "subjects", _SUBJECTS)
        chosen = chosen[chosen.run_id.isin(runs.run_id)].dropna()
        frames["subjects"] = chosen.sort_values(_SUBJECTS, ignore_index=True)
    height = 50 if panels.per_row(len(runs)) == len(runs) else 38
    deviation, crossing = (
        float(values.max()) * 1.04 or 1.0 for values in (known.mean_absolute_deviation, crossed.share)
    )
    return _Drawn(frames, deviation, crossing, height)


def _entries(drawn: _Drawn) -> list[Entry]:
    found = [
        Entry("About a tenth of the subjects, 95% of refits", tint(INK, _BLOCK), mark="box"),
        Entry("Refits agree", REFERENCE, (3, 2), width=0.6),
    ]  # fmt: skip
    if "subjects" in drawn.frames:
        found.append(Entry("One subject, 95% of refits", INK, width=0.3))
    if len(drawn.frames["other_runs"]):
        found.append(Entry("Other runs", OTHER, width=0.5))
    return found


def _panels(
    runs: pd.DataFrame, values: list[list[str]], drawn: _Drawn, plot: float
) -> tuple[Any, dict[str, pd.DataFrame]]:
    """A column of panels for each run, each so many points wide, and the datasets."""
    row, height = panels.per_row(len(runs)), _OVER + drawn.height
    headings = panels.headings(runs, values, plot)
    views = [_column(run, plot, drawn, first=i % row == 0) for i, run in enumerate(runs.itertuples())]
    placed = key.flowed(_entries(drawn), top=height + 34, width=row * plot)
    chart = panels.keyed(runs, headings, views, row=row, plot=plot, height=height)
    return chart, {**drawn.frames, "headings": headings, "key": placed}


def _column(run: Any, plot: float, drawn: _Drawn, *, first: bool) -> list[Any]:
    return [
        _ranges(run, plot, drawn, first=first),
        _deviations(run, plot, drawn, first=first),
        _shares(run, plot, drawn, first=first),
    ]


def _part(name: str, only: Any = None) -> alt.Chart:
    chart = alt.Chart(alt.NamedData(name))
    return chart if only is None else chart.transform_filter(only)


def _risk(field: str, title: str | None) -> alt.X:
    scale = alt.Scale(domain=[0, 1], nice=False)
    return alt.X(f"{field}:Q", scale=scale, title=title).axis(labels=title is not None, tickCount=5)


def _ranges(run: Any, plot: float, drawn: _Drawn, *, first: bool) -> alt.LayerChart:
    def y(field: str) -> alt.Y:
        scale = alt.Scale(domain=[0, 1], nice=False)
        return alt.Y(f"{field}:Q", scale=scale, title="Risk by refits" if first else None).axis(
            labels=first, tickCount=5
        )

    this = alt.datum.run_id == run.run_id
    outline = run.colour if "subjects" not in drawn.frames else tint(run.colour, _BLOCK)
    blocks = _part("highlighted_runs", this).mark_rect(
        fill=tint(run.colour, _BLOCK), stroke=outline, strokeWidth=0.4
    )
    layers = [
        blocks.encode(
            x=_risk("risk_lower", None),
            x2=alt.X2("risk_upper:Q"),
            y=y("refit_lower"),
            y2=alt.Y2("refit_upper:Q"),
        ),
        _part("no_change")
        .mark_line(color=REFERENCE, strokeDash=[3, 2], strokeWidth=0.6)
        .encode(x=_risk("risk_mean", None), y=y("refit_lower")),
    ]
    if "subjects" in drawn.frames:
        lines = _part("subjects", this).mark_rule(color=run.colour, strokeWidth=0.3)
        layers.append(
            lines.encode(
                x=_risk("y_prob", None), y=y("y_prob_refit_lower"), y2=alt.Y2("y_prob_refit_upper:Q")
            )
        )
    return alt.layer(*layers).properties(width=plot, height=min(plot, 120))


def _deviations(run: Any, plot: float, drawn: _Drawn, *, first: bool) -> alt.LayerChart:
    scale = alt.Scale(domain=[0, drawn.deviation], nice=False)
    y = alt.Y("mean_absolute_deviation:Q", scale=scale, title=["Mean abs.", "deviation"] if first else None)
    encoded = {"x": _risk("risk_mean", "Predicted risk"), "y": y.axis(labels=first, tickCount=3)}
    this = _part("highlighted_runs", alt.datum.run_id == run.run_id).encode(**encoded)
    return alt.layer(
        _part("other_runs")
        .mark_line(color=OTHER, strokeWidth=0.3)
        .encode(**encoded, detail=alt.Detail("run_id:N")),
        this.mark_line(color=run.colour, point=alt.OverlayMarkDef(color=run.colour, size=8)),
    ).properties(width=plot, height=drawn.height)


def _shares(run: Any, plot: float, drawn: _Drawn, *, first: bool) -> alt.LayerChart:
    # The plot begins lower than its view, so that the axis of the plot above has room.
    scale = alt.Scale(domain=[0, drawn.crossed], range=[_OVER + drawn.height, _OVER], nice=False)
    x = alt.X("threshold:O", title="Risk threshold (%)").axis(
        labelAngle=0, labelExpr="format(datum.value * 100, '.3~g')"
    )
    y = alt.Y("share:Q", scale=scale, title=["Refits across", "threshold (%)"] if first else None)
    y = y.axis(labels=first, tickCount=3, labelExpr="datum.value * 100")
    this = _part("shares", alt.datum.run_id == run.run_id)
    layers = [this.mark_point(color=run.colour, shape="diamond", size=28).encode(x=x, y=y)]
    if "other_shares" in drawn.frames:
        ticks = _part("other_shares").mark_tick(
            color=OTHER, thickness=0.3, size=14, orient="horizontal", opacity=1
        )
        layers.insert(0, ticks.encode(x=x, y=y))
    return alt.layer(*layers).properties(width=plot, height=_OVER + drawn.height)
