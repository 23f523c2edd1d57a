"""Resamples of subjects, the same for every run, and what is summed over them without rounding."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

Array = NDArray[np.float64]
Counts = NDArray[np.uint8]

RESAMPLES = 1000
SEED = 20250101

# Bounds the memory of the resamples that are looked at together; no result depends on it.
COUNTS_AT_ONCE = 4_000_000
WORDS_PER_COUNTER = 4


def resample_counts(n: int, first: int, last: int, seed: int = SEED, *, stratum: int = 0) -> Counts:
    """Count how often each of n subjects occurs in resamples first .. last - 1, shape (last - first, n).

    Ordinary resampling of rows: n subjects drawn from n, each as likely, with replacement. A resample depends
    on its number, n, the seed and the stratum alone, whatever it is computed together with. The generator is
    Philox4x64-10 with key seed + 2^64 stratum; resample b takes n uniforms of 53 bits from counter b ceil(n / 4)
    on; drawn subject = floor(n uniform). Raises ValueError for a seed that is not from 0 to 2^64 - 1: a larger one
    would be another's stratum.

    Efron 1979, Annals of Statistics 7:1; Salmon et al. 2011, SC '11, for the counter-based generator.
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"a seed is a whole number from 0 to 2^64 - 1; got {seed}")
    counters = -(-n // WORDS_PER_COUNTER)
    bits = np.random.Philox(key=seed + (stratum << 64), counter=first * counters)
    resamples = last - first
    uniform = np.random.Generator(bits).random((resamples, counters * WORDS_PER_COUNTER))[:, :n]
    drawn = (uniform * n).astype(np.int64)
    drawn += n * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * n)
    # 256 of n draws fall on one subject with a probability below n / 256!, some n / 10^507.
    return counts.astype(np.uint8).reshape(resamples, n)


def stratified_counts(outcome: Array, first: int, last: int, seed: int = SEED) -> Counts:
    """Count as `resample_counts`, but draw events from the events and non-events from the non-events.

    `outcome` has shape (n,), the counts (last - first, n).
    """
    strata = [resample_counts(int((outcome == y).sum()), first, last, seed, stratum=1 + y) for y in (0, 1)]
    place = np.argsort(np.argsort(outcome, kind="stable"))
    return np.take(np.concatenate(strata, axis=1), place, axis=1)


def resample_blocks(n: int, resamples: int) -> Iterator[tuple[int, int]]:
    """Cut resamples 0 .. resamples - 1 of n subjects into (first, last) that fit into memory together."""
    at_once = max(1, COUNTS_AT_ONCE // max(1, n))
    for first in range(0, resamples, at_once):
        yield first, min(first + at_once, resamples)


class _SingleThread:
    """Holds BLAS to one thread while anybody is inside; who leaves last gives it back the threads it had.

    The number is the process's: two callers at a time that each restored what they found would leave one behind.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._held: Any = None
        self._blas = ThreadpoolController()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Enter and leave; threads may be inside together."""
        with self._lock:
            if self._inside == 0:
                self._held = self._blas.limit(limits=1, user_api="blas")
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._held.restore_original_limits()


single_thread = _SingleThread()


class ExactRows:
    """Rows of numbers, taken apart so that they can be summed over resamples without rounding.

    Each row is rounded to multiples of a power of two below 2^-60 times its largest magnitude (for n below
    2^22; nothing is lost of ordinary rows), and split into two whole numbers that are so small that every
    sum of up to n of them is a whole number below 2^53. A sum of such numbers is exact in any order, so BLAS may
    add them as it likes.
    """

    def __init__(self, values: Array) -> None:
        """Take apart finite `values`, shape (rows, n)."""
        self._bits = 52 - values.shape[1].bit_length()
        _, exponent = np.frexp(np.abs(values).max(axis=1, keepdims=True, initial=0))
        self._shift = self._bits - exponent
        scaled = np.ldexp(values, self._shift)
        self._high = np.rint(scaled)
        self._low = np.rint(np.ldexp(scaled - self._high, self._bits))

    def sums(self, counts: NDArray[np.generic]) -> Array:
        """Sum each row over each resample: counts of shape (resamples, n) give sums (rows, resamples).

        The counts of a resample add up to n at most. The same to the bit however rows and resamples are cut into
        blocks.
        """
        weights = counts.T.astype(np.float64)
        # More threads would wait for each other, spinning, longer than they add: five times the CPU at n = 50,000.
        with single_thread():
            low = np.ldexp(self._low @ weights, -self._bits)
            sums: Array = np.ldexp(self._high @ weights + low, -self._shift)
        return sums


@dataclass(frozen=True)
class PercentileLimits:
    """95 % limits of each run, shape (runs,), and the number of resamples that they are made from.

    NaN where the statistic exists in less than half of the resamples.
    """

    low: Array
    high: Array
    n_defined: NDArray[np.int64]
    resamples: int

    @property
    def few(self) -> NDArray[np.bool_]:
        """Runs without limits: status `few_resamples`."""
        few: NDArray[np.bool_] = 2 * self.n_defined < self.resamples
        return few


def percentile_limits(statistics: Array) -> PercentileLimits:
    """Take the 2.5th and the 97.5th percentile (type 7) of statistics of shape (runs, resamples).

    NaN and infinity say that a statistic does not exist in a resample; the others are used.

    Efron 1981, Canadian Journal of Statistics 9:139; Hyndman & Fan 1996, American Statistician 50:361.
    """
    resamples = statistics.shape[1]
    rising = np.sort(np.where(np.isfinite(statistics), statistics, np.nan), axis=1)
    n_defined = np.isfinite(rising).sum(axis=1)
    enough = (2 * n_defined >= resamples) & (n_defined > 0)
    low, high = (np.where(enough, _quantile(rising, n_defined, q), np.nan) for q in (0.025, 0.975))
    return PercentileLimits(low, high, n_defined, resamples)


def _quantile(rising: Array, n_defined: NDArray[np.int64], q: float) -> Array:
    """Interpolate between the two order statistics around q of the first `n_defined` of each row."""
    place = np.maximum(n_defined - 1, 0) * q
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(n_defined - 1, 0))
    rows = np.arange(len(rising))
    lower, upper = rising[rows, below], rising[rows, above]
    quantile: Array = lower + (place - below) * (upper - lower)
    return quantile


def bootstrap_method(
    resamples: int = RESAMPLES, seed: int = SEED, *, single_class: int = 0, stratified: bool = False
) -> str:
    """Say how an interval was made: what is resampled, how often, from which seed, by which generator.

    `single_class` counts the resamples that have one outcome only; what needs both does not use them. What a
    seed draws is said at `resample_counts`.
    """
    within = " within each outcome" if stratified else ""
    one_class = f", {single_class} without both outcomes" if single_class else ""
    return f"bootstrap over subjects{within}, percentile, B={resamples}{one_class}, seed={seed}, Philox"
