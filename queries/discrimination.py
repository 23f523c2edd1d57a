"""Discrimination: does the model give higher probabilities to those who have the event?"""

import ibis
from ibis.expr.types import NumericValue, Table

from queries.intervals import NORMAL_975, wilson_limits
from queries.score_counts import score_counts


def auroc_with_delong(predictions: Table) -> Table:
    """What is the AUROC of each run, with its DeLong standard error and 95 % interval?

    AUROC = P(p1 > p0) + P(p1 = p0) / 2; the direction is never chosen from the data. The interval is
    AUROC +/- 1.96 SE cut to [0, 1]; `auroc_logit_ci_...` has the same standard error on the logit scale, for
    few events or an AUROC near 1. `auroc_status`: `ok`; `single_class` (everything null);
    `variance_undefined` (one event or one non-event) and `variance_zero` (perfect separation, or a
    constant), where AUROC stands and SE and intervals are null.

    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837; by ranks as in Sun & Xu 2014, IEEE Signal
    Processing Letters 21:1389.
    """
    sums = _placement_sums(score_counts(predictions))
    n1, n0 = sums.n_events, sums.n_nonevents
    measured = sums.mutate(
        auroc=sums.doubled_wins / (2 * n1 * n0).nullif(0),
        # Placements are doubled, hence the 4, and counted against the other class, hence its square.
        variance=_variance_of_mean(sums.event_square, sums.event_sum, n1) / (4 * n0 * n0).nullif(0)
        + _variance_of_mean(sums.nonevent_square, sums.nonevent_sum, n0) / (4 * n1 * n1).nullif(0),
    )
    measured = measured.mutate(
        auroc_se=measured.variance.nullif(0).sqrt(),
        auroc_status=ibis.cases(
            (measured.auroc.isnull(), "single_class"),
            (measured.variance.isnull(), "variance_undefined"),
            (measured.variance == 0, "variance_zero"),
            else_="ok",
        ),
    )
    margin = NORMAL_975 * measured.auroc_se
    # With a standard error the AUROC is neither 0 nor 1.
    odds = measured.auroc / (1 - measured.auroc).nullif(0)
    factor = (margin / (measured.auroc * (1 - measured.auroc)).nullif(0)).exp()
    return measured.select(
        "run_id",
        n_test=(measured.n_events + measured.n_nonevents).cast("int32"),
        n_events=measured.n_events.cast("int32"),
        auroc=measured.auroc,
        auroc_se=measured.auroc_se,
        auroc_ci_lower=(measured.auroc - margin).clip(lower=0),
        auroc_ci_upper=(measured.auroc + margin).clip(upper=1),
        auroc_logit_ci_lower=odds / (odds + factor),
        auroc_logit_ci_upper=odds * factor / (odds * factor + 1),
        auroc_status=measured.auroc_status,
    )


def roc_curve(predictions: Table) -> Table:
    """Which share of the non-events and of the events is called positive at each threshold?

    One point per distinct probability of a run, thresholds falling, positive when p >= threshold, after
    point 0: nobody is positive, threshold null. The rate of a class that is absent is null. Sensitivity (the true
    positive rate) and specificity (1 - the false positive rate) have Wilson limits, each by itself at each threshold.

    Wilson 1927, Journal of the American Statistical Association 22:209.
    """
    counts = score_counts(predictions)
    falling = ibis.window(group_by="run_id", order_by=counts.y_prob.desc())
    points = counts.select(
        "run_id",
        "n_events",
        "n_nonevents",
        point=(ibis.row_number().over(falling) + 1).cast("int32"),
        threshold=counts.y_prob,
        false_positives=counts.n_nonevents - counts.nonevents_below,
        true_positives=counts.n_events - counts.events_below,
    )
    first = points.filter(points.point == 1)
    nobody = {
        "point": ibis.literal(0, "int32"),
        "threshold": ibis.null("float64"),
        **{name: first[name] * 0 for name in ("false_positives", "true_positives")},
    }
    return _rates(ibis.union(first.mutate(**nobody), points))


def _rates(points: Table) -> Table:
    """Make rates with limits of the points' counts."""
    negatives = points.n_nonevents - points.false_positives
    sensitivity = wilson_limits(points.true_positives, points.n_events)
    specificity = wilson_limits(negatives, points.n_nonevents)
    return points.select(
        "run_id",
        "point",
        "threshold",
        false_positive_rate=points.false_positives / points.n_nonevents.nullif(0),
        true_positive_rate=points.true_positives / points.n_events.nullif(0),
        sensitivity_ci_lower=sensitivity[0],
        sensitivity_ci_upper=sensitivity[1],
        specificity_ci_lower=specificity[0],
        specificity_ci_upper=specificity[1],
    )


def _placement_sums(counts: Table) -> Table:
    """Per run, sums and sums of squares of the doubled placements, about the whole part of their mean.

    The doubled placement of an event is twice its midrank among all less twice its midrank among the
    events: 2 for every non-event below it, 1 for every tie. Whole numbers stay exact, and taking the mean
    off first leaves nothing to cancel in the variance.
    """
    placed = counts.mutate(
        of_event=2 * counts.nonevents_below + counts.nonevents,
        of_nonevent=2 * counts.events_below + counts.events,
    )
    of_run = ibis.window(group_by="run_id")
    wins = placed.mutate(doubled_wins=(placed.events * placed.of_event).sum().over(of_run))
    losses = 2 * wins.n_events * wins.n_nonevents - wins.doubled_wins
    centred = wins.mutate(
        event_deviation=wins.of_event - wins.doubled_wins // wins.n_events.nullif(0),
        nonevent_deviation=wins.of_nonevent - losses // wins.n_nonevents.nullif(0),
    )
    return centred.group_by("run_id", "n_events", "n_nonevents", "doubled_wins").agg(
        event_sum=(centred.events * centred.event_deviation).sum(),
        event_square=(centred.events * centred.event_deviation * centred.event_deviation).sum(),
        nonevent_sum=(centred.nonevents * centred.nonevent_deviation).sum(),
        nonevent_square=(centred.nonevents * centred.nonevent_deviation * centred.nonevent_deviation).sum(),
    )


def _variance_of_mean(square: NumericValue, total: NumericValue, n: NumericValue) -> NumericValue:
    """Variance of the mean of n values; null for n < 2."""
    return (square - total * total / n.nullif(0)) / (n * (n - 1)).nullif(0)
