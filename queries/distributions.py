"""Distributions: which probabilities did those with and those without the event get?"""

from ibis.expr.types import Table

from queries.unit_grid import cell, whole_numbers

QUANTILES = {"q05": 0.05, "q10": 0.1, "q25": 0.25, "median": 0.5, "q75": 0.75, "q90": 0.9, "q95": 0.95}


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


def distribution_stats(predictions: Table) -> Table:
    """Which probabilities did those with, and those without, the outcome get in each run?

    One row per `run_id` and `y_true`: `n`, and mean, standard deviation (divisor n - 1, null for one subject),
    extremes and quantiles (type 7) of the probabilities. An outcome that nobody had has no row.

    Hyndman & Fan 1996, American Statistician 50:361.
    """
    risk = predictions.y_prob
    return predictions.group_by("run_id", "y_true").agg(
        n=predictions.count().cast("int32"),
        risk_mean=risk.mean(),
        risk_sd=risk.std(how="sample"),
        risk_min=risk.min(),
        **{f"risk_{name}": risk.quantile(share) for name, share in QUANTILES.items()},
        risk_max=risk.max(),
    )
