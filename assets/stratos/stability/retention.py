"""Retention: how good the predictions are of those subjects on whom a run is most certain.

Subjects are retained in order of an uncertainty, and the others would be referred. Who is retained differs in
prevalence from everybody, and with it changes what a measure can reach: the scaled Brier score is taken
against the prevalence of the retained, prevalence and n are shown beside every value, and measures compare with the
random and the oracle order at the same share, not with those of another share.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assets.stratos.bootstrap.orderings import by_subject, ordering
from assets.stratos.cohorts import Cohort, cohorts
from assets.stratos.estimates import first_true
from assets.stratos.stability.random_retention import Columns, at_random
from assets.stratos.stability.refits import COLUMN_PER_CENTS
from assets.stratos.ties import past_ties

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

STEPS = 20
"""Shares of subjects retained: 1/20, 2/20, ... 1."""
RANDOM, ORACLE = "random", "oracle"

_MEASURES = (
    "n_events_retained",
    "prevalence_retained",
    "brier",
    "scaled_brier",
    "auroc",
    *(f"net_benefit_{k}pct" for k in COLUMN_PER_CENTS),
)
RETENTION_METRICS = pa.schema(
    [
        ("run_id", pa.string()),
        ("uncertainty", pa.string()),
        ("share", pa.float64()),
        ("n_retained", pa.int32()),
        *((name, pa.float64()) for name in _MEASURES),
        ("status", pa.string()),
    ]
)
RETENTION_AREAS = pa.schema(
    [
        ("run_id", pa.string()),
        ("uncertainty", pa.string()),
        ("brier_area", pa.float64()),
        ("brier_area_random", pa.float64()),
        ("brier_area_oracle", pa.float64()),
        ("share_of_oracle_gain", pa.float64()),
        ("status", pa.string()),
    ]
)


def retention_metrics(predictions: pd.DataFrame) -> pa.Table:
    """Measure every run on its most certain subjects: the table `retention_metrics`.

    A row per run, order and share retained (1/20 ... 1). Orders (`uncertainty`): `refit_spread`, the standard deviation
    over refits, least first; `closeness_to_half`, 0.5 - abs(p - 0.5); `oracle`, abs(y - p), which nobody can know
    beforehand and which no order beats on the Brier score; `random`, the expectation over all ways to retain as many
    (of the AUROC and the scaled Brier score, over those with both outcomes). Retained are the first ceil(share n), and
    whoever is as uncertain as the last of them: a rule that could be followed, and that does not depend on the
    order of the rows; `n_retained` says how many that are.

    Net benefit is per retained subject at 5, 10, 15 and 20 %. Status `single_class`: AUROC and scaled Brier score are
    null; `single_refit`: a run without a spread has no such order, and all is null. Needs `run_id`, `subject_code`,
    `y_true`, `y_prob`, `y_prob_sd`; raises ValueError as `cohorts` does.

    El-Yaniv & Wiener 2010, Journal of Machine Learning Research 11:1605.
    """
    parts = []
    for cohort, orders in _ordered(predictions):
        everybody = _retained(cohort, _order(np.zeros(cohort.probability.shape)))
        parts.append(_long(cohort, RANDOM, at_random(cohort, everybody, _asked(cohort))))
        parts += [_long(cohort, name, _retained(cohort, order)) for name, order in orders.items()]
    return _table(parts, RETENTION_METRICS)


def retention_areas(predictions: pd.DataFrame) -> pa.Table:
    """Summarise how well each order sorts by error: the table `retention_areas`, a row per run and order.

    The area under the curve of the Brier score against the share retained: its mean over retaining 1, 2, ... n
    subjects, ties together. `brier_area_random` is the Brier score of everybody, `brier_area_oracle` the least area
    there can be; `share_of_oracle_gain` = (random - area) / (random - oracle) is 1 for a perfect order, 0 for one that
    knows nothing and negative for one that is misleading. Only the Brier score has an area: the other measures do not
    add up over subjects. Status `variance_zero` where all errors are equal, `single_refit` as above.

    Geifman, Uziel & El-Yaniv 2019, ICLR; Malinin & Gales 2021, ICLR, for the share of the gain.
    """
    parts = [
        _areas(cohort, name, order)
        for cohort, orders in _ordered(predictions)
        for name, order in orders.items()
        if name != ORACLE
    ]
    return _table(parts, RETENTION_AREAS)


@dataclass(frozen=True)
class _Order:
    """Subjects of each run in rising uncertainty; arrays of shape (runs, n), but `known` of (runs,).

    `subjects` are their places in the cohort, `past` how many are at most as uncertain as the one at this place.
    """

    uncertainty: Array
    subjects: Whole
    past: Whole

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether a run has such an uncertainty."""
        return np.logical_not(np.isnan(self.uncertainty).any(axis=1))

    def in_order(self, values: NDArray[Any]) -> NDArray[Any]:
        """Put values of shape (n,) or (runs, n), subjects as in the cohort, into this order."""
        return np.take_along_axis(np.broadcast_to(values, self.subjects.shape), self.subjects, axis=1)


def _order(uncertainty: Array) -> _Order:
    subjects = np.argsort(uncertainty, axis=1, kind="stable")
    rising = np.take_along_axis(uncertainty, subjects, axis=1)
    return _Order(uncertainty, subjects, past_ties(rising))


def _ordered(predictions: pd.DataFrame) -> Iterator[tuple[Cohort, dict[str, _Order]]]:
    """Order the subjects of each run in every way that there is."""
    by_subject_code = predictions.sort_values(["run_id", "subject_code"]).groupby("run_id")["y_prob_sd"]
    spreads = {str(run_id): spread.to_numpy(dtype=np.float64) for run_id, spread in by_subject_code}
    for cohort in cohorts(predictions):
        uncertainties = {
            "refit_spread": np.stack([spreads[run_id] for run_id in cohort.run_ids]),
            "closeness_to_half": 0.5 - np.abs(cohort.probability - 0.5),
            ORACLE: np.abs(cohort.outcome - cohort.probability),
        }
        yield cohort, {name: _order(uncertainty) for name, uncertainty in uncertainties.items()}


def _retained(cohort: Cohort, order: _Order) -> Columns:
    """Measure each run on who is retained at each share, arrays of shape (runs, STEPS)."""
    n = order.past[:, _asked(cohort) - 1]

    def up_to(values: Array) -> Array:
        return np.take_along_axis(np.cumsum(order.in_order(values), axis=1, dtype=np.float64), n - 1, axis=1)

    events, brier = up_to(cohort.outcome), up_to(cohort.squared_errors) / n
    prevalence = events / n
    both = (events > 0) & (events < n)
    variance = np.where(both, prevalence * (1 - prevalence), np.nan)
    columns = {
        "n_retained": n,
        "n_events_retained": events,
        "prevalence_retained": prevalence,
        "brier": brier,
        "scaled_brier": 1 - brier / variance,
        "auroc": _wins(cohort, order, n) / np.where(both, events * (n - events), np.nan),
    }
    for k in COLUMN_PER_CENTS:
        positive = cohort.probability >= k / 100
        true, false = up_to(positive * cohort.outcome), up_to(positive * (1 - cohort.outcome))
        columns[f"net_benefit_{k}pct"] = true / n - false / n * (k / (100 - k))
    known = np.broadcast_to(order.known[:, None], n.shape)
    status = first_true((~known, "single_refit"), (~both, "single_class"))
    return {name: np.where(known, values, np.nan) for name, values in columns.items()} | {"status": status}


def _wins(cohort: Cohort, order: _Order, n: Whole) -> Array:
    """Count the pairs among the first n in which the event is above the non-event, ties half, shape of `n`."""
    wins = np.empty(n.shape)
    for run, probability in enumerate(cohort.probability):
        chosen = np.zeros((STEPS, cohort.n), np.uint8)
        chosen[:, order.subjects[run]] = np.arange(cohort.n) < n[run][:, None]
        wins[run] = ordering(cohort.outcome, probability).count(by_subject(chosen)).doubled_wins / 2
    return wins


def _areas(cohort: Cohort, name: str, order: _Order) -> pd.DataFrame:
    squares = cohort.squared_errors
    together = np.take_along_axis(_mean_so_far(order.in_order(squares)), order.past - 1, axis=1)
    area = np.where(order.known, together.mean(axis=1), np.nan)
    random, oracle = squares.mean(axis=1), _mean_so_far(np.sort(squares, axis=1)).mean(axis=1)
    flat = squares.max(axis=1) == squares.min(axis=1)
    columns = {
        "run_id": np.array(cohort.run_ids, dtype=object),
        "uncertainty": name,
        "brier_area": area,
        "brier_area_random": random,
        "brier_area_oracle": oracle,
        "share_of_oracle_gain": (random - area) / np.where(flat, np.nan, random - oracle),
        "status": first_true((~order.known, "single_refit"), (flat, "variance_zero")),
    }
    return pd.DataFrame(columns)


def _mean_so_far(values: Array) -> Array:
    """Mean of the first 1, 2, ... n values of each row."""
    means: Array = np.cumsum(values, axis=1) / np.arange(1, values.shape[1] + 1)
    return means


def _asked(cohort: Cohort) -> Whole:
    """Return how many subjects each share is, rounded up."""
    return -(-cohort.n * np.arange(1, STEPS + 1) // STEPS)


def _long(cohort: Cohort, name: str, columns: Columns) -> pd.DataFrame:
    """Lay arrays of shape (runs, STEPS) out as rows."""
    return pd.DataFrame(
        {
            "run_id": np.repeat(np.array(cohort.run_ids, dtype=object), STEPS),
            "uncertainty": name,
            "share": np.tile(np.arange(1, STEPS + 1) / STEPS, len(cohort.run_ids)),
            **{column: values.ravel() for column, values in columns.items()},
        }
    )


def _table(parts: Sequence[pd.DataFrame], schema: pa.Schema) -> pa.Table:
    """Put parts together in order of their keys, NaN as null."""
    tables = [pa.Table.from_pandas(part, schema, preserve_index=False) for part in parts]
    key = [name for name in ("run_id", "uncertainty", "share") if name in schema.names]
    return pa.concat_tables([schema.empty_table(), *tables]).sort_by([(name, "ascending") for name in key])
