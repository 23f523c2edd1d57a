"""Discrimination: AUROC of all runs of a cohort, with the intervals that it has a formula for."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from assets.stratos.cohorts import Cohort
from assets.stratos.discrimination.placements import placements
from assets.stratos.estimates import NORMAL_975, Estimates, first_true

Array = NDArray[np.float64]

DELONG = "DeLong, cut to [0, 1]"
LOGIT_DELONG = "DeLong on the logit scale"
NEWCOMBE = "Newcombe 2006 method 5"
BISECTIONS = 60


def discrimination_measures(cohort: Cohort) -> dict[str, Estimates]:
    """Return `auroc` (DeLong), `auroc_delong_se`, `auroc_ci_logit` and `auroc_ci_newcombe` of each run.

    AUROC = P(p1 > p0) + P(p1 = p0) / 2, its direction never chosen from the data. `single_class`: all null.
    `variance_undefined` (one event or non-event) and `variance_zero` (separation, or a constant): AUROC
    stands, DeLong's limits are null; Newcombe's, which need only AUROC and the class sizes, stand too.

    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837; Newcombe 2006, Statistics in Medicine 25:559.
    """
    placed = placements(cohort.outcome, cohort.probability)
    auroc, variance = placed.auroc, placed.variance
    se, status = np.sqrt(variance), delong_status(auroc, variance)
    n = np.full(len(auroc), cohort.n)
    margin = np.where(status == "ok", NORMAL_975 * se, np.nan)
    low, high = np.maximum(auroc - margin, 0), np.minimum(auroc + margin, 1)
    below, above = _on_logit_scale(auroc, margin)
    least, most = newcombe_limits(auroc, cohort.n_events, cohort.n - cohort.n_events)
    known = np.where(status == "single_class", status, "ok")
    return {
        "auroc": Estimates(auroc, n, status, low, high, DELONG),
        "auroc_delong_se": Estimates(se, n, status),
        "auroc_ci_logit": Estimates(auroc, n, status, below, above, LOGIT_DELONG),
        "auroc_ci_newcombe": Estimates(auroc, n, known, least, most, NEWCOMBE),
    }


def newcombe_limits(auroc: Array, n_events: int, n_nonevents: int) -> tuple[Array, Array]:
    """95 % limits of AUROCs of shape (runs,), from them and the class sizes; NaN where AUROC is.

    The limits are the t with |AUROC - t| = 1.96 sqrt(V(t)), V(t) = t (1 - t) (1 + s (1 - t) / (2 - t)
    + s t / (1 + t)) / (n1 n0), s = (n1 + n0) / 2 - 1, found by bisection of all runs at once. They stay within
    [0, 1] and have a width at AUROC 0 and 1.

    Newcombe 2006, Statistics in Medicine 25:559, method 5.
    """
    upper = 1 - _newcombe_lower(1 - auroc, n_events, n_nonevents)
    return _newcombe_lower(auroc, n_events, n_nonevents), upper


def _newcombe_lower(auroc: Array, n_events: int, n_nonevents: int) -> Array:
    """Lower limits; V is the same for t and 1 - t, so the upper limits mirror those of 1 - AUROC."""
    spread = (n_events + n_nonevents) / 2 - 1
    low, high = np.zeros_like(auroc), auroc.copy()
    for _ in range(BISECTIONS):
        t = (low + high) / 2
        shape = 1 + spread * ((1 - t) / (2 - t) + t / (1 + t))
        too_low = auroc - t > NORMAL_975 * np.sqrt(t * (1 - t) * shape / max(n_events * n_nonevents, 1))
        low, high = np.where(too_low, t, low), np.where(too_low, high, t)
    return high


def _on_logit_scale(auroc: Array, margin: Array) -> tuple[Array, Array]:
    inside = np.where(np.isnan(margin), np.nan, auroc)
    scaled = margin / (inside * (1 - inside))
    return expit(logit(inside) - scaled), expit(logit(inside) + scaled)


def delong_status(auroc: Array, variance: Array) -> NDArray[np.str_]:
    """Say of each AUROC, or difference of two, whether its variance serves for an interval."""
    return first_true(
        (np.isnan(auroc), "single_class"),
        (np.isnan(variance), "variance_undefined"),
        (variance == 0, "variance_zero"),
    )
