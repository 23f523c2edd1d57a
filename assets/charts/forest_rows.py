"""The rows of a forest: which run stands where, and what is written beside it."""

from dataclasses import dataclass

import pandas as pd

from assets.charts.composition.style import LABEL, SMALL
from assets.charts.composition.typesetting import fitted, text_width

METHODS = {
    "classifier": "Classifier",
    "featurization": "Features",
    "outlier_method": "Outlier method",
    "imputation_method": "Imputation",
}
_WIDEST, _GROUP_WIDEST, _INDENT, _APART, _BETWEEN_GROUPS = 150.0, 90.0, 6.0, 8.0, 0.5
_TALLEST = 560.0  # points: what a page has for rows beside heading, axis and key


@dataclass(frozen=True)
class Rows:
    """Each run's `row`, counted from the top, and the labels: text, row, and x, their indent in points.

    `header` says what the labels are: text, indent, and line. Where there are too many rows for a label
    each, `unlabelled` lists what they are, in their order.
    """

    runs: pd.DataFrame
    labels: pd.DataFrame
    header: list[tuple[str, float, int]]
    count: float
    unlabelled: tuple[str, ...] = ()

    @property
    def step(self) -> float:
        """Height of a row in points: a page holds all of them."""
        return min(11 if self.count <= 40 else 9, _TALLEST / self.count)

    @property
    def height(self) -> float:
        """Height of all rows in points."""
        return self.count * self.step

    @property
    def size(self) -> float:
        """Font size of the labels."""
        return LABEL if self.step > LABEL + 1 else SMALL

    @property
    def width(self) -> float:
        """Points that the labels need."""
        lines = [
            *zip(self.labels.text, self.labels.x, strict=True),
            *((text, x) for text, x, _ in self.header),
        ]
        return max(x + text_width(text, self.size) for text, x in lines)


def arranged(runs: pd.DataFrame, *, by_classifier: bool) -> Rows:
    """Rows in the order in which the configurations come, a heading over each group of them.

    With `by_classifier` every classifier has the same rows in a plot of its own, and the headings stand beside them.
    """
    first, rest = _methods(runs, by_classifier=by_classifier)
    runs = runs.sort_values([*([first] if first else []), *rest], ignore_index=True)
    group = runs[first].astype(str) if first else pd.Series("", index=runs.index)
    item = _joined(runs, rest)
    if first and by_classifier:
        return _beside(runs, group, item, [METHODS[first], _names(rest)])
    indent = _INDENT if first else 0.0
    lines: list[tuple[str, float, float]] = []
    row_of: dict[tuple[str, str], float] = {}
    row = 0.0
    for heading in group.unique():
        row += _BETWEEN_GROUPS if row_of else 0
        for text in fitted(heading, _WIDEST, LABEL) if first else []:
            lines.append((text, 0.0, row))
            row += 1
        for name in item[group == heading].unique():
            row_of[heading, name] = row
            for text in fitted(name, _WIDEST - indent, LABEL):
                lines.append((text, indent, row))
                row += 1
    header = [*([(METHODS[first], 0.0, 0)] if first else []), (_names(rest), indent, 1 if first else 0)]
    return Rows(_placed(runs, group, item, row_of), _labels(lines), header, row)


def _beside(runs: pd.DataFrame, group: pd.Series, item: pd.Series, names: list[str]) -> Rows:
    """Rows with the name of each group in a column of its own at their left."""
    broken = {heading: fitted(heading, _GROUP_WIDEST, LABEL) for heading in group.unique()}
    widest = max(
        text_width(text, LABEL) for text in [names[0], *(line for lines in broken.values() for line in lines)]
    )
    lines: list[tuple[str, float, float]] = []
    row_of: dict[tuple[str, str], float] = {}
    row = 0.0
    for heading, texts in broken.items():
        row += _BETWEEN_GROUPS if row_of else 0
        lines += [(text, 0.0, row + i) for i, text in enumerate(texts)]
        end = row + len(texts)
        for name in item[group == heading].unique():
            row_of[heading, name] = row
            for text in fitted(name, _WIDEST, LABEL):
                lines.append((text, widest + _APART, row))
                row += 1
        row = max(row, end)
    placed, header = _placed(runs, group, item, row_of), [(names[0], 0.0, 0), (names[1], widest + _APART, 0)]
    if row * SMALL <= _TALLEST:
        return Rows(placed, _labels(lines), header, row)
    return _unlabelled(placed, group, item, names)


def _unlabelled(runs: pd.DataFrame, group: pd.Series, item: pd.Series, names: list[str]) -> Rows:
    """Rows too low for a name each: only the groups have theirs."""
    items = list(dict.fromkeys(item))
    place = {name: i for i, name in enumerate(items)}
    start = {heading: i * (len(items) + 2.0) for i, heading in enumerate(group.unique())}
    count = len(start) * (len(items) + 2.0) - 2
    row = [start[heading] + place[name] for heading, name in zip(group, item, strict=True)]
    lines = [(fitted(heading, _WIDEST, LABEL)[0], 0.0, start[heading]) for heading in start]
    return Rows(runs.assign(row=row), _labels(lines), [(names[0], 0.0, 0)], count, tuple(items))


def _placed(
    runs: pd.DataFrame, group: pd.Series, item: pd.Series, row_of: dict[tuple[str, str], float]
) -> pd.DataFrame:
    return runs.assign(row=[row_of[key] for key in zip(group, item, strict=True)])


def _labels(lines: list[tuple[str, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["text", "x", "row"])


def _methods(runs: pd.DataFrame, *, by_classifier: bool) -> tuple[str | None, list[str]]:
    """The method that makes groups, if any, and those that tell the runs of a group apart."""
    varying = [method for method in METHODS if runs[method].nunique() > 1]
    if by_classifier:
        varying.remove("classifier")
    first = next((method for method in ("classifier", "outlier_method") if method in varying), None)
    rest = [method for method in varying if method != first]
    return (first, rest) if rest else (None, varying or ["classifier"])


def _names(methods: list[str]) -> str:
    return " + ".join(METHODS[method] for method in methods)


def _joined(runs: pd.DataFrame, methods: list[str]) -> pd.Series:
    return runs[methods].astype(str).agg(" + ".join, axis=1)
