"""Runs that predicted the same subjects, as arrays: what measures are computed from."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Bounds the memory of one cohort; no result depends on it.
ROWS_AT_ONCE = 2_000_000

COLUMNS = ("run_id", "subject_code", "y_true", "y_prob")

# What numpy would turn into real numbers, with a warning at most.
NOT_REAL = {"c": "complex numbers", "m": "durations", "M": "dates"}


@dataclass(frozen=True)
class Cohort:
    """Some runs and the subjects that all of them predicted.

    `outcome` has shape (n,), 0 or 1; `probability` has shape (runs, n), within [0, 1], contiguous by run.
    """

    run_ids: tuple[str, ...]
    outcome: Array
    probability: Array

    @property
    def n(self) -> int:
        """Subjects."""
        return len(self.outcome)

    @property
    def n_events(self) -> int:
        """Subjects with the outcome."""
        return int(self.outcome.sum())

    @property
    def squared_errors(self) -> Array:
        """Squared distances of outcomes and probabilities, shape (runs, n)."""
        return (self.outcome - self.probability) ** 2


def cohort_of(y_true: ArrayLike, y_prob: ArrayLike, run_ids: Sequence[str] = ("run",)) -> Cohort:
    """Check outcomes of shape (n,) and probabilities of shape (n,) or (runs, n), and return them as a cohort.

    Raises ValueError for no rows, shapes that do not fit, outcomes other than 0 and 1, probabilities that
    are missing or outside [0, 1], and two pandas Series with the same labels in another order.
    """
    _refuse_other_order(y_true, y_prob)
    outcome = _numbers(y_true, "y_true")
    probability = np.atleast_2d(_numbers(y_prob, "y_prob"))
    if outcome.ndim != 1 or len(outcome) == 0 or probability.shape != (len(run_ids), len(outcome)):
        raise ValueError(
            f"y_true has shape {np.shape(y_true)} and y_prob {np.shape(y_prob)}; expected outcomes of shape (n,), "
            "n > 0, and as many probabilities (of two columns of predict_proba, the one of the event)"
        )
    _refuse_values(outcome, probability)
    return Cohort(tuple(map(str, run_ids)), outcome, np.ascontiguousarray(probability))


def cohorts(predictions: pd.DataFrame, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Cohort]:
    """Split rows of `run_id`, `subject_code`, `y_true`, `y_prob` into cohorts, in order of their first run.

    Runs with the same subjects and outcomes share a cohort, unless it would grow beyond `rows_at_once`.
    Subjects are in order of their codes, so that nothing depends on the order of the rows. Raises ValueError
    as `cohort_of` does, for a column or a code that is missing, for runs whose ids are the same text, and for a
    subject that a run has twice; TypeError for what is no frame.
    """
    _require_columns(predictions)
    run_codes, run_ids = _codes(predictions["run_id"])
    subject_codes, _ = _codes(predictions["subject_code"])
    if len(set(map(str, run_ids))) < len(run_ids):
        raise ValueError("run_id holds values of several types that are the same text, such as 1 and '1'")
    outcome, probability = (_numbers(predictions[name], name) for name in ("y_true", "y_prob"))
    _refuse_values(outcome, probability)
    order = np.lexsort((subject_codes, run_codes))
    run_codes, subject_codes = run_codes[order], subject_codes[order]
    outcome, probability = outcome[order], probability[order]
    if ((np.diff(run_codes) == 0) & (np.diff(subject_codes) == 0)).any():
        raise ValueError("a run has two rows of the same subject; each subject counts once")
    bounds = np.searchsorted(run_codes, np.arange(len(run_ids) + 1))
    alike: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for run, (start, stop) in enumerate(itertools.pairwise(bounds)):
        alike[subject_codes[start:stop].tobytes(), outcome[start:stop].tobytes()].append(run)
    for runs in alike.values():
        n = int(bounds[runs[0] + 1] - bounds[runs[0]])
        at_once = max(1, rows_at_once // n)
        for first in range(0, len(runs), at_once):
            chosen = runs[first : first + at_once]
            rows = np.stack([probability[bounds[run] : bounds[run] + n] for run in chosen])
            of_subjects = outcome[bounds[chosen[0]] : bounds[chosen[0]] + n]
            yield Cohort(tuple(str(run_ids[run]) for run in chosen), of_subjects, rows)


def _refuse_other_order(y_true: ArrayLike, y_prob: ArrayLike) -> None:
    """Refuse two Series that belong together by label, but not by position, which is what counts here."""
    if not (isinstance(y_true, pd.Series) and isinstance(y_prob, pd.Series)):
        return
    ours, theirs = y_true.index, y_prob.index
    if not ours.equals(theirs) and len(ours) == len(theirs) and ours.isin(theirs).all():
        raise ValueError(
            "y_true and y_prob have the same labels in another order; align them (y_prob.reindex(y_true.index)), "
            "or pass .to_numpy() of both if their positions belong together"
        )


def _require_columns(predictions: pd.DataFrame) -> None:
    if not isinstance(predictions, pd.DataFrame):
        raise TypeError(f"predictions must be a pandas DataFrame, not a {type(predictions).__name__}")
    if wrong := [name for name in COLUMNS if (predictions.columns == name).sum() != 1]:
        raise ValueError(f"predictions need one column {' and one '.join(wrong)}")


def _codes(values: pd.Series) -> tuple[NDArray[np.int64], Any]:
    """Number the distinct values in their own order, not in that of the categories of a column of such."""
    listed = np.asarray(values) if isinstance(values.dtype, pd.CategoricalDtype) else values
    codes, distinct = pd.factorize(listed, sort=True)
    if (codes < 0).any():
        raise ValueError(f"{values.name} is missing at position {np.argmin(codes)}; every row needs one")
    return codes, distinct


def _numbers(values: ArrayLike, name: str) -> Array:
    """Return values as an array, what is missing or masked as NaN."""
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    if kind in ("c", "m", "M"):
        raise ValueError(f"{name} is not all numbers: it holds {NOT_REAL[kind]}")
    try:
        if isinstance(values, np.ma.MaskedArray):
            return np.ma.filled(values.astype(np.float64), np.nan)
        if isinstance(values, pd.Series):
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not all numbers: {error}") from error


def _refuse_values(outcome: Array, probability: Array) -> None:
    _refuse(~np.isin(outcome, (0, 1)), outcome, "y_true", "outcomes are 0 or 1")
    _refuse(~((probability >= 0) & (probability <= 1)), probability, "y_prob", "probabilities lie in [0, 1]")


def _refuse(bad: NDArray[np.bool_], values: Array, name: str, expected: str) -> None:
    if bad.any():
        place = tuple(int(index) for index in np.argwhere(bad)[0])
        raise ValueError(
            f"{name} holds {values[place]} at position {place[-1]} ({bad.sum()} such); {expected}"
        )
