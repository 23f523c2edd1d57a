"""The peer's side: loops over scikit-learn and statsmodels.

`python -m tests.bench_measures.peer WORK RUNS N RESAMPLES` prints what it took.
"""

import sys
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import statsmodels.api as sm
from scipy.stats import rankdata
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from tests.bench_measures.work import SEED, THRESHOLDS, Array, Data, measure

_MANY = 5000
"""Rows from which lowess skips points: it compares all pairs otherwise."""

Found = Mapping[str, float]


def delong_se(outcome: Array, probability: Array) -> float:
    """DeLong's standard error, which neither library has: from midranks (Sun & Xu 2014)."""
    events = outcome == 1
    ranks, n, n_events = rankdata(probability), len(outcome), int(events.sum())
    placed = (ranks[events] - rankdata(probability[events])) / (n - n_events)
    others = 1 - (ranks[~events] - rankdata(probability[~events])) / n_events
    return float(np.sqrt(placed.var(ddof=1) / n_events + others.var(ddof=1) / (n - n_events)))


def summed(outcome: Array, probability: Array) -> Found:
    """Measures that need no fit."""
    delong_se(outcome, probability)
    events, net_benefits = outcome == 1, []
    for t in THRESHOLDS:
        positive = probability >= t
        true_positive = (positive & events).mean()
        net_benefits.append(true_positive - (positive.mean() - true_positive) * t / (1 - t))
    return {
        "auroc": roc_auc_score(outcome, probability),
        "brier": brier_score_loss(outcome, probability),
        "log_loss": log_loss(outcome, probability),
        "oe_ratio": outcome.mean() / probability.mean(),
        "net_benefit@0.10": net_benefits[9],
    }


def recalibrated(outcome: Array, probability: Array) -> Found:
    """Calibration intercept and slope."""
    logit = np.log(probability / (1 - probability))
    offset = sm.GLM(outcome, np.ones_like(outcome), family=sm.families.Binomial(), offset=logit).fit()
    line = sm.Logit(outcome, sm.add_constant(logit)).fit(disp=0)
    return {"calibration_intercept": offset.params[0], "calibration_slope": line.params[1]}


def ici(outcome: Array, probability: Array) -> float:
    """Mean distance from the smooth curve: lowess, of first degree, is the nearest that there is to R's loess."""
    delta = 0.01 * np.ptp(probability) if len(outcome) > _MANY else 0.0
    curve = sm.nonparametric.lowess(outcome, probability, frac=0.75, it=0, delta=delta, return_sorted=False)
    return float(np.abs(curve - probability).mean())


def points(data: Data, resamples: int) -> Found:
    """All point measures, model by model."""
    found = []
    for probability in data.probability:
        ici(data.outcome, probability)
        found.append({**summed(data.outcome, probability), **recalibrated(data.outcome, probability)})
    return found[0]


def sql(data: Data, resamples: int) -> Found:
    """What our SQL says, model by model."""
    found = [summed(data.outcome, probability) for probability in data.probability]
    return {name: found[0][name] for name in ("auroc", "brier", "log_loss", "oe_ratio")}


def resampled(data: Data, resamples: int) -> Iterator[tuple[Array, Array]]:
    """Give the rows of each resample of each model."""
    draw = np.random.default_rng(SEED)
    for probability in data.probability:
        for _ in range(resamples):
            rows = draw.integers(len(data.outcome), size=len(data.outcome))
            yield data.outcome[rows], probability[rows]


def bootstrap(data: Data, resamples: int) -> Found:
    """Resampled AUROC, Brier and log loss."""
    for rows in resampled(data, resamples):
        roc_auc_score(*rows), brier_score_loss(*rows), log_loss(*rows)
    return {}


def recalibration(data: Data, resamples: int) -> Found:
    """Resampled intercept and slope."""
    for rows in resampled(data, resamples):
        recalibrated(*rows)
    return {}


WORK: dict[str, Callable[[Data, int], Found]] = {
    "points": points,
    "sql": sql,
    "bootstrap": bootstrap,
    "recalibration": recalibration,
}


def main(name: str, runs: int, n: int, resamples: int) -> None:
    """Do one kind of work on data of one size."""
    data = Data.drawn(runs, n)
    measure(lambda: WORK[name](data, resamples))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
