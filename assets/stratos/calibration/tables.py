"""Calibration of every run in a predictions table: intercept and slope, smooth curve, distance from it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assets.stratos.bootstrap.resampling import RESAMPLES, SEED
from assets.stratos.calibration.calibration_errors import MEASURES, calibration_error_measures, rising_order
from assets.stratos.calibration.loess import LoessFit, NotIdentifiedError, fit_loess
from assets.stratos.calibration.recalibration import recalibration_measures
from assets.stratos.cohorts import cohorts
from assets.stratos.estimates import NORMAL_975, Estimates

Array = NDArray[np.float64]

CURVE_POINTS = 101

_LIMITS = ("", "_ci_lower", "_ci_upper")
_PROFILE = ("_profile_lower", "_profile_upper")
RECALIBRATION = pa.schema(
    [
        ("run_id", pa.string()),
        *((f"calibration_intercept{suffix}", pa.float64()) for suffix in _LIMITS + _PROFILE),
        ("calibration_intercept_status", pa.string()),
        *((f"calibration_slope{suffix}", pa.float64()) for suffix in _LIMITS + _PROFILE),
        ("calibration_slope_status", pa.string()),
        *((f"calibration_intercept_joint{suffix}", pa.float64()) for suffix in _LIMITS),
        ("calibration_intercept_joint_status", pa.string()),
        ("n_certain", pa.int32()),
    ]
)
CALIBRATION_ERRORS = pa.schema(
    [
        ("run_id", pa.string()),
        *((f"{name}{suffix}", pa.float64()) for name in MEASURES for suffix in _LIMITS),
        ("calibration_errors_status", pa.string()),
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


def recalibrate(predictions: pd.DataFrame) -> pa.Table:
    """Calibration intercept and slope of every run with their limits: the table `recalibration`.

    Needs columns `run_id`, `subject_code`, `y_true`, `y_prob`; one row per run comes back, in order of
    `run_id`. Numbers and statuses are those of `recalibration_measures`; limits are Wald's (`_ci_`) and of the
    profile likelihood (`_profile_`). `n_certain` counts the rows with p = 0 or 1, which are left out. Raises
    ValueError as `assets.stratos.cohorts.cohorts` does.

    Cox 1958, Biometrika 45:562; Van Calster et al. 2016, Journal of Clinical Epidemiology 74:167.
    """
    parts = []
    for cohort in cohorts(predictions):
        found = recalibration_measures(cohort)
        n_certain = cohort.n - found["calibration_intercept"].n
        columns: dict[str, Any] = {"run_id": cohort.run_ids, "n_certain": n_certain}
        for name in ("calibration_intercept", "calibration_slope"):
            profile = found[f"{name}_profile_ci"]
            columns |= {f"{name}_profile_lower": profile.ci_low, f"{name}_profile_upper": profile.ci_high}
        for name in ("calibration_intercept", "calibration_slope", "calibration_intercept_joint"):
            columns |= _columns(name, found[name]) | {f"{name}_status": found[name].status}
        parts.append(columns)
    return _table(parts, RECALIBRATION)


def calibration_errors(predictions: pd.DataFrame, resamples: int = RESAMPLES, seed: int = SEED) -> pa.Table:
    """ICI, E50, E90, Emax and both ECI of every run with bootstrap limits: the table `calibration_errors`.

    Needs columns, and raises, as `recalibrate`; one row per run comes back, in order of `run_id`. Numbers are
    those of `calibration_error_measures`, `calibration_errors_status` is that of `ici`.

    Austin & Steyerberg 2019, Statistics in Medicine 38:4051; Van Hoorde et al. 2015, Journal of Biomedical
    Informatics 54:283.
    """
    parts = []
    for cohort in cohorts(predictions):
        found = calibration_error_measures(cohort, resamples=resamples, seed=seed)
        columns: dict[str, Any] = {"run_id": cohort.run_ids, "calibration_errors_status": found["ici"].status}
        for name, estimates in found.items():
            columns |= _columns(name, estimates)
        parts.append(columns)
    return _table(parts, CALIBRATION_ERRORS)


def calibration_curves(predictions: pd.DataFrame) -> pa.Table:
    """Smooth calibration curve of every run at 101 points from its least to its largest probability.

    The table `calibration_curves`: loess of outcome on probability with R's defaults, not clipped to
    [0, 1], with a pointwise 95 % band of 1.96 standard errors. Status `ok`; `single_class` and
    `not_identified` (see `assets.stratos.calibration.loess.fit_loess`) have a null curve. The band is null where the
    fit leaves no residual degrees of freedom. Needs columns, and raises, as `recalibrate`.

    Austin & Steyerberg 2014, Statistics in Medicine 33:517.
    """
    parts = []
    for cohort in cohorts(predictions):
        for run_id, probability in zip(cohort.run_ids, cohort.probability, strict=True):
            order = rising_order(cohort.outcome, probability)
            parts.append(
                {"run_id": [run_id] * CURVE_POINTS} | _curve(probability[order], cohort.outcome[order])
            )
    return _table(parts, CALIBRATION_CURVES)


def _columns(name: str, estimates: Estimates) -> dict[str, Array]:
    return {
        name: estimates.value,
        f"{name}_ci_lower": estimates.ci_low,
        f"{name}_ci_upper": estimates.ci_high,
    }


def _table(parts: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Put columns together into a table in order of `run_id`, NaN as null."""
    tables = [
        pa.table(
            [pa.array(part[field.name], field.type, from_pandas=True) for field in schema], schema=schema
        )
        for part in parts
    ]
    keys = [(name, "ascending") for name in ("run_id", "point") if name in schema.names]
    return pa.concat_tables([schema.empty_table(), *tables]).sort_by(keys)


def _curve(probability: Array, outcome: Array) -> dict[str, Any]:
    """Return the curve of one run, whose probabilities rise."""
    grid = np.linspace(probability[0], probability[-1], CURVE_POINTS)
    fit, status = _fit_or_reason(probability, outcome)
    observed = margin = np.full(CURVE_POINTS, np.nan)
    if fit:
        with np.errstate(all="ignore"):  # beside subnormal probabilities a curve may overflow
            observed, margin = _finite(fit.at(grid)), _finite(NORMAL_975 * fit.standard_error(grid))
    return {
        "point": np.arange(CURVE_POINTS, dtype=np.int32),
        "predicted": grid,
        "observed": observed,
        "ci_lower": observed - margin,
        "ci_upper": observed + margin,
        "status": [status] * CURVE_POINTS,
    }


def _finite(numbers: Array) -> Array:
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _fit_or_reason(probability: Array, outcome: Array) -> tuple[LoessFit | None, str]:
    if outcome.min() == outcome.max():
        return None, "single_class"
    try:
        return fit_loess(probability, outcome), "ok"
    except NotIdentifiedError:
        return None, "not_identified"
