"""The study's figures, in the order a paper prints them.

Each function below *is* one figure. Its name is the file's name, its parameters are the tables it
shows, and its docstring is the caption. No measure is computed here: rows are chosen, and drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import queries
from assets import charts
from assets.engine import asset

if TYPE_CHECKING:
    import altair as alt
    import ibis.expr.types as ir
    import pandas as pd

    from assets.settings import Settings


@asset(group_name="figures")
def roc(roc_curves: pd.DataFrame, essential_metrics: ir.Table) -> alt.LayerChart:
    """ROC curves on the test set.

    In colour, of each classifier, the run with its median AUROC, with the 95% confidence interval of
    DeLong; in grey all other runs. The diagonal is a score that says nothing.
    """
    return charts.roc.roc(roc_curves, essential_metrics.to_pandas(), _highlighted(essential_metrics))


@asset(group_name="figures")
def calibration(
    calibration_curves: pd.DataFrame, probability_distributions: pd.DataFrame, essential_metrics: ir.Table
) -> alt.VConcatChart:
    """Smooth calibration on the test set.

    Observed proportion against predicted risk (loess, span 0.75, degree 2) with its pointwise 95%
    confidence interval, of the run with each classifier's median AUROC; in grey all other runs; the
    diagonal is perfect calibration. Below, the predicted risks of subjects with and without the outcome.
    """
    return charts.calibration.calibration(
        calibration_curves,
        probability_distributions,
        _highlighted(essential_metrics),
        metrics=essential_metrics.to_pandas(),
    )


@asset(group_name="figures")
def dca(dca_curves: pd.DataFrame, essential_metrics: ir.Table, settings: Settings) -> alt.LayerChart:
    """Decision curves on the test set.

    Net benefit per subject against the risk threshold, of the run with each classifier's median AUROC;
    in grey all other runs; beside them treating everybody and treating nobody.
    """
    return charts.decision_curves.decision_curves(
        dca_curves,
        _highlighted(essential_metrics),
        thresholds=settings.decision_curve_range,
        metrics=essential_metrics.to_pandas(),
    )


@asset(group_name="figures")
def distributions(probability_distributions: pd.DataFrame, essential_metrics: ir.Table) -> alt.VConcatChart:
    """Predicted risks by outcome on the test set.

    Share of the subjects with and without the outcome at each predicted risk, of the run with each
    classifier's median AUROC.
    """
    return charts.distributions.distributions(
        probability_distributions, _highlighted(essential_metrics), metrics=essential_metrics.to_pandas()
    )


@asset(group_name="figures")
def forest(essential_metrics: ir.Table) -> alt.HConcatChart:
    """AUROC of every run on the test set, with the 95% confidence interval of DeLong.

    Ordered by preprocessing, not by result; in colour, the run with each classifier's median AUROC.
    """
    return charts.forest.forest(essential_metrics.to_pandas(), _highlighted(essential_metrics))


@asset(group_name="figures")
def heatmap(essential_metrics: pd.DataFrame) -> alt.HConcatChart:
    """AUROC on the test set by outlier detection and imputation, a panel for each classifier."""
    return charts.heatmap.heatmap(essential_metrics)


def _highlighted(essential_metrics: ir.Table) -> pd.DataFrame:
    """Return the few runs to show in colour, by a rule that never picks the best test result."""
    chosen = queries.highlights.median_run_per_classifier(essential_metrics)
    return chosen.order_by("classifier").to_pandas()
