"""The pickle of one run: the four top keys of the original study's `metrics_<run_name>.pickle`.

Only dicts, lists, numbers, strings and arrays of numbers or fixed-width strings: any safe reader can open it.
"""

import pickle
from typing import Any

import numpy as np

from flows.study.measures import DECISION_THRESHOLD, curves, scalar_measures
from flows.study.refits import Split
from flows.study.uncertainty import (
    by_outcome,
    curve_summary,
    moments,
    scalar_summary,
    seen_twice,
    uncertainty,
)

Record = dict[str, Any]


def build_record(splits: dict[str, Split]) -> Record:
    """Assemble the four top keys, each with train, val and test."""
    metrics = {name: refit_metrics(split) for name, split in splits.items()}
    subjects = {name: subject_statistics(seen_twice(split)) for name, split in splits.items()}
    predictions = {name: _predictions(name, split) for name, split in splits.items()}
    return {
        "metrics_iter": {name: {"metrics": metrics[name], **predictions[name]} for name in splits},
        "metrics_stats": {name: {"metrics": summarise(metrics[name])} for name in splits},
        "subjectwise_stats": subjects,
        "subject_global_stats": {name: _global_statistics(subjects[name]) for name in splits},
    }


def to_pickle(record: Record) -> bytes:
    """Serialise; equal records give equal bytes."""
    return pickle.dumps(record, protocol=5)


def refit_metrics(split: Split) -> Record:
    """Scalars: a list of n_bootstrap numbers each; arrays: (points, n_bootstrap) each."""
    refits = [split.refit(number) for number in range(split.risk.shape[1])]
    scalars = [scalar_measures(y, risk) for y, risk in refits]
    arrays = [curves(y, risk) for y, risk in refits]
    return {
        "scalars": {name: [one[name] for one in scalars] for name in scalars[0]},
        "arrays": {
            curve: {axis: np.column_stack([one[curve][axis] for one in arrays]) for axis in arrays[0][curve]}
            for curve in arrays[0]
        },
    }


def summarise(metrics: Record) -> Record:
    """Mean, standard deviation and central 95 % of every scalar and curve over the refits."""
    return {
        "scalars": {name: scalar_summary(np.array(values)) for name, values in metrics["scalars"].items()},
        "arrays": {
            curve: {axis: curve_summary(values) for axis, values in axes.items()}
            for curve, axes in metrics["arrays"].items()
        },
    }


def subject_statistics(split: Split) -> Record:
    """Summarise what the refits say of each patient."""
    return {
        "preds": {name: moments(values, split.times) for name, values in _values(split).items()},
        "subject_code": split.codes,
        "labels": split.y.astype(np.int64),
        "uq": uncertainty(split),
    }


def _predictions(name: str, split: Split) -> Record:
    """Give a matrix where every refit sees every patient (test), else lists by patient."""
    if name == "test":
        return {"preds": {"arrays": {"predictions": _values(split)}}}
    return {"preds_dict": {"arrays": {key: _ragged(split, values) for key, values in _values(split).items()}}}


def _values(split: Split) -> dict[str, np.ndarray]:
    label = np.repeat(split.y[:, np.newaxis].astype(np.float64), split.risk.shape[1], axis=1)
    y_pred = (split.risk >= DECISION_THRESHOLD).astype(np.float64)
    return {"y_pred_proba": split.risk, "y_pred": y_pred, "label": label}


def _ragged(split: Split, values: np.ndarray) -> dict[str, list[float]]:
    seen = np.flatnonzero(split.times.any(axis=1))
    return {str(split.codes[row]): np.repeat(values[row], split.times[row]).tolist() for row in seen}


def _global_statistics(subjects: Record) -> Record:
    return {
        key: {variable: by_outcome(values, subjects["labels"]) for variable, values in statistics.items()}
        for key, statistics in subjects["preds"].items()
    }
