"""What is measured, the same for both sides: random data, and the cost of working on it.

It imports numpy alone: what else is loaded counts in the peak of memory of the side that needs it.
"""

import json
import resource
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SEED = 20250101
THRESHOLDS = [per_cent / 100 for per_cent in range(1, 100)]


@dataclass(frozen=True)
class Data:
    """Risks of `runs` models, shape (runs, n), for subjects with outcomes, shape (n,): a timing needs no real ones."""

    outcome: Array
    probability: Array

    @classmethod
    def drawn(cls, runs: int, n: int) -> "Data":
        """Draw a third of events and models of some merit, the same for the same size."""
        draw = np.random.default_rng(SEED)
        linear = draw.normal(size=n) - 1
        outcome = (draw.random(n) < 1 / (1 + np.exp(-1.5 * linear))).astype(np.float64)
        probability = np.empty((runs, n))
        for row in probability:
            row[:] = 1 / (1 + np.exp(-linear - draw.normal(scale=0.5, size=n)))
        return cls(outcome, probability)


@dataclass(frozen=True)
class Cost:
    """What work took: CPU seconds with children, and the peak of the whole process with its libraries and data."""

    cpu: float
    peak_mb: float
    found: Mapping[str, float]
    """Some of what was computed, to be compared: of other numbers the time would say nothing."""


def measure(work: Callable[[], Mapping[str, float]]) -> None:
    """Work, and print the cost as a line of JSON."""
    before = sum(used.ru_utime + used.ru_stime for used in _usage())
    found = work()
    after = sum(used.ru_utime + used.ru_stime for used in _usage())
    peak = max(used.ru_maxrss for used in _usage())
    print(json.dumps(asdict(Cost(after - before, peak / 1024, found))))


def _usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
