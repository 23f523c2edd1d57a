"""The four core plots of STRATOS on one page: a column for each highlighted run, a row for each plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts import calibration, decision_curves, distributions
from assets.charts.composition import direct, key, panels
from assets.charts.composition.about import about
from assets.charts.composition.datasets import columns, having
from assets.charts.composition.key import Entry
from assets.charts.composition.numbers import unit_range, with_interval
from assets.charts.composition.style import (
    COLUMN,
    LABEL,
    OTHER,
    PAGE,
    REFERENCE,
    TITLE,
    emphasised,
    finished,
    overlaid,
    tint,
)
from assets.charts.composition.typesetting import fitted, wrapped
from assets.charts.decision_lines import LIMITS, Lines, lines

_AUROC = ["auroc", "auroc_ci_lower", "auroc_ci_upper"]
_ROWS = {
    "a": "Discrimination: AUROC",
    "b": "Calibration: smooth curve",
    "c": "Clinical utility: net benefit",
    "d": "Predicted risks by outcome",
}
_UNITS = {
    **dict.fromkeys(_AUROC, "probability"),
    **dict.fromkeys(["predicted", "observed", "ci_lower", "ci_upper", "bin_start", "bin_end"], "proportion"),
    "threshold": "probability, shown in per cent",
    **dict.fromkeys(["net_benefit", *LIMITS], "true positives per subject"),
    "density": "per unit of risk, shown in per cent of the group",
}
_STRIP, _LINE, _AXIS, _BETWEEN = 20.0, 10.0, 46, 47.0


def stratos_panel(
    metrics: pd.DataFrame,
    calibration_curves: pd.DataFrame,
    dca_curves: pd.DataFrame,
    probability_distributions: pd.DataFrame,
    highlights: pd.DataFrame,
    *,
    thresholds: tuple[float, float] = (0.01, 0.50),
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.ConcatChart:
    """AUROC, smooth calibration, net benefit and risk distributions of a few runs, each with its interval.

    Van Calster et al. 2025, Lancet Digital Health 7:100916.

    Parameters
    ----------
    metrics
        run_id, auroc, auroc_ci_lower, auroc_ci_upper, calibration_intercept with _bootstrap_lower and
        _bootstrap_upper, calibration_slope with _profile_lower and _profile_upper; n_test, n_events, n_bootstrap
        if known.
    calibration_curves, dca_curves, probability_distributions
        As in the figures of that name.
    highlights
        run_id, classifier, label; one column each.
    thresholds
        First and last threshold probability shown.
    notes
        Sentences for the caption.
    width
        By default one column for one or two runs, else a page.
    """
    runs = emphasised(highlights)
    known = having(columns(metrics, "metrics", ["run_id", *_AUROC]), "metrics", runs.run_id)
    smooth = calibration.smooth(calibration_curves)
    smooth = smooth[smooth.run_id.isin(runs.run_id)]
    page = _Page(
        runs=runs,
        aurocs=_aurocs(known, runs),
        smooth=smooth,
        decisions=lines(dca_curves, runs, thresholds=thresholds, metrics=metrics),
        bins=distributions.histograms(probability_distributions, runs),
        numbers=_numbers(runs, known, calibration.estimates(runs, smooth, metrics)),
    )
    margin = _AXIS + panels.SPACING * (len(runs) - 1)
    total = width or (COLUMN if len(runs) <= 2 else PAGE)
    return finished(page.drawn, page.said(metrics, notes), total, plots=len(runs), margin=margin)


@dataclass(frozen=True)
class _Page:
    """What is drawn: the runs in colour, a frame for each row of plots, and the numbers over each column."""

    runs: pd.DataFrame
    aurocs: pd.DataFrame
    smooth: pd.DataFrame
    decisions: Lines
    bins: pd.DataFrame
    numbers: list[list[str]]

    def drawn(self, plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        """The chart and its datasets, each plot so many points wide."""
        heights = [_STRIP, plot, max(50, min(round(0.75 * plot), 80)), max(40, min(round(0.55 * plot), 55))]
        tops = [0.0, *np.cumsum([height + _BETWEEN for height in heights])]
        over = self._over(plot)
        across = panels.across(len(self.runs), plot)
        frames = {
            "aurocs": self.aurocs,
            "calibration_curves": self.smooth,
            "ideal": calibration.IDEAL,
            "decision_curves": self.decisions.frames["highlighted_runs"],
            "strategies": self.decisions.frames["strategies"],
            "cut": self.decisions.frames["cut"],
            "predicted_risks": self.bins,
            "titles": self._titles(plot, tops, over),
            "numbers": over,
            "key": key.paragraphs(self._entries(), top=tops[4] - _BETWEEN + 32, width=across),
        }
        views = [view for row in self._rows(plot, heights) for view in row]
        texts = [direct.written("titles", TITLE), direct.written("numbers", LABEL)]
        views[0] = overlaid(views[0], *texts, key.drawn("key", plot, _STRIP), width=plot, height=_STRIP)
        spacing = {"row": _BETWEEN, "column": panels.SPACING}
        return alt.concat(*views, columns=len(self.runs), bounds="flush", spacing=spacing), frames

    def said(self, metrics: pd.DataFrame, notes: Sequence[str]) -> dict[str, Any]:
        """The figure's account of itself."""
        numbers = "; ".join(
            ", ".join([label, *said]) for label, said in zip(self.runs.label, self.numbers, strict=True)
        )
        text = (
            f"For each of {len(self.runs)} runs four plots below one another: AUROC with its interval, smooth "
            "calibration curve, net benefit beside treating all and none, histograms of predicted risk by outcome. "
            f"{numbers}"
        )
        drawn = sorted({*self.aurocs.run_id, *self.runs.run_id})
        told = [*self.decisions.notes, *notes]
        return about("The core STRATOS performance plots", text, _UNITS, drawn, metrics, notes=told)

    def _rows(self, plot: float, heights: Sequence[float]) -> list[list[Any]]:
        """The plots, a list for each row."""
        runs = list(self.runs.itertuples())
        return [
            [_strip(run, self.aurocs, plot) for run in runs],
            [calibration.panel(run, plot, first=run.Index == 0, data="calibration_curves") for run in runs],
            [
                decision_curves.panel(
                    self.decisions, run, plot, heights[2], first=run.Index == 0, data="decision_curves"
                )
                for run in runs
            ],
            [distributions.panel(run, self.bins, plot, heights[3], first=run.Index == 0) for run in runs],
        ]

    def _titles(self, plot: float, tops: Sequence[float], over: pd.DataFrame) -> pd.DataFrame:
        """The letter and name of each row of plots, and the runs' names over their numbers."""
        rows = pd.DataFrame({"text": list(_ROWS), "x": -34.0, "y": [top - _LINE for top in tops[:4]]})
        names = pd.DataFrame({"text": list(_ROWS.values()), "x": 0.0, "y": rows.y})
        over = over.groupby("x").y.min() - _LINE
        labels = _columns([fitted(label, plot, TITLE) for label in self.runs.label], plot, list(over))
        return pd.concat([rows, names, labels], ignore_index=True).assign(align="left")

    def _over(self, plot: float) -> pd.DataFrame:
        """The numbers over each column."""
        lines = [[line for number in said for line in wrapped(number, plot, LABEL)] for said in self.numbers]
        return _columns(lines, plot, [-2.5 * _LINE] * len(lines)).assign(align="left")

    def _entries(self) -> list[list[Entry]]:
        strategies = self.decisions.named[~self.decisions.named.run_id.isin(self.runs.run_id)]
        named = [
            Entry(line.label, line.colour, line.dash, width=line.width) for line in strategies.itertuples()
        ]
        others = [Entry("Other runs (a)", OTHER, width=0.8)] if (~self.aurocs.chosen).any() else []
        leaving = (
            [Entry("Continues below", REFERENCE, mark="down")] if len(self.decisions.frames["cut"]) else []
        )
        bands = Entry(
            "95% CI (b and c: pointwise)", mark="box", colours=[tint(colour) for colour in self.runs.colour]
        )
        ideal = Entry("Perfect calibration", REFERENCE, (3, 2), width=0.6)
        return [[*others, bands, ideal], [*named, *leaving], panels.groups(self.runs, self.bins)]


def _columns(lines: Sequence[Sequence[str]], plot: float, lowest: Sequence[float]) -> pd.DataFrame:
    """Lines of text over each column of plots, the last of each at its own height in points."""
    return pd.DataFrame(
        {"text": line, "x": i * (plot + panels.SPACING), "y": last - _LINE * (len(column) - 1 - j)}
        for i, (column, last) in enumerate(zip(lines, lowest, strict=True))
        for j, line in enumerate(column)
    )


def _aurocs(known: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The AUROC of every run that has one, and the interval of those in colour."""
    chosen = known.run_id.isin(runs.run_id)
    order = [*_AUROC, "run_id"]
    return known.assign(chosen=chosen)[known.auroc.notna()].sort_values(order, ignore_index=True)


def _numbers(runs: pd.DataFrame, known: pd.DataFrame, estimates: list[list[str]]) -> list[list[str]]:
    aurocs = known.set_index("run_id").loc[runs.run_id, _AUROC].itertuples(index=False)
    return [[f"AUROC {with_interval(*auroc)}", *said] for auroc, said in zip(aurocs, estimates, strict=True)]


def _strip(run: Any, aurocs: pd.DataFrame, plot: float) -> alt.LayerChart:
    """The AUROC of one run with its interval, over those of all others."""
    lowest, _ = unit_range(aurocs[_AUROC].stack())
    decimals = 1 if lowest <= 0.8 else 2
    scale = alt.Scale(domain=[lowest, 1], nice=False)

    def x(field: str) -> alt.X:
        axis = alt.Axis(tickCount=max(2, int(plot / (15 + 10 * decimals))), format=f".{decimals}f")
        return alt.X(f"{field}:Q", scale=scale, title="AUROC", axis=axis)

    base = alt.Chart(alt.NamedData("aurocs"))
    others = base.transform_filter(alt.datum.run_id != run.run_id).mark_tick(
        color=OTHER, thickness=0.8, size=_STRIP - 8, opacity=1
    )
    this = base.transform_filter(alt.datum.run_id == run.run_id).encode(y=alt.value(_STRIP / 2))
    interval = this.mark_rule(color=run.colour, strokeWidth=1.2).encode(
        x=x("auroc_ci_lower"), x2=alt.X2("auroc_ci_upper")
    )
    point = this.mark_point(shape="diamond", color=run.colour, size=34).encode(x=x("auroc"))
    return alt.layer(others.encode(x=x("auroc"), y=alt.value(_STRIP / 2)), interval, point).properties(
        width=plot, height=_STRIP
    )
