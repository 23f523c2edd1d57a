"""Views with the column names of the study that this project follows, for scripts written for its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import queries
from assets.columns import COLUMNS
from assets.engine import asset

if TYPE_CHECKING:
    import ibis.expr.types as ir


@asset(view=True, group_name="original_names", columns=COLUMNS)
def original_essential_metrics(essential_metrics: ir.Table) -> ir.Table:
    """One run, its measures under their original names."""
    return queries.original_names.original_essential_metrics(essential_metrics)


@asset(view=True, group_name="original_names", columns=COLUMNS)
def original_dca_curves(dca_curves: ir.Table, threshold_metrics: ir.Table) -> ir.Table:
    """One run at one risk threshold, under the original names."""
    return queries.original_names.original_dca_curves(dca_curves, threshold_metrics)


@asset(view=True, group_name="original_names", columns=COLUMNS)
def original_calibration_curves(calibration_bins: ir.Table) -> ir.Table:
    """One run, one bin of predicted risk, under the original names."""
    return queries.original_names.original_calibration_curves(calibration_bins)


@asset(view=True, group_name="original_names", columns=COLUMNS)
def original_probability_distributions(probability_distributions: ir.Table) -> ir.Table:
    """One run, one outcome, one bin of predicted risk, under the original names."""
    return queries.original_names.original_probability_distributions(probability_distributions)


@asset(view=True, group_name="original_names", columns=COLUMNS)
def original_distribution_stats(discrimination: ir.Table, distribution_stats: ir.Table) -> ir.Table:
    """One run, its predicted risks by outcome, under the original names."""
    return queries.original_names.original_distribution_stats(discrimination, distribution_stats)
