"""What refits of a model disagree on: its AUROC, the risk of each subject, and who is above a threshold.

A refit is the same pipeline, trained on another resample of the training set; all refits predict the same
subjects. How far they differ is the model's instability. It says nothing of other test subjects, so no limit
here is a confidence interval of a measure.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assets.stratos.bootstrap.resampling import percentile_limits
from assets.stratos.cohorts import Cohort, cohort_of
from assets.stratos.discrimination.placements import placements

Array = NDArray[np.float64]

COLUMN_PER_CENTS = (5, 10, 15, 20)
"""Thresholds whose measures have columns of their own, those of the original study."""

REFIT_SPREAD = pa.schema(
    [
        ("run_id", pa.string()),
        ("n_bootstrap", pa.int32()),
        ("auroc_refit_mean", pa.float64()),
        ("auroc_refit_sd", pa.float64()),
        ("auroc_refit_spread_lower", pa.float64()),
        ("auroc_refit_spread_upper", pa.float64()),
        ("auroc_refit_status", pa.string()),
    ]
)
MODEL_INSTABILITY = pa.schema(
    [
        ("run_id", pa.string()),
        ("subject_code", pa.string()),
        ("y_prob", pa.float64()),
        ("y_prob_sd", pa.float64()),
        ("mean_absolute_deviation", pa.float64()),
        ("y_prob_refit_lower", pa.float64()),
        ("y_prob_refit_upper", pa.float64()),
        ("status", pa.string()),
    ]
)
INSTABILITY_SUMMARY = pa.schema(
    [
        ("run_id", pa.string()),
        ("n_test", pa.int32()),
        ("n_bootstrap", pa.int32()),
        ("mean_absolute_deviation", pa.float64()),
        *((f"classification_instability_{k}pct", pa.float64()) for k in COLUMN_PER_CENTS),
        ("status", pa.string()),
    ]
)


@dataclass(frozen=True)
class Refits:
    """One run: `risk` is what each refit predicted for each subject, shape (n, refits), subjects by code.

    `cohort` holds the same risks, every refit as a run of its own.
    """

    run_id: str
    subject_codes: list[str]
    risk: Array
    cohort: Cohort

    @property
    def status(self) -> str:
        """`ok`, or `single_refit` where nothing can differ."""
        return "ok" if self.risk.shape[1] > 1 else "single_refit"

    def if_several(self, values: Array) -> Array:
        """Return values that need more than one refit, else NaN in their stead."""
        return np.where(self.status == "ok", values, np.nan)


def refit_spread(bootstrap_predictions: pa.Table) -> pa.Table:
    """Describe how the AUROC varies over a run's refits: the table `refit_spread`, a row per run.

    Mean, standard deviation (divisor refits - 1), 2.5th and 97.5th percentile (type 7) of the AUROCs of the
    single refits on the same test subjects. This is **no confidence interval** of the AUROC: the test set never
    changes, and the model that is reported averages the refits. Null with status `single_class`; nothing
    spreads with `single_refit`.

    Needs `run_id`, `subject_code`, `y_true`, `y_prob_refits` (an array as long in every row of a run), the rows
    of a run next to each other. Raises ValueError for rows that are not so, and as `cohort_of` does.
    """
    return described(bootstrap_predictions, _spread, REFIT_SPREAD)


def model_instability(bootstrap_predictions: pa.Table) -> pa.Table:
    """Describe how far a run's refits disagree on each subject: the table `model_instability`.

    A row per run and subject: the mean risk over the refits, its standard deviation, the mean absolute deviation
    of the refits from the mean risk, and their 2.5th and 97.5th percentile (type 7). Riley and Collins call
    the mean absolute deviation from the original model's risk its MAPE; where no single model is the original,
    the mean of the refits, which is what is reported of a run, stands for it. Needs and raises what `refit_spread`
    does.

    Riley & Collins 2023, Biometrical Journal 65:2200302.
    """
    return described(bootstrap_predictions, _subjects, MODEL_INSTABILITY)


def instability_summary(bootstrap_predictions: pa.Table) -> pa.Table:
    """Average what a run's refits disagree on over its subjects: the table `instability_summary`, a row per run.

    `mean_absolute_deviation` is the mean of that column of `model_instability`. The classification instability
    index at a threshold is the share of refits that put a subject on another side of it than the mean risk
    does, averaged over the subjects; positive when the risk reaches the threshold. Needs and raises what
    `refit_spread` does.

    Riley & Collins 2023, Biometrical Journal 65:2200302.
    """
    return described(bootstrap_predictions, _summary, INSTABILITY_SUMMARY)


def refits_of_runs(bootstrap_predictions: pa.Table) -> Iterator[Refits]:
    """Read run after run; `refit_spread` says what is needed."""
    run_ids = bootstrap_predictions["run_id"].to_numpy()
    starts = np.flatnonzero(np.append(True, run_ids[1:] != run_ids[:-1])[: len(run_ids)])
    before: set[str] = set()
    for start, stop in itertools.pairwise([*starts.tolist(), len(run_ids)]):
        run_id = str(run_ids[start])
        if run_id in before:
            raise ValueError(f"the rows of run {run_id} do not stand together; sort by run_id")
        before.add(run_id)
        yield _refits(run_id, bootstrap_predictions.slice(start, stop - start))


def _refits(run_id: str, rows: pa.Table) -> Refits:
    rows = rows.take(pc.sort_indices(rows["subject_code"]))
    risks = rows["y_prob_refits"].combine_chunks()
    lengths = set(risks.value_lengths().to_pylist())
    if len(lengths) != 1 or not lengths - {0, None}:
        raise ValueError(
            f"the subjects of run {run_id} have {lengths} refits; all need as many, at least one"
        )
    codes = rows["subject_code"].to_pylist()
    if len(set(codes)) < len(codes):
        raise ValueError(f"run {run_id} has two rows of the same subject; each subject counts once")
    risk = risks.flatten().to_numpy(zero_copy_only=False).reshape(len(codes), -1)
    cohort = cohort_of(rows["y_true"].to_numpy(), risk.T, [str(refit) for refit in range(risk.shape[1])])
    return Refits(run_id, codes, risk, cohort)


def described(
    bootstrap_predictions: pa.Table, describe: Callable[[Refits], Sequence[Any]], schema: pa.Schema
) -> pa.Table:
    """Put the columns that describe each run behind its id, NaN as null; `refit_spread` says what is needed."""
    tables = []
    for refits in refits_of_runs(bootstrap_predictions):
        columns = [np.atleast_1d(values) for values in describe(refits)]
        run_ids = np.full(len(columns[0]), refits.run_id, dtype=object)
        arrays = [pa.array(values, from_pandas=True) for values in (run_ids, *columns)]
        tables.append(pa.table([a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema))
    return pa.concat_tables([schema.empty_table(), *tables]).sort_by("run_id")


def _spread(refits: Refits) -> Sequence[Any]:
    found = placements(refits.cohort.outcome, refits.cohort.probability).auroc
    limits = percentile_limits(found[None])
    status = "single_class" if np.isnan(found[0]) else refits.status
    low, high = refits.if_several(limits.low), refits.if_several(limits.high)
    return len(found), found.mean(), refits.if_several(_deviations(found[None])), low, high, status


def _subjects(refits: Refits) -> Sequence[Any]:
    mean = refits.risk.mean(axis=1)
    limits = percentile_limits(refits.risk)
    found = (_deviations(refits.risk), absolute_deviations(refits.risk, mean), limits.low, limits.high)
    status = [refits.status] * len(mean)
    return refits.subject_codes, mean, *map(refits.if_several, found), status


def _summary(refits: Refits) -> Sequence[Any]:
    mean = refits.risk.mean(axis=1)
    other_side = (((refits.risk >= k / 100) != (mean >= k / 100)[:, None]).mean() for k in COLUMN_PER_CENTS)
    found = (absolute_deviations(refits.risk, mean).mean(), *other_side)
    return *refits.risk.shape, *map(refits.if_several, found), refits.status


def _deviations(values: Array) -> Array:
    """Standard deviation of each row; just 0 where a row is constant."""
    deviations: Array = np.std(values - values[:, :1], axis=1, ddof=min(1, values.shape[1] - 1))
    return deviations


def absolute_deviations(values: Array, centre: Array) -> Array:
    """Mean distance of each row's values, shape (n, refits), from its centre, shape (n,)."""
    deviations: Array = np.abs(values - centre[:, None]).mean(axis=1)
    return deviations
