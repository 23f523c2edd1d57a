"""The one table that a paper reports from: a row per run, every measure with its interval and status."""

from ibis.expr.types import Table

REPORTED_PER_CENTS = (5, 10, 15, 20)


def essential_metrics(
    runs: Table, discrimination: Table, recalibration: Table, overall_performance: Table, dca_curves: Table
) -> Table:
    """How good is each run, by every measure that the guidance asks for?

    A measure that could not be computed is null beside its status; a run without a row in one of the
    tables keeps its own row, with nulls.
    """
    net_benefit = dca_curves.group_by("run_id").agg(
        **{
            f"net_benefit_{k}pct": dca_curves.net_benefit_model.max(
                where=(dca_curves.threshold * 100).round() == k
            )
            for k in REPORTED_PER_CENTS
        }
    )
    return (
        runs.select(
            "run_id",
            "classifier",
            "featurization",
            "imputation_method",
            "outlier_method",
            "n_bootstrap",
            "n_test",
            "n_events",
            "prevalence",
        )
        .left_join(discrimination.drop("n_test", "n_events"), "run_id")
        .drop("run_id_right")
        .left_join(recalibration, "run_id")
        .drop("run_id_right")
        .left_join(overall_performance, "run_id")
        .drop("run_id_right")
        .left_join(net_benefit, "run_id")
        .drop("run_id_right")
    )
