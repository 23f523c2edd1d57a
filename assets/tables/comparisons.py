"""What is said of several runs together: differences, what they are due to, and rankings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import queries
from assets import stratos
from assets.columns import COLUMNS
from assets.engine import asset

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

    from assets.settings import Settings


@asset(view=True, group_name="comparisons", columns=COLUMNS)
def compared_runs(runs: ir.Table) -> ir.Table:
    """Two runs that differ in one method and in nothing else."""
    return queries.comparisons.one_step_pairs(runs)


@asset(primary_key=["run_a", "run_b"], group_name="comparisons", columns=COLUMNS)
def auroc_differences(predictions: pd.DataFrame, compared_runs: pd.DataFrame) -> pa.Table:
    """Two runs that differ in one method: the difference of their AUROCs on the same subjects, tested."""
    return stratos.comparisons.differences.auroc_differences(predictions, compared_runs)


@asset(primary_key=["run_a", "run_b", "threshold"], group_name="comparisons", columns=COLUMNS)
def net_benefit_differences(
    predictions: pd.DataFrame, compared_runs: pd.DataFrame, settings: Settings
) -> pa.Table:
    """Two runs that differ in one method, at one risk threshold: the difference of their net benefits."""
    return stratos.comparisons.differences.net_benefit_differences(
        predictions,
        compared_runs,
        thresholds=stratos.classification.thresholds.per_cents_within(*settings.decision_curve_range),
    )


@asset(primary_key=["measure", "term"], group_name="comparisons", columns=COLUMNS)
def variance_decomposition(
    essential_metrics: pd.DataFrame, predictions: pd.DataFrame, settings: Settings
) -> pa.Table:
    """One measure, one choice of method: how much of what differs between runs is due to it."""
    return stratos.comparisons.variance_decomposition.variance_decomposition(
        essential_metrics, predictions, resamples=settings.resamples, seed=settings.resampling_seed
    )


@asset(primary_key=["measure", "factor", "level"], group_name="comparisons", columns=COLUMNS)
def method_rankings(
    essential_metrics: pd.DataFrame, predictions: pd.DataFrame, settings: Settings
) -> pa.Table:
    """One method among those that could stand in its place: its mean rank, and how sure that is."""
    return stratos.comparisons.rankings.method_rankings(
        essential_metrics, predictions, resamples=settings.resamples, seed=settings.resampling_seed
    )
