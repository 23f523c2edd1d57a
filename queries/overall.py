"""Overall performance: how far are the probabilities from what happened?"""

import ibis
from ibis.expr.types import Table

from queries.calibration import observed_expected


def overall_performance(predictions: Table) -> Table:
    """How close are the probabilities of each run to the outcomes, in sum, in square and in log?

    `brier` = mean (y - p)^2; `scaled_brier` = 1 - Brier / (prevalence (1 - prevalence)) on the same rows
    (null and `single_class` if there is one class); `log_loss` = mean -log of the probability given to what
    happened (null and `infinite` if something certain did not happen); O:E as in `observed_expected`.

    Brier 1950, Monthly Weather Review 78:1; Kattan & Gerds 2018, Diagnostic and Prognostic Research 2:7.
    """
    happened = predictions.y_true == 1
    error = predictions.y_prob - predictions.y_true
    # 1 - p loses at most 1e-16 of -log(1 - p), so log1p, which SQL lacks, is not missed.
    given = happened.ifelse(predictions.y_prob, 1 - predictions.y_prob)
    sums = predictions.group_by("run_id").agg(
        n=predictions.count(),
        n_events=happened.sum(),
        brier=(error * error).mean(),
        wrong_certainties=(given == 0).sum(),
        # Without the null a logarithm of 0 is an error in DuckDB; its rows make the whole null below.
        log_loss=(-given.nullif(0).ln()).mean(),
    )
    null_brier = sums.n_events / sums.n * (sums.n - sums.n_events) / sums.n
    errors = sums.select(
        "run_id",
        brier=sums.brier,
        scaled_brier=1 - sums.brier / null_brier.nullif(0),
        scaled_brier_status=(null_brier == 0).ifelse("single_class", "ok"),
        log_loss=(sums.wrong_certainties == 0).ifelse(sums.log_loss, ibis.null("float64")),
        log_loss_status=(sums.wrong_certainties == 0).ifelse("ok", "infinite"),
    )
    return observed_expected(predictions).inner_join(errors, "run_id")
