"""What is said of several runs together, and of the refits within a run."""

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


@asset(partitions_def=PER_RUN, primary_key="run_id", group_name="stability", columns=COLUMNS)
def refit_spread(bootstrap_predictions: pa.Table) -> pa.Table:
    """One run: how its AUROC varies over refits of the model; no confidence interval."""
    return stratos.stability.refits.refit_spread(bootstrap_predictions)


@asset(
    partitions_def=PER_RUN, primary_key=["run_id", "subject_code"], group_name="stability", columns=COLUMNS
)
def model_instability(bootstrap_predictions: pa.Table) -> pa.Table:
    """One subject in one run: how far the refits of the model disagree on the subject's risk."""
    return stratos.stability.refits.model_instability(bootstrap_predictions)


@asset(partitions_def=PER_RUN, primary_key="run_id", group_name="stability", columns=COLUMNS)
def instability_summary(bootstrap_predictions: pa.Table) -> pa.Table:
    """One run: how far its refits disagree on risks, and on who is above a threshold."""
    return stratos.stability.refits.instability_summary(bootstrap_predictions)


@asset(
    partitions_def=PER_RUN,
    primary_key=["run_id", "uncertainty", "share"],
    group_name="stability",
    columns=COLUMNS,
)
def retention_metrics(predictions: pd.DataFrame) -> pa.Table:
    """One run, one way to tell uncertain predictions, one share of subjects retained: the measures of those."""
    return stratos.stability.retention.retention_metrics(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "uncertainty"], group_name="stability", columns=COLUMNS)
def retention_areas(predictions: pd.DataFrame) -> pa.Table:
    """One run, one way to tell uncertain predictions: how well it sorts them by error."""
    return stratos.stability.retention.retention_areas(predictions)


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
