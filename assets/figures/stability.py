"""Figures of how far predictions depend on the training set, and of what their uncertainty is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets import charts
from assets.engine import asset
from assets.figures.highlighted import highlighted

if TYPE_CHECKING:
    import altair as alt
    import ibis.expr.types as ir
    import pandas as pd

    from assets.settings import Settings


@asset(group_name="figures")
def instability(
    instability_curves: pd.DataFrame,
    instability_summary: pd.DataFrame,
    model_instability: ir.Table,
    essential_metrics: ir.Table,
    runs: ir.Table,
    settings: Settings,
) -> alt.ConcatChart:
    """Instability of predicted risks over refits of the model to resampled training sets.

    Above, each block is about a tenth of the test subjects, five at the least: as wide as the risks predicted for
    them, as high as the range of 95% of what single refits predict (percentiles of each subject, averaged); on the
    diagonal refits agree. In the middle, the mean absolute deviation of the refits' risks from their mean, and below,
    the share of refits that put a subject on the other side of a risk threshold; in grey all other runs. No range is
    a confidence interval: the test subjects stay the same.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    subjects = None
    if settings.row_level_figures:
        shown = model_instability.filter(model_instability.run_id.isin(list(chosen.runs.run_id)))
        subjects = shown.drop("subject_code").to_pandas()
    return charts.instability.instability(
        instability_curves,
        instability_summary,
        chosen.runs,
        subjects=subjects,
        metrics=essential_metrics.to_pandas(),
        notes=chosen.notes,
    )


@asset(group_name="figures")
def retention(
    retention_metrics: pd.DataFrame,
    retention_areas: pd.DataFrame,
    essential_metrics: ir.Table,
    runs: ir.Table,
    settings: Settings,
) -> alt.ConcatChart:
    """Performance among the test subjects on whom a run is most certain, against the share of them retained.

    Certain is a risk on which refits of the model agree (solid), or one far from 50% (dashed). The expectation for
    subjects retained at random, and the order by error, which nobody can know beforehand, are the ends of the
    scale: over each column stands the share of the oracle's gain in Brier score that each order makes. Net benefit
    is per retained subject at a risk threshold of 10%. Who is retained differs in prevalence, shown below, and
    with it changes what a measure can reach. Curves have no interval; on grey they rest on few subjects, and are not
    drawn where they leave the range of all others.
    """
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    return charts.retention.retention(
        retention_metrics,
        retention_areas,
        chosen.runs,
        metrics=essential_metrics.to_pandas(),
        notes=chosen.notes,
    )
