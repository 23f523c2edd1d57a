"""Classification at a threshold: descriptive measures, in pairs, for thresholds chosen on clinical grounds."""

from collections.abc import Sequence

import ibis
from ibis.expr.types import NumericValue, Table, Value

from queries.intervals import NORMAL_975, wilson_limits
from queries.threshold_counts import WHOLE_PER_CENTS, threshold_counts


def threshold_metrics(
    predictions: Table,
    thresholds: Sequence[int] = WHOLE_PER_CENTS,
    target_prevalence: float | None = None,
) -> Table:
    """How are subjects with and without the outcome classified, in each run at each threshold?

    `thresholds` are whole per cents, 1 to 99; t = k / 100, positive when p >= t. Beside the four counts:
    `sensitivity`, `specificity`, `ppv` and `npv` with Wilson limits (null where nobody is in the denominator,
    `..._status` is `empty_denominator`), and `expected_cost`, t FP / n + (1 - t) FN / n.

    With a `target_prevalence` between 0 and 1 also `ppv_at_prevalence` and `npv_at_prevalence`: the predictive
    values by Bayes' rule where that share has the outcome, provided sensitivity and specificity are the same
    there; limits by the delta method on the logit scale. Status `single_class` or `empty_denominator` if the
    value is null; `empty_cell` or `variance_zero` if only the limits are.

    Wilson 1927, Journal of the American Statistical Association 22:209; Mercaldo, Lau & Zhou 2007, Statistics
    in Medicine 26:2170; Hernandez-Orallo, Flach & Ferri 2012, Journal of Machine Learning Research 13:2813.
    """
    counts = threshold_counts(predictions, thresholds)
    tp, fp, fn, tn = (
        counts[name] for name in ("true_positives", "false_positives", "false_negatives", "true_negatives")
    )
    return counts.select(
        "run_id",
        threshold=counts.k / 100,
        **{name: counts[name].cast("int32") for name in ("n", "n_events")},
        **{count.get_name(): count.cast("int32") for count in (tp, fp, fn, tn)},
        **_proportion("sensitivity", tp, tp + fn),
        **_proportion("specificity", tn, tn + fp),
        **_proportion("ppv", tp, tp + fp),
        **_proportion("npv", tn, tn + fn),
        **({} if target_prevalence is None else _predictive_values(counts, target_prevalence)),
        expected_cost=counts.k / 100 * (fp / counts.n) + (1 - counts.k / 100) * (fn / counts.n),
    )


def _proportion(name: str, count: NumericValue, n: NumericValue) -> dict[str, Value]:
    low, high = wilson_limits(count, n)
    return {
        name: count / n.nullif(0),
        f"{name}_ci_lower": low,
        f"{name}_ci_upper": high,
        f"{name}_status": (n == 0).ifelse("empty_denominator", "ok"),
    }


def _predictive_values(counts: Table, prevalence: float) -> dict[str, Value]:
    """PPV and NPV by Bayes' rule where `prevalence` have the outcome."""
    if not 0 < prevalence < 1:
        raise ValueError(f"a target prevalence lies between 0 and 1; got {prevalence}")
    n_events, n_others = counts.n_events, counts.n - counts.n_events
    right_positive, wrong_positive = (counts.true_positives, n_events), (counts.false_positives, n_others)
    right_negative, wrong_negative = (counts.true_negatives, n_others), (counts.false_negatives, n_events)
    return {
        **_predictive_value("ppv_at_prevalence", prevalence, right_positive, wrong_positive),
        **_predictive_value("npv_at_prevalence", 1 - prevalence, right_negative, wrong_negative),
    }


def _predictive_value(
    name: str,
    share: float,
    right: tuple[NumericValue, NumericValue],
    wrong: tuple[NumericValue, NumericValue],
) -> dict[str, Value]:
    """Share of the rightly called among the called, where the class called makes up `share` of all.

    `right` and `wrong` say how many members of that class and of the other were called, out of how many. On
    the logit scale the variance is that of the logarithms of two independent proportions.
    """
    (count, n), (miscount, n_other) = right, wrong
    called, miscalled = share * (count / n.nullif(0)), (1 - share) * (miscount / n_other.nullif(0))
    value = called / (called + miscalled).nullif(0)
    variance = _variance_of_log(count, n) + _variance_of_log(miscount, n_other)
    log_odds = (called.nullif(0) / miscalled.nullif(0)).ln()
    margin = NORMAL_975 * variance.nullif(0).sqrt()
    return {
        name: value,
        f"{name}_ci_lower": 1 / (1 + (margin - log_odds).exp()),
        f"{name}_ci_upper": 1 / (1 + (-margin - log_odds).exp()),
        f"{name}_status": ibis.cases(
            ((n == 0) | (n_other == 0), "single_class"),
            (value.isnull(), "empty_denominator"),
            ((count == 0) | (miscount == 0), "empty_cell"),
            (variance == 0, "variance_zero"),
            else_="ok",
        ),
    }


def _variance_of_log(count: NumericValue, n: NumericValue) -> NumericValue:
    """Variance of the logarithm of count / n: (1 - share) / (n share); null for a share of 0 or of nobody."""
    return (n - count) / (count * n.cast("float64")).nullif(0)
