"""How stable each run is: what its refits disagree on, and what it is worth where it is most certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets import stratos
from assets.columns import COLUMNS
from assets.engine import asset
from assets.tables.partitions import PER_RUN
from assets.tables.privacy import PSEUDONYMOUS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@asset(partitions_def=PER_RUN, primary_key="run_id", group_name="stability", columns=COLUMNS)
def refit_spread(bootstrap_predictions: pa.Table) -> pa.Table:
    """One run: how its AUROC varies over refits of the model; no confidence interval."""
    return stratos.stability.refits.refit_spread(bootstrap_predictions)


@asset(
    partitions_def=PER_RUN,
    primary_key=["run_id", "subject_code"],
    group_name="stability",
    columns=COLUMNS,
    tags=PSEUDONYMOUS,
)
def model_instability(bootstrap_predictions: pa.Table) -> pa.Table:
    """One subject in one run: how far the refits of the model disagree on the subject's risk."""
    return stratos.stability.refits.model_instability(bootstrap_predictions)


@asset(partitions_def=PER_RUN, primary_key="run_id", group_name="stability", columns=COLUMNS)
def instability_summary(bootstrap_predictions: pa.Table) -> pa.Table:
    """One run: how far its refits disagree on risks, and on who is above a threshold."""
    return stratos.stability.refits.instability_summary(bootstrap_predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "bin"], group_name="stability", columns=COLUMNS)
def instability_curves(bootstrap_predictions: pa.Table) -> pa.Table:
    """One run, one bin of predicted risk: how far the refits of the model disagree on the subjects in it."""
    return stratos.stability.instability_curves.instability_curves(bootstrap_predictions)


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
