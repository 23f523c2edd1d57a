"""Classification at a threshold: descriptive measures, in pairs, for thresholds chosen on clinical grounds."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, logit

from assets.stratos.classification.proportions import (
    CLOPPER_PEARSON,
    WILSON,
    clopper_pearson_limits,
    wilson_limits,
)
from assets.stratos.classification.thresholds import WHOLE_PER_CENTS, TwoByTwo, by_threshold, two_by_two
from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import NORMAL_975, Estimates, first_true

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

PROPORTIONS = ("sensitivity", "specificity", "ppv", "npv")
LOGIT_DELTA = "delta method on the logit scale (Mercaldo 2007)"

EXACT_LIMITS = pa.schema(
    [
        ("run_id", pa.string()),
        ("threshold", pa.float64()),
        *((f"{name}_exact_ci_{end}", pa.float64()) for name in PROPORTIONS for end in ("lower", "upper")),
    ]
)


def classification_measures(
    cohort: Cohort, thresholds: Sequence[int] = WHOLE_PER_CENTS, target_prevalence: float | None = None
) -> dict[str, Estimates]:
    """Proportions of every run at thresholds of whole per cents, positive when the risk is at least k / 100.

    - `sensitivity@t` TP / (TP + FN), `specificity@t` TN / (TN + FP), `ppv@t` TP / (TP + FP) and `npv@t`
      TN / (TN + FN), with Wilson limits; `sensitivity_ci_exact@t` and so on, the same with exact limits.
      `n` is the denominator; where it is 0 the proportion is null (`empty_denominator`).
    - `ppv_at_prevalence@t`, `npv_at_prevalence@t`, if `target_prevalence` is given: the predictive values by
      Bayes' rule where that share has the outcome, provided sensitivity and specificity are the same there.
      The limits come from the logit scale and do not exist where a cell that they need is empty
      (`empty_cell`).
    - `expected_cost@t`: t FP / n + (1 - t) FN / n, the costs that the threshold implies, scaled to add up
      to 1; no interval is made here.

    Raises ValueError for a threshold that is no whole per cent from 1 to 99, and for a target prevalence that
    is not between 0 and 1.

    Wilson 1927, Journal of the American Statistical Association 22:209; Clopper & Pearson 1934, Biometrika
    26:404; Mercaldo, Lau & Zhou 2007, Statistics in Medicine 26:2170; Hernandez-Orallo, Flach & Ferri 2012,
    Journal of Machine Learning Research 13:2813.
    """
    target_prevalence = checked_prevalence(target_prevalence)
    table = two_by_two(cohort, thresholds)
    proportions = [
        measure
        for name, (count, n) in _fractions(table).items()
        for measure in (_wilson(name, table, count, n), _exact(name, table, count, n))
    ]
    if target_prevalence is not None:
        proportions += _predictive_values(table, target_prevalence)
    return {name: found for part in (*proportions, _expected_cost(table)) for name, found in part.items()}


def checked_prevalence(target: float | None) -> float | None:
    """Return a target prevalence, if there is one; raises ValueError unless it lies between 0 and 1."""
    if target is None:
        return None
    if not isinstance(target, Real) or not 0 < target < 1:
        raise ValueError(f"a target prevalence lies between 0 and 1; got {target!r}")
    return float(target)


def exact_limits(threshold_counts: pd.DataFrame) -> pa.Table:
    """Exact 95 % limits of sensitivity, specificity, PPV and NPV: the table `threshold_exact_limits`.

    Needs columns `run_id`, `threshold`, `true_positives`, `false_positives`, `false_negatives`,
    `true_negatives`; the same rows come back in order of run and threshold. The limits of a proportion of
    nobody are null.

    Clopper & Pearson 1934, Biometrika 26:404.
    """
    rows = threshold_counts.sort_values(["run_id", "threshold"])
    tp, fp, fn, tn = (
        rows[name].to_numpy(dtype=np.int64)
        for name in ("true_positives", "false_positives", "false_negatives", "true_negatives")
    )
    of_counts = ((tp, tp + fn), (tn, tn + fp), (tp, tp + fp), (tn, tn + fn))
    limits = [limit for count, n in of_counts for limit in clopper_pearson_limits(count, n)]
    return pa.table(
        [
            pa.array(rows["run_id"].astype(str), pa.string()),
            pa.array(rows["threshold"].to_numpy(dtype=np.float64)),
            *(pa.array(limit, from_pandas=True) for limit in limits),
        ],
        schema=EXACT_LIMITS,
    )


def _fractions(table: TwoByTwo) -> dict[str, tuple[Whole, Whole]]:
    """Numerator and denominator of each proportion, both of shape (runs, thresholds)."""
    tp, tn = table.true_positives, table.true_negatives
    return {
        "sensitivity": (tp, tp + table.false_negatives),
        "specificity": (tn, tn + table.false_positives),
        "ppv": (tp, tp + table.false_positives),
        "npv": (tn, tn + table.false_negatives),
    }


def _wilson(name: str, table: TwoByTwo, count: Whole, n: Whole) -> dict[str, Estimates]:
    value, status = _share(count, n)
    return by_threshold(name, table, value, n=n, status=status, ci=wilson_limits(count, n), method=WILSON)


def _exact(name: str, table: TwoByTwo, count: Whole, n: Whole) -> dict[str, Estimates]:
    value, status = _share(count, n)
    limits = clopper_pearson_limits(count, n)
    return by_threshold(
        f"{name}_ci_exact", table, value, n=n, status=status, ci=limits, method=CLOPPER_PEARSON
    )


def _share(count: Whole, n: Whole) -> tuple[Array, NDArray[np.str_]]:
    return count / np.where(n > 0, n, np.nan), first_true((n == 0, "empty_denominator"))


def _predictive_values(table: TwoByTwo, prevalence: float) -> list[dict[str, Estimates]]:
    """PPV and NPV by Bayes' rule where `prevalence` have the outcome."""
    n_events, n_others = table.n_events, table.n - table.n_events
    right_positive, wrong_positive = (table.true_positives, n_events), (table.false_positives, n_others)
    right_negative, wrong_negative = (table.true_negatives, n_others), (table.false_negatives, n_events)
    return [
        _predictive_value("ppv_at_prevalence", table, prevalence, right_positive, wrong_positive),
        _predictive_value("npv_at_prevalence", table, 1 - prevalence, right_negative, wrong_negative),
    ]


def _predictive_value(
    name: str, table: TwoByTwo, share: float, right: tuple[Whole, int], wrong: tuple[Whole, int]
) -> dict[str, Estimates]:
    """Share of the rightly called among the called, where the class called makes up `share` of all.

    `right` and `wrong` say how many members of that class and of the other were called, out of how many. On
    the logit scale the variance is that of the logarithms of two independent proportions.
    """
    (count, n), (miscount, n_other) = right, wrong
    called, miscalled = share * count / (n or np.nan), (1 - share) * miscount / (n_other or np.nan)
    total, inner = called + miscalled, (count > 0) & (miscount > 0)
    value = called / np.where(total > 0, total, np.nan)
    variance = _variance_of_log(count, n) + _variance_of_log(miscount, n_other)
    status = first_true(
        (np.full(value.shape, n == 0 or n_other == 0), "single_class"),
        (total == 0, "empty_denominator"),
        (~inner, "empty_cell"),
        (variance == 0, "variance_zero"),
    )
    margin = NORMAL_975 * np.sqrt(np.where(variance > 0, variance, np.nan))
    limits = expit(logit(value) - margin), expit(logit(value) + margin)
    return by_threshold(name, table, value, status=status, ci=limits, method=LOGIT_DELTA)


def _variance_of_log(count: Whole, n: int) -> Array:
    """Variance of the logarithm of count / n: (1 - share) / (n share); NaN for a share of 0 or of nobody."""
    variance: Array = (n - count) / np.where(count > 0, count * max(n, 1.0), np.nan)
    return variance


def _expected_cost(table: TwoByTwo) -> dict[str, Estimates]:
    of_false_positives = table.threshold * (table.false_positives / table.n)
    of_false_negatives = (1 - table.threshold) * (table.false_negatives / table.n)
    return by_threshold("expected_cost", table, of_false_positives + of_false_negatives)
