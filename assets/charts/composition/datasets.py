"""A chart's data apart from its drawing: named datasets that travel beside the Vega-Lite spec."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from assets.engine.errors import UserError

Row = dict[str, Any]
Datasets = dict[str, list[Row]]


def split(chart: Any) -> tuple[dict[str, Any], Datasets]:
    """The chart's Vega-Lite spec without data, and its datasets; `join` puts them together again."""
    import altair as alt  # here, so that processes that draw from sidecars do without

    # Altair would check the drawing and every row against Vega-Lite's schema, which takes longer than to draw them
    # (a test does it instead); and even a shallow copy of a chart copies all its layers. So the rows step aside.
    datasets, chart.datasets = chart.datasets, alt.Undefined
    try:
        return chart.to_dict(validate=False), datasets
    finally:
        chart.datasets = datasets


def join(spec: Mapping[str, Any], datasets: Mapping[str, list[Row]]) -> dict[str, Any]:
    """The whole Vega-Lite spec, ready to be rendered."""
    return {**spec, "datasets": datasets}


def rows(frame: pd.DataFrame) -> list[Row]:
    """The frame's rows in JSON's types; NaN, infinity and missing values become None."""
    names = list(frame.columns)
    columns = [[_plain(value) for value in frame[name]] for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def columns(frame: pd.DataFrame, name: str, wanted: Iterable[str]) -> pd.DataFrame:
    """Those columns of the frame, or a UserError that names the ones it lacks."""
    wanted = list(wanted)
    lacking = [column for column in wanted if column not in frame.columns]
    if lacking:
        raise UserError(f"`{name}` lacks {', '.join(lacking)}: it has {', '.join(map(str, frame.columns))}.")
    return frame[wanted]


def having(frame: pd.DataFrame, name: str, runs: Iterable[str]) -> pd.DataFrame:
    """The frame itself, or a UserError that names the runs of which it has no row."""
    lacking = sorted(set(runs) - set(frame.run_id))
    if lacking:
        raise UserError(f"`{name}` has nothing of the highlighted runs {', '.join(lacking)}.")
    return frame


def lined_up(curves: pd.DataFrame, along: str) -> pd.DataFrame:
    """The rows curve by curve (`run_id`), rising in `along`; the curves in an order that their numbers give.

    What is drawn later covers what is drawn before. A run's id is drawn anew wherever a study is run again, and
    would give another picture of the same numbers.
    """
    rows = curves.sort_values(["run_id", along], ignore_index=True)
    numbers = rows.select_dtypes("number").to_numpy(dtype=float)
    shown = {run: numbers[places].tobytes() for run, places in rows.groupby("run_id").indices.items()}
    order = {run: place for place, run in enumerate(sorted(shown, key=shown.__getitem__))}
    return rows.iloc[rows.run_id.map(order).argsort(kind="stable")].reset_index(drop=True)


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
