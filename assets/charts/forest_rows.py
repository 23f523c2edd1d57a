"""The rows of a forest: which run stands where, and what is written beside it."""

from dataclasses import dataclass

import pandas as pd

from assets.charts.composition.style import LABEL, SMALL
from assets.charts.composition.typesetting import text_width, wrapped

METHODS = {
    "classifier": "Classifier",
    "featurization": "Features",
    "outlier_method": "Outlier method",
    "imputation_method": "Imputation",
}
_WIDEST, _INDENT, _BETWEEN_GROUPS = 150.0, 6.0, 0.5


@dataclass(frozen=True)
class Rows:
    """Each run's `row`, counted from the top, and the labels: text, row, and x, their indent in points.

    `header` says what the labels are: lines of text with their indents.
    """

    runs: pd.DataFrame
    labels: pd.DataFrame
    header: list[tuple[str, float]]
    count: float

    @property
    def step(self) -> float:
        """Height of a row in points: a hundred of them still fit on a page."""
        return 11 if self.count <= 40 else 9 if self.count <= 65 else 6.5

    @property
    def height(self) -> float:
        """Height of all rows in points."""
        return self.count * self.step

    @property
    def size(self) -> float:
        """Font size of the labels."""
        return LABEL if self.step > LABEL else SMALL

    @property
    def width(self) -> float:
        """Points that the labels need."""
        lines = [*zip(self.labels.text, self.labels.x, strict=True), *self.header]
        return max(x + text_width(text, self.size) for text, x in lines)


def arranged(runs: pd.DataFrame, *, by_classifier: bool) -> Rows:
    """Rows in the order in which the configurations come, under a heading for each group.

    With `by_classifier` every classifier has the same rows in a plot of its own.
    """
    first, rest = _methods(runs, by_classifier=by_classifier)
    runs = runs.sort_values([*([first] if first else []), *rest], ignore_index=True)
    group, item = (runs[first].astype(str) if first else pd.Series("", index=runs.index)), _joined(runs, rest)
    indent = _INDENT if first else 0.0
    lines: list[tuple[str, float, float]] = []
    row_of: dict[tuple[str, str], float] = {}
    row = 0.0
    for heading in group.unique():
        row += _BETWEEN_GROUPS if row_of else 0
        for text in wrapped(heading, _WIDEST, LABEL) if first else []:
            lines.append((text, 0.0, row))
            row += 1
        for name in item[group == heading].unique():
            row_of[heading, name] = row
            for text in wrapped(name, _WIDEST - indent, LABEL):
                lines.append((text, indent, row))
                row += 1
    placed = [row_of[key] for key in zip(group, item, strict=True)]
    header = [
        *([(METHODS[first], 0.0)] if first else []),
        (" + ".join(METHODS[method] for method in rest), indent),
    ]
    return Rows(runs.assign(row=placed), pd.DataFrame(lines, columns=["text", "x", "row"]), header, row)


def _methods(runs: pd.DataFrame, *, by_classifier: bool) -> tuple[str | None, list[str]]:
    """The method that makes groups, if any, and those that tell the runs of a group apart."""
    varying = [method for method in METHODS if runs[method].nunique() > 1]
    if by_classifier:
        varying.remove("classifier")
    first = next((method for method in ("classifier", "outlier_method") if method in varying), None)
    rest = [method for method in varying if method != first]
    return (first, rest) if rest else (None, varying or ["classifier"])


def _joined(runs: pd.DataFrame, methods: list[str]) -> pd.Series:
    return runs[methods].astype(str).agg(" + ".join, axis=1)
