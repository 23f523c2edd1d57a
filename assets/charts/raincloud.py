"""AUROC of every run by each choice of method: a dot for each run, their density, and the run in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import altair as alt
import numpy as np
import pandas as pd

from assets.charts import beeswarm, choices
from assets.charts.choices import Choice
from assets.charts.composition import direct, key
from assets.charts.composition.about import about
from assets.charts.composition.absent import absent
from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import NOT_ESTIMABLE, fixed, unit_range
from assets.charts.composition.style import COLUMN, LABEL, PAGE, finished, overlaid, tint
from assets.charts.composition.typesetting import fitted, text_width
from assets.charts.forest_rows import METHODS

_AUROC = ["auroc", "auroc_ci_lower", "auroc_ci_upper"]
_UNITS = dict.fromkeys(_AUROC, "probability")
_TITLE = "AUROC by choice of method"
_DIAMETERS = (3.2, 2.6, 2.1, 1.7, 1.4, 1.1)
_WIDEST, _GAP, _LINE, _HEADING, _BETWEEN = 130.0, 8.0, 8.0, 12.0, 10.0
_CLOUDS, _MIDDLE, _CLEAR, _TINT = (8.0, 5.0, 0.0), 3.2, 2.4, 0.2
_ENOUGH, _FEW, _GRID, _BANDWIDTH = 15, 100, 241, 1 / 50


def raincloud(
    metrics: pd.DataFrame, *, notes: Sequence[str] = (), width: float | None = None
) -> alt.LayerChart:
    """AUROC of every run, once for each choice that differs: what a choice changes, and how much the others do.

    A row is one method: a dot for each of its runs; over them, where there are 15 or more and the page
    has room, their density (Gaussian kernel, each cloud as high as the next); and the run in the middle (of
    two, the lower) with its 95 % DeLong interval, for scale: the spread of dots is that of choices.
    Allen et al. 2021, Wellcome Open Research 4:63.

    Parameters
    ----------
    metrics
        run_id, classifier, featurization, outlier_method, imputation_method, auroc, auroc_ci_lower,
        auroc_ci_upper; n_test and n_events if known. A categorical column is shown in the order of
        its categories.
    notes
        Sentences for the caption, such as what a method's name means.
    width
        By default one column for up to 100 runs whose labels are short, else a page.
    """
    wanted = columns(metrics, "metrics", ["run_id", *METHODS, *_AUROC])
    runs = choices.by_auroc(wanted)
    levels = [_level(runs, choice, name) for choice in choices.varying(wanted) for name in choice.levels]
    low, high = unit_range(
        value for level in levels for value in [*level.known.auroc, *level.middle[_AUROC].stack()]
    )
    told = [*choices.notes(metrics), *notes]
    if any(level.cloud for level in levels):
        told.insert(0, f"Bandwidth of the densities: {fixed((high - low) * _BANDWIDTH, 3)}.")
    said = about(_TITLE, _alt_text(runs, levels), _UNITS, list(runs.run_id), metrics, notes=told)
    if not runs.auroc.notna().any():
        return absent("No run has an AUROC: the column auroc_status says why.", said, width or COLUMN)
    labels = [text for level in levels for text in [*level.lines, level.choice.title]]
    beside = _GAP + max(text_width(text, LABEL) for text in labels)
    total = width or (COLUMN if beside < 0.4 * COLUMN and len(runs) <= _FEW else PAGE)

    def draw(plot: float) -> tuple[alt.LayerChart, dict[str, pd.DataFrame]]:
        rows = _rows(levels, plot / (high - low), 600 if total > COLUMN else 400)
        frames = _frames(rows, low, high)
        placed = key.flowed(_entries(rows), top=rows[-1].bottom + 34, width=plot)
        frames |= {"labels": _labels(rows, -beside), "key": placed}
        return _drawn(rows, frames, plot, [low, high]), frames

    return finished(draw, said, total, margin=beside + 12)


@dataclass(frozen=True)
class _Level:
    """One method: its runs from low to high AUROC, those without one first, and the lines of its label."""

    choice: Choice
    name: str
    runs: pd.DataFrame
    lines: list[str]
    colour: str

    @property
    def known(self) -> pd.DataFrame:
        """The runs that have an AUROC."""
        return self.runs[self.runs.auroc.notna()]

    @property
    def middle(self) -> pd.DataFrame:
        """The run in the middle of these, of two the lower; no row if there is none."""
        place = (len(self.known) - 1) // 2
        return self.known[place : place + 1]

    @property
    def cloud(self) -> bool:
        """Whether there are runs enough for a density."""
        return len(self.known) >= _ENOUGH


@dataclass(frozen=True)
class _Row:
    """Where a method is drawn, in points from the top; `swarm` is how far each dot lies from the line of dots."""

    level: _Level
    top: float
    cloud: float
    diameter: float
    swarm: list[float]

    @property
    def line(self) -> float:
        """Where the run in the middle is, and the middle of the label."""
        return self.top + max(self.cloud + _MIDDLE, self._deep)

    @property
    def rain(self) -> float:
        """Where the dots have their line."""
        return self.line + _MIDDLE + self.diameter / 2 - min(self.swarm, default=0.0)

    @property
    def bottom(self) -> float:
        """Where the next row may begin."""
        dots = self.rain + max(self.swarm, default=0.0) + self.diameter / 2
        return max(dots + _CLEAR, self.line + self._deep + _CLEAR)

    @property
    def _deep(self) -> float:
        return _LINE * len(self.level.lines) / 2


def _level(runs: pd.DataFrame, choice: Choice, name: str) -> _Level:
    these = runs[runs[choice.field] == name]
    without = int(these.auroc.isna().sum())
    lines = fitted(name, _WIDEST, LABEL) + ([f"({without} {NOT_ESTIMABLE})"] if without else [])
    colours = choices.colours_of(runs.classifier) if choice.field == "classifier" else {}
    return _Level(choice, name, these, lines, colours.get(name, choices.PLAIN))


def _rows(levels: Sequence[_Level], scale: float, tallest: float) -> list[_Row]:
    """The rows with the highest clouds and largest dots that keep the figure within a page.

    `scale` is points per unit of AUROC.
    """
    places = [[float(auroc * scale) for auroc in level.known.auroc] for level in levels]
    swarms = dict[float, list[list[float]]]()
    for cloud, diameter in product(_CLOUDS, _DIAMETERS):
        if diameter not in swarms:
            swarms[diameter] = [beeswarm.offsets(these, diameter) for these in places]
        rows = _rows_of(levels, cloud, diameter, swarms[diameter])
        if rows[-1].bottom <= tallest:
            break
    return rows


def _rows_of(
    levels: Sequence[_Level], cloud: float, diameter: float, swarms: Sequence[list[float]]
) -> list[_Row]:
    rows, y = list[_Row](), 0.0
    for level, swarm in zip(levels, swarms, strict=True):
        if not rows or rows[-1].level.choice != level.choice:
            y += _HEADING + (_BETWEEN if rows else 0)
        rows.append(_Row(level, y, cloud if level.cloud else 0.0, diameter, swarm))
        y = rows[-1].bottom
    return rows


def _frames(rows: Sequence[_Row], low: float, high: float) -> dict[str, pd.DataFrame]:
    clouds = [_cloud(row, low, high) for row in rows if row.cloud]
    middles = [_of(row, row.level.middle[["run_id", *_AUROC]]).assign(y=row.line) for row in rows]
    return {
        "dots": pd.concat([_dots(row) for row in rows], ignore_index=True),
        "middles": pd.concat(middles, ignore_index=True),
        **({"clouds": pd.concat(clouds, ignore_index=True)} if clouds else {}),
    }


def _dots(row: _Row) -> pd.DataFrame:
    """A dot for each run; one without an AUROC has no place."""
    without = [np.nan] * (len(row.level.runs) - len(row.swarm))
    y = [*without, *(row.rain + offset for offset in row.swarm)]
    return _of(row, row.level.runs[["run_id", "auroc"]]).assign(y=y)


def _cloud(row: _Row, low: float, high: float) -> pd.DataFrame:
    """The density of a method's runs, as high as the cloud is at its highest."""
    at = np.linspace(low, high, _GRID)
    distance = (at[:, None] - row.level.known.auroc.to_numpy()) / ((high - low) * _BANDWIDTH)
    density = np.exp(-(distance**2) / 2).sum(axis=1)
    density /= density.max()
    frame = pd.DataFrame({"auroc": at, "density": density})[density > 0.002]
    return _of(row, frame).assign(
        y=row.line - _MIDDLE / 2 - frame.density * row.cloud, floor=row.line - _MIDDLE / 2
    )


def _of(row: _Row, frame: pd.DataFrame) -> pd.DataFrame:
    level = row.level
    return frame.assign(
        choice=level.choice.title, level=level.name, colour=level.colour, tint=tint(level.colour, _TINT)
    )


def _labels(rows: Sequence[_Row], left: float) -> pd.DataFrame:
    texts = []
    for i, row in enumerate(rows):
        if not i or rows[i - 1].level.choice != row.level.choice:
            texts.append((row.level.choice.title, row.top - _HEADING / 2))
        lines = row.level.lines
        texts += [(text, row.line + (j - (len(lines) - 1) / 2) * _LINE) for j, text in enumerate(lines)]
    return pd.DataFrame({"text": text, "x": left, "y": y, "align": "left"} for text, y in texts)


def _drawn(
    rows: Sequence[_Row], frames: dict[str, pd.DataFrame], plot: float, domain: list[float]
) -> alt.LayerChart:
    height = rows[-1].bottom
    points = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    axis = alt.Axis(format=".2f", grid=True, offset=0, tickCount=max(3, int(plot / 50)))

    def part(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).encode(y=alt.Y("y:Q", scale=points, axis=None))

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=domain, nice=False), title="AUROC", axis=axis)

    colour, fill = alt.Color("colour:N", scale=None), alt.Fill("tint:N", scale=None)
    layers = [
        part("dots").mark_point(size=rows[0].diameter ** 2).encode(x=x("auroc"), color=colour),
        part("middles")
        .mark_rule(strokeWidth=0.9)
        .encode(x=x(_AUROC[1]), x2=alt.X2(f"{_AUROC[2]}:Q"), color=colour),
        part("middles").mark_point(size=34, shape="diamond").encode(x=x("auroc"), color=colour),
    ]
    if "clouds" in frames:
        cloud = part("clouds").mark_area().encode(x=x("auroc"), y2=alt.Y2("floor:Q"), fill=fill)
        layers.insert(0, cloud.encode(detail=[alt.Detail("choice:N"), alt.Detail("level:N")]))
    written = [direct.written("labels", LABEL), key.drawn("key", plot, height)]
    return overlaid(alt.layer(*layers), *written, width=plot, height=height)


def _entries(rows: Sequence[_Row]) -> list[key.Entry]:
    cloud = key.Entry("Density of runs", tint(choices.PLAIN, _TINT), mark="box")
    return [
        key.Entry("Median run", choices.PLAIN, mark="diamond"),
        key.Entry("its 95% CI (DeLong)", choices.PLAIN, width=0.9),
        *([cloud] if any(row.cloud for row in rows) else []),
    ]


def _alt_text(runs: pd.DataFrame, levels: Sequence[_Level]) -> str:
    told: dict[str, list[str]] = {}
    for level in levels:
        for middle in level.middle.auroc:
            told.setdefault(level.choice.title.lower(), []).append(f"{level.name} {fixed(middle)}")
    middles = "; ".join(f"by {choice}, {', '.join(values)}" for choice, values in told.items())
    return f"AUROC of {len(runs)} runs as dots, a row for each method. The median run: {middles}."
