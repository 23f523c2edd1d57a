"""Calibration: do as many have the event as the model expects, in all and where the risks are alike?

The intercept, the slope and the smooth curve need iteration and are computed on arrays (`assets.stratos`).
"""

import ibis
from ibis.expr.types import Table

from queries.intervals import NORMAL_975, wilson_limits
from queries.unit_grid import cell

# O:E of less than this in all would leave the range of a double, with its upper limit, for 10^7 events.
LEAST_EXPECTED = 1e-290


def observed_expected(predictions: Table) -> Table:
    """How many events were observed for each one that was expected?

    O:E = sum y / sum p, with the log-normal 95 % interval exp(log O:E +/- 1.96 sqrt((1 - prevalence) / n1)).
    `o_e_ratio_status`: `ok`; `no_events` (ratio 0) and `variance_zero` (events only), interval null;
    `nothing_expected` (all p are 0, or as good as, null).

    Debray et al. 2017, BMJ 356:i6460.
    """
    sums = predictions.group_by("run_id").agg(
        n=predictions.count(), n_events=(predictions.y_true == 1).sum(), expected=predictions.y_prob.sum()
    )
    nothing = sums.expected < LEAST_EXPECTED
    ratio = sums.n_events / nothing.ifelse(ibis.null("float64"), sums.expected)
    log_se = ((1 - sums.n_events / sums.n).nullif(0) / sums.n_events.nullif(0)).sqrt()
    return sums.select(
        "run_id",
        o_e_ratio=ratio,
        o_e_ratio_ci_lower=ratio * (-NORMAL_975 * log_se).exp(),
        o_e_ratio_ci_upper=ratio * (NORMAL_975 * log_se).exp(),
        o_e_ratio_status=ibis.cases(
            (nothing, "nothing_expected"),
            (sums.n_events == 0, "no_events"),
            (sums.n_events == sums.n, "variance_zero"),
            else_="ok",
        ),
    )


def calibration_bins(predictions: Table, bins: int = 10) -> Table:
    """How many were expected to have the event, and had it, among subjects with like probabilities?

    Equal bins on [0, 1]: bin j holds j / bins <= p < (j + 1) / bins, the last one also p = 1; empty bins have no
    row. `mean_predicted` is the mean probability in the bin, `observed` the proportion with the event, with
    Wilson limits. To look at beside the smooth curve: what it shows depends on the bins.

    Wilson 1927, Journal of the American Statistical Association 22:209.
    """
    binned = predictions.mutate(bin=cell(predictions.y_prob, bins).clip(upper=bins - 1))
    counts = binned.group_by("run_id", "bin").agg(
        n=binned.count(), mean_predicted=binned.y_prob.mean(), n_events=(binned.y_true == 1).sum()
    )
    low, high = wilson_limits(counts.n_events, counts.n)
    return counts.select(
        "run_id",
        bin=counts.bin.cast("int32"),
        bin_start=counts.bin / bins,
        bin_end=(counts.bin + 1) / bins,
        n=counts.n.cast("int32"),
        mean_predicted=counts.mean_predicted,
        n_events=counts.n_events.cast("int32"),
        observed=counts.n_events / counts.n,
        ci_lower=low,
        ci_upper=high,
    )
