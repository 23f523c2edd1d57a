"""Measures of all runs of a cohort in many resamples at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py, xlogy

from assets.stratos.bootstrap.orderings import Counted, Ordering, by_subject, ordering
from assets.stratos.bootstrap.resampling import Counts, ExactRows
from assets.stratos.cohorts import Cohort
from assets.stratos.overall import LARGEST_EXPONENT, LEAST_EXPECTED

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """A cohort ready to be measured in resamples: sorted, and with what is summed over subjects.

    `rows`, (5 runs, n): probability; how far it is above the run's least, of events and of non-events;
    squared error; loss. `unforeseen`, (runs,): an outcome occurs that was given no probability, so that the
    loss is infinite.
    """

    outcome: Array
    orderings: Sequence[Ordering]
    thresholds: Sequence[int]
    rows: ExactRows
    unforeseen: NDArray[np.bool_]

    def measures(self, counts: Counts) -> dict[str, Array]:
        """Measure every run in resamples with counts (resamples, n): from name to (runs, resamples).

        NaN or infinite where a measure does not exist.
        """
        n, events = counts.shape[1], self._events(counts)
        expected, of_events, of_others, squared, loss = self.rows.sums(counts).reshape(5, -1, len(counts))
        loss[self.unforeseen] = np.inf
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            prevalence = events / n
            return {
                "brier": squared / n,
                "scaled_brier": 1 - squared / n / (prevalence * (1 - prevalence)),
                "log_loss": loss / n,
                **_r2(loss / n, prevalence),
                "oe_ratio": events / np.where(expected < LEAST_EXPECTED, 0, expected),
                "discrimination_slope": of_events / events - of_others / (n - events),
                **dict(self._from_counts(counts, events)),
            }

    def aurocs(self, counts: Counts) -> Array:
        """AUROC of every run in resamples with counts (resamples, n): (runs, resamples).

        NaN without both outcomes.
        """
        with np.errstate(invalid="ignore"):
            return _aurocs(self._counted(counts), self._events(counts), counts.shape[1])

    def _events(self, counts: Counts) -> Array:
        return counts[:, self.outcome == 1].sum(axis=1, dtype=np.float64)

    def _counted(self, counts: Counts) -> list[Counted]:
        turned = by_subject(counts)
        return [run.count(turned) for run in self.orderings]

    def _from_counts(self, counts: Counts, events: Array) -> Iterator[tuple[str, Array]]:
        counted, n = self._counted(counts), counts.shape[1]
        yield "auroc", _aurocs(counted, events, n)
        true = np.stack([run.true_positives for run in counted])
        false = np.stack([run.false_positives for run in counted])
        for name, values in _utilities(true, false, events, n, np.array(self.thresholds)[:, None]).items():
            for place, k in enumerate(self.thresholds):
                yield f"{name}@{k / 100:.2f}", values[:, place]


def prepared(cohort: Cohort, thresholds: Sequence[int] = ()) -> Prepared:
    """Prepare a cohort; `thresholds` are whole per cents, 1 to 99, rising."""
    outcome, probability = cohort.outcome, cohort.probability
    loss = -(xlogy(outcome, probability) + xlog1py(1 - outcome, -probability))
    above = probability - probability.min(axis=1, keepdims=True)
    summed = (
        probability,
        outcome * above,
        (1 - outcome) * above,
        cohort.squared_errors,
        np.where(np.isinf(loss), 0, loss),
    )
    return Prepared(
        outcome,
        [ordering(outcome, of_run, [k / 100 for k in thresholds]) for of_run in probability],
        thresholds,
        ExactRows(np.concatenate(summed)),
        np.isinf(loss).any(axis=1),
    )


def _aurocs(counted: Sequence[Counted], events: Array, n: int) -> Array:
    return np.stack([run.doubled_wins for run in counted]) / (2 * events * (n - events))


def _utilities(true: Array, false: Array, events: Array, n: int, k: Array) -> dict[str, Array]:
    """Measures of the decision at k per cent, from true and false positives among n subjects.

    Positives have shape (runs, thresholds, resamples), k (thresholds, 1).
    """
    t, odds = k / 100, k / (100 - k)
    missed, spared = events - true, n - events - false
    net_benefit = true / n - false / n * odds
    return {
        "net_benefit": net_benefit,
        "standardised_net_benefit": net_benefit / (events / n),
        "interventions_avoided": spared / n - missed / n / odds,
        "expected_cost": t * (false / n) + (1 - t) * (missed / n),
    }


def _r2(loss: Array, prevalence: Array) -> Mapping[str, Array]:
    """Three R2 from the mean log loss and that of the prevalence; NaN without both outcomes, or -inf."""
    of_prevalence = -(xlogy(prevalence, prevalence) + xlog1py(1 - prevalence, -prevalence))
    of_prevalence[of_prevalence == 0] = np.nan
    exponent = 2 * (loss - of_prevalence)
    infinite = exponent > LARGEST_EXPONENT
    cox_snell = -np.expm1(np.where(infinite, np.inf, exponent))
    return {
        "mcfadden_r2": np.where(infinite, -np.inf, 1 - loss / of_prevalence),
        "cox_snell_r2": cox_snell,
        "nagelkerke_r2": cox_snell / -np.expm1(-2 * of_prevalence),
    }
