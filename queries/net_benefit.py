"""Clinical utility: is it better to treat by the model than to treat everybody or nobody?"""

from collections.abc import Sequence

import ibis
from ibis.expr.types import Table

from queries.unit_grid import cell, whole_numbers

WHOLE_PER_CENTS = range(1, 100)


def decision_curves(predictions: Table, thresholds: Sequence[int] = WHOLE_PER_CENTS) -> Table:
    """What is the net benefit of each run at each threshold, beside treating all and treating none?

    `thresholds` are whole per cents, 1 to 99; t = k / 100, positive when p >= t. Net benefit =
    TP / n - FP / n * t / (1 - t) per subject, from counts. Every subject is put into one of the 100 parts
    between whole per cents, and the parts are added up from the top: the work does not grow with subjects
    times thresholds.

    Vickers & Elkin 2006, Medical Decision Making 26:565.
    """
    if not set(thresholds) <= set(WHOLE_PER_CENTS):
        raise ValueError(f"thresholds must be whole per cents from 1 to 99, got {list(thresholds)}")
    positive = _positives(predictions)
    asked = positive.filter(positive.k.isin(sorted(set(thresholds))))
    odds = asked.k / (100 - asked.k)
    true_share = asked.true_positives / asked.n
    false_share = asked.false_positives / asked.n
    return asked.select(
        "run_id",
        threshold=asked.k / 100,
        true_positives=asked.true_positives.cast("int32"),
        false_positives=asked.false_positives.cast("int32"),
        net_benefit_model=true_share - false_share * odds,
        net_benefit_all=asked.n_events / asked.n - (asked.n - asked.n_events) / asked.n * odds,
        net_benefit_none=ibis.literal(0).cast("float64"),
    )


def _positives(predictions: Table) -> Table:
    """Count true and false positives of every run at k per cent, k = 1 .. 99."""
    binned = predictions.mutate(k=cell(predictions.y_prob, 100).clip(upper=99))
    parts = binned.group_by("run_id", "k").agg(rows=binned.count(), events=(binned.y_true == 1).sum())
    runs = parts.group_by("run_id").agg(n=parts.rows.sum(), n_events=parts.events.sum())
    grid = runs.cross_join(whole_numbers(1, 100, "k")).left_join(parts, ["run_id", "k"])
    from_top = ibis.cumulative_window(group_by="run_id", order_by=grid.k.desc())
    return grid.select(
        "run_id",
        "k",
        "n",
        "n_events",
        true_positives=grid.events.fill_null(0).sum().over(from_top),
        false_positives=(grid.rows - grid.events).fill_null(0).sum().over(from_top),
    )
