"""Distributions: which probabilities did those with and those without the event get?"""

from ibis.expr.types import Table

from queries.unit_grid import cell, whole_numbers


def probability_histogram(predictions: Table, bins: int = 20) -> Table:
    """How are the probabilities of a run spread within each outcome?

    Equal bins on [0, 1]: bin j holds j / bins <= p < (j + 1) / bins, the last one also p = 1. Empty bins
    are there with 0. `density` integrates to 1 over each outcome. An outcome that nobody had has no rows.
    """
    binned = predictions.mutate(bin=cell(predictions.y_prob, bins).clip(upper=bins - 1))
    filled = binned.group_by("run_id", "y_true", "bin").agg(n=binned.count())
    outcomes = filled.group_by("run_id", "y_true").agg(total=filled.n.sum())
    grid = outcomes.cross_join(whole_numbers(0, bins, "bin")).left_join(filled, ["run_id", "y_true", "bin"])
    n = grid.n.fill_null(0)
    return grid.select(
        "run_id",
        "y_true",
        bin=grid.bin.cast("int32"),
        bin_start=grid.bin / bins,
        bin_end=(grid.bin + 1) / bins,
        n=n.cast("int32"),
        density=n * bins / grid.total,
    )
