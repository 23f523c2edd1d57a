"""The predictions of one run, checked value by value: a broken artifact mostly looks like data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

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
    `packed_refits` is what all `n_bootstrap` refits gave all subjects, little-endian doubles, subject after subject;
    empty where refits are not kept.
    """

    subject_codes: list[str]
    y_true: list[int]
    y_prob: list[float]
    y_prob_sd: list[float | None]
    n_bootstrap: int
    packed_refits: bytes

    def refits(self) -> npt.NDArray[np.float64]:
        """Return the risk that each refit gave each subject, shape (subjects, refits), where these are kept."""
        values = np.frombuffer(self.packed_refits, _REFIT_TYPE)
        return values.reshape(len(self.y_true), self.n_bootstrap).astype(np.float64)


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
    _check_codes(codes, probabilities.shape, code_field)
    _check_probabilities(probabilities, probability_field)
    _check_labels(labels, label_field)
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
        packed_refits=values.astype(_REFIT_TYPE).tobytes(),
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
        found = f"a value that is neither 0 nor 1 at [{row}, {column}] ({bad.sum()} such)"
        raise InvalidFieldError(field, found, "0 or 1")
    changing = (values != values[:, :1]).any(axis=1)
    if changing.any():
        found = f"{changing.sum()} label(s) that change between refits, the first at [{changing.argmax()}]"
        raise InvalidFieldError(field, found, "one label per subject")


def _check_codes(codes: list[str], shape: tuple[int, ...], field: str) -> None:
    if len(codes) != shape[0]:
        expected = f"{shape[0]}, one per row of the predictions, whose shape is {shape}"
        raise InvalidFieldError(field, f"{len(codes)} codes", expected)
    # No value is quoted here or above: the message is public, original codes are not.
    readable = [bool(code) and code.isprintable() and code == code.strip() for code in codes]
    if not all(readable):
        found = f"no printable text, or blanks around it, at [{readable.index(False)}]"
        raise InvalidFieldError(field, found, "a code for each subject")
    if len(set(codes)) < len(codes):
        raise InvalidFieldError(field, f"{len(set(codes))} different codes in {len(codes)}", "each code once")
