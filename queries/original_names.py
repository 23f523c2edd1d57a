"""The column names of the study that this project follows, over the tables of this one.

Scripts written for its databases find their columns here. What the columns hold is ours: an interval of the AUROC is
that of DeLong, where the original had percentiles over refits of the model, which say something else. A measure
that is not computed here has no column.
"""

from ibis.expr.types import Table

METHODS = ("outlier_method", "imputation_method", "classifier", "featurization")
NET_BENEFITS = tuple(f"net_benefit_{k}pct" for k in (5, 10, 15, 20))


def original_essential_metrics(essential_metrics: Table) -> Table:
    """What did the published database call the measures of each run?"""
    return essential_metrics.select(
        "run_id",
        *METHODS,
        "auroc",
        "auroc_ci_lower",
        "auroc_ci_upper",
        "calibration_slope",
        "calibration_intercept",
        "o_e_ratio",
        "brier",
        *NET_BENEFITS,
        "n_test",
        "n_events",
        "prevalence",
        mlflow_run_id=essential_metrics.run_id,
    )


def original_dca_curves(dca_curves: Table, threshold_metrics: Table) -> Table:
    """What did the published database call the points of a decision curve?"""
    rates = threshold_metrics.select("run_id", "threshold", "sensitivity", "specificity")
    return dca_curves.inner_join(rates, ["run_id", "threshold"]).select(
        "run_id",
        "threshold",
        "net_benefit_model",
        "net_benefit_all",
        "net_benefit_none",
        "sensitivity",
        "specificity",
    )


def original_calibration_curves(calibration_bins: Table) -> Table:
    """What did the published database call the bins of a calibration curve?"""
    bins = calibration_bins
    return bins.select(
        "run_id",
        bin_index=bins.bin,
        bin_midpoint=(bins.bin_start + bins.bin_end) / 2,
        observed_proportion=bins.observed,
        predicted_mean=bins.mean_predicted,
        n_samples=bins.n,
    )


def original_probability_distributions(probability_distributions: Table) -> Table:
    """What did the published database call the bins of the predicted risks?"""
    bins = probability_distributions
    return bins.select(
        "run_id", "bin_start", "bin_end", outcome=bins.y_true, bin_index=bins.bin, count=bins.n
    )


def original_distribution_stats(discrimination: Table, distribution_stats: Table) -> Table:
    """What did the published database call the predicted risks of cases and controls?"""
    described = discrimination.select("run_id", "auroc")
    for outcome, group in ((1, "cases"), (0, "controls")):
        stats = distribution_stats.filter(distribution_stats.y_true == outcome)
        described = described.left_join(stats, "run_id").select(
            *described.columns,
            **{f"median_{group}": stats.risk_median, f"mean_{group}": stats.risk_mean},
            **{f"n_{group}": stats.n.fill_null(0)},
        )
    return described
