"""Clinical utility: is it better to treat by the model than to treat everybody or nobody?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.stratos.classification.thresholds import WHOLE_PER_CENTS, TwoByTwo, by_threshold, two_by_two
from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import Estimates

Array = NDArray[np.float64]


def net_benefit_measures(cohort: Cohort, thresholds: Sequence[int] = WHOLE_PER_CENTS) -> dict[str, Estimates]:
    """Net benefit of every run at thresholds of whole per cents, absolute, relative and in interventions.

    Per subject, treating those whose risk is at least t = k / 100, from counts:

    - `net_benefit@t`: TP / n - FP / n * t / (1 - t), at most the prevalence;
    - `standardised_net_benefit@t`: that over the prevalence, at most 1; null without events (`no_events`),
      with limit -inf where anybody is treated;
    - `interventions_avoided@t`: (net benefit - that of treating everybody) * (1 - t) / t.

    No interval is made here; see `assets.stratos.bootstrap.percentile_intervals`. Raises ValueError for a
    threshold that is no whole per cent from 1 to 99.

    Vickers & Elkin 2006, Medical Decision Making 26:565; Kerr et al. 2016, Journal of Clinical Oncology
    34:2534.
    """
    table = two_by_two(cohort, thresholds)
    net_benefit = table.true_positives / table.n - table.false_positives / table.n * table.odds
    # (NB - NB of all) (1 - t) / t, with everything that cancels cancelled in whole numbers.
    avoided = table.true_negatives / table.n - table.false_negatives / table.n / table.odds
    return {
        **by_threshold("net_benefit", table, net_benefit),
        **_standardised(net_benefit, table),
        **by_threshold("interventions_avoided", table, avoided),
    }


def _standardised(net_benefit: Array, table: TwoByTwo) -> dict[str, Estimates]:
    name = "standardised_net_benefit"
    if table.n_events:
        return by_threshold(name, table, net_benefit / (table.n_events / table.n))
    nothing, limit = np.full(net_benefit.shape, np.nan), np.where(net_benefit < 0, -np.inf, np.nan)
    return by_threshold(name, table, nothing, status="no_events", limit=limit)
