"""Who is called positive at which risk threshold: the integers behind utility and classification."""

from collections.abc import Sequence

import ibis
from ibis.expr.types import Table

from queries.unit_grid import cell, whole_numbers

WHOLE_PER_CENTS = range(1, 100)


def threshold_counts(predictions: Table, thresholds: Sequence[int] = WHOLE_PER_CENTS) -> Table:
    """How many with and without the outcome reach each threshold, in each run?

    `thresholds` are whole per cents `k`, 1 to 99; positive when p >= k / 100. One row per `run_id` and `k`:
    `n`, `n_events`, `true_positives`, `false_positives`, `false_negatives`, `true_negatives`. Every subject is
    put into one of the 100 parts between whole per cents, and the parts are added up from the top: the work
    does not grow with subjects times thresholds. Raises ValueError for another threshold.
    """
    if not set(thresholds) <= set(WHOLE_PER_CENTS):
        raise ValueError(f"thresholds must be whole per cents from 1 to 99, got {list(thresholds)}")
    binned = predictions.mutate(k=cell(predictions.y_prob, 100).clip(upper=99))
    parts = binned.group_by("run_id", "k").agg(rows=binned.count(), events=(binned.y_true == 1).sum())
    # DuckDB's sums of whole numbers have 128 bits, with which everything after them would be slow.
    runs = parts.group_by("run_id").agg(
        n=parts.rows.sum().cast("int32"), n_events=parts.events.sum().cast("int32")
    )
    grid = runs.cross_join(whole_numbers(1, 100, "k")).left_join(parts, ["run_id", "k"])
    from_top = ibis.cumulative_window(group_by="run_id", order_by=grid.k.desc())
    true = grid.events.fill_null(0).sum().over(from_top)
    false = (grid.rows - grid.events).fill_null(0).sum().over(from_top)
    positive = grid.select(
        "run_id",
        "k",
        "n",
        "n_events",
        true_positives=true.cast("int32"),
        false_positives=false.cast("int32"),
    )
    asked = positive.filter(positive.k.isin(sorted(set(thresholds))))
    return asked.mutate(
        false_negatives=asked.n_events - asked.true_positives,
        true_negatives=asked.n - asked.n_events - asked.false_positives,
    )
