"""Clinical utility: is it better to treat by the model than to treat everybody or nobody?"""

from collections.abc import Sequence

import ibis
from ibis.expr.types import NumericValue, Table

from queries.intervals import NORMAL_975
from queries.threshold_counts import WHOLE_PER_CENTS, threshold_counts


def decision_curves(predictions: Table, thresholds: Sequence[int] = WHOLE_PER_CENTS) -> Table:
    """What is the net benefit of each run at each threshold, beside treating all and treating none?

    `thresholds` are whole per cents, 1 to 99; t = k / 100, positive when p >= t. Net benefit =
    TP / n - FP / n * t / (1 - t) per subject, from counts. `standardised_net_benefit` is that over the
    prevalence (null without events: `standardised_net_benefit_status` is `no_events`), `interventions_avoided`
    (net benefit - that of treating all) * (1 - t) / t.

    `net_benefit_se` is the standard error from sampling the test subjects, and the 95 % limits are net benefit
    +/- 1.96 SE: they hold at each threshold by itself, not for the whole curve, and are not cut.
    `net_benefit_status` is `variance_zero` where all subjects add the same (nobody is positive) and
    `variance_undefined` for one subject: no standard error, no limits.

    Vickers & Elkin 2006, Medical Decision Making 26:565; Kerr et al. 2016, Journal of Clinical Oncology
    34:2534; Sande et al. 2020, Statistics in Medicine 39:2980.
    """
    counts = threshold_counts(predictions, thresholds)
    counts = counts.mutate(variance=_variance(counts))
    odds = counts.k / (100 - counts.k)
    net_benefit = counts.true_positives / counts.n - counts.false_positives / counts.n * odds
    error = counts.variance.nullif(0).sqrt()
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
        net_benefit_se=error,
        net_benefit_ci_lower=net_benefit - NORMAL_975 * error,
        net_benefit_ci_upper=net_benefit + NORMAL_975 * error,
        net_benefit_status=ibis.cases(
            (counts.variance.isnull(), "variance_undefined"),
            (counts.variance == 0, "variance_zero"),
            else_="ok",
        ),
    )


def _variance(counts: Table) -> NumericValue:
    """Variance of net benefit, the mean of what subjects add to it: 1, -odds, or 0; null for one subject.

    Summed over pairs of groups, count x count x squared distance, times (100 - k)^2: a sum of whole numbers, so that
    it is 0 exactly where all subjects add the same.
    """
    n, true, false = (counts[name].cast("float64") for name in ("n", "true_positives", "false_positives"))
    for_one, against = 100 - counts.k, counts.k
    apart = true * false * 10_000 + (true * for_one * for_one + false * against * against) * (
        n - true - false
    )
    return apart / (for_one * for_one) / (n * n) / (n - 1).nullif(0)
