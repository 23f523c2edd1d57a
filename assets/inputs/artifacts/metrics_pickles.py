"""Predictions in the metrics pickle of a run, in either of the two layouts that the original study wrote.

Arrays hold one row per subject, with the codes beside them; in the other layout each subject code has a list of refits:

    metrics_iter.test.preds.arrays.predictions.{y_pred_proba,label}
    metrics_iter.test.preds_dict.arrays.{y_pred_proba,label}
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from assets.inputs.artifacts.predictions import InvalidFieldError, Predictions, checked_predictions
from assets.inputs.artifacts.safe_pickle import RefusedPickleError, as_array, described

TOP_KEYS = ("metrics_iter", "metrics_stats", "subjectwise_stats", "subject_global_stats")
TEST = "metrics_iter.test"
ARRAYS = f"{TEST}.preds.arrays.predictions"
LISTS = f"{TEST}.preds_dict.arrays"
SUBJECTS = "subjectwise_stats.test"
_CODES = f"{SUBJECTS}.subject_code"

# An error in the original study's code was caught and dropped; what it wrote since then lacks these statistics.
_NO_CODES = (
    "subject codes of the test set; whoever wrote this run failed to compute its subject-wise statistics, and "
    "without codes nobody knows whose predictions these are: evaluate the run again, or log them as a table"
)


def from_metrics(content: object) -> Predictions:
    """Check the content of a metrics pickle and return the predictions for its test set.

    Raises InvalidFieldError for the first field that does not hold what it must.
    """
    if not isinstance(content, dict):
        raise InvalidFieldError("(top)", described(content), f"a dict with {', '.join(TOP_KEYS)}")
    for key in TOP_KEYS:
        _child(content, key, "")
    test = _descend(content, TEST)
    if test.get("preds") is None and "preds_dict" in test:
        return _from_lists(content)
    return _from_arrays(content)


def _from_arrays(content: Mapping[Any, Any]) -> Predictions:
    arrays = _descend(content, ARRAYS)
    probabilities = _matrix(arrays, f"{ARRAYS}.y_pred_proba")
    labels = _matrix(arrays, f"{ARRAYS}.label")
    subjects = _subjects(content)
    codes = _recorded_codes(subjects)
    if probabilities.shape == labels.shape and len(codes) == labels.shape[1] != labels.shape[0]:
        # (refits, subjects): the number of codes says so, and that labels do not change is checked below.
        probabilities, labels = probabilities.T, labels.T
    fields = (_CODES, f"{ARRAYS}.label", f"{ARRAYS}.y_pred_proba")
    checked = checked_predictions(codes, labels, probabilities, fields)
    _check_same_order(subjects, checked.y_true, f"{ARRAYS}.label")
    return checked


def _from_lists(content: Mapping[Any, Any]) -> Predictions:
    """Read lists of refits by subject code; recorded codes give the order, and need not be there."""
    lists = _descend(content, LISTS)
    risks, labels = _by_code(lists, f"{LISTS}.y_pred_proba"), _by_code(lists, f"{LISTS}.label")
    subjects = _subjects(content) if content["subjectwise_stats"] is not None else {}
    codes = _recorded_codes(subjects) if subjects else list(risks)
    for field, found in ((f"{LISTS}.label", labels.keys()), (_CODES, {*codes})):
        if found != risks.keys():
            only = f"{len(found - risks.keys())} subject(s) that are not there, {len(risks.keys() - found)} missing"
            raise InvalidFieldError(field, only, f"the subjects of {LISTS}.y_pred_proba")
    fields = (_CODES, f"{LISTS}.label", f"{LISTS}.y_pred_proba")
    checked = checked_predictions(codes, _stacked(labels, codes), _stacked(risks, codes), fields)
    _check_same_order(subjects, checked.y_true, f"{LISTS}.label")
    return checked


def _by_code(lists: Mapping[Any, Any], path: str) -> dict[str, npt.NDArray[Any]]:
    """Return each subject's refits; InvalidFieldError unless all have equally many."""
    by_code = _child(lists, path.rpartition(".")[2], LISTS)
    if not isinstance(by_code, dict):
        raise InvalidFieldError(path, described(by_code), "a dict of lists by subject code")
    refits = [_numbers(value, path) for value in by_code.values()]
    if any(row.ndim != 1 for row in refits):
        raise InvalidFieldError(path, "subjects without a list", "a list of refits for each")
    lengths = [len(row) for row in refits]
    if len({*lengths}) > 1:
        found = f"lists of {min(lengths)} to {max(lengths)} refits"
        raise InvalidFieldError(path, found, "the same number of refits for each subject")
    codes = _codes(list(by_code), path)
    if len({*codes}) < len(codes):
        raise InvalidFieldError(path, f"{len({*codes})} different codes in {len(codes)}", "each code once")
    return dict(zip(codes, refits, strict=True))


def _stacked(by_code: Mapping[str, npt.NDArray[Any]], codes: list[str]) -> npt.NDArray[Any]:
    return np.stack([by_code[code] for code in codes]) if codes else np.empty((0, 0))


def _subjects(content: Mapping[Any, Any]) -> Mapping[Any, Any]:
    if content["subjectwise_stats"] is None:
        raise InvalidFieldError("subjectwise_stats", "None", _NO_CODES)
    return _descend(content, SUBJECTS)


def _recorded_codes(subjects: Mapping[Any, Any]) -> list[str]:
    return _codes(_child(subjects, "subject_code", SUBJECTS), _CODES)


def _check_same_order(subjects: Mapping[Any, Any], y_true: list[int], label_field: str) -> None:
    """Compare with the labels beside the codes: if they differ, codes and predictions are out of step."""
    field = f"{SUBJECTS}.labels"
    if subjects.get("labels") is None:
        return
    labels = _numbers(subjects["labels"], field).ravel()
    if labels.shape != (len(y_true),) or (labels != y_true).any():
        raise InvalidFieldError(field, "other labels", f"those of {label_field}, in the same order")


def _descend(content: Mapping[Any, Any], path: str) -> Mapping[Any, Any]:
    walked = ""
    for key in path.split("."):
        content = _child(content, key, walked)
        walked = f"{walked}.{key}".lstrip(".")
        if not isinstance(content, dict):
            raise InvalidFieldError(walked, described(content) if content is not None else "None", "a dict")
    return content


def _child(content: Mapping[Any, Any], key: str, parent: str) -> Any:
    if key not in content:
        path = f"{parent}.{key}".lstrip(".")
        raise InvalidFieldError(path, f"no such key in {described(content)}", "it to be there")
    return content[key]


def _matrix(arrays: Mapping[Any, Any], path: str) -> npt.NDArray[Any]:
    """Return an array of two dimensions; one of a single dimension is a single refit."""
    values = _numbers(_child(arrays, path.rpartition(".")[2], ARRAYS), path)
    if values.ndim not in (1, 2):
        raise InvalidFieldError(path, f"shape {values.shape}", "(subjects, refits)")
    return values[:, None] if values.ndim == 1 else values


def _numbers(value: object, path: str) -> npt.NDArray[Any]:
    array = _array(value, path)
    if array.dtype.kind == "O" and all(isinstance(item, int | float) for item in array.flat):
        array = array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise InvalidFieldError(path, f"values of type {array.dtype}", "numbers")
    return array.astype(np.float64)


def _codes(value: object, path: str) -> list[str]:
    array = _array(value, path)
    items = array.tolist() if array.ndim == 1 else [None]
    if not all(isinstance(item, str | bytes | int) and not isinstance(item, bool) for item in items):
        raise InvalidFieldError(
            path, f"{array.ndim} dimension(s) of type {array.dtype}", "a row of texts or whole numbers"
        )
    return [item.decode() if isinstance(item, bytes) else str(item) for item in items]


def _array(value: object, path: str) -> npt.NDArray[Any]:
    try:
        return as_array(value)
    except RefusedPickleError as error:
        raise InvalidFieldError(path, f"a value that {error}", "an array") from error
