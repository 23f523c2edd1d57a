"""The evidence: which runs there are, which of them are used, and what they predicted for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import queries
from assets import inputs
from assets.columns import COLUMNS
from assets.engine import Absent, Observation, asset, observable_source_asset
from assets.tables.partitions import PER_RUN
from assets.tables.privacy import PSEUDONYMOUS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from assets.inputs.evidence import MlflowRuns
    from assets.settings import Settings

UNIT = (0.0, 1.0)


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
        max_artifact_mb=settings.max_artifact_mb,
        jobs=settings.jobs,
    )


@asset(
    partitions_def=PER_RUN, primary_key="run_id", group_name="evidence", columns=COLUMNS, tags=PSEUDONYMOUS
)
def extracted_runs(
    mlflow_runs: MlflowRuns, partition_keys: Sequence[str], settings: Settings
) -> Iterator[pa.Table]:
    """One run of the MLflow experiment as it was read, whether it is usable or not."""
    columns = inputs.artifacts.prediction_tables.TableColumns(
        settings.subject_column, settings.outcome_column, settings.risk_column, settings.refit_column
    )
    limits = inputs.extraction.Limits.for_artifacts(settings.max_artifact_mb, settings.read_timeout_seconds)
    return inputs.extraction.read(
        mlflow_runs,
        partition_keys,
        columns=columns,
        keep_refits=settings.keep_refits,
        limits=limits,
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
    tags=PSEUDONYMOUS,
)
def predictions(extracted_runs: ir.Table, runs: ir.Table) -> ir.Table:
    """One subject of the test set in one run: the outcome observed and the risk predicted."""
    return queries.runs.predictions(extracted_runs, runs)


@asset(
    view=True,
    partitions_def=PER_RUN,
    primary_key=["run_id", "subject_code"],
    group_name="evidence",
    columns=COLUMNS,
    tags=PSEUDONYMOUS,
)
def bootstrap_predictions(extracted_runs: ir.Table, runs: ir.Table) -> ir.Table:
    """One subject of the test set in one run: the outcome observed and the risk that each refit predicted."""
    return queries.runs.bootstrap_predictions(extracted_runs, runs)
