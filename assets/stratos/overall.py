"""Overall performance: how far are the probabilities from what happened?"""

import numpy as np
from numpy.typing import NDArray

from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import NORMAL_975, Estimates, first_true

Array = NDArray[np.float64]

WALD = "Wald, cut to [0, 1]"
SPIEGELHALTER = "Wald under perfect calibration (Spiegelhalter 1986)"
LOG_NORMAL = "log-normal (Debray 2017)"

CLIP = 1e-15
# O:E of less than this in all would leave the range of a double, with its upper limit, for 10^7 events.
LEAST_EXPECTED = 1e-290
# exp of more than this leaves the range of a double.
LARGEST_EXPONENT = 700.0


def overall_measures(cohort: Cohort) -> dict[str, Estimates]:
    """Distances between the probabilities and the outcomes of every run, and their totals.

    - `brier`: mean (y - p)^2, with Wald limits cut to [0, 1] (null for one row, `variance_undefined`, and
      where all rows are equally wrong, `variance_zero`);
    - `brier_ci_spiegelhalter`: the same value with the limits that would hold if the probabilities were
      right, not cut (`variance_zero` if all are 0, 0.5 or 1);
    - `scaled_brier`: 1 - Brier / (prevalence (1 - prevalence)) (`single_class`, limit -inf);
    - `log_loss`: mean -log of the probability given to what happened (`infinite`, limit +inf, if that was 0
      for anybody); `log_loss__clip_1e-15`: with probabilities first moved into [1e-15, 1 - 1e-15];
    - `mcfadden_r2`, `cox_snell_r2`, `nagelkerke_r2`: of the likelihood of the probabilities as they are,
      not of a refit (`single_class`; `infinite`, limit -inf);
    - `discrimination_slope`: mean p of the events less that of the non-events (`single_class`);
    - `oe_ratio`: sum y / sum p, with limits exp(log O:E +/- 1.96 sqrt((1 - prevalence) / events)) (`no_events`:
      0 without limits; `nothing_expected`: null, limit +inf if there are events).

    Brier 1950, Monthly Weather Review 78:1; Spiegelhalter 1986, Statistics in Medicine 5:421; Kattan & Gerds
    2018, Diagnostic and Prognostic Research 2:7; Nagelkerke 1991, Biometrika 78:691; Debray et al. 2017, BMJ
    356:i6460.
    """
    brier = _brier(cohort)
    log_loss = _log_losses(cohort.outcome, cohort.probability)
    clipped = _log_losses(cohort.outcome, np.clip(cohort.probability, CLIP, 1 - CLIP))
    return {
        "brier": brier,
        "brier_ci_spiegelhalter": _spiegelhalter(cohort, brier.value),
        "scaled_brier": _scaled_brier(cohort, brier.value),
        "log_loss": _bounded(log_loss, cohort),
        "log_loss__clip_1e-15": _bounded(clipped, cohort),
        **_explained(cohort, log_loss),
        "discrimination_slope": _discrimination_slope(cohort),
        "oe_ratio": _observed_expected(cohort),
    }


def _brier(cohort: Cohort) -> Estimates:
    squared = cohort.squared_errors
    brier = squared.mean(axis=1)
    deviations = (squared - brier[:, None]) ** 2
    standard_error = np.sqrt(deviations.sum(axis=1) / (max(cohort.n - 1, 1) * cohort.n))
    status = first_true(
        (np.full(len(brier), cohort.n == 1), "variance_undefined"),
        (squared.min(axis=1) == squared.max(axis=1), "variance_zero"),
    )
    margin = np.where(status == "ok", NORMAL_975 * standard_error, np.nan)
    return Estimates(
        brier, _rows(cohort), status, np.maximum(brier - margin, 0), np.minimum(brier + margin, 1), WALD
    )


def _spiegelhalter(cohort: Cohort, brier: Array) -> Estimates:
    p = cohort.probability
    variance = ((1 - 2 * p) ** 2 * p * (1 - p)).sum(axis=1)
    margin = NORMAL_975 * np.sqrt(np.where(variance > 0, variance, np.nan)) / cohort.n
    status = first_true((variance == 0, "variance_zero"))
    return Estimates(brier, _rows(cohort), status, brier - margin, brier + margin, SPIEGELHALTER)


def _scaled_brier(cohort: Cohort, brier: Array) -> Estimates:
    n, n_events = cohort.n, cohort.n_events
    of_prevalence = n_events / n * ((n - n_events) / n)
    if of_prevalence == 0:
        return _of_one_class(cohort, np.where(brier > 0, -np.inf, np.nan))
    return Estimates(1 - brier / of_prevalence, _rows(cohort), _all_ok(cohort))


def _log_losses(outcome: Array, probability: Array) -> Array:
    """Mean -log of the probability given to what happened, +inf where that was 0; shape (runs,)."""
    with np.errstate(divide="ignore"):
        gained = np.where(outcome == 1, np.log(probability), np.log1p(-probability))
    losses: Array = 0 - gained.mean(axis=1)
    return losses


def _bounded(log_loss: Array, cohort: Cohort) -> Estimates:
    infinite = np.isinf(log_loss)
    return Estimates(
        value=np.where(infinite, np.nan, log_loss),
        n=_rows(cohort),
        status=first_true((infinite, "infinite")),
        limit=np.where(infinite, np.inf, np.nan),
    )


def _explained(cohort: Cohort, log_loss: Array) -> dict[str, Estimates]:
    names = ("mcfadden_r2", "cox_snell_r2", "nagelkerke_r2")
    prevalence = cohort.n_events / cohort.n
    if prevalence in (0, 1):
        return dict.fromkeys(names, _of_one_class(cohort, np.full(len(log_loss), np.nan)))
    of_prevalence = -(prevalence * np.log(prevalence) + (1 - prevalence) * np.log1p(-prevalence))
    exponent = 2 * (log_loss - of_prevalence)
    infinite = exponent > LARGEST_EXPONENT
    cox_snell = -np.expm1(np.where(infinite, np.nan, exponent))
    values = (
        np.where(infinite, np.nan, 1 - log_loss / of_prevalence),
        cox_snell,
        cox_snell / -np.expm1(-2 * of_prevalence),
    )
    status, limit = first_true((infinite, "infinite")), np.where(infinite, -np.inf, np.nan)
    return {
        name: Estimates(value, _rows(cohort), status, limit=limit)
        for name, value in zip(names, values, strict=True)
    }


def _discrimination_slope(cohort: Cohort) -> Estimates:
    n_events, n_others = cohort.n_events, cohort.n - cohort.n_events
    if n_events == 0 or n_others == 0:
        return _of_one_class(cohort, np.full(len(cohort.run_ids), np.nan))
    of_events = (cohort.probability * cohort.outcome).sum(axis=1) / n_events
    of_others = (cohort.probability * (1 - cohort.outcome)).sum(axis=1) / n_others
    return Estimates(of_events - of_others, _rows(cohort), _all_ok(cohort))


def _observed_expected(cohort: Cohort) -> Estimates:
    expected = cohort.probability.sum(axis=1)
    nothing = expected < LEAST_EXPECTED
    ratio = cohort.n_events / np.where(nothing, np.nan, expected)
    both = 0 < cohort.n_events < cohort.n
    log_se = np.sqrt((1 - cohort.n_events / cohort.n) / cohort.n_events) if both else np.nan
    return Estimates(
        value=ratio,
        n=_rows(cohort),
        status=first_true(
            (nothing, "nothing_expected"),
            (np.full(len(ratio), cohort.n_events == 0), "no_events"),
            (np.full(len(ratio), cohort.n_events == cohort.n), "variance_zero"),
        ),
        ci_low=ratio * np.exp(-NORMAL_975 * log_se),
        ci_high=ratio * np.exp(NORMAL_975 * log_se),
        method=LOG_NORMAL,
        limit=np.where(nothing & (cohort.n_events > 0), np.inf, np.nan),
    )


def _of_one_class(cohort: Cohort, limit: Array) -> Estimates:
    nothing = np.full(len(cohort.run_ids), np.nan)
    return Estimates(nothing, _rows(cohort), np.full(len(cohort.run_ids), "single_class"), limit=limit)


def _rows(cohort: Cohort) -> NDArray[np.int64]:
    return np.full(len(cohort.run_ids), cohort.n)


def _all_ok(cohort: Cohort) -> NDArray[np.str_]:
    return np.full(len(cohort.run_ids), "ok")
