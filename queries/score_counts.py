"""Who scored below, at and above each predicted probability: the integers that ranks are made of."""

import ibis
from ibis.expr.types import Table


def score_counts(predictions: Table) -> Table:
    """How many events and non-events has each run at, and below, each distinct probability?

    One row per `run_id` and `y_prob`: `events`, `nonevents` (at this probability), `events_below`,
    `nonevents_below` (at a smaller one), `n_events`, `n_nonevents` (of the run). Every count is an
    integer, so that nothing made of them depends on the order in which rows are added up.
    """
    at_score = predictions.group_by("run_id", "y_prob").agg(
        events=(predictions.y_true == 1).sum(), nonevents=(predictions.y_true == 0).sum()
    )
    of_run = ibis.window(group_by="run_id")
    up_to_score = ibis.cumulative_window(group_by="run_id", order_by="y_prob")
    return at_score.mutate(
        events_below=at_score.events.sum().over(up_to_score) - at_score.events,
        nonevents_below=at_score.nonevents.sum().over(up_to_score) - at_score.nonevents,
        n_events=at_score.events.sum().over(of_run),
        n_nonevents=at_score.nonevents.sum().over(of_run),
    )
