"""Mean ranks of methods, with what the table knows of how sure they are: limits, or a critical difference."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from assets.charts import choices, rank_rows
from assets.charts.composition import direct, key
from assets.charts.composition.about import about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import fixed, with_interval
from assets.charts.composition.style import COLUMN, INK, LABEL, PAGE, finished, overlaid
from assets.charts.composition.typesetting import text_width
from assets.charts.forest_rows import METHODS
from assets.charts.rank_rows import Panel

_RANK = ["mean_rank", "mean_rank_ci_lower", "mean_rank_ci_upper"]
_WANTED = [
    "measure", "factor", "level", "n_blocks", *_RANK, "probability_best", "ci_method", "critical_difference",
    "friedman_p", "status",
]  # fmt: skip
_MEASURES = {"auroc": "AUROC", "brier": "Brier score"}
_TITLE, _BEST = "Mean ranks of methods", ("Best in % of", "resamples")
_UNITS = {**dict.fromkeys(_RANK, "rank, 1 is the best"), "critical_difference": "ranks"}
_GAP, _INSET, _HEADING, _BETWEEN = 8.0, 5.0, 7.0, 22.0
_WITHOUT = {
    "single_level": "Nothing to rank, as there is one level, in {}.",
    "no_complete_block": "Not ranked, as no block has a run of every method, in {}.",
    "single_block": "No test, as there is one block only, in {}.",
    "variance_zero": "No test, as all methods tie in every block, in {}.",
    "blocks_share_subjects": "No critical difference in {}: blocks that share test subjects are no replicates, and a "
    "test would find differences between methods that do not differ.",
}


def critical_difference(
    method_rankings: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    notes: Sequence[str] = (),
    width: float | None = None,
) -> alt.ConcatChart | alt.LayerChart:
    """Mean rank of every method among those that could stand in its place, by each measure.

    Where the table has a critical difference, it is drawn with bars that join the methods that it does
    not tell apart (Demsar 2006, Journal of Machine Learning Research 7:1). Where it has none, for the
    blocks share their test subjects, limits over resampled subjects are, and how often each ranks best.

    Parameters
    ----------
    method_rankings
        measure, factor, level, n_blocks, mean_rank, mean_rank_ci_lower, mean_rank_ci_upper,
        probability_best, ci_method, critical_difference, friedman_p, status.
    metrics
        run_id of the runs that were ranked; n_test and n_events if known.
    notes
        Sentences for the caption, such as what a method's name means.
    width
        By default one column for one measure, else a page.
    """
    table = columns(method_rankings, "method_rankings", _WANTED)
    runs = list(columns(metrics, "metrics", ["run_id"]).run_id)
    said = about(_TITLE, _alt_text(table, len(runs)), _UNITS, runs, metrics, notes=[*_notes(table), *notes])
    if not table.mean_rank.notna().any():
        return absent(_why_none(table), said, width or COLUMN)
    measures = _ordered_measures(table)
    found = rank_rows.arranged(table, measures)
    drawn = _Drawn(found, measures, _ranks(table, found, measures), rank_rows.bars(table, found, measures))
    total = width or (COLUMN if len(measures) == 1 else PAGE)
    return finished(drawn.chart, said, total, plots=len(measures), margin=drawn.margin)


@dataclass(frozen=True)
class _Drawn:
    """The panels from top to bottom, a plot for each measure in each, and what is drawn in them."""

    panels: Sequence[Panel]
    measures: Sequence[str]
    ranks: pd.DataFrame
    bars: pd.DataFrame

    def chart(self, plot: float) -> tuple[alt.ConcatChart, dict[str, pd.DataFrame]]:
        """The figure with plots so many points wide, and its datasets."""
        step, first = plot + self._number + _BETWEEN, self.panels[0]
        labels = [
            _names(self.panels, -self._beside),
            _numbers(self.ranks, self.panels, self.measures, plot, step),
        ]
        top = self.panels[-1].top + self.panels[-1].height + 34
        placed = key.flowed(
            _entries(self.ranks, self.bars), top=top, width=step * len(self.measures) - _BETWEEN
        )
        views = [
            _panel(panel, measure, plot, self.bars) for panel in self.panels for measure in self.measures
        ]
        written = [direct.written("labels", LABEL), key.drawn("key", plot, first.height)]
        views[0] = overlaid(views[0], *written, width=plot, height=first.height)
        spacing = {"row": rank_rows.BETWEEN_PANELS, "column": self._number + _BETWEEN}
        chart = alt.concat(*views, columns=len(self.measures), bounds="flush", spacing=spacing)
        frames = {"ranks": self.ranks, "labels": pd.concat(labels, ignore_index=True), "key": placed}
        return chart, frames if self.bars.empty else {**frames, "bars": self.bars}

    @property
    def margin(self) -> float:
        """Points across that are not plot."""
        return self._beside + (self._number + _BETWEEN) * len(self.measures) - _BETWEEN + 8

    @property
    def _beside(self) -> float:
        """Points for the names at the left."""
        return _GAP + rank_rows.width_beside(self.panels)

    @property
    def _number(self) -> float:
        """Points beside each plot for how often a method is the best, if that is known."""
        known = self.ranks.probability_best.notna().any()
        return _GAP + max(text_width(text, LABEL) for text in _BEST) if known else 0.0


def _ranks(table: pd.DataFrame, panels: Sequence[Panel], measures: Sequence[str]) -> pd.DataFrame:
    """The ranks that are drawn, each with its row's `y` and its colour."""
    place = {
        (panel.factor, level): (i, y)
        for panel in panels
        for i, (level, y) in enumerate(zip(panel.levels, panel.middles, strict=True))
    }
    colours = choices.colours_of(table.level[table.factor == "classifier"])
    rows = table[table.measure.isin(measures) & table.factor.isin([panel.factor for panel in panels])]
    keys = list(zip(rows.factor, rows.level, strict=True))
    rows = rows[
        ["measure", "factor", "level", "n_blocks", *_RANK, "probability_best", "critical_difference"]
    ].assign(
        row=[place[key][0] for key in keys],
        y=[place[key][1] for key in keys],
        colour=[colours[level] if factor == "classifier" else choices.PLAIN for factor, level in keys],
    )
    order = {name: i for i, name in enumerate([*METHODS, *measures])}
    return rows.sort_values(
        ["factor", "measure", "row"], key=lambda c: c.map(order) if c.name != "row" else c
    )


def _panel(panel: Panel, measure: str, plot: float, bars: pd.DataFrame) -> alt.LayerChart:
    inset = _INSET * (panel.highest - 1) / (plot - 2 * _INSET)
    these = bars[(bars.factor == panel.factor) & (bars.measure == measure)]
    last = max(panel.highest, these.to_rank.max() if len(these) else 0)
    x_scale = alt.Scale(domain=[1 - inset, last + inset], nice=False, zero=False)
    points = alt.Scale(domain=[0, panel.height], range=[0, panel.height], nice=False, zero=False)
    axis = alt.Axis(values=list(range(1, panel.highest + 1)), grid=True, format="d", offset=0)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=x_scale, axis=axis, title="Mean rank (1 is best)")

    this = (alt.datum.factor == panel.factor) & (alt.datum.measure == measure)
    y, colour = alt.Y("y:Q", scale=points, axis=None), alt.Color("colour:N", scale=None)
    ranks = alt.Chart(alt.NamedData("ranks")).transform_filter(this).encode(y=y)
    layers = [
        ranks.mark_rule(strokeWidth=0.9, color=choices.PLAIN).encode(
            x=x(_RANK[1]), x2=alt.X2(f"{_RANK[2]}:Q")
        ),
        ranks.mark_point(size=26).encode(x=x("mean_rank"), color=colour),
    ]
    if len(these):
        drawn = alt.Chart(alt.NamedData("bars")).transform_filter(this)
        # An expression: as a channel, the width would lose against the style's.
        drawn = drawn.mark_rule(color=INK, strokeWidth=alt.ExprRef("datum.width"))
        layers.append(drawn.encode(x=x("from_rank"), x2=alt.X2("to_rank:Q"), y=y))
    return alt.layer(*layers, width=plot, height=panel.height)


def _names(panels: Sequence[Panel], left: float) -> pd.DataFrame:
    """What each choice and its levels are called, in points from the first plot's corner."""
    headings = [(METHODS[panel.factor], panel.top - _HEADING) for panel in panels]
    names = [
        (text, panel.top + y + (i - (len(lines) - 1) / 2) * rank_rows.LINE)
        for panel in panels
        for lines, y in zip(panel.lines, panel.middles, strict=True)
        for i, text in enumerate(lines)
    ]
    return pd.DataFrame({"text": text, "x": left, "y": y, "align": "left"} for text, y in [*headings, *names])


def _numbers(
    ranks: pd.DataFrame,
    panels: Sequence[Panel],
    measures: Sequence[str],
    plot: float,
    step: float,
) -> pd.DataFrame:
    """Over each panel its measure, beside its rows how often each is the best, and the critical difference."""
    texts = list[tuple[str, float, float, str]]()
    right = step - _BETWEEN
    for panel in panels:
        for column, measure in enumerate(measures):
            these = ranks[(ranks.factor == panel.factor) & (ranks.measure == measure)]
            name = _MEASURES.get(measure, measure) + _blocks(these)
            texts.append((name, column * step, panel.top - _HEADING, "left"))
            if these.probability_best.notna().any():
                texts += [
                    (text, column * step + right, panel.top - _HEADING - (1 - i) * rank_rows.LINE, "right")
                    for i, text in enumerate(_BEST)
                ]
            texts += [
                (_share(row.probability_best), column * step + right, panel.top + row.y, "right")
                for row in these.itertuples() if pd.notna(row.probability_best)
            ]  # fmt: skip
            for critical in these.critical_difference.dropna().head(1):
                texts.append((f"CD {fixed(critical)}", column * step + _INSET, panel.top + 3, "left"))
    return pd.DataFrame(texts, columns=["text", "x", "y", "align"])


def _blocks(ranks: pd.DataFrame) -> str:
    """How many blocks the ranks are means of, or that there are none."""
    if not ranks.mean_rank.notna().any():
        return ": not ranked"
    n = int(ranks.n_blocks.max())
    return f", {n} blocks" if n > 1 else ", 1 block"


def _share(probability: float) -> str:
    """A share as a whole percentage; `<1` and `>99` where it is neither nothing nor all."""
    if 0 < probability < 0.01 or 0.99 < probability < 1:
        return "<1" if probability < 0.5 else ">99"
    return f"{100 * probability:.0f}"


def _entries(ranks: pd.DataFrame, bars: pd.DataFrame) -> list[key.Entry]:
    limits = key.Entry("95% limits over resampled test subjects", choices.PLAIN, width=0.9)
    critical = key.Entry("CD: critical difference (Nemenyi, 5%)", INK, width=rank_rows.DIFFERENCE)
    joined = key.Entry("Not told apart", INK, width=rank_rows.JOINED)
    drawn = (ranks[_RANK[1]].notna().any(), len(bars), (bars.width == rank_rows.JOINED).any())
    return [entry for entry, there in zip((limits, critical, joined), drawn, strict=True) if there]


def _ordered_measures(table: pd.DataFrame) -> list[str]:
    """The measures of which there are ranks, those with a name here first."""
    found = set(table.measure[table.mean_rank.notna()])
    return [name for name in _MEASURES if name in found] + sorted(found - set(_MEASURES))


def _notes(table: pd.DataFrame) -> list[str]:
    methods = sorted(set(table.ci_method.dropna()))
    best = "How often a method ranks best in resamples is no posterior probability."
    return [
        *([f"Limits: {'; '.join(methods)}.", best] if methods else []),
        *_tests(table),
        *(
            sentence.format(", ".join(_called(table[table.status == status])))
            for status, sentence in _WITHOUT.items()
            if (table.status == status).any()
        ),
    ]


def _tests(table: pd.DataFrame) -> list[str]:
    """A sentence with the p of every test that was made; none if none was."""
    tested = table.dropna(subset=["friedman_p"]).drop_duplicates(["measure", "factor"])
    found = [
        f"{METHODS.get(row.factor, row.factor).lower()} by {_MEASURES.get(row.measure, row.measure)} "
        f"{'p < 0.001' if row.friedman_p < 0.001 else f'p = {fixed(row.friedman_p, 3)}'}"
        for row in tested.itertuples()
    ]
    return [f"Friedman's test of no difference: {', '.join(found)}."] if found else []


def _called(rows: pd.DataFrame) -> list[str]:
    """The choices in these rows, in the usual order."""
    return [title.lower() for factor, title in METHODS.items() if factor in set(rows.factor)]


def _why_none(table: pd.DataFrame) -> str:
    if (table.status == "single_level").all():
        return (
            "Ranks need two methods that could stand in one place; every choice of this study has one level."
        )
    return "No choice of method has a block of runs with every one of its levels, so nothing can be ranked."


def _alt_text(table: pd.DataFrame, n_runs: int) -> str:
    first = next(iter(_ordered_measures(table)), "")
    known = table[(table.measure == first) & table.mean_rank.notna()]
    told = []
    for factor, rows in known.groupby("factor"):
        best = rows.sort_values(["mean_rank", "level"]).iloc[0]
        told.append(
            f"{METHODS.get(factor, factor).lower()} {best.level} at {with_interval(*best[_RANK])} of {len(rows)}"
        )
    best = f" Best by {_MEASURES.get(first, first)}: {'; '.join(told)}." if told else ""
    return f"Mean ranks of the methods of each choice, over {n_runs} runs, with their limits.{best}"
