"""The one table that a paper reports from: a row per run, measures with their intervals and statuses."""

from ibis.expr.types import Table

from queries.runs import CONFIGURATION

COLUMN_PER_CENTS = (5, 10, 15, 20)
"""Thresholds whose net benefit has a column of its own, those of the original study."""


def essential_metrics(
    runs: Table,
    discrimination: Table,
    recalibration: Table,
    overall_performance: Table,
    calibration_errors: Table,
    dca_curves: Table,
) -> Table:
    """How good is each run, by every measure that the guidance asks for?

    A measure that could not be computed is null beside its status; a run without a row in one of the
    tables keeps its own row, with nulls.
    """
    measured = runs.select("run_id", *CONFIGURATION, "n_bootstrap", "n_test", "n_events", "prevalence")
    for measures in (
        discrimination.drop("n_test", "n_events"),
        recalibration,
        overall_performance,
        calibration_errors,
        _net_benefit(dca_curves),
    ):
        measured = measured.left_join(measures, "run_id").drop("run_id_right")
    return measured


def _net_benefit(dca_curves: Table) -> Table:
    """Net benefit at the thresholds that have columns, a row per run."""
    per_cent = (dca_curves.threshold * 100).round()
    return dca_curves.group_by("run_id").agg(
        **{
            f"{name}_{k}pct": dca_curves[column].max(where=per_cent == k)
            for name, column in (
                ("net_benefit", "net_benefit_model"),
                ("standardised_net_benefit", "standardised_net_benefit"),
            )
            for k in COLUMN_PER_CENTS
        }
    )
