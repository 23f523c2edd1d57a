"""What `evaluate` and `evaluate_runs` can be asked for, checked."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from assets.stratos.classification.measures import checked_prevalence


@dataclass(frozen=True)
class Options:
    """What is asked for; see `evaluate`. `per_cents` are whole per cents, rising, each once."""

    per_cents: tuple[int, ...]
    resamples: int
    seed: int
    target_prevalence: float | None
    advised_against: bool


def checked_options(
    thresholds: Iterable[float],
    resamples: int,
    seed: int,
    target_prevalence: float | None,
    advised_against: bool,
) -> Options:
    """Check what is asked for; raises ValueError that says what is wrong."""
    return Options(
        _per_cents(thresholds),
        _whole(resamples, "resamples", 2**32 - 1),
        _whole(seed, "a seed", 2**64 - 1),
        checked_prevalence(target_prevalence),
        bool(advised_against),
    )


def _per_cents(thresholds: Iterable[float]) -> tuple[int, ...]:
    """Return thresholds in per cent; 0.01 * 35 is 35 although it is not 35 / 100."""
    given: list[Any] = list(thresholds) if isinstance(thresholds, Iterable) else [thresholds]
    if not isinstance(thresholds, Iterable) or not all(map(_is_whole_per_cent, given)):
        raise ValueError(f"thresholds must be a list of whole per cents from 0.01 to 0.99; got {given}")
    return tuple(sorted({round(100 * t) for t in given}))


def _is_whole_per_cent(t: Any) -> bool:
    real = isinstance(t, Real)
    return real and 0.005 < t < 0.995 and bool(abs(t - round(100 * t) / 100) < 1e-9)


def _whole(number: int, name: str, largest: int) -> int:
    """Return any kind of whole number as Python's, with which one can count as far as one likes."""
    try:
        whole = operator.index(number)
    except TypeError as error:
        raise ValueError(f"{name} must be a whole number; got {number!r}") from error
    if not 0 <= whole <= largest:
        raise ValueError(f"{name} must be a whole number from 0 to {largest}; got {whole}")
    return whole
