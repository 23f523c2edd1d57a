"""What is drawn of each run: curves, and the risks that it predicted."""

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


@asset(partitions_def=PER_RUN, primary_key=["run_id", "point"], group_name="curves", columns=COLUMNS)
def roc_curves(predictions: ir.Table) -> ir.Table:
    """One run at one distinct predicted risk taken as threshold: a point of its ROC curve."""
    return queries.discrimination.roc_curve(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "point"], group_name="curves", columns=COLUMNS)
def calibration_curves(predictions: pd.DataFrame) -> pa.Table:
    """One run at one predicted risk: the observed proportion around it, by loess."""
    return stratos.calibration.tables.calibration_curves(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "bin"], group_name="curves", columns=COLUMNS)
def calibration_bins(predictions: ir.Table) -> ir.Table:
    """One run, one bin of predicted risk: the risk predicted and the proportion observed in it."""
    return queries.calibration.calibration_bins(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "threshold"], group_name="curves", columns=COLUMNS)
def dca_curves(predictions: ir.Table) -> ir.Table:
    """One run at one risk threshold: its net benefit beside treating everybody and nobody."""
    return queries.net_benefit.decision_curves(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "y_true", "bin"], group_name="curves", columns=COLUMNS)
def probability_distributions(predictions: ir.Table) -> ir.Table:
    """One run, one outcome, one bin of predicted risk: how many subjects fall in it."""
    return queries.distributions.probability_histogram(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "y_true"], group_name="curves", columns=COLUMNS)
def distribution_stats(predictions: ir.Table) -> ir.Table:
    """One run, one outcome: mean, spread and quantiles of the predicted risks."""
    return queries.distributions.distribution_stats(predictions)
