"""What a worker answers, believed only where it makes sense: hostile bytes may have taken the worker over."""

import re
from typing import Any, get_args

import numpy as np

from assets.engine.errors import TransientError
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.quarantine import Quarantine, Stage

NONSENSE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What an answer raises, here or as JSON, that no worker of ours gives."""

_MOST_REFITS = 2**31 - 1


def digest_in(said: Any) -> str:
    """Return the SHA-256 that a worker says, in hexadecimal digits; one of NONSENSE if it is none."""
    if not re.fullmatch("[0-9a-f]{64}", said["sha256"]):
        raise ValueError
    return str(said["sha256"])


def understood(said: Any, packed: bytes, *, keep_refits: bool) -> Predictions | Quarantine | TransientError:
    """Return what a worker says of an artifact, with the risks of the refits beside it; one of NONSENSE if nothing."""
    if "transient" in said:
        return TransientError(_text(said["transient"]))
    if "stage" in said:
        if said["stage"] not in get_args(Stage):
            raise ValueError
        return Quarantine(said["stage"], _text(said["field"]), _text(said["reason"]))
    found = Predictions(**said, packed_refits=packed)
    if not _is_sound(found, keep_refits=keep_refits):
        raise ValueError
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _is_sound(found: Predictions, *, keep_refits: bool) -> bool:
    subjects = len(found.subject_codes)
    kept = np.frombuffer(found.packed_refits, np.float64)
    return (
        len(found.y_true) == len(found.y_prob) == len(found.y_prob_sd) == subjects
        and 0 < found.n_bootstrap <= _MOST_REFITS
        and len(kept) == (subjects * found.n_bootstrap if keep_refits else 0)
        and all(type(code) is str for code in found.subject_codes)
        and all(type(label) is int and label in (0, 1) for label in found.y_true)
        and all(_is_risk(risk) for risk in found.y_prob)
        and all(spread is None or _is_risk(spread) for spread in found.y_prob_sd)
        and bool(((kept >= 0) & (kept <= 1)).all())
    )


def _is_risk(value: Any) -> bool:
    return type(value) is float and 0 <= value <= 1
