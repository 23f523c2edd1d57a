"""The study's figures of performance, in the order a paper prints them.

Each function below *is* one figure. Its name is the file's name, its parameters are the tables it
shows, and its docstring is the caption. No measure is computed here: rows are chosen, and drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assets import charts
from assets.engine import asset
from assets.figures.highlighted import Highlighted, highlighted, methods_explained

if TYPE_CHECKING:
    import altair as alt
    import ibis.expr.types as ir
    import pandas as pd

    from assets.settings import Settings


@asset(group_name="figures")
def roc(
    roc_curves: pd.DataFrame, essential_metrics: ir.Table, runs: ir.Table, settings: Settings
) -> alt.LayerChart | alt.HConcatChart | alt.VConcatChart:
    """ROC curves on the test set.

    The AUROC has the 95% confidence interval of DeLong, the curve a pointwise one: that of Wilson for the
    sensitivity at each threshold. The diagonal is a score that says nothing.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    metrics = essential_metrics.to_pandas()
    if chosen.runs.empty:
        return _nothing("ROC curves", metrics)
    return charts.roc.roc(roc_curves, metrics, chosen.runs, notes=_notes(chosen, metrics))


@asset(group_name="figures")
def calibration(
    calibration_curves: pd.DataFrame,
    probability_distributions: pd.DataFrame,
    essential_metrics: ir.Table,
    intervals: ir.Table,
    runs: ir.Table,
    settings: Settings,
) -> alt.ConcatChart:
    """Smooth calibration on the test set.

    Observed proportion against predicted risk (loess, span 0.75, degree 2) with its pointwise 95% confidence
    interval; in grey all other runs; the diagonal is perfect calibration. The 95% limits of the slope are of the
    profile likelihood, those of the intercept percentiles over resampled subjects, which hold whatever the slope is.
    Below, the predicted risks of subjects with and without the outcome.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    metrics = _with_bootstrap(essential_metrics, intervals)
    if chosen.runs.empty:
        return _nothing("Calibration", metrics)
    return charts.calibration.calibration(
        calibration_curves,
        probability_distributions,
        chosen.runs,
        metrics=metrics,
        notes=_notes(chosen, metrics),
    )


@asset(group_name="figures")
def dca(
    dca_curves: pd.DataFrame, essential_metrics: ir.Table, runs: ir.Table, settings: Settings
) -> alt.LayerChart | alt.VConcatChart:
    """Decision curves on the test set.

    Net benefit per subject against the risk threshold, beside treating everybody and treating nobody. The pointwise
    95% interval is of the net benefit itself (sampling of the test subjects), not of a difference between curves.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    metrics = essential_metrics.to_pandas()
    if chosen.runs.empty:
        return _nothing("Decision curves", metrics)
    return charts.decision_curves.decision_curves(
        dca_curves,
        chosen.runs,
        thresholds=settings.decision_curve_range,
        metrics=metrics,
        notes=_notes(chosen, metrics),
    )


@asset(group_name="figures")
def distributions(
    probability_distributions: pd.DataFrame, essential_metrics: ir.Table, runs: ir.Table, settings: Settings
) -> alt.ConcatChart:
    """Predicted risks by outcome on the test set.

    Share of the subjects with and without the outcome at each predicted risk.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    metrics = essential_metrics.to_pandas()
    if chosen.runs.empty:
        return _nothing("Predicted risks by outcome", metrics)
    return charts.distributions.distributions(
        probability_distributions, chosen.runs, metrics=metrics, notes=_notes(chosen, metrics)
    )


@asset(group_name="figures")
def forest(essential_metrics: ir.Table, runs: ir.Table, settings: Settings) -> alt.HConcatChart:
    """AUROC of every run on the test set, with the 95% confidence interval of DeLong.

    Ordered by preprocessing, not by result.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    metrics = essential_metrics.to_pandas()
    if metrics.auroc.isna().all():
        return _nothing("AUROC of every run", metrics)
    notes = [*chosen.notes, *methods_explained([*metrics.outlier_method, *metrics.imputation_method])]
    return charts.forest.forest(metrics, chosen.runs, notes=notes)


@asset(group_name="figures")
def heatmap(essential_metrics: pd.DataFrame) -> alt.ConcatChart:
    """AUROC on the test set by the methods of preprocessing.

    The intervals of these AUROCs are in the forest plot.
    """
    if essential_metrics.auroc.isna().all():
        return _nothing("AUROC by preprocessing", essential_metrics)
    methods = [*essential_metrics.outlier_method, *essential_metrics.imputation_method]
    return charts.heatmap.heatmap(essential_metrics, notes=methods_explained(methods))


@asset(group_name="figures")
def stratos_panel(
    calibration_curves: pd.DataFrame,
    dca_curves: pd.DataFrame,
    probability_distributions: pd.DataFrame,
    essential_metrics: ir.Table,
    intervals: ir.Table,
    runs: ir.Table,
    settings: Settings,
) -> alt.ConcatChart:
    """The core set of STRATOS on the test set, a column for each run in colour.

    (a) AUROC with the 95% interval of DeLong, over those of all runs; (b) smooth calibration (loess, span 0.75,
    degree 2) with its pointwise 95% interval; (c) net benefit per subject with its pointwise 95% interval, which is
    of the net benefit itself, not of a difference between curves, beside treating everybody and treating nobody;
    (d) predicted risks of subjects with and without the outcome, as shares of their own group. The 95% limits of
    the calibration slope are of the profile likelihood, those of the intercept percentiles over resampled subjects.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    metrics = _with_bootstrap(essential_metrics, intervals)
    if chosen.runs.empty:
        return _nothing("The core STRATOS performance plots", metrics)
    return charts.stratos_panel.stratos_panel(
        metrics,
        calibration_curves,
        dca_curves,
        probability_distributions,
        chosen.runs,
        thresholds=settings.decision_curve_range,
        notes=_notes(chosen, metrics),
    )


def _with_bootstrap(essential_metrics: ir.Table, intervals: ir.Table) -> pd.DataFrame:
    """The metrics of every run, with the bootstrap limits of its calibration intercept."""
    resampled = intervals.filter(intervals.measure == "calibration_intercept__bootstrap_ci").select(
        "run_id",
        calibration_intercept_bootstrap_lower=intervals.ci_lower,
        calibration_intercept_bootstrap_upper=intervals.ci_upper,
    )
    return essential_metrics.to_pandas().merge(resampled.to_pandas(), on="run_id", how="left")


def _notes(chosen: Highlighted, metrics: pd.DataFrame) -> list[str]:
    """What a caption says of the runs in colour, and of their methods' names."""
    named = metrics[metrics.run_id.isin(chosen.runs.run_id)]
    return [*chosen.notes, *methods_explained([*named.outlier_method, *named.imputation_method])]


def _nothing(title: str, metrics: pd.DataFrame) -> Any:
    """A figure that says that there is no AUROC to choose runs by, and why."""
    said = charts.composition.about.about(
        title, f"Of {len(metrics)} runs, the performance on the test set.", {}, (), None
    )
    why = ", ".join(sorted(set(metrics.auroc_status.dropna()))) or "there is no run"
    return charts.composition.absent.absent(
        f"No run has an AUROC ({why}), so there is nothing to show.", said
    )
