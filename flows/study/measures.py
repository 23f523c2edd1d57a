"""Measures of one refit on one split: numbers and curves, from outcomes `y` and risks `risk` (n,).

NaN where a measure is not defined (a ratio without a denominator), never a filled-in value.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Outcomes = NDArray[np.int8]

# y_pred is 1 at or above it; the other numbers are round examples of a use, not estimates.
DECISION_THRESHOLD = 0.5
TARGET_PREVALENCE = 0.10
TPAUC_SENSITIVITY = 0.80
TPAUC_SPECIFICITY = 0.80
CURVE_LENGTH = 200
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Steps:
    """What each distinct threshold gives, from "nobody is called positive" to "everybody is".

    threshold: descending, the first is infinite. tp, fp: numbers called positive at or above it.
    """

    threshold: Floats
    tp: Floats
    fp: Floats

    @property
    def tpr(self) -> Floats:
        """Sensitivity at each threshold."""
        rate: Floats = self.tp / self.tp[-1]
        return rate

    @property
    def fpr(self) -> Floats:
        """One minus specificity at each threshold."""
        rate: Floats = self.fp / self.fp[-1]
        return rate


def threshold_steps(y: Outcomes, risk: Floats) -> Steps:
    """Count true and false positives at every distinct risk; both outcomes must occur."""
    order = np.argsort(-risk, kind="stable")
    sorted_risk = risk[order]
    last_of_ties = np.append(np.flatnonzero(np.diff(sorted_risk)), len(risk) - 1)
    tp = np.cumsum(y[order], dtype=np.float64)[last_of_ties]
    return Steps(
        threshold=np.append(np.inf, sorted_risk[last_of_ties]),
        tp=np.append(0.0, tp),
        fp=np.append(0.0, last_of_ties + 1.0 - tp),
    )


def scalar_measures(y: Outcomes, risk: Floats) -> dict[str, float]:
    """Return every single-number measure of the original's record."""
    steps = threshold_steps(y, risk)
    return {
        "AUROC": float(np.trapezoid(steps.tpr, steps.fpr)),
        "AUPR": average_precision(steps),
        **classification_measures(y, risk >= DECISION_THRESHOLD),
        "tpAUC": two_way_partial_auc(
            steps.fpr, steps.tpr, max_fpr=1 - TPAUC_SPECIFICITY, min_tpr=TPAUC_SENSITIVITY
        ),
        "Brier": float(np.mean((risk - y) ** 2)),
        "ECE": expected_calibration_error(y, risk),
    }


def average_precision(steps: Steps) -> float:
    """Average the precision over the positives, stepwise: lines would flatter (Davis and Goadrich 2006)."""
    precision = steps.tp[1:] / (steps.tp[1:] + steps.fp[1:])
    return float(np.sum(np.diff(steps.tpr) * precision))


def classification_measures(y: Outcomes, positive: NDArray[np.bool_]) -> dict[str, float]:
    """Measure a yes-or-no classification; PPV and NPV also at `TARGET_PREVALENCE` (Bayes)."""
    tp = float(np.sum(positive & (y == 1)))
    fp = float(np.sum(positive & (y == 0)))
    fn, tn = float(np.sum(y == 1)) - tp, float(np.sum(y == 0)) - fp
    sensitivity, specificity = _ratio(tp, tp + fn), _ratio(tn, tn + fp)
    ill, well = TARGET_PREVALENCE, 1 - TARGET_PREVALENCE
    return {
        "F1": _ratio(2 * tp, 2 * tp + fp + fn),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "PPV": _ratio(tp, tp + fp),
        "NPV": _ratio(tn, tn + fn),
        "accuracy": (tp + tn) / len(y),
        "accuracy_balanced": (sensitivity + specificity) / 2,
        "PPV_prev": _ratio(sensitivity * ill, sensitivity * ill + (1 - specificity) * well),
        "NPV_prev": _ratio(specificity * well, specificity * well + (1 - sensitivity) * ill),
    }


def two_way_partial_auc(fpr: Floats, tpr: Floats, *, max_fpr: float, min_tpr: float) -> float:
    """Share of the rectangle left of `max_fpr` and above `min_tpr` that lies under the ROC polyline.

    Yang et al. (2019), https://arxiv.org/abs/1508.00298, divided by the rectangle's area: 0 to 1.
    """
    width, height = np.diff(fpr), np.diff(tpr)
    # Each segment is cut to the part between entering (tpr = min_tpr) and leaving (fpr = max_fpr).
    enter = np.clip(
        _divide(min_tpr - tpr[:-1], height, at_zero=np.where(tpr[:-1] >= min_tpr, 0.0, 1.0)), 0, 1
    )
    leave = np.clip(_divide(max_fpr - fpr[:-1], width, at_zero=np.where(fpr[:-1] <= max_fpr, 1.0, 0.0)), 0, 1)
    cut = np.maximum(leave - enter, 0.0)
    mean_height = tpr[:-1] + height * (enter + leave) / 2 - min_tpr
    return float(np.sum(cut * width * mean_height) / (max_fpr * (1 - min_tpr)))


def expected_calibration_error(y: Outcomes, risk: Floats) -> float:
    """Average |observed share - mean risk| of ten equal bins over the patients (Naeini et al. 2015)."""
    bins = _calibration_bins(risk)
    gap = np.bincount(bins, weights=y - risk, minlength=CALIBRATION_BINS)
    return float(np.sum(np.abs(gap)) / len(y))


def curves(y: Outcomes, risk: Floats) -> dict[str, dict[str, Floats]]:
    """Return ROC and precision-recall curve on `CURVE_LENGTH` points, calibration curve in ten bins."""
    steps = threshold_steps(y, risk)
    return {
        "AUROC": roc_curve(steps),
        "AUPR": precision_recall_curve(steps),
        "calibration_curve": binned(y, risk),
    }


def roc_curve(steps: Steps) -> dict[str, Floats]:
    """Sensitivity on an even grid of false positive rates, so that refits can be averaged vertically.

    Where the curve rises vertically its upper end is taken. thresholds: the smallest threshold whose false
    positive rate does not exceed the grid's; infinite where only "nobody" keeps to it.
    """
    grid = np.linspace(0.0, 1.0, CURVE_LENGTH)
    fpr, tpr = steps.fpr, steps.tpr
    before = np.searchsorted(fpr, grid, side="right") - 1
    after = np.minimum(before + 1, len(fpr) - 1)
    slope = _divide(tpr[after] - tpr[before], fpr[after] - fpr[before], at_zero=np.zeros(CURVE_LENGTH))
    return {
        "fpr": grid,
        "tpr": tpr[before] + slope * (grid - fpr[before]),
        "thresholds": steps.threshold[before],
    }


def precision_recall_curve(steps: Steps) -> dict[str, Floats]:
    """Precision on an even grid of recalls, at the largest threshold that reaches each; not interpolated."""
    grid = np.linspace(0.0, 1.0, CURVE_LENGTH)
    reached = np.maximum(np.searchsorted(steps.tpr, grid, side="left"), 1)  # 0 calls nobody: no precision
    precision = steps.tp[reached] / (steps.tp[reached] + steps.fp[reached])
    return {"precision": precision, "recall": grid, "thresholds": steps.threshold[reached]}


def binned(y: Outcomes, risk: Floats) -> dict[str, Floats]:
    """Mean risk and share of events in ten equal bins of risk; NaN in an empty bin."""
    bins = _calibration_bins(risk)
    patients = np.bincount(bins, minlength=CALIBRATION_BINS)
    empty = np.full(CALIBRATION_BINS, np.nan)
    return {
        "prob_pred": _divide(
            np.bincount(bins, weights=risk, minlength=CALIBRATION_BINS), patients, at_zero=empty
        ),
        "prob_true": _divide(
            np.bincount(bins, weights=y, minlength=CALIBRATION_BINS), patients, at_zero=empty
        ),
    }


def _calibration_bins(risk: Floats) -> NDArray[np.intp]:
    return np.minimum((risk * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else np.nan


def _divide(numerator: NDArray[Any], denominator: NDArray[Any], *, at_zero: Floats) -> Floats:
    quotient = at_zero.copy()
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient
