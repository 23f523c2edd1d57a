"""Overall performance: how far are the probabilities from what happened?"""

import ibis
from ibis.expr.types import NumericValue, Table, Value

from queries.calibration import observed_expected
from queries.intervals import NORMAL_975

CLIP = 1e-15
# exp of more than this leaves the range of a double.
LARGEST_EXPONENT = 700.0


def overall_performance(predictions: Table) -> Table:
    """How close are the probabilities of each run to the outcomes, in sum, in square and in log?

    - O:E as in `observed_expected`.
    - `brier` = mean (y - p)^2 with Wald limits cut to [0, 1] (null for one row, `variance_undefined`, and where
      all rows are equally wrong, `variance_zero`). `brier_spiegelhalter_ci_...` are the limits that would hold
      if the probabilities were right, not cut, null if all are 0, 0.5 or 1.
    - `scaled_brier` = 1 - Brier / (prevalence (1 - prevalence)) on the same rows (`single_class`).
    - `log_loss` = mean -log of the probability given to what happened (null and `infinite` if something certain
      did not happen); `log_loss_clipped` with probabilities first moved into [1e-15, 1 - 1e-15].
    - `mcfadden_r2`, `cox_snell_r2`, `nagelkerke_r2` of the likelihood of the probabilities as they are
      (`r2_status`: `single_class`, `infinite`).
    - `discrimination_slope` = mean p of the events less that of the non-events (`single_class`).

    Brier 1950, Monthly Weather Review 78:1; Spiegelhalter 1986, Statistics in Medicine 5:421; Kattan & Gerds
    2018, Diagnostic and Prognostic Research 2:7; Nagelkerke 1991, Biometrika 78:691.
    """
    sums = _sums(predictions)
    return observed_expected(predictions).inner_join(
        sums.select(
            "run_id",
            **_brier(sums),
            **_log_loss(sums),
            **_explained(sums),
            discrimination_slope=sums.risk_of_events - sums.risk_of_others,
            discrimination_slope_status=_class_status(sums),
        ),
        "run_id",
    )


def _sums(predictions: Table) -> Table:
    """Add up what the measures are made of, one row per run."""
    happened, p = predictions.y_true == 1, predictions.y_prob
    error = p - predictions.y_true
    given = _given(happened, p)
    return predictions.group_by("run_id").agg(
        n=predictions.count(),
        n_events=happened.sum(),
        brier=(error * error).mean(),
        brier_variance=(error * error).var(how="sample"),
        brier_range=(error * error).max() - (error * error).min(),
        variance_if_right=((1 - 2 * p) * (1 - 2 * p) * p * (1 - p)).sum(),
        wrong_certainties=(given == 0).sum(),
        # Without the null a logarithm of 0 is an error in DuckDB; its rows make the whole null below.
        log_loss=(0 - given.nullif(0).ln()).mean(),
        log_loss_clipped=(0 - _given(happened, p.clip(CLIP, 1 - CLIP)).ln()).mean(),
        risk_of_events=p.mean(where=happened),
        risk_of_others=p.mean(where=~happened),
    )


def _given(happened: Value, probability: NumericValue) -> NumericValue:
    """Return the probability given to what happened.

    1 - p loses at most 1e-16 of -log(1 - p), so log1p, which SQL lacks, is not missed.
    """
    return happened.ifelse(probability, 1 - probability)


def _brier(sums: Table) -> dict[str, Value]:
    spread = (sums.brier_range == 0).ifelse(ibis.null("float64"), sums.brier_variance)
    margin = NORMAL_975 * (spread / sums.n).sqrt()
    margin_if_right = NORMAL_975 * sums.variance_if_right.nullif(0).sqrt() / sums.n
    of_prevalence = sums.n_events / sums.n * ((sums.n - sums.n_events) / sums.n)
    return {
        "brier": sums.brier,
        "brier_ci_lower": (sums.brier - margin).clip(lower=0),
        "brier_ci_upper": (sums.brier + margin).clip(upper=1),
        "brier_status": ibis.cases(
            (sums.n == 1, "variance_undefined"), (sums.brier_range == 0, "variance_zero"), else_="ok"
        ),
        "brier_spiegelhalter_ci_lower": sums.brier - margin_if_right,
        "brier_spiegelhalter_ci_upper": sums.brier + margin_if_right,
        "scaled_brier": 1 - sums.brier / of_prevalence.nullif(0),
        "scaled_brier_status": _class_status(sums),
    }


def _log_loss(sums: Table) -> dict[str, Value]:
    finite = sums.wrong_certainties == 0
    return {
        "log_loss": finite.ifelse(sums.log_loss, ibis.null("float64")),
        "log_loss_status": finite.ifelse("ok", "infinite"),
        "log_loss_clipped": sums.log_loss_clipped,
    }


def _explained(sums: Table) -> dict[str, Value]:
    """Compare the log loss with that of the prevalence, which is null where there is one class."""
    prevalence = (sums.n_events / sums.n).nullif(0).nullif(1)
    of_prevalence = 0 - (prevalence * prevalence.ln() + (1 - prevalence) * (1 - prevalence).ln())
    exponent = 2 * (sums.log_loss - of_prevalence)
    finite = (sums.wrong_certainties == 0) & (exponent <= LARGEST_EXPONENT)
    explained = finite.ifelse(exponent, ibis.null("float64"))
    cox_snell = 1 - explained.exp()
    return {
        "mcfadden_r2": finite.ifelse(1 - sums.log_loss / of_prevalence, ibis.null("float64")),
        "cox_snell_r2": cox_snell,
        "nagelkerke_r2": cox_snell / (1 - (-2 * of_prevalence).exp()),
        "r2_status": ibis.cases(
            (prevalence.isnull(), "single_class"), (explained.isnull(), "infinite"), else_="ok"
        ),
    }


def _class_status(sums: Table) -> Value:
    one_class = (sums.n_events == 0) | (sums.n_events == sums.n)
    return one_class.ifelse("single_class", "ok")
