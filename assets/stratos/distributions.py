"""Distributions: which probabilities did those with and those without the event get?"""

import numpy as np
from numpy.typing import NDArray

from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import Estimates, first_true

Array = NDArray[np.float64]

QUANTILES = {"q05": 0.05, "q10": 0.1, "q25": 0.25, "median": 0.5, "q75": 0.75, "q90": 0.9, "q95": 0.95}
STATISTICS = ("mean", "sd", "min", *QUANTILES, "max")


def distribution_measures(cohort: Cohort) -> dict[str, Estimates]:
    """Mean, standard deviation and quantiles of the probabilities of every run, by outcome.

    `risk_mean__events`, `risk_sd__nonevents` and so on, for STATISTICS; the standard deviation has divisor
    n - 1, the quantiles are of type 7. `n` counts the subjects with that outcome. Null: nobody
    (`empty_denominator`), and the standard deviation of one (`variance_undefined`).

    Hyndman & Fan 1996, American Statistician 50:361.
    """
    measures: dict[str, Estimates] = {}
    for group, members in (("events", cohort.outcome == 1), ("nonevents", cohort.outcome == 0)):
        n = np.full(len(cohort.run_ids), int(members.sum()))
        for statistic, value in _statistics(cohort.probability, members).items():
            status = first_true((n == 0, "empty_denominator"), (np.isnan(value), "variance_undefined"))
            measures[f"risk_{statistic}__{group}"] = Estimates(value, n, status)
    return measures


def _statistics(probability: Array, members: NDArray[np.bool_]) -> dict[str, Array]:
    """Each statistic of the members' probabilities, shape (runs,); NaN where there is none."""
    chosen = np.compress(members, probability, axis=1)
    runs, n = chosen.shape
    if n == 0:
        return dict.fromkeys(STATISTICS, np.full(runs, np.nan))
    spread = chosen.std(axis=1, ddof=1) if n > 1 else np.full(runs, np.nan)
    quantiles = dict(zip(QUANTILES, np.quantile(chosen, [*QUANTILES.values()], axis=1), strict=True))
    least, most = chosen.min(axis=1), chosen.max(axis=1)
    return {"mean": chosen.mean(axis=1), "sd": spread, "min": least, **quantiles, "max": most}
