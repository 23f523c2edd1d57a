"""A forest of AUROCs: every run with its interval, in the order of configurations, not of results."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts.composition import direct, key
from assets.charts.composition.about import about
from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import NOT_ESTIMABLE, fixed, with_interval
from assets.charts.composition.style import COLUMN, INK, LABEL, PAGE, emphasised, finished, overlaid
from assets.charts.composition.typesetting import text_width, wrapped
from assets.charts.forest_rows import METHODS, Rows, arranged
from assets.engine.errors import UserError

_AUROC = ["auroc", "auroc_ci_lower", "auroc_ci_upper"]
_ONE_PLOT = 24  # up to so many runs fit below one another, with their numbers beside them
_BETWEEN, _GAP, _LINE_HEIGHT, _ABOVE = 18.0, 8.0, 10.0, 3.0
_HEADER = "AUROC (95% CI)"
_PLAIN = "#4d4d4d"


def forest(
    metrics: pd.DataFrame, highlights: pd.DataFrame | None = None, *, width: float | None = None
) -> alt.HConcatChart:
    """AUROC of every run with its 95 % DeLong interval.

    Up to 24 runs stand below one another with their numbers. Of more, each classifier has a plot
    of its own, and a row is one preprocessing.

    Parameters
    ----------
    metrics
        run_id, classifier, featurization, outlier_method, imputation_method, auroc, auroc_ci_lower,
        auroc_ci_upper. A categorical column is shown in the order of its categories.
    highlights
        run_id, classifier, label; these runs are coloured diamonds.
    width
        By default one column if the labels are short, else a page.
    """
    runs = columns(metrics, "metrics", ["run_id", *METHODS, *_AUROC])
    if runs.duplicated(list(METHODS)).any():
        raise UserError("`metrics` has two runs of one configuration: a forest shows one row for each.")
    if not runs.auroc.notna().any():
        raise UserError("`metrics` has no AUROC at all: see auroc_status.")
    runs = _marked(runs, highlights).sort_values(list(METHODS), ignore_index=True)
    by_classifier = len(runs) > _ONE_PLOT and runs.classifier.nunique() > 1
    rows = arranged(runs, by_classifier=by_classifier)
    plots = [str(name) for name in runs.classifier.unique()] if by_classifier else [""]
    number = 0.0 if by_classifier else _GAP + max(text_width(text, LABEL) for text in [_HEADER, *runs.number])
    others = highlights is not None and bool((runs["mark"] == "circle").any())

    def draw(plot: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        beside = _names_over(plots, plot) if by_classifier else _numbers(rows, plot + number)
        labels = pd.concat([_row_labels(rows), beside], ignore_index=True)
        placed = key.flowed(_entries(others), top=rows.height + 34, width=plot * len(plots) + number)
        drawn = [_plot(name, rows, plot) for name in plots]
        written = [direct.written("labels", rows.size), key.drawn("key", plot, rows.height)]
        drawn[0] = overlaid(drawn[0], *written, width=plot, height=rows.height)
        frames = {"runs": rows.runs, "labels": labels, "key": placed}
        return alt.hconcat(*drawn, spacing=_BETWEEN, bounds="flush"), frames

    usual = COLUMN if rows.width + number < COLUMN * 0.65 and not by_classifier else PAGE
    margin = rows.width + _GAP + number + _BETWEEN * (len(plots) - 1) + 12
    return finished(draw, _said(runs, metrics), width or usual, plots=len(plots), margin=margin)


def _said(runs: pd.DataFrame, metrics: pd.DataFrame) -> dict[str, Any]:
    lowest, highest = fixed(runs.auroc.min()), fixed(runs.auroc.max())
    text = (
        f"AUROC of {len(runs)} runs with 95% confidence intervals of DeLong, from {lowest} to {highest}, ordered "
        f"by configuration: {', '.join(map(str, runs.classifier.unique()))}."
    )
    return about("AUROC of every run", text, dict.fromkeys(_AUROC, "probability"), list(runs.run_id), metrics)


def _marked(runs: pd.DataFrame, highlights: pd.DataFrame | None) -> pd.DataFrame:
    """The runs with the colour and shape of their marks and their numbers as text."""
    colours = {} if highlights is None else dict(emphasised(highlights)[["run_id", "colour"]].to_numpy())
    chosen = runs.run_id.isin(list(colours))
    return runs.assign(
        colour=[colours.get(run, _PLAIN) for run in runs.run_id],
        mark=chosen.map({True: "diamond", False: "circle"}),
        number=[with_interval(*row) for row in runs[_AUROC].itertuples(index=False)],
    )


def _entries(others: bool) -> list[key.Entry]:
    entries = [key.Entry("95% CI (DeLong)", _PLAIN)]
    return [*entries, key.Entry("Run shown in colour elsewhere", INK, mark="diamond")] if others else entries


def _row_labels(rows: Rows) -> pd.DataFrame:
    left, above = -rows.width - _GAP, -_LINE_HEIGHT * len(rows.header) - _ABOVE
    header = [(text, x, above + (i + 0.5) * _LINE_HEIGHT) for i, (text, x) in enumerate(rows.header)]
    names = [(label.text, label.x, (label.row + 0.5) * rows.step) for label in rows.labels.itertuples()]
    return pd.DataFrame(
        {"text": text, "x": left + x, "y": y, "align": "left"} for text, x, y in [*header, *names]
    )


def _numbers(rows: Rows, right: float) -> pd.DataFrame:
    lines = [
        (_HEADER, -_LINE_HEIGHT / 2 - _ABOVE),
        *zip(rows.runs.number, (rows.runs.row + 0.5) * rows.step, strict=True),
    ]
    return pd.DataFrame({"text": text, "x": right, "y": y, "align": "right"} for text, y in lines)


def _names_over(plots: list[str], plot: float) -> pd.DataFrame:
    broken = [wrapped(name, plot, LABEL) for name in plots]
    return pd.DataFrame(
        {
            "text": line,
            "x": i * (plot + _BETWEEN),
            "y": (j - len(lines) + 0.5) * _LINE_HEIGHT - _ABOVE,
            "align": "left",
        }
        for i, lines in enumerate(broken)
        for j, line in enumerate(lines)
    )


def _plot(classifier: str, rows: Rows, plot: float) -> alt.LayerChart:
    x_scale = alt.Scale(domain=_domain(rows.runs), nice=False)
    y_scale = alt.Scale(domain=[-0.5, rows.count - 0.5], range=[0, rows.height], nice=False, zero=False)
    x_axis = alt.Axis(grid=True, tickCount=max(3, int(plot / 25)), format=".2f")
    y = alt.Y("row:Q", scale=y_scale, axis=None)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=x_scale, axis=x_axis, title="AUROC")

    base = alt.Chart(alt.NamedData("runs")).encode(y=y, color=alt.Color("colour:N", scale=None))
    if classifier:
        base = base.transform_filter(alt.datum.classifier == classifier)
    shape = alt.Shape(
        "mark:N", scale=alt.Scale(domain=["circle", "diamond"], range=["circle", "diamond"]), legend=None
    )
    known = base.transform_filter("isValid(datum.auroc)")
    missing = base.transform_filter("!isValid(datum.auroc)").mark_text(align="left", fontSize=rows.size)
    return alt.layer(
        known.mark_rule(strokeWidth=0.8).encode(x=x("auroc_ci_lower"), x2="auroc_ci_upper:Q"),
        known.mark_point(size=20).encode(x=x("auroc"), shape=shape),
        missing.encode(
            x=alt.value(2), text=alt.value(NOT_ESTIMABLE if classifier else ""), color=alt.value(INK)
        ),
    ).properties(width=plot, height=rows.height)


def _domain(runs: pd.DataFrame) -> list[float]:
    lowest, highest = runs[_AUROC].min().min(), runs[_AUROC].max().max()
    return [float(np.floor(lowest * 20) / 20), min(1.0, float(np.ceil(highest * 20) / 20))]
