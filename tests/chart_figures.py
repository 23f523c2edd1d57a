"""Every figure of the charts, drawn from the frames of `chart_frames`, with its sidecar and pictures."""

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import chart_frames
import pandas as pd
from chart_frames import Study
from chart_tables import method_rankings, variance_shares

from assets.charts import (
    calibration,
    critical_difference,
    decision_curves,
    distributions,
    forest,
    heatmap,
    raincloud,
    roc,
    specification_curve,
    stratos_panel,
    variance_decomposition,
)
from assets.charts.composition.datasets import join, split
from assets.charts.publication.render import render
from assets.charts.publication.sidecar import Sidecar, build_sidecar
from assets.engine.records import Ingredients, Record

Files = dict[str, bytes]

FIGURES: dict[str, Callable[[Study], Any]] = {
    "roc": lambda s: roc.roc(s.roc_curves, s.metrics, s.highlights),
    "calibration": lambda s: calibration.calibration(
        s.calibration_curves, s.probability_distributions, s.highlights
    ),
    "decision_curves": lambda s: decision_curves.decision_curves(
        s.dca_curves, s.highlights, metrics=s.metrics
    ),
    "distributions": lambda s: distributions.distributions(s.probability_distributions, s.highlights),
    "forest": lambda s: forest.forest(s.metrics, s.highlights),
    "heatmap": lambda s: heatmap.heatmap(s.metrics),
    "stratos_panel": lambda s: stratos_panel.stratos_panel(
        s.metrics, s.calibration_curves, s.dca_curves, s.probability_distributions, s.highlights
    ),
    "specification_curve": lambda s: specification_curve.specification_curve(s.metrics, s.highlights),
    "raincloud": lambda s: raincloud.raincloud(s.metrics),
    "critical_difference": lambda s: critical_difference.critical_difference(method_rankings(s), s.metrics),
    "variance_explained": lambda s: variance_decomposition.variance_decomposition(
        variance_shares(s), s.metrics
    ),
}
TABLES = {"essential_metrics": "v1", "curves": "v2"}


@cache
def chart(name: str, *size: int) -> Any:
    return FIGURES[name](chart_frames.study(*size))


def drawn(name: str, *size: int) -> tuple[Sidecar, Files]:
    """A sidecar and pictures of one's own to spoil."""
    return copy.deepcopy(_drawn(name, *size))


def sidecar_of(name: str, figure: Any) -> tuple[Sidecar, Files]:
    spec, data = split(figure)
    pictures = render(join(spec, data))
    files = {"png": pictures.png, "svg": pictures.svg, "pdf": pictures.pdf}
    record = Record(name, "hash", "version", Ingredients(inputs=TABLES))
    return build_sidecar(
        figure_id=name, caption="A caption.", record=record, spec=spec, data=data, files=files
    ), files


@cache
def _drawn(name: str, *size: int) -> tuple[Sidecar, Files]:
    return sidecar_of(name, chart(name, *size))


def data_of(figure: Any) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows) for name, rows in figure.datasets.items()}


def texts_of(figure: Any) -> list[str]:
    return list(data_of(figure)["labels"].text)


def notes_of(figure: Any) -> str:
    return " ".join(figure.usermeta["notes"])
