"""Calibration of every run in a predictions table: intercept and slope, smooth curve, distance from it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assets.stratos.loess import LoessFit, NotIdentifiedError, fit_loess
from assets.stratos.logistic import Estimates, offset_intercepts, slopes
from assets.stratos.run_arrays import RunArrays, runs_of

Array = NDArray[np.float64]

NORMAL_975 = 1.959963984540054
CURVE_POINTS = 101
# Bounds the memory of one batch of runs; results do not depend on it.
ROWS_AT_ONCE = 2_000_000

_ESTIMATE = {"": pa.float64(), "_ci_lower": pa.float64(), "_ci_upper": pa.float64(), "_status": pa.string()}
RECALIBRATION = pa.schema(
    [
        ("run_id", pa.string()),
        *((f"calibration_intercept{suffix}", kind) for suffix, kind in _ESTIMATE.items()),
        *((f"calibration_slope{suffix}", kind) for suffix, kind in _ESTIMATE.items()),
        ("n_certain", pa.int32()),
    ]
)
CALIBRATION_CURVES = pa.schema(
    [
        ("run_id", pa.string()),
        ("point", pa.int32()),
        ("predicted", pa.float64()),
        ("observed", pa.float64()),
        ("ci_lower", pa.float64()),
        ("ci_upper", pa.float64()),
        ("status", pa.string()),
    ]
)


@dataclass(frozen=True)
class CalibrationErrors:
    """Distances between the smooth curve and the probabilities, over the rows; 0 .. 1, ideal 0.

    `ici` is their mean, `e50` the median, `e90` the 90th percentile (type 7), `emax` the largest. All null
    with status `not_identified` where there is no curve; with `single_class` they say how far the
    probabilities are from 0 (or from 1).
    """

    ici: float | None
    e50: float | None
    e90: float | None
    emax: float | None
    status: str


def recalibrate(predictions: pd.DataFrame) -> pa.Table:
    """Calibration intercept and slope of every run with 95 % Wald intervals: the table `recalibration`.

    Needs columns `run_id`, `y_true`, `y_prob`; one row per run comes back, in order of `run_id`. Rows with
    p = 0 or 1 have no logit: they are left out, counted in `n_certain`, and an estimate made without them
    has status `certain_left_out` instead of `ok`. Nothing is clipped, nothing penalised. Null estimates:
    `single_class` (the intercept would be -inf without events, +inf without non-events), `separation` (the
    slope would be infinite: the classes overlap in at most one shared value), `not_identified` (no row
    left; a slope of a constant), `not_converged`. Raises ValueError on outcomes or probabilities that are
    none.

    Cox 1958, Biometrika 45:562; Van Calster et al. 2016, Journal of Clinical Epidemiology 74:167.
    """
    rows = [row for batch in _batches(predictions) for row in _recalibrated(batch)]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["run_id"])), schema=RECALIBRATION)


def calibration_curves(predictions: pd.DataFrame) -> pa.Table:
    """Smooth calibration curve of every run at 101 points from its least to its largest probability.

    The table `calibration_curves`: loess of outcome on probability with R's defaults, not clipped to
    [0, 1], with a pointwise 95 % band of 1.96 standard errors. Status `ok`; `single_class` and
    `not_identified` (see `assets.stratos.loess.fit_loess`) have a null curve. The band is null where the
    fit leaves no residual degrees of freedom. Raises ValueError as `recalibrate` does.

    Austin & Steyerberg 2014, Statistics in Medicine 33:517.
    """
    curves = [_curve(run) for run in runs_of(predictions)]
    return pa.concat_tables([CALIBRATION_CURVES.empty_table(), *curves])


def calibration_errors(probability: Array, outcome: Array) -> CalibrationErrors:
    """ICI, E50, E90 and Emax of rows sorted by probability, both of shape (n,), from R's default loess.

    Austin & Steyerberg 2019, Statistics in Medicine 38:4051.
    """
    try:
        distance = np.abs(fit_loess(probability, outcome).at(probability) - probability)
    except NotIdentifiedError:
        return CalibrationErrors(None, None, None, None, "not_identified")
    e50, e90 = np.quantile(distance, (0.5, 0.9))
    status = "ok" if outcome.min() < outcome.max() else "single_class"
    return CalibrationErrors(float(distance.mean()), float(e50), float(e90), float(distance.max()), status)


@dataclass(frozen=True)
class _Batch:
    """Runs with the same number n of rows with a logit; `logit` and `outcome` have shape (runs, n)."""

    run_ids: list[str]
    n_certain: list[int]
    logit: Array
    outcome: Array


def _batches(predictions: pd.DataFrame) -> Iterator[_Batch]:
    by_length: dict[int, list[tuple[RunArrays, NDArray[np.bool_]]]] = defaultdict(list)
    for run in runs_of(predictions):
        uncertain = (run.probability > 0) & (run.probability < 1)
        by_length[int(uncertain.sum())].append((run, uncertain))
    for length, runs in by_length.items():
        at_once = max(1, ROWS_AT_ONCE // max(1, length))
        for start in range(0, len(runs), at_once):
            chunk = runs[start : start + at_once]
            probability = np.stack([run.probability[kept] for run, kept in chunk])
            yield _Batch(
                [run.run_id for run, _ in chunk],
                [int((~kept).sum()) for _, kept in chunk],
                np.log(probability) - np.log1p(-probability),
                np.stack([run.outcome[kept] for run, kept in chunk]),
            )


def _recalibrated(batch: _Batch) -> Iterator[dict[str, object]]:
    found = np.where(np.array(batch.n_certain) > 0, "certain_left_out", "ok")
    intercept_status = _intercept_status(batch, found)
    intercept = _estimated("calibration_intercept", offset_intercepts, batch, intercept_status)
    slope = _estimated("calibration_slope", slopes, batch, _slope_status(batch, intercept_status))
    for row, run_id in enumerate(batch.run_ids):
        yield {"run_id": run_id, "n_certain": batch.n_certain[row], **intercept[row], **slope[row]}


def _intercept_status(batch: _Batch, found: NDArray[np.str_]) -> NDArray[np.str_]:
    n = batch.outcome.shape[1]
    events = batch.outcome.sum(axis=1)
    return np.select(
        [np.full(len(found), n == 0), (events == 0) | (events == n)],
        ["not_identified", "single_class"],
        found,
    )


def _slope_status(batch: _Batch, intercept_status: NDArray[np.str_]) -> NDArray[np.str_]:
    """Say what bars a slope from the values alone: no solver notices separation reliably."""
    event = batch.outcome == 1
    constant = batch.logit.max(axis=1, initial=-np.inf) <= batch.logit.min(axis=1, initial=np.inf)
    least_event, most_event = _range(batch.logit, event)
    least_other, most_other = _range(batch.logit, ~event)
    separated = (least_event >= most_other) | (least_other >= most_event)
    barred = (intercept_status == "single_class") | (intercept_status == "not_identified")
    return np.select(
        [barred, constant, separated], [intercept_status, "not_identified", "separation"], intercept_status
    )


def _range(logit: Array, chosen: NDArray[np.bool_]) -> tuple[Array, Array]:
    least = np.where(chosen, logit, np.inf).min(axis=1, initial=np.inf)
    return least, np.where(chosen, logit, -np.inf).max(axis=1, initial=-np.inf)


def _estimated(
    name: str, estimate: Callable[[Array, Array], Estimates], batch: _Batch, status: NDArray[np.str_]
) -> list[dict[str, object]]:
    """Fill the four columns of one estimate for every run of a batch."""
    columns: list[dict[str, object]] = [
        {name: None, f"{name}_ci_lower": None, f"{name}_ci_upper": None, f"{name}_status": str(s)}
        for s in status
    ]
    fitted = np.flatnonzero((status == "ok") | (status == "certain_left_out"))
    if len(fitted) == 0:
        return columns
    estimates = estimate(batch.logit[fitted], batch.outcome[fitted])
    for row, value, margin in zip(
        fitted, estimates.value, NORMAL_975 * estimates.standard_error, strict=True
    ):
        if np.isnan(value):
            columns[row][f"{name}_status"] = "not_converged"
            continue
        columns[row] |= {name: value, f"{name}_ci_lower": value - margin, f"{name}_ci_upper": value + margin}
    return columns


def _curve(run: RunArrays) -> pa.Table:
    grid = np.linspace(run.probability[0], run.probability[-1], CURVE_POINTS)
    fit, status = _fit_or_reason(run)
    observed = fit.at(grid) if fit else np.full(CURVE_POINTS, np.nan)
    margin = NORMAL_975 * fit.standard_error(grid) if fit else observed
    return pa.table(
        [
            pa.array([run.run_id] * CURVE_POINTS),
            pa.array(np.arange(CURVE_POINTS, dtype=np.int32)),
            pa.array(grid),
            *(
                pa.array(values, from_pandas=True)
                for values in (observed, observed - margin, observed + margin)
            ),
            pa.array([status] * CURVE_POINTS),
        ],
        schema=CALIBRATION_CURVES,
    )


def _fit_or_reason(run: RunArrays) -> tuple[LoessFit | None, str]:
    if run.outcome.min() == run.outcome.max():
        return None, "single_class"
    try:
        return fit_loess(run.probability, run.outcome), "ok"
    except NotIdentifiedError:
        return None, "not_identified"
