"""Figures that compare methods: what the choice of each changes, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets import charts
from assets.engine import asset
from assets.figures.highlighted import highlighted, methods_explained

if TYPE_CHECKING:
    import altair as alt
    import ibis.expr.types as ir
    import pandas as pd

    from assets.settings import Settings


@asset(group_name="figures")
def specification_curve(
    essential_metrics: ir.Table, runs: ir.Table, settings: Settings
) -> alt.VConcatChart | alt.LayerChart:
    """Specification curve: AUROC of every run on the test set, in ascending order, over the choices it was made of.

    Points have the colour of their classifier's row (black where there are too many to tell apart); intervals are
    95% confidence intervals of DeLong. The order is that of the results: the run at the right end is the best of so
    many looks at one test set, so that its AUROC tends to be too high, and its interval does not cover the choice.
    A choice matters where the bars of its rows crowd at different ends. Diamonds are the runs that other figures
    show in colour.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    metrics = essential_metrics.to_pandas()
    notes = (chosen.rule, *_explained(metrics))
    return charts.specification_curve.specification_curve(metrics, chosen.runs, notes=notes)


@asset(group_name="figures")
def raincloud(essential_metrics: pd.DataFrame) -> alt.LayerChart:
    """AUROC of every run on the test set by each choice of method.

    A dot is a run; every run is there once for each choice. Over the dots their density (Gaussian kernel, each
    cloud as high as the next) where a method has 15 runs or more and the page has room. The diamond is the median
    run (of two, the lower) with its 95% confidence interval of DeLong: how far other patients would move one run,
    where the dots show how far other choices do. Runs share their test subjects, so that the interval is no test
    of a difference.
    """
    return charts.raincloud.raincloud(essential_metrics, notes=_explained(essential_metrics))


@asset(group_name="figures")
def critical_difference(
    method_rankings: pd.DataFrame, essential_metrics: pd.DataFrame
) -> alt.ConcatChart | alt.LayerChart:
    """Mean rank of every method among those that could stand in its place, over blocks of runs alike otherwise.

    Where every block has test subjects of its own, bars join the methods that Nemenyi's critical difference does
    not tell apart. Where blocks share subjects there is no such difference, and lines are 95% limits of the mean
    rank over resampled test subjects: they say nothing of other training sets or of data of another kind.
    """
    notes = _explained(essential_metrics)
    return charts.critical_difference.critical_difference(method_rankings, essential_metrics, notes=notes)


@asset(group_name="figures")
def variance_explained(
    variance_decomposition: pd.DataFrame, essential_metrics: pd.DataFrame
) -> alt.ConcatChart | alt.LayerChart:
    """Share of the variance between runs that is due to each choice of method and to each pair of choices.

    Eta squared (type II sums of squares) is biased upwards, omega squared is corrected for it. With one run of each
    combination the residual is what three and more choices do together. Limits over resampled test subjects are
    reversed percentiles, which take out the bias that resampling adds, so that a share can lie above its own limits.
    """
    notes = _explained(essential_metrics)
    return charts.variance_decomposition.variance_decomposition(
        variance_decomposition, essential_metrics, notes=notes
    )


def _explained(metrics: pd.DataFrame) -> tuple[str, ...]:
    return methods_explained([*metrics.outlier_method, *metrics.imputation_method])
