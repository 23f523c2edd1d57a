"""How much of what differs between runs is due to which choice of method: shares of variance with their limits."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from assets.charts.composition import direct, key
from assets.charts.composition.about import about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import NOT_ESTIMABLE, fixed, with_interval
from assets.charts.composition.style import COLOURS, COLUMN, INK, LABEL, PAGE, finished, overlaid
from assets.charts.composition.typesetting import text_width, wrapped
from assets.charts.forest_rows import METHODS

_MARKS = {"eta2": (-2.7, INK, "circle"), "omega2": (2.7, COLOURS[0], "diamond")}
_LIMITS = [share + part for share in _MARKS for part in ("", "_ci_lower", "_ci_upper")]
_WANTED = ["measure", "term", *_LIMITS, "ci_method", "status", "n_runs"]
_MEASURES = {"auroc": "AUROC", "brier": "Brier score", "calibration_slope": "Calibration slope"}
_RESIDUAL, _TOTAL = "residual", "total"
_TITLE, _AXIS = "Shares of the variance between runs", "Share of variance"
_UNITS = dict.fromkeys(["value", "lower", "upper"], "proportion of the variance between runs")
_ROW, _LINE, _WIDEST, _GAP, _BETWEEN, _LEAST = 15.0, 8.0, 112.0, 8.0, 16.0, 10.0
_WITHOUT_SHARE = {
    "single_level": "one level", "not_identified": "not identified", "variance_zero": "all runs alike",
    "saturated": "no residual",
}  # fmt: skip


def variance_decomposition(
    shares: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.ConcatChart | alt.LayerChart:
    """The share of each choice of method, of each pair of choices, and of the rest: eta squared and omega squared.

    A panel for each measure. Limits are drawn where the table has them. Olejnik and Algina 2003,
    Psychological Methods 8:434.

    Parameters
    ----------
    shares
        measure, term, eta2 and omega2, each with _ci_lower and _ci_upper, ci_method, status, n_runs.
    metrics
        run_id of the runs that were decomposed; n_test and n_events if known.
    notes
        Sentences for the caption, such as what a method's name means.
    width
        By default one column for one measure, else a page.
    """
    table = columns(shares, "shares", _WANTED)
    table = table[table.term != _TOTAL]
    runs = list(columns(metrics, "metrics", ["run_id"]).run_id)
    said = about(_TITLE, _alt_text(table, len(runs)), _UNITS, runs, metrics, notes=[*_notes(table), *notes])
    if not table.eta2.notna().any():
        return absent(_why_none(table), said, width or COLUMN)
    measures, terms = _measures(table), _terms(table)
    lines = [wrapped(_called(term), _WIDEST, LABEL) for term in terms]
    beside = _GAP + max(text_width(text, LABEL) for broken in lines for text in broken)
    height = _ROW * len(terms)
    number = _GAP + text_width("0.00", LABEL)
    drawn = _long(table, terms)

    def draw(plot: float) -> tuple[alt.ConcatChart, dict[str, pd.DataFrame]]:
        step = plot + number + _BETWEEN
        over = _headings(table, measures, plot, step)
        texts = pd.concat([over, _names(lines, -beside), _numbers(table, measures, terms, plot, step)])
        placed = key.flowed(_entries(drawn), top=height + 34, width=step * len(measures) - _BETWEEN)
        views = [_panel(measure, plot, height, _lowest(drawn)) for measure in measures]
        written = [direct.written("labels", LABEL), key.drawn("key", plot, height)]
        views[0] = overlaid(views[0], *written, width=plot, height=height)
        chart = alt.concat(*views, columns=len(measures), bounds="flush", spacing=number + _BETWEEN)
        return chart, {"shares": drawn, "labels": texts, "key": placed}

    total = width or (COLUMN if len(measures) == 1 else PAGE)
    margin = beside + (number + _BETWEEN) * len(measures) - _BETWEEN + 8
    return finished(draw, said, total, plots=len(measures), margin=margin)


def _measures(table: pd.DataFrame) -> list[str]:
    """The measures with a share, those with a name here first."""
    found = set(table.measure[table.eta2.notna()])
    return [name for name in _MEASURES if name in found] + sorted(found - set(_MEASURES))


def _terms(table: pd.DataFrame) -> list[str]:
    """Choices, pairs of them and the residual; without what has one level in every measure."""
    found = [str(term) for term in table.term[table.status != "single_level"].unique()]
    order = list(METHODS)

    def place(term: str) -> tuple[bool, int, list[int]]:
        factors = _factors(term)
        return term == _RESIDUAL, len(factors), [order.index(factor) for factor in factors if factor in order]

    return sorted(found, key=place)


def _factors(term: str) -> list[str]:
    return sorted(term.split(":"), key=list(METHODS).index) if term != _RESIDUAL else [term]


def _called(term: str) -> str:
    return " × ".join(METHODS.get(factor, factor).lower() for factor in _factors(term)).capitalize()


def _long(table: pd.DataFrame, terms: Sequence[str]) -> pd.DataFrame:
    """A row for each share that is drawn: `value`, `lower`, `upper`, and how and where its mark is drawn."""
    rows = [
        table[["measure", "term"]].assign(
            statistic=name,
            value=table[name],
            lower=table[f"{name}_ci_lower"],
            upper=table[f"{name}_ci_upper"],
            y=[_ROW * (terms.index(term) + 0.5) + down if term in terms else np.nan for term in table.term],
            colour=colour,
            mark=mark,
        )
        for name, (down, colour, mark) in _MARKS.items()
    ]
    drawn = pd.concat(rows).dropna(subset=["value", "y"])
    return drawn.sort_values(["measure", "y"], ignore_index=True)


def _lowest(drawn: pd.DataFrame) -> float:
    """Where the axis begins: at 0, or below the most negative omega squared."""
    return min(0.0, float(np.floor(drawn.value.min() * 20) / 20))


def _panel(measure: str, plot: float, height: float, lowest: float) -> alt.LayerChart:
    points = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    scale = alt.Scale(domain=[lowest, 1], nice=False)
    axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2~f", grid=True, offset=0)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=scale, title=_AXIS, axis=axis)

    base = alt.Chart(alt.NamedData("shares")).transform_filter(alt.datum.measure == measure)
    base = base.encode(y=alt.Y("y:Q", scale=points, axis=None), color=alt.Color("colour:N", scale=None))
    marks = [mark for _, _, mark in _MARKS.values()]
    shape = alt.Shape("mark:N", scale=alt.Scale(domain=marks, range=marks), legend=None)
    return alt.layer(
        base.mark_rule(strokeWidth=0.9).encode(x=x("lower"), x2=alt.X2("upper:Q")),
        base.mark_point(size=22).encode(x=x("value"), shape=shape),
        width=plot,
        height=height,
    )


def _headings(table: pd.DataFrame, measures: Sequence[str], plot: float, step: float) -> pd.DataFrame:
    """The measures over their panels, and over the numbers what they are."""
    broken = [
        wrapped(_measure(measure), plot, LABEL) + ([] if _limited(table, measure) else ["(no limits)"])
        for measure in measures
    ]
    deepest = max(map(len, broken))
    over = [
        (text, i * step, -_LEAST - (deepest - 1 - j) * _LINE, "left")
        for i, lines in enumerate(broken)
        for j, text in enumerate(lines)
    ]
    top = -_LEAST - (deepest - 1) * _LINE
    right = [("η²", (i + 1) * step - _BETWEEN, top, "right") for i in range(len(measures))]
    return pd.DataFrame([*over, *right], columns=["text", "x", "y", "align"])


def _names(lines: Sequence[Sequence[str]], left: float) -> pd.DataFrame:
    names = [
        (text, left, _ROW * (i + 0.5) + (j - (len(broken) - 1) / 2) * _LINE, "left")
        for i, broken in enumerate(lines)
        for j, text in enumerate(broken)
    ]
    return pd.DataFrame(names, columns=["text", "x", "y", "align"])


def _numbers(
    table: pd.DataFrame, measures: Sequence[str], terms: Sequence[str], plot: float, step: float
) -> pd.DataFrame:
    """Every eta squared as a number beside its panel; where there is none, why, within the panel."""
    known = table.set_index(["measure", "term"])
    texts = list[tuple[str, float, float, str]]()
    for i, measure in enumerate(measures):
        for j, term in enumerate(terms):
            y = _ROW * (j + 0.5)
            row = known.loc[measure, term] if (measure, term) in known.index else None
            if row is not None and pd.notna(row.eta2):
                texts.append((fixed(row.eta2), (i + 1) * step - _BETWEEN, y, "right"))
            else:
                why = NOT_ESTIMABLE if row is None else _WITHOUT_SHARE.get(str(row.status), NOT_ESTIMABLE)
                texts.append((why, i * step + 4, y, "left"))
    return pd.DataFrame(texts, columns=["text", "x", "y", "align"])


def _measure(name: str) -> str:
    return _MEASURES.get(name, name.replace("_", " ").replace("10pct", "at 10%").capitalize())


def _entries(drawn: pd.DataFrame) -> list[key.Entry]:
    """What is drawn of eta squared and omega squared, with limits where there are any."""
    names = {"eta2": "Eta squared (η²)", "omega2": "Omega squared (corrected for bias)"}
    limits = drawn[drawn.lower.notna()].statistic.unique()
    return [
        key.Entry(
            names[statistic] + (", with 95% limits" if statistic in limits else ""), _MARKS[statistic][1]
        )
        for statistic in _MARKS
        if statistic in drawn.statistic.unique()
    ]


def _notes(table: pd.DataFrame) -> list[str]:
    methods = sorted(set(table.ci_method.dropna()))
    without = [_measure(name) for name in _measures(table) if not _limited(table, name)]
    single = [title.lower() for factor, title in METHODS.items() if _single(table, factor)]
    return [
        *([f"Limits: {'; '.join(methods)}."] if methods else []),
        *(
            [f"No limits where the measure was not computed on resampled subjects: {', '.join(without)}."]
            if without
            else []
        ),
        *([f"Without a share, as there is one level: {', '.join(single)}."] if single else []),
    ]


def _limited(table: pd.DataFrame, measure: str) -> bool:
    return bool(table[table.measure == measure].ci_method.notna().any())


def _single(table: pd.DataFrame, factor: str) -> bool:
    return bool((table.status[table.term == factor] == "single_level").any())


def _why_none(table: pd.DataFrame) -> str:
    if (table.status == "single_level").all():
        return (
            "Every choice of method has one level in this study, so no difference between runs is due to one."
        )
    return "No share of variance can be estimated from these runs: the column status says why."


def _alt_text(table: pd.DataFrame, n_runs: int) -> str:
    told = []
    for measure in _measures(table):
        known = table[(table.measure == measure) & table.eta2.notna()].sort_values(
            ["eta2", "term"], ascending=False
        )
        largest = [f"{_called(row.term).lower()} {_number(row)}" for row in known.head(3).itertuples()]
        told.append(f"{_measure(measure)}: {', '.join(largest)}")
    said = (
        f"Shares of the variance between {n_runs} runs by choice of method (eta squared), the largest three"
    )
    return f"{said}: {'; '.join(told)}." if told else f"{said}."


def _number(row: Any) -> str:
    known = pd.notna(row.eta2_ci_lower)
    return with_interval(row.eta2, row.eta2_ci_lower, row.eta2_ci_upper) if known else fixed(row.eta2)
