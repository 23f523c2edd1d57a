"""The predictions of one run, checked value by value: a broken artifact mostly looks like data."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assets.inputs.safe_pickle import RefusedPickleError, as_array, described

TOP_KEYS = ("metrics_iter", "metrics_stats", "subjectwise_stats", "subject_global_stats")
PREDICTIONS = "metrics_iter.test.preds.arrays.predictions"
SUBJECTS = "subjectwise_stats.test"
_REFIT_TYPE = "<f8"


class InvalidFieldError(Exception):
    """A field that does not hold what it must; `reason` says what was found and what was expected."""

    def __init__(self, field: str, found: str, expected: str) -> None:
        """Keep the field's path beside the reason."""
        super().__init__(f"{field}: found {found}; expected {expected}")
        self.field = field
        self.reason = f"found {found}; expected {expected}"


@dataclass(frozen=True)
class Predictions:
    """Outcome and predicted risk of each subject of a run's test set.

    `y_prob` is the mean over refits, `y_prob_sd` their standard deviation (ddof 1), None of a single refit.
    `packed_refits` is what all `n_bootstrap` refits gave all subjects, as base64: predictions come from another
    process as JSON, in which a thousand refits written as numbers take some twenty times as long.
    """

    subject_codes: list[str]
    y_true: list[int]
    y_prob: list[float]
    y_prob_sd: list[float | None]
    n_bootstrap: int
    packed_refits: str

    def refits(self) -> npt.NDArray[np.float64]:
        """Return the risk that each refit gave each subject, shape (subjects, refits)."""
        values = np.frombuffer(base64.b64decode(self.packed_refits), _REFIT_TYPE)
        return values.reshape(len(self.y_true), self.n_bootstrap).astype(np.float64)


def from_metrics(content: object) -> Predictions:
    """Check the content of a metrics pickle and return the predictions for its test set.

    Raises InvalidFieldError for the first field that does not hold what it must.
    """
    if not isinstance(content, dict):
        raise InvalidFieldError("(top)", described(content), f"a dict with {', '.join(TOP_KEYS)}")
    for key in TOP_KEYS:
        _child(content, key, "")
    arrays = _descend(content, PREDICTIONS)
    probabilities = _matrix(arrays, f"{PREDICTIONS}.y_pred_proba")
    labels = _matrix(arrays, f"{PREDICTIONS}.label")
    subjects = _descend(content, SUBJECTS)
    checked = checked_predictions(
        _codes(_child(subjects, "subject_code", SUBJECTS), f"{SUBJECTS}.subject_code"),
        labels,
        probabilities,
        (f"{SUBJECTS}.subject_code", f"{PREDICTIONS}.label", f"{PREDICTIONS}.y_pred_proba"),
    )
    _check_same_order(subjects, checked.y_true)
    return checked


def checked_predictions(
    codes: list[str], labels: npt.NDArray[Any], probabilities: npt.NDArray[Any], fields: tuple[str, str, str]
) -> Predictions:
    """Check codes, labels and probabilities, the latter two of shape (subjects, refits).

    Raises InvalidFieldError for the first fault; `fields` are the names of the three in the artifact.
    """
    code_field, label_field, probability_field = fields
    if labels.shape != probabilities.shape:
        raise InvalidFieldError(
            label_field, f"shape {labels.shape}", f"{probabilities.shape}, as {probability_field}"
        )
    _check_probabilities(probabilities, probability_field)
    _check_labels(labels, label_field)
    _check_codes(codes, len(probabilities), code_field)
    # Memory order must not change the last bit of a mean, and refits that agree have a spread of just 0.
    values = np.ascontiguousarray(probabilities, dtype=np.float64)
    n_refits = values.shape[1]
    spread = np.std(values - values[:, :1], axis=1, ddof=1).tolist() if n_refits > 1 else [None] * len(values)
    return Predictions(
        subject_codes=codes,
        y_true=[int(label) for label in labels[:, 0]],
        y_prob=values.mean(axis=1).tolist(),
        y_prob_sd=spread,
        n_bootstrap=n_refits,
        packed_refits=base64.b64encode(values.astype(_REFIT_TYPE).tobytes()).decode(),
    )


def _check_probabilities(values: npt.NDArray[Any], field: str) -> None:
    if 0 in values.shape:
        raise InvalidFieldError(field, f"shape {values.shape}", "at least one subject and one refit")
    bad = ~(np.isfinite(values) & (values >= 0) & (values <= 1))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        value = values[row, column]
        kind = (
            "a value that is not finite"
            if not np.isfinite(value)
            else f"a value {'below 0' if value < 0 else 'above 1'}"
        )
        raise InvalidFieldError(
            field, f"{kind} at [{row}, {column}] ({bad.sum()} such)", "probabilities within [0, 1]"
        )


def _check_labels(values: npt.NDArray[Any], field: str) -> None:
    bad = ~np.isin(values, (0, 1))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InvalidFieldError(field, f"another value at [{row}, {column}] ({bad.sum()} such)", "0 or 1")
    changing = (values != values[:, :1]).any(axis=1)
    if changing.any():
        found = f"{changing.sum()} label(s) that change between refits, the first at row {changing.argmax()}"
        raise InvalidFieldError(field, found, "one label per subject")


def _check_codes(codes: list[str], n_subjects: int, field: str) -> None:
    if len(codes) != n_subjects:
        raise InvalidFieldError(field, f"{len(codes)} codes", f"{n_subjects}, one per row of the predictions")
    # No value is quoted here or above: the message is public, original codes are not.
    unreadable = [position for position, code in enumerate(codes) if not code or not code.isprintable()]
    if unreadable:
        raise InvalidFieldError(field, f"no printable text at [{unreadable[0]}]", "a code for each subject")
    if len(set(codes)) < len(codes):
        raise InvalidFieldError(field, f"{len(set(codes))} different codes in {len(codes)}", "each code once")


def _check_same_order(subjects: Mapping[Any, Any], y_true: list[int]) -> None:
    """Compare with the labels beside the codes: if they differ, codes and predictions are out of step."""
    field = f"{SUBJECTS}.labels"
    if subjects.get("labels") is None:
        return
    labels = _numbers(subjects["labels"], field).ravel()
    if labels.shape != (len(y_true),) or (labels != y_true).any():
        raise InvalidFieldError(field, "other labels", f"those of {PREDICTIONS}.label, in the same order")


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
    values = _numbers(_child(arrays, path.rpartition(".")[2], PREDICTIONS), path)
    if values.ndim != 2:
        raise InvalidFieldError(path, f"shape {values.shape}", "(subjects, refits)")
    return values


def _numbers(value: object, path: str) -> npt.NDArray[Any]:
    array = _array(value, path)
    if array.dtype.kind == "O" and all(isinstance(item, int | float) for item in array.flat):
        array = array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise InvalidFieldError(path, f"values of type {array.dtype}", "numbers")
    return array.astype(np.float64)


def _codes(value: object, path: str) -> list[str]:
    array = _array(value, path)
    if array.ndim != 1 or not all(isinstance(item, str | bytes | int) for item in array.tolist()):
        raise InvalidFieldError(
            path, f"{array.ndim} dimension(s) of type {array.dtype}", "a row of texts or whole numbers"
        )
    return [item.decode() if isinstance(item, bytes) else str(item) for item in array.tolist()]


def _array(value: object, path: str) -> npt.NDArray[Any]:
    try:
        return as_array(value)
    except RefusedPickleError as error:
        raise InvalidFieldError(path, f"a value that {error}", "an array") from error
