"""A specification curve: every run in the order of its AUROC, and below it the choices each was made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from assets.charts import choices
from assets.charts.choices import Choice
from assets.charts.composition import direct, key
from assets.charts.composition.about import about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import NOT_ESTIMABLE, unit_range, with_interval
from assets.charts.composition.style import (
    COLUMN,
    FAINT,
    INK,
    LABEL,
    PAGE,
    REFERENCE,
    SMALL,
    emphasised,
    finished,
    overlaid,
)
from assets.charts.composition.typesetting import fitted, text_width
from assets.charts.forest_rows import METHODS

_AUROC = ["auroc", "auroc_ci_lower", "auroc_ci_upper"]
_FEW, _MANY_ROWS, _NARROWEST, _CLEAR = 30, 22, 2, 3
_WIDEST, _INDENT, _GAP, _BETWEEN_GROUPS, _BETWEEN_ROWS = 150.0, 6.0, 6.0, 4.0, 1.6
_PLACES = dict.fromkeys(["place", "left"], "place in the ascending order of AUROC")
_UNITS = {**dict.fromkeys(_AUROC, "probability"), **_PLACES}
_TITLE = "Specification curve of AUROC"


def specification_curve(
    metrics: pd.DataFrame,
    highlights: pd.DataFrame | None = None,
    *,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.VConcatChart | alt.LayerChart:
    """AUROC of every run with its 95 % interval, in ascending order, over a matrix of the choices behind it.

    Simonsohn, Simmons and Nelson 2020, Nature Human Behaviour 4:1208; their inference under the null is
    not made here. Ties are in the order of `run_id`; runs without an AUROC come first.

    Parameters
    ----------
    metrics
        run_id, classifier, featurization, outlier_method, imputation_method, auroc, auroc_ci_lower,
        auroc_ci_upper; n_test and n_events if known. A categorical column is shown in the order of
        its categories.
    highlights
        run_id, classifier, label; these runs are diamonds.
    notes
        Sentences for the caption, such as what a method's name means.
    width
        By default one column for up to 30 runs whose labels are short, else a page.
    """
    wanted = columns(metrics, "metrics", ["run_id", *METHODS, *_AUROC])
    told = [*choices.notes(metrics), *notes]
    said = about(
        _TITLE, _alt_text(choices.by_auroc(wanted)), _UNITS, list(wanted.run_id), metrics, notes=told
    )
    if not wanted.auroc.notna().any():
        return absent("No run has an AUROC: the column auroc_status says why.", said, width or COLUMN)
    matrix = _matrix(choices.varying(wanted))
    chosen = [] if highlights is None else list(emphasised(highlights).run_id)
    runs = _ordered(wanted, chosen)
    frames = {"runs": runs, "choices": _bars(runs, matrix), "labels": matrix.labels, "rows": matrix.rows}
    total = width or (COLUMN if len(runs) <= _FEW and matrix.width < COLUMN / 2 else PAGE)
    height = 96 if total == COLUMN else 132

    def draw(plot: float) -> tuple[alt.VConcatChart, dict[str, pd.DataFrame]]:
        placed = key.flowed(_entries(runs, chosen, plot), top=matrix.height + 34, width=plot)
        below = overlaid(
            _choices(matrix, len(runs), plot), direct.written("labels", matrix.size),
            key.drawn("key", plot, matrix.height), width=plot, height=matrix.height,
        )  # fmt: skip
        above = _curve(runs, plot, height)
        return alt.vconcat(above, below, spacing=8, bounds="flush"), {**frames, "key": placed}

    return finished(draw, said, total, margin=matrix.width + _GAP + 8)


@dataclass(frozen=True)
class _Matrix:
    """The rows below the curve, in points from the top: field, level, `y` (the middle) and the labels beside them."""

    rows: pd.DataFrame
    labels: pd.DataFrame
    height: float
    size: float

    @property
    def width(self) -> float:
        return -float(self.labels.x.min())


def _matrix(varying: list[Choice]) -> _Matrix:
    size = SMALL if sum(len(choice.levels) for choice in varying) > _MANY_ROWS else LABEL
    line = size + 0.8
    broken = {name: fitted(name, _WIDEST, size) for choice in varying for name in choice.levels}
    left = -_GAP - max(
        *(text_width(choice.title, size) for choice in varying),
        *(_INDENT + text_width(text, size) for lines in broken.values() for text in lines),
    )
    rows = list[tuple[str, str, float]]()
    labels, y = [], 0.0
    for choice in varying:
        y += _BETWEEN_GROUPS if rows else 0
        labels.append((choice.title, left, y + line / 2))
        y += line + _BETWEEN_ROWS
        for level in choice.levels:
            texts = broken[level]
            labels += [(text, left + _INDENT, y + (i + 0.5) * line) for i, text in enumerate(texts)]
            rows.append((choice.field, level, y + line * len(texts) / 2))
            y += line * len(texts) + _BETWEEN_ROWS
    frame = pd.DataFrame(labels, columns=["text", "x", "y"]).assign(align="left")
    return _Matrix(pd.DataFrame(rows, columns=["field", "level", "y"]), frame, y, size)


def _ordered(wanted: pd.DataFrame, chosen: list[str]) -> pd.DataFrame:
    """The runs in order, with their place, the colour of their classifier, and the shape of their mark."""
    runs = choices.by_auroc(wanted)
    colours = choices.colours_of(runs.classifier)
    shape = np.where(runs.auroc.isna(), "down", np.where(runs.run_id.isin(chosen), "diamond", "circle"))
    colour = runs.classifier.map(colours) if len(colours) > 1 else choices.PLAIN
    return runs.assign(place=range(1, len(runs) + 1), colour=colour, shape=shape)


def _bars(runs: pd.DataFrame, matrix: _Matrix) -> pd.DataFrame:
    """A bar for each run and choice; those of the classifier have its colour."""
    long = runs.melt(["run_id", "place", "colour"], list(matrix.rows.field.unique()), "field", "level")
    bars = long.merge(matrix.rows, on=["field", "level"])
    bars["colour"] = bars.colour.where(bars.field == "classifier", choices.PLAIN)
    return bars.sort_values(["y", "place"], ignore_index=True)


def _curve(runs: pd.DataFrame, plot: float, height: float) -> alt.LayerChart:
    y_scale = alt.Scale(domain=unit_range(runs[_AUROC].stack()), nice=False)
    axis = alt.Axis(format=".2f", tickCount=5, grid=True, offset=0)
    diameter = min(4.0, max(1.7, 0.9 * plot / len(runs)))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, title="AUROC", axis=axis)

    base = alt.Chart(alt.NamedData("runs")).encode(x=_x(len(runs), plot, axis=None))
    # Dots that run together are one curve: what colour they have is in the rows below it.
    dense = _dense(runs, plot)
    colour = alt.value(INK) if dense else alt.Color("colour:N", scale=None)
    ordinary, diamond, missing = (
        base.transform_filter(alt.datum.shape == shape) for shape in ("circle", "diamond", "down")
    )
    return alt.layer(
        *_intervals(base, y("auroc_ci_lower"), y("auroc_ci_upper"), dense=dense),
        ordinary.mark_point(size=diameter**2).encode(y=y("auroc"), color=colour),
        diamond.mark_point(size=34, shape="diamond", stroke="white", strokeWidth=0.5 * dense).encode(
            y=y("auroc"), fill=alt.Fill("colour:N", scale=None)
        ),
        missing.mark_point(size=12, shape="triangle-down", color=INK).encode(y=alt.value(height - 4)),
        width=plot,
        height=height,
    )


def _dense(runs: pd.DataFrame, plot: float) -> bool:
    return plot / len(runs) < _NARROWEST


def _intervals(base: alt.Chart, lower: alt.Y, upper: alt.Y, *, dense: bool) -> list[alt.Chart]:
    """A line for each run; where lines would run together, one band with its limits."""
    if not dense:
        return [
            base.mark_rule(strokeWidth=0.8, color=REFERENCE).encode(y=lower, y2=alt.Y2("auroc_ci_upper:Q"))
        ]
    band = base.mark_area(interpolate="step", color=FAINT).encode(y=lower, y2=alt.Y2("auroc_ci_upper:Q"))
    limit = base.mark_line(interpolate="step", color=REFERENCE, strokeWidth=0.4)
    return [band, limit.encode(y=lower), limit.encode(y=upper)]


def _choices(matrix: _Matrix, n: int, plot: float) -> alt.LayerChart:
    points = alt.Scale(domain=[0, matrix.height], range=[0, matrix.height], nice=False, zero=False)
    bar = min(0.36, 1.6 * n / plot)
    thick = (matrix.size - 0.5) / 2
    guides = alt.Chart(alt.NamedData("rows")).mark_rule(color=FAINT, strokeWidth=0.5)
    bars = alt.Chart(alt.NamedData("choices")).transform_calculate(
        left=f"datum.place - {bar}",
        right=f"datum.place + {bar}",
        top=f"datum.y - {thick}",
        bottom=f"datum.y + {thick}",
    )
    axis = alt.Axis(title="Run, in ascending order of AUROC", values=_ticks(n), offset=0)
    return alt.layer(
        guides.encode(y=alt.Y("y:Q", scale=points, axis=None)),
        bars.mark_rect().encode(
            x=_x(n, plot, axis=axis, field="left"), x2=alt.X2("right:Q"),
            y=alt.Y("top:Q", scale=points, axis=None), y2=alt.Y2("bottom:Q"), color=alt.Color("colour:N", scale=None),
        ),
        width=plot, height=matrix.height,
    )  # fmt: skip


def _x(n: int, plot: float, *, axis: alt.Axis | None, field: str = "place") -> alt.X:
    beside = 0.5 - _CLEAR * n / plot  # the first run keeps clear of the axis
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=[beside, n + 0.5], nice=False, zero=False), axis=axis)


def _ticks(n: int) -> list[int]:
    """The first place, and every first, fifth, tenth, ...: at most a dozen in all."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, n) if n <= 12 * step)
    return [1, *(place for place in range(step, n + 1, step) if place > 1)]


def _entries(runs: pd.DataFrame, chosen: list[str], plot: float) -> list[key.Entry]:
    name = "95% CI (DeLong)"
    interval = key.Entry(name, FAINT, mark="box") if _dense(runs, plot) else key.Entry(name, REFERENCE)
    missing = int(runs.auroc.isna().sum())
    return [
        interval,
        *([key.Entry("Run shown in colour elsewhere", INK, mark="diamond")] if chosen else []),
        *([key.Entry(f"AUROC {NOT_ESTIMABLE} ({missing})", INK, mark="down")] if missing else []),
    ]


def _alt_text(runs: pd.DataFrame) -> str:
    known = runs.dropna(subset=["auroc"])
    return f"AUROC of {len(runs)} runs in ascending order with 95% confidence intervals of DeLong: {_ends(known)}."


def _ends(known: pd.DataFrame) -> str:
    if known.empty:
        return NOT_ESTIMABLE
    names = {"lowest": 0, "middle": (len(known) - 1) // 2, "highest": len(known) - 1}
    return "; ".join(
        f"{name} {with_interval(*known.iloc[i][_AUROC])}, {known.iloc[i].classifier}"
        for name, i in names.items()
    )
