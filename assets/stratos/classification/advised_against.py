"""Measures that STRATOS TG6 advises against: computed only when asked for, to compare with older reports.

They are improper (a model can gain by saying something else than the true probabilities), or have no clear focus
(neither purely statistical nor about decisions and their costs), or hang on a grouping; `catalogue.MEASURES` says
which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assets.stratos.classification.proportions import WILSON, wilson_limits
from assets.stratos.classification.thresholds import WHOLE_PER_CENTS, TwoByTwo, by_threshold, two_by_two
from assets.stratos.cohorts import Cohort, cohorts
from assets.stratos.estimates import Estimates, first_true
from assets.stratos.intervals import LONG, long_table
from assets.stratos.ties import past_ties

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

ADVICE = "advised against"
ECE_BINS = 10
LARGEST_FALSE_POSITIVE_RATE = 0.2


def advised_against_measures(
    cohort: Cohort, thresholds: Sequence[int] = WHOLE_PER_CENTS
) -> dict[str, Estimates]:
    """Measures of every run that STRATOS TG6 advises against, at thresholds of whole per cents and over all.

    - `f1@t`, `accuracy@t` (with Wilson limits), `balanced_accuracy@t`, `youden@t`, `diagnostic_odds_ratio@t`,
      `kappa@t` (Cohen), `mcc@t` (Matthews): null with `single_class` or `empty_denominator`; the odds ratio has
      limit +inf where only its denominator is 0.
    - `auprc`: average precision, without interpolation (`no_events`); `partial_auroc`: area under the ROC
      curve at false positive rates up to 0.2, scaled so that chance has 0.5 (`single_class`); `ece`: mean
      distance between observed and expected proportion over 10 equal bins; `mape`: mean |y - p|.

    Raises ValueError for a threshold that is no whole per cent from 1 to 99.

    Van Calster et al. 2025, Lancet Digital Health 7:100916; McClish 1989, Medical Decision Making 9:190.
    """
    table = two_by_two(cohort, thresholds)
    return {**_of_thresholds(table), **_of_curves(cohort), "ece": _ece(cohort), "mape": _mape(cohort)}


def supplementary_metrics(predictions: pd.DataFrame, *, per_cents: Sequence[int], asked: bool) -> pa.Table:
    """Measures that STRATOS TG6 advises against, of every run: the table `supplementary_metrics`.

    Needs `run_id`, `subject_code`, `y_true`, `y_prob`; a row per run and measure comes back, in that order, as
    from `assets.stratos.intervals.long_table` and labelled in `advice`; none at all unless `asked`. Raises
    ValueError as `cohorts` does.
    """
    found = [
        long_table(cohort, advised_against_measures(cohort, per_cents))
        for cohort in (cohorts(predictions) if asked else ())
    ]
    rows = pa.concat_tables([LONG.empty_table(), *found])
    rows = rows.append_column("advice", pa.array([ADVICE] * len(rows), pa.string()))
    return rows.sort_by([("run_id", "ascending"), ("measure", "ascending")])


def _of_thresholds(table: TwoByTwo) -> dict[str, Estimates]:
    tp, fp, fn, tn = table.true_positives, table.false_positives, table.false_negatives, table.true_negatives
    accuracy = (tp + tn) / table.n
    limits = wilson_limits(tp + tn, np.full_like(tp, table.n))
    sensitivity, specificity = tp / (table.n_events or np.nan), tn / (table.n - table.n_events or np.nan)
    chance = (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)
    # As numbers with a fraction: the product of four counts is beyond a 64-bit integer from n = 50,000 on. One
    # root of the whole product is exact where the correlation is 1 or -1.
    margins = np.sqrt(1.0 * (tp + fp) * (tp + fn) * ((tn + fp) * (tn + fn)))
    return {
        **_ratio("f1", table, 2 * tp, 2 * tp + fp + fn),
        **by_threshold("accuracy", table, accuracy, ci=limits, method=WILSON),
        **_of_both_classes("balanced_accuracy", table, (sensitivity + specificity) / 2),
        **_of_both_classes("youden", table, sensitivity + specificity - 1),
        **_odds_ratio(table),
        **_ratio("kappa", table, 2 * (tp * tn - fn * fp), chance),
        **_ratio("mcc", table, tp * tn - fp * fn, margins),
    }


def _ratio(name: str, table: TwoByTwo, over: Whole, under: Whole | Array) -> dict[str, Estimates]:
    status = first_true((under == 0, "empty_denominator"))
    return by_threshold(name, table, over / np.where(under > 0, under, np.nan), status=status)


def _of_both_classes(name: str, table: TwoByTwo, value: Array) -> dict[str, Estimates]:
    return by_threshold(name, table, value, status=first_true((np.isnan(value), "single_class")))


def _odds_ratio(table: TwoByTwo) -> dict[str, Estimates]:
    over = table.true_positives * table.true_negatives
    under = table.false_positives * table.false_negatives
    status = first_true(
        (np.full(over.shape, table.n_events in (0, table.n)), "single_class"),
        (under == 0, "empty_denominator"),
    )
    return by_threshold(
        "diagnostic_odds_ratio",
        table,
        over / np.where(under > 0, under, np.nan),
        status=status,
        limit=np.where((under == 0) & (over > 0), np.inf, np.nan),
    )


@dataclass(frozen=True)
class _Falling:
    """Outcomes by falling probability, and who is positive once a tie is through; shape (runs, n)."""

    outcome: Array
    true_positives: Array
    positives: Array


def _falling(cohort: Cohort) -> _Falling:
    order = np.argsort(-cohort.probability, axis=1, kind="stable")
    probability = np.take_along_axis(cohort.probability, order, axis=1)
    outcome = cohort.outcome[order]
    past = past_ties(probability)
    true_positives = np.take_along_axis(np.cumsum(outcome, axis=1), past - 1, axis=1)
    return _Falling(outcome, true_positives, past.astype(np.float64))


def _of_curves(cohort: Cohort) -> dict[str, Estimates]:
    falling, n = _falling(cohort), np.full(len(cohort.run_ids), cohort.n)
    n_events, n_others = cohort.n_events, cohort.n - cohort.n_events
    precision = falling.true_positives / falling.positives
    auprc = (falling.outcome * precision).sum(axis=1) / (n_events or np.nan)
    partial = _partial_auroc(
        (falling.positives - falling.true_positives) / (n_others or np.nan),
        falling.true_positives / (n_events or np.nan),
    )
    return {
        "auprc": Estimates(auprc, n, first_true((np.isnan(auprc), "no_events"))),
        "partial_auroc": Estimates(partial, n, first_true((np.isnan(partial), "single_class"))),
    }


def _partial_auroc(false_positive_rate: Array, true_positive_rate: Array) -> Array:
    """Area under the polyline up to the largest rate, as a share between chance and perfection, from 0.5 on."""
    end = LARGEST_FALSE_POSITIVE_RATE
    width = np.diff(false_positive_rate, axis=1, prepend=0)
    inside = np.diff(np.minimum(false_positive_rate, end), axis=1, prepend=0)
    share = inside / np.where(width > 0, width, 1)
    rise = np.diff(true_positive_rate, axis=1, prepend=0)
    area = (inside * (true_positive_rate - rise + share * rise / 2)).sum(axis=1)
    chance = end**2 / 2
    scaled: Array = (1 + (area - chance) / (end - chance)) / 2
    return scaled


def _ece(cohort: Cohort) -> Estimates:
    runs = len(cohort.run_ids)
    cuts = np.arange(1, ECE_BINS) / ECE_BINS
    bins = np.searchsorted(cuts, cohort.probability, side="right") + ECE_BINS * np.arange(runs)[:, None]
    difference = np.bincount(
        bins.ravel(), (cohort.probability - cohort.outcome).ravel(), minlength=ECE_BINS * runs
    )
    value = np.abs(difference).reshape(runs, ECE_BINS).sum(axis=1) / cohort.n
    return Estimates(value, np.full(runs, cohort.n), np.full(runs, "ok"))


def _mape(cohort: Cohort) -> Estimates:
    value = np.abs(cohort.probability - cohort.outcome).mean(axis=1)
    return Estimates(value, np.full(len(value), cohort.n), np.full(len(value), "ok"))
