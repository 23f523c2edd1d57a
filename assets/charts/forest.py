"""A forest of AUROCs: every run with its interval, in the order of configurations, not of results."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from assets.charts.choices import PLAIN
from assets.charts.composition import direct, key
from assets.charts.composition.about import about
from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import NOT_ESTIMABLE, fixed, unit_range, with_interval
from assets.charts.composition.style import COLUMN, INK, LABEL, PAGE, emphasised, finished, overlaid
from assets.charts.composition.typesetting import fitted, text_width
from assets.charts.forest_rows import METHODS, Rows, arranged
from assets.engine.errors import UserError

_AUROC = ["auroc", "auroc_ci_lower", "auroc_ci_upper"]
_NARROWEST = 75.0  # points of a plot that has numbers beside it
_ONE_PLOT = 24  # up to so many runs fit below one another, with their numbers beside them
_BETWEEN, _GAP, _LINE_HEIGHT, _ABOVE = 18.0, 8.0, 10.0, 3.0
_HEADER = "AUROC (95% CI)"


def forest(
    metrics: pd.DataFrame,
    highlights: pd.DataFrame | None = None,
    *,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.HConcatChart:
    """AUROC of every run with its 95 % DeLong interval.

    Up to 24 runs stand below one another. Of more, each classifier has a plot of its own, and a row is one
    preprocessing. Their numbers are beside them where there is room.

    Parameters
    ----------
    metrics
        run_id, classifier, featurization, outlier_method, imputation_method, auroc, auroc_ci_lower,
        auroc_ci_upper. A categorical column is shown in the order of its categories.
    highlights
        run_id, classifier, label; these runs are coloured diamonds.
    notes
        Sentences for the caption.
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
    number = _GAP + max(text_width(text, rows.size) for text in [_HEADER, *runs.number])
    if by_classifier and (rows.unlabelled or _room(rows, len(plots), number) < _NARROWEST):
        number = 0.0
    entries = _entries(others=highlights is not None and bool((runs["mark"] == "circle").any()))
    usual = COLUMN if rows.width + number < COLUMN * 0.65 and not by_classifier else PAGE
    margin = rows.width + _GAP + number * len(plots) + _BETWEEN * (len(plots) - 1) + 12
    return finished(
        lambda plot: _drawn(rows, plots, entries, number, plot),
        _said(rows, metrics, notes),
        width or usual,
        plots=len(plots),
        margin=margin,
    )


def _drawn(
    rows: Rows, plots: list[str], entries: list[key.Entry], number: float, plot: float
) -> tuple[Any, dict[str, pd.DataFrame]]:
    """The plots side by side, each so many points wide, with `number` points beside it for numbers, if any."""
    step = plot + number + _BETWEEN
    texts = [_row_labels(rows), *([_names_over(plots, plot, step)] if plots != [""] else [])]
    if number:
        texts += [_numbers(rows, name, i * step + plot + number) for i, name in enumerate(plots)]
    drawn = [_plot(name, rows, plot, numbered=number > 0) for name in plots]
    written = [direct.written("labels", rows.size), key.drawn("key", plot, rows.height)]
    drawn[0] = overlaid(drawn[0], *written, width=plot, height=rows.height)
    placed = key.flowed(entries, top=rows.height + 34, width=step * len(plots) - _BETWEEN)
    frames = {"runs": rows.runs, "labels": pd.concat(texts, ignore_index=True), "key": placed}
    return alt.hconcat(*drawn, spacing=_BETWEEN + number, bounds="flush"), frames


def _said(rows: Rows, metrics: pd.DataFrame, notes: Sequence[str]) -> dict[str, Any]:
    runs = rows.runs
    lowest, highest = fixed(runs.auroc.min()), fixed(runs.auroc.max())
    names = ", ".join(map(str, runs.classifier.unique()))
    text = (
        f"AUROC of {len(runs)} runs with 95% confidence intervals of DeLong, from {lowest} to {highest}, ordered "
        f"by configuration: {names}."
    )
    order = [f"Within a group, from the top: {', '.join(rows.unlabelled)}."] if rows.unlabelled else []
    units = dict.fromkeys(_AUROC, "probability")
    return about("AUROC of every run", text, units, list(runs.run_id), metrics, notes=[*notes, *order])


def _marked(runs: pd.DataFrame, highlights: pd.DataFrame | None) -> pd.DataFrame:
    """The runs with the colour and shape of their marks and their numbers as text."""
    colours = {} if highlights is None else dict(emphasised(highlights)[["run_id", "colour"]].to_numpy())
    chosen = runs.run_id.isin(list(colours))
    return runs.assign(
        colour=[colours.get(run, PLAIN) for run in runs.run_id],
        mark=chosen.map({True: "diamond", False: "circle"}),
        number=[with_interval(*row) for row in runs[_AUROC].itertuples(index=False)],
    )


def _entries(*, others: bool) -> list[key.Entry]:
    entries = [key.Entry("95% CI (DeLong)", PLAIN)]
    return [*entries, key.Entry("Run shown in colour elsewhere", INK, mark="diamond")] if others else entries


def _row_labels(rows: Rows) -> pd.DataFrame:
    left, above = -rows.width - _GAP, -_LINE_HEIGHT * (1 + rows.header[-1][2]) - _ABOVE
    header = [(text, x, above + (line + 0.5) * _LINE_HEIGHT) for text, x, line in rows.header]
    names = [(label.text, label.x, (label.row + 0.5) * rows.step) for label in rows.labels.itertuples()]
    return pd.DataFrame(
        {"text": text, "x": left + x, "y": y, "align": "left"} for text, x, y in [*header, *names]
    )


def _numbers(rows: Rows, plot: str, right: float) -> pd.DataFrame:
    """AUROCs with their intervals beside the rows of a plot, flush right at so many points."""
    runs = rows.runs[rows.runs.classifier.astype(str) == plot] if plot else rows.runs
    lines = [
        (_HEADER, -_LINE_HEIGHT / 2 - _ABOVE),
        *zip(runs.number, (runs.row + 0.5) * rows.step, strict=True),
    ]
    return pd.DataFrame({"text": text, "x": right, "y": y, "align": "right"} for text, y in lines)


def _names_over(plots: list[str], plot: float, step: float) -> pd.DataFrame:
    """The classifiers' names over their plots, which begin `step` points apart."""
    broken = [fitted(name, plot, LABEL) for name in plots]
    return pd.DataFrame(
        {"text": line, "x": i * step, "y": (j - len(lines) + 0.5) * _LINE_HEIGHT - _ABOVE, "align": "left"}
        for i, lines in enumerate(broken)
        for j, line in enumerate(lines)
    )


def _room(rows: Rows, plots: int, number: float) -> float:
    """Points that each of so many plots has on a page if it has numbers beside it."""
    return (PAGE - 20 - rows.width - _GAP - (number + _BETWEEN) * plots) / plots


def _plot(classifier: str, rows: Rows, plot: float, *, numbered: bool) -> alt.LayerChart:
    x_scale = alt.Scale(domain=unit_range(rows.runs[_AUROC].stack()), nice=False)
    y_scale = alt.Scale(domain=[-0.5, rows.count - 0.5], range=[0, rows.height], nice=False, zero=False)
    x_axis = alt.Axis(grid=True, tickCount=max(2, int(plot / 27)), format=".2f")
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
        known.mark_rule(strokeWidth=0.8).encode(x=x("auroc_ci_lower"), x2=alt.X2("auroc_ci_upper")),
        known.mark_point(size=min(20, 2.2 * rows.step)).encode(x=x("auroc"), shape=shape),
        missing.encode(
            x=alt.value(2), text=alt.value("" if numbered else NOT_ESTIMABLE), color=alt.value(INK)
        ),
    ).properties(width=plot, height=rows.height)
