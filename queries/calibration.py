"""Calibration in the large: do as many have the event as the model expects?

The intercept, the slope and the smooth curve need iteration and are computed on arrays (`assets.stratos`).
"""

import ibis
from ibis.expr.types import Table

from queries.intervals import NORMAL_975


def observed_expected(predictions: Table) -> Table:
    """How many events were observed for each one that was expected?

    O:E = sum y / sum p, with the log-normal 95 % interval exp(log O:E +/- 1.96 sqrt((1 - prevalence) / n1)).
    `o_e_ratio_status`: `ok`; `no_events` (ratio 0, interval null); `nothing_expected` (all p are 0, null).

    Debray et al. 2017, BMJ 356:i6460.
    """
    sums = predictions.group_by("run_id").agg(
        n=predictions.count(), n_events=(predictions.y_true == 1).sum(), expected=predictions.y_prob.sum()
    )
    ratio = sums.n_events / sums.expected.nullif(0)
    log_se = ((1 - sums.n_events / sums.n) / sums.n_events.nullif(0)).sqrt()
    return sums.select(
        "run_id",
        o_e_ratio=ratio,
        o_e_ratio_ci_lower=ratio * (-NORMAL_975 * log_se).exp(),
        o_e_ratio_ci_upper=ratio * (NORMAL_975 * log_se).exp(),
        o_e_ratio_status=ibis.cases(
            (sums.expected == 0, "nothing_expected"), (sums.n_events == 0, "no_events"), else_="ok"
        ),
    )
