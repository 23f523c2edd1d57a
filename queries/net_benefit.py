"""Clinical utility: is it better to treat by the model than to treat everybody or nobody?"""

from collections.abc import Sequence

import ibis
from ibis.expr.types import Table

from queries.threshold_counts import WHOLE_PER_CENTS, threshold_counts


def decision_curves(predictions: Table, thresholds: Sequence[int] = WHOLE_PER_CENTS) -> Table:
    """What is the net benefit of each run at each threshold, beside treating all and treating none?

    `thresholds` are whole per cents, 1 to 99; t = k / 100, positive when p >= t. Net benefit =
    TP / n - FP / n * t / (1 - t) per subject, from counts. `standardised_net_benefit` is that over the
    prevalence (null without events: `standardised_net_benefit_status` is `no_events`), `interventions_avoided`
    (net benefit - that of treating all) * (1 - t) / t.

    Vickers & Elkin 2006, Medical Decision Making 26:565; Kerr et al. 2016, Journal of Clinical Oncology
    34:2534.
    """
    counts = threshold_counts(predictions, thresholds)
    odds = counts.k / (100 - counts.k)
    net_benefit = counts.true_positives / counts.n - counts.false_positives / counts.n * odds
    return counts.select(
        "run_id",
        threshold=counts.k / 100,
        true_positives=counts.true_positives,
        false_positives=counts.false_positives,
        net_benefit_model=net_benefit,
        net_benefit_all=counts.n_events / counts.n - (counts.n - counts.n_events) / counts.n * odds,
        net_benefit_none=ibis.literal(0).cast("float64"),
        standardised_net_benefit=net_benefit / (counts.n_events / counts.n).nullif(0),
        standardised_net_benefit_status=(counts.n_events == 0).ifelse("no_events", "ok"),
        # (NB - NB of all) (1 - t) / t, with everything that cancels cancelled in whole numbers.
        interventions_avoided=counts.true_negatives / counts.n - counts.false_negatives / counts.n / odds,
    )
