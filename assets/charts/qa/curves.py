"""P0 and P1: curves are those of different models, and run as curves of their kind must."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from assets.charts.qa.counts import STRATEGIES
from assets.charts.qa.exhibit import Exhibit, NotApplicableError, check

_ROC = "ROC"
_CURVES = {
    ("false_positive_rate", "true_positive_rate"): _ROC,
    ("predicted", "observed"): "calibration",
    ("threshold", "net_benefit"): "decision",
    ("bin_start", "y_true", "n"): "distribution",
}
_FEW_POINTS = 8  # two coarse curves may well coincide
_BACKGROUND = "other_runs"
_RATES = ["false_positive_rate", "true_positive_rate"]
_ROUNDING, _DIGITS = 1e-9, 9


@check("P0")
def curves_differ(figure: Exhibit) -> Iterator[str]:
    """No two highlighted runs have the same curve, but for a ROC curve of one AUROC and two Brier scores.

    A model and its recalibration rank alike, and err differently.
    """
    yield from _same_curves(figure, background=False)


@check("P2")
def curves_in_the_background_differ(figure: Exhibit) -> Iterator[str]:
    """No two runs in the background have the same curve, though a step of preprocessing may do nothing."""
    yield from _same_curves(figure, background=True)


@check("P1")
def roc_curves_rise(figure: Exhibit) -> Iterator[str]:
    """A ROC curve goes from (0, 0) to (1, 1) and never back."""
    for name, frame in _having(figure, *_RATES, "run_id", "point").items():
        curves = frame.sort_values(["run_id", "point"]).groupby("run_id")[_RATES]
        ends = (curves.first() != 0).any(axis=1) | (curves.last() != 1).any(axis=1)
        for run in ends.index[ends]:
            yield f"`{name}`: the curve of {run} does not go from (0, 0) to (1, 1)"
        back = (curves.diff() < 0).any(axis=1)
        for run in frame.run_id[back.index[back]].unique():
            yield f"`{name}`: the curve of {run} turns back"


@check("P1")
def net_benefit_is_possible(figure: Exhibit) -> Iterator[str]:
    """No net benefit is above the prevalence or below that of harming all."""
    subjects, events = figure.counts.subjects, figure.counts.events
    highest = events / subjects if subjects and events is not None else 1.0
    for name, frame in _having(figure, "net_benefit", "threshold").items():
        odds = frame.threshold / (1 - frame.threshold)
        wrong = frame[(frame.net_benefit > highest + _ROUNDING) | (frame.net_benefit < -odds - _ROUNDING)]
        if len(wrong):
            yield f"`{name}` has {len(wrong)} impossible net benefits"


@check("P1")
def strategies_are_there(figure: Exhibit) -> Iterator[str]:
    """Beside decision curves stand treating all, with the net benefit that the prevalence gives, and treating none."""
    _having(figure, "net_benefit", "threshold")
    drawn = figure.frames.get(STRATEGIES, pd.DataFrame(columns=["run_id", "threshold", "net_benefit"]))
    none = drawn.groupby("run_id").net_benefit.transform(lambda values: (values == 0).all()).astype(bool)
    every = drawn[~none]
    if not none.any() or every.empty:
        yield "treating all or treating none is missing"
    subjects, events = figure.counts.subjects, figure.counts.events
    if subjects and events is not None:
        odds = every.threshold / (1 - every.threshold)
        wrong = (every.net_benefit - (events - odds * (subjects - events)) / subjects).abs() > _ROUNDING
        if wrong.any():
            yield f"treating all has {wrong.sum()} net benefits that are not those of {events} events in {subjects}"


def _having(figure: Exhibit, *columns: str) -> dict[str, pd.DataFrame]:
    found = {name: frame for name, frame in figure.frames.items() if set(columns) <= set(frame.columns)}
    if not found:
        raise NotApplicableError(f"no dataset has {', '.join(columns)}")
    return found


def _same_curves(figure: Exhibit, *, background: bool) -> Iterator[str]:
    compared = False
    for name, rows in figure.sidecar["data"].items():
        fields = next((f for f in _CURVES if rows and set(f) | {"run_id"} <= set(rows[0])), None)
        if fields is None or name == STRATEGIES or (name == _BACKGROUND) is not background:
            continue
        compared = True
        same: dict[tuple[Any, ...], list[str]] = {}
        for run, curve in _by_run(_telling(rows, fields, figure), fields).items():
            if len(set(curve)) >= _FEW_POINTS:
                same.setdefault(curve, []).append(run)
        kind = _CURVES[fields]
        for runs in same.values():
            for group in _apart(runs, figure) if kind == _ROC else [runs]:
                if len(group) > 1:
                    yield f"{len(group)} runs have one {kind} curve: {', '.join(group[:3])}"
    if not compared:
        raise NotApplicableError("no curves of runs are drawn")


def _apart(runs: list[str], figure: Exhibit) -> list[list[str]]:
    """Runs of one ROC curve by their Brier score: those of one score, or of no one AUROC, cannot be two models."""
    frames = [frame for frame in figure.frames.values() if {"run_id", "auroc", "brier"} <= set(frame.columns)]
    told = pd.concat([pd.DataFrame(columns=["run_id", "auroc", "brier"]), *frames]).drop_duplicates("run_id")
    scores = told.set_index("run_id")[["auroc", "brier"]].astype(float).round(_DIGITS).reindex(runs)
    if scores.auroc.nunique(dropna=False) > 1:
        return [runs]
    return [list(group) for group in scores.groupby("brier", dropna=False).groups.values()]


def _telling(rows: list[dict[str, Any]], fields: tuple[str, ...], figure: Exhibit) -> list[dict[str, Any]]:
    """The points where models could differ: no empty bin, nor what treating all or none gives.

    Two models that predict one risk for everybody honestly have the same curve.
    """
    if "n" in fields:
        return [row for row in rows if row["n"]]
    if "net_benefit" in fields:
        strategies = figure.sidecar["data"].get(STRATEGIES, [])
        default = {(row["threshold"], round(row["net_benefit"], _DIGITS)) for row in strategies}
        return [row for row in rows if (row["threshold"], round(row["net_benefit"], _DIGITS)) not in default]
    return rows


def _by_run(rows: list[dict[str, Any]], fields: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    curves: dict[str, list[Any]] = {}
    for row in rows:
        curves.setdefault(row["run_id"], []).append(tuple(row[f] for f in fields))
    return {run: tuple(curve) for run, curve in curves.items()}
