"""One small figure that every check has something to say about: curves, intervals, bars, a scale of colours, text."""

import copy
from functools import cache
from typing import Any

import altair as alt
import pandas as pd
from chart_figures import Files, sidecar_of
from chart_frames import Study, study

from assets.charts.composition.about import about
from assets.charts.composition.style import (
    COLOURS,
    DASHES,
    FAINT,
    OTHER,
    PAGE,
    REFERENCE,
    SEQUENTIAL,
    finished,
    overlaid,
    tint,
)
from assets.charts.publication.sidecar import Sidecar

HEIGHT = 110
UNITS = {
    "false_positive_rate": "proportion", "true_positive_rate": "proportion", "auroc": "probability",
    "brier": "squared risk", "net_benefit": "true positives per subject", "threshold": "probability",
    "density": "per unit of risk", "bin_start": "probability",
}  # fmt: skip
ALT = "ROC curves, AUROCs, Brier scores, decision curves and risks of 3 runs of breast cancer, 171 subjects."


def specimen() -> tuple[Sidecar, Files]:
    """The figure's sidecar and pictures, of one's own to spoil."""
    return copy.deepcopy(_drawn())


@cache
def _drawn() -> tuple[Sidecar, Files]:
    frames = _frames(study(3, 1, 1))

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        views = enumerate((_curves(), _decisions(), _rows(), _cells(), _bars()))
        plots = [
            overlaid(view, _labels(i), *[_key()] * (i == 0), width=plot, height=HEIGHT) for i, view in views
        ]
        return alt.hconcat(*plots, spacing=12), frames

    said = about("Specimen", ALT, UNITS, ["run000", "run001", "run002"], study(3, 1, 1).metrics)
    return sidecar_of("specimen", finished(draw, said, PAGE, plots=5, margin=141))


def _frames(frames: Study) -> dict[str, pd.DataFrame]:
    chosen = frames.dca_curves[(frames.dca_curves.threshold <= 0.5) & (frames.dca_curves.index % 3 == 1)]
    models = chosen.assign(net_benefit=chosen.net_benefit_model)
    models = models.assign(ci_lower=models.net_benefit - 0.05, ci_upper=models.net_benefit + 0.05)
    curves = frames.roc_curves
    curves = curves[(curves.true_positive_rate.diff() != 0) | (curves.false_positive_rate == 1)]
    shown = curves.run_id != "run002"
    strategies = chosen[(chosen.run_id == "run000") & (chosen.net_benefit_all > -0.05)]
    return {
        "highlighted_runs": curves[shown],
        "other_runs": curves[~shown],
        "labels": pd.DataFrame({"text": ["First", "Second"], "plot": 0, "x": [45, 45], "y": [80, 92]}),
        "key": pd.DataFrame({"colour": COLOURS[:2], "dash": DASHES[:2], "x": 40, "x2": 50, "y": [60, 66]}),
        "runs": frames.metrics.assign(row=[1.0, 2.0, 3.0], colour=COLOURS[:3]),
        "decisions": models[["run_id", "threshold", "net_benefit", "ci_lower", "ci_upper"]],
        "strategies": pd.concat([_strategy(strategies, "all"), _strategy(strategies, "none")]),
        "predicted_risks": frames.probability_distributions,
    }


def _strategy(curve: pd.DataFrame, name: str) -> pd.DataFrame:
    net_benefit = curve[f"net_benefit_{name}"]
    return pd.DataFrame({"run_id": f"Treat {name}", "threshold": curve.threshold, "net_benefit": net_benefit})


def _named(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def _channels() -> dict[str, Any]:
    runs = ["run000", "run001", "run002"]
    return {
        "color": alt.Color("run_id:N", scale=alt.Scale(domain=runs, range=COLOURS[:3]), legend=None),
        "strokeDash": alt.StrokeDash("run_id:N", scale=alt.Scale(domain=runs, range=DASHES[:3]), legend=None),
    }


def _curves() -> alt.LayerChart:
    x, y = alt.X("false_positive_rate:Q", title="FPR"), alt.Y("true_positive_rate:Q", title="TPR")
    curves = _named("highlighted_runs").mark_line().encode(x, y, order="point:Q", **_channels())
    others = _named("other_runs").mark_line(color=OTHER, strokeWidth=0.4).encode(x, y, order="point:Q")
    return alt.layer(others, curves)


def _key() -> alt.Chart:
    pixels = alt.Scale(domain=[0, HEIGHT], range=[0, HEIGHT], zero=False, nice=False)
    x, y = alt.X("x:Q", axis=None, scale=pixels), alt.Y("y:Q", axis=None, scale=pixels)
    colour, dash = alt.Color("colour:N", scale=None), alt.StrokeDash("dash:N", scale=None)
    return _named("key").mark_rule(strokeWidth=1.2).encode(x, y, colour, dash, x2="x2:Q")


def _labels(plot: int) -> alt.Chart:
    pixels = alt.Scale(domain=[0, HEIGHT], range=[0, HEIGHT], zero=False, nice=False)
    text = _named("labels").transform_filter(f"datum.plot === {plot}")
    return text.mark_text(align="left", baseline="middle").encode(
        alt.X("x:Q", axis=None, scale=pixels), alt.Y("y:Q", axis=None, scale=pixels), text="text:N"
    )


def _rows() -> alt.LayerChart:
    x = alt.X(
        "auroc:Q", title="AUROC", scale=alt.Scale(domain=[0.5, 1]), axis=alt.Axis(values=[0.5, 0.75, 1])
    )
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[0.5, 3.5]))
    colour, base = alt.Color("colour:N", scale=None), _named("runs")
    limits = base.mark_rule().encode(alt.X("auroc_ci_lower:Q", title="AUROC"), y, x2="auroc_ci_upper:Q")
    return alt.layer(limits, base.mark_point().encode(x, y, color=colour))


def _cells() -> alt.LayerChart:
    scale = alt.Scale(domain=[0.1, 0.2], range=SEQUENTIAL)
    x, y = alt.X("outlier_method:N", title="Outliers", axis=alt.Axis(labelAngle=0)), alt.Y("row:O", axis=None)
    cells = _named("runs").mark_rect().encode(x, y, color=alt.Color("brier:Q", scale=scale, legend=None))
    return alt.layer(cells, _named("runs").mark_text().encode(x, y, text=alt.Text("brier:Q", format=".2f")))


def _decisions() -> alt.LayerChart:
    x = alt.X("threshold:Q", title="Threshold", scale=alt.Scale(domain=[0, 0.5]))
    y = alt.Y("net_benefit:Q", title="Net benefit")
    band = _named("decisions").transform_filter("datum.run_id === 'run000'").mark_area(color=tint(COLOURS[0]))
    lines = _named("decisions").mark_line().encode(x, y, **_channels())
    strategies = _named("strategies").mark_line(color=REFERENCE, strokeDash=[4, 2]).encode(
        x, y, detail="run_id:N"
    )  # fmt: skip
    bands = band.encode(x, alt.Y("ci_lower:Q", title="Net benefit"), y2="ci_upper:Q")
    return alt.layer(bands, lines, strategies)


def _bars() -> alt.LayerChart:
    x = alt.X("bin_start:Q", title="Risk", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, 0.5, 1]))
    y = alt.Y("density:Q", title="Density")
    base = _named("predicted_risks").transform_filter("datum.run_id === 'run000'")
    grid = alt.Chart(alt.NamedData("labels")).mark_rule(color=FAINT).encode(y=alt.value(50))
    outcomes = [
        base.transform_filter(f"datum.y_true === {outcome}")
        .mark_bar(color=colour, stroke=None, size=2, xOffset=offset)
        .encode(x, y)
        for outcome, colour, offset in ((0, REFERENCE, 0), (1, COLOURS[6], 2))
    ]
    return alt.layer(grid, *outcomes)
