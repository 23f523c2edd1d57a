"""The study's tables, in reading order: what was found, who was predicted, how well.

Each function below *is* one DuckDB table. Its name is the table's name, its parameters are what it
reads, and its docstring says what one row is. Nothing here writes to disk: `assets.engine` decides
what runs, and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import queries
from assets import inputs, stratos
from assets.columns import COLUMNS
from assets.engine import Absent, Observation, asset, observable_source_asset

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

    from assets.inputs.evidence import MlflowRuns
    from assets.settings import Settings

UNIT = (0.0, 1.0)
PER_RUN = "mlflow_runs"
"""Partitions of what is computed run by run: one more run costs about one run."""


@observable_source_asset
def mlflow_runs(settings: Settings, memo: object) -> Observation | Absent:
    """The runs of one MLflow experiment with their artifacts; read, never written."""
    return inputs.evidence.observe(
        tracking_uri=settings.tracking_uri,
        experiment=settings.experiment,
        rules=inputs.candidates.ExtractionRules(
            artifact_pattern=settings.artifact_pattern,
            sources=inputs.grammar.MethodSources(
                settings.classifier_params,
                settings.featurization_params,
                settings.imputation_params,
                settings.outlier_params,
            ),
            registry=inputs.registry.BY_NAME[settings.registry],
        ),
        private_dir=settings.private_dir,
        memo=memo,
    )


@asset(partitions_def=PER_RUN, primary_key="run_id", group_name="evidence", columns=COLUMNS)
def extracted_runs(mlflow_runs: MlflowRuns, partition_keys: Sequence[str], settings: Settings) -> pa.Table:
    """One run of the MLflow experiment as it was read, whether it is usable or not."""
    return inputs.evidence.read(
        mlflow_runs,
        partition_keys,
        max_artifact_mb=settings.max_artifact_mb,
        timeout_seconds=settings.read_timeout_seconds,
    )


@asset(primary_key="run_id", group_name="evidence", columns=COLUMNS, ranges={"prevalence": UNIT})
def runs(extracted_runs: ir.Table) -> ir.Table:
    """One configuration's run: of several of the same configuration, the one that finished last."""
    return queries.runs.usable_runs(extracted_runs)


@asset(primary_key="run_id", group_name="evidence", columns=COLUMNS)
def quarantined_runs(extracted_runs: ir.Table) -> ir.Table:
    """One run that is not used, with the stage, field and reason."""
    return queries.runs.quarantined_runs(extracted_runs)


@asset(
    partitions_def=PER_RUN,
    primary_key=["run_id", "subject_code"],
    group_name="evidence",
    columns=COLUMNS,
    ranges={"y_prob": UNIT},
)
def predictions(extracted_runs: ir.Table, runs: ir.Table) -> ir.Table:
    """One subject of the test set in one run: the outcome observed and the risk predicted."""
    return queries.runs.predictions(extracted_runs, runs)


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
    return stratos.calibration.recalibrate(predictions)


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


@asset(partitions_def=PER_RUN, primary_key=["run_id", "threshold"], group_name="curves", columns=COLUMNS)
def dca_curves(predictions: ir.Table) -> ir.Table:
    """One run at one risk threshold: its net benefit beside treating everybody and nobody."""
    return queries.net_benefit.decision_curves(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "point"], group_name="curves", columns=COLUMNS)
def roc_curves(predictions: ir.Table) -> ir.Table:
    """One run at one distinct predicted risk taken as threshold: a point of its ROC curve."""
    return queries.discrimination.roc_curve(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "point"], group_name="curves", columns=COLUMNS)
def calibration_curves(predictions: pd.DataFrame) -> pa.Table:
    """One run at one predicted risk: the observed proportion around it, by loess."""
    return stratos.calibration.calibration_curves(predictions)


@asset(partitions_def=PER_RUN, primary_key=["run_id", "y_true", "bin"], group_name="curves", columns=COLUMNS)
def probability_distributions(predictions: ir.Table) -> ir.Table:
    """One run, one outcome, one bin of predicted risk: how many subjects fall in it."""
    return queries.distributions.probability_histogram(predictions)


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
    dca_curves: ir.Table,
) -> ir.Table:
    """One run with every STRATOS measure of it: the table to start from."""
    return queries.essential.essential_metrics(
        runs, discrimination, recalibration, overall_performance, dca_curves
    )
