"""The panels of a figure of mean ranks: which method stands where, and which are joined by a bar."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from assets.charts.composition.style import LABEL
from assets.charts.composition.typesetting import fitted, text_width
from assets.charts.forest_rows import METHODS

DIFFERENCE, JOINED = 0.9, 2.4
"""How thick the bar of a critical difference is, and one that joins methods."""

LINE, BETWEEN_PANELS = 8.0, 58.0
_WIDEST, _BETWEEN_ROWS, _FIRST_BAR, _BAR = 130.0, 4.0, 12.0, 4.0


@dataclass(frozen=True)
class Panel:
    """One choice of method, from top to bottom its levels, the lines of their labels, and their middles in points.

    Middles are counted from the panel's top, `top` from that of the first panel; bars are above the rows.
    """

    factor: str
    levels: list[str]
    lines: list[list[str]]
    middles: list[float]
    top: float
    height: float

    @property
    def highest(self) -> int:
        """The last rank there is."""
        return len(self.levels)


def arranged(table: pd.DataFrame, measures: Sequence[str]) -> list[Panel]:
    """A panel for each choice whose levels are ranked by one of the measures, in the usual order.

    Reads measure, factor, level, mean_rank and critical_difference.
    """
    panels, top = list[Panel](), 0.0
    for factor in METHODS:
        rows = table[(table.factor == factor) & table.measure.isin(measures)]
        if rows.mean_rank.notna().any():
            panels.append(_panel(factor, rows, measures, top))
            top += panels[-1].height + BETWEEN_PANELS
    return panels


def width_beside(panels: Sequence[Panel]) -> float:
    """Points that the labels of all rows need."""
    return max(text_width(text, LABEL) for panel in panels for lines in panel.lines for text in lines)


def bars(table: pd.DataFrame, panels: Sequence[Panel], measures: Sequence[str]) -> pd.DataFrame:
    """The critical difference as a bar from the first rank on, and a bar for each set that it does not tell apart.

    A frame of measure, factor, from_rank, to_rank, width and y, the middle in points from the panel's top.
    """
    found = [
        (measure, panel.factor, low, high, JOINED if i else DIFFERENCE, _FIRST_BAR - 3 + _BAR * i)
        for panel in panels
        for measure in measures
        for i, (low, high) in enumerate(_bars_of(_rows(table, panel.factor, measure)))
    ]
    return pd.DataFrame(found, columns=["measure", "factor", "from_rank", "to_rank", "width", "y"])


def _panel(factor: str, rows: pd.DataFrame, measures: Sequence[str], top: float) -> Panel:
    """The levels in the order of their mean ranks by the first measure, below room for the bars."""
    first = rows[rows.measure == measures[0]].sort_values(["mean_rank", "level"])
    levels = list(dict.fromkeys([*first.level, *sorted(rows.level)]))
    deepest = max(len(_bars_of(_rows(rows, factor, measure))) for measure in measures)
    y = _FIRST_BAR + _BAR * deepest if deepest else 0.0
    lines, middles = [], []
    for level in levels:
        lines.append(fitted(level, _WIDEST, LABEL))
        deep = LINE * len(lines[-1]) + _BETWEEN_ROWS
        middles.append(y + deep / 2)
        y += deep
    return Panel(factor, levels, lines, middles, top, y)


def _rows(table: pd.DataFrame, factor: str, measure: str) -> pd.DataFrame:
    return table[(table.factor == factor) & (table.measure == measure)]


def _bars_of(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """From which rank to which each bar goes, that of the critical difference first; none without one."""
    known = rows.dropna(subset=["critical_difference", "mean_rank"])
    if known.empty:
        return []
    critical, ranks = float(known.critical_difference.iloc[0]), sorted(known.mean_rank)
    joined, reached = [], 0
    for i, lowest in enumerate(ranks):
        last = max(j for j, rank in enumerate(ranks) if rank - lowest <= critical)
        if last > max(i, reached):
            joined.append((lowest, ranks[last]))
            reached = last
    return [(1.0, 1.0 + critical), *joined]
