"""How good each run is: every measure, first by where it comes from, then together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import queries
from assets import stratos
from assets.columns import COLUMNS
from assets.engine import asset
from assets.tables.partitions import PER_RUN

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

    from assets.settings import Settings

UNIT = (0.0, 1.0)


@asset(
    partitions_def=PER_RUN,
    primary_key="run_id",
    group_name="measures",
    columns=COLUMNS,
    ranges={"auroc": UNIT},
)
def discrimination(predictions: ir.Table) -> ir.Table:
    """One run: how well its risks rank subjects with the outcome above those without."""
    return queries.discrimination.auroc_with_delong(predictions)


@asset(partitions_def=PER_RUN, primary_key="run_id", group_name="measures", columns=COLUMNS)
def recalibration(predictions: pd.DataFrame) -> pa.Table:
    """One run: logistic recalibration of its risks, intercept and slope."""
    return stratos.calibration.tables.recalibrate(predictions)


@asset(partitions_def=PER_RUN, primary_key="run_id", group_name="measures", columns=COLUMNS)
def calibration_errors(predictions: pd.DataFrame, settings: Settings) -> pa.Table:
    """One run: how far its smooth calibration curve is from its risks."""
    return stratos.calibration.tables.calibration_errors(
        predictions, resamples=settings.resamples, seed=settings.resampling_seed
    )


@asset(
    partitions_def=PER_RUN,
    primary_key="run_id",
    group_name="measures",
    columns=COLUMNS,
    ranges={"brier": UNIT},
)
def overall_performance(predictions: ir.Table) -> ir.Table:
    """One run: distance between predicted risks and outcomes, and their totals."""
    return queries.overall.overall_performance(predictions)


@asset(
    partitions_def=PER_RUN,
    primary_key=["run_id", "threshold"],
    group_name="measures",
    columns=COLUMNS,
    ranges={"sensitivity": UNIT, "specificity": UNIT, "ppv": UNIT, "npv": UNIT},
)
def threshold_metrics(predictions: ir.Table, settings: Settings) -> ir.Table:
    """One run at one risk threshold: who is classified rightly, with Wilson limits."""
    return queries.classification.threshold_metrics(predictions, target_prevalence=settings.target_prevalence)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "threshold"], group_name="measures", columns=COLUMNS)
def threshold_exact_limits(threshold_metrics: pd.DataFrame) -> pa.Table:
    """One run at one risk threshold: the exact limits of the proportions in threshold_metrics."""
    return stratos.classification.measures.exact_limits(threshold_metrics)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "measure"], group_name="measures", columns=COLUMNS)
def intervals(predictions: pd.DataFrame, settings: Settings) -> pa.Table:
    """One measure of one run: limits from resampled subjects, the same resamples for all runs, and Newcombe's."""
    return stratos.intervals.intervals(
        predictions,
        per_cents=settings.reported_per_cents,
        resamples=settings.resamples,
        seed=settings.resampling_seed,
    )


@asset(partitions_def=PER_RUN, primary_key=["run_id", "measure"], group_name="measures", columns=COLUMNS)
def supplementary_metrics(predictions: pd.DataFrame, settings: Settings) -> pa.Table:
    """One measure of one run that STRATOS advises against; empty unless settings ask for such."""
    return stratos.classification.advised_against.supplementary_metrics(
        predictions, per_cents=settings.reported_per_cents, asked=settings.advised_against
    )


@asset(partitions_def=PER_RUN, primary_key=["run_id", "measure"], group_name="measures", columns=COLUMNS)
def stratos_measures(
    runs: ir.Table,
    discrimination: ir.Table,
    recalibration: ir.Table,
    overall_performance: ir.Table,
    calibration_errors: ir.Table,
    dca_curves: ir.Table,
    threshold_metrics: ir.Table,
    threshold_exact_limits: ir.Table,
    intervals: ir.Table,
    refit_spread: ir.Table,
    settings: Settings,
) -> ir.Table:
    """One measure of one run, with its interval, how that was made, its status and the rows used."""
    return queries.measures.stratos_measures(
        runs,
        discrimination,
        recalibration,
        overall_performance,
        calibration_errors,
        dca_curves,
        threshold_metrics,
        threshold_exact_limits,
        intervals,
        refit_spread,
        per_cents=settings.reported_per_cents,
    )


@asset(
    partitions_def=PER_RUN,
    primary_key="run_id",
    group_name="measures",
    columns=COLUMNS,
    ranges={"auroc": UNIT, "brier": UNIT},
)
def essential_metrics(
    runs: ir.Table,
    discrimination: ir.Table,
    recalibration: ir.Table,
    overall_performance: ir.Table,
    calibration_errors: ir.Table,
    dca_curves: ir.Table,
) -> ir.Table:
    """One run: its measures without a threshold, and its net benefit at four; the table to start from."""
    return queries.essential.essential_metrics(
        runs, discrimination, recalibration, overall_performance, calibration_errors, dca_curves
    )
