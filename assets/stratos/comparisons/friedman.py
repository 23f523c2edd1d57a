"""Tests of several methods over independent blocks, which refuse blocks that are not."""

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from assets.stratos.comparisons.multiplicity import holm

Array = NDArray[np.float64]

WILCOXON_HOLM = pa.schema(
    [
        ("level_a", pa.string()),
        ("level_b", pa.string()),
        ("n_blocks", pa.int32()),
        ("median_difference", pa.float64()),
        ("p", pa.float64()),
        ("p_holm", pa.float64()),
    ]
)


class PseudoReplicationError(ValueError):
    """Blocks that are no independent replicates; the message says what shares its subjects."""


@dataclass(frozen=True)
class Friedman:
    """Mean ranks of k levels (1 is the best) over `n_blocks` complete blocks, and whether they differ at all.

    `statistic` is chi-squared with `df` degrees of freedom; NaN where the levels tie in every block. Mean ranks
    further apart than `critical_difference` differ at 5 % for all pairs together (Nemenyi).
    """

    mean_ranks: Array
    n_blocks: int
    statistic: float
    df: int
    p: float
    critical_difference: float


def friedman_nemenyi(scores: ArrayLike, test_sets: Sequence[Hashable]) -> Friedman:
    """Test whether k levels differ over independent blocks: Friedman's test with Nemenyi's critical difference.

    `scores` has shape (blocks, levels), higher is better, NaN where a level was not tried; only complete blocks
    count. `test_sets` names the subjects that each block was tested on, and no two blocks may have the same:
    refits, bootstrap resamples, cross-validation repeats and other pipelines of one test set are not
    independent, and a test that counted them as replicates would find anything significant if only there were
    enough of them. Such blocks raise PseudoReplicationError; fewer than two complete blocks or two levels
    raise ValueError.

    Friedman 1937, Journal of the American Statistical Association 32:675; Demsar 2006, Journal of Machine
    Learning Research 7:1.
    """
    complete = _independent_blocks(scores, test_sets)
    n_blocks, k = complete.shape
    ranks = midranks(complete)
    mean_ranks = ranks.mean(axis=0)
    spread = (ranks**2).sum() - n_blocks * k * (k + 1) ** 2 / 4
    between = (n_blocks * (mean_ranks - (k + 1) / 2)) ** 2
    statistic = (k - 1) * between.sum() / spread if spread > 0 else np.nan
    difference = critical_difference(k, n_blocks)
    return Friedman(
        mean_ranks, n_blocks, float(statistic), k - 1, float(chdtrc(k - 1, statistic)), difference
    )


def wilcoxon_holm(scores: ArrayLike, test_sets: Sequence[Hashable], levels: Sequence[str]) -> pa.Table:
    """Compare every two levels by Wilcoxon's signed-rank test over independent blocks, p adjusted by Holm.

    The alternative to Nemenyi that does not depend on which other levels are compared. Needs, and raises, what
    `friedman_nemenyi` does; pairs that tie in every block have a null p and do not count in the adjustment.

    Wilcoxon 1945, Biometrics Bulletin 1:80; Holm 1979, Scandinavian Journal of Statistics 6:65; Benavoli,
    Corani & Mangili 2016, Journal of Machine Learning Research 17:1.
    """
    from scipy import stats  # costs a second, and most studies have blocks that it is not asked of

    complete = _independent_blocks(scores, test_sets)
    pairs = list(itertools.combinations(range(complete.shape[1]), 2))
    differences = np.array([complete[:, a] - complete[:, b] for a, b in pairs])
    p = np.array([stats.wilcoxon(d).pvalue if d.any() else np.nan for d in differences])
    columns = [
        [levels[a] for a, _ in pairs],
        [levels[b] for _, b in pairs],
        [len(complete)] * len(pairs),
        np.median(differences, axis=1),
        p,
        holm(p),
    ]
    arrays = [pa.array(c, f.type, from_pandas=True) for c, f in zip(columns, WILCOXON_HOLM, strict=True)]
    return pa.table(arrays, schema=WILCOXON_HOLM)


def critical_difference(levels: int, blocks: int) -> float:
    """Return by how much two of several mean ranks must differ to be told apart at 5 % (Nemenyi, two-sided).

    Demsar 2006, Journal of Machine Learning Research 7:1, equation 7.
    """
    from scipy import stats

    quantile = stats.studentized_range.ppf(0.95, levels, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(levels * (levels + 1) / (6 * blocks)))


def midranks(scores: Array) -> Array:
    """Rank along axis 1, 1 for the highest, ties halved; shape of `scores`, NaN where anything is NaN."""
    ranks = np.full(scores.shape, 0.5)
    for other in range(scores.shape[1]):
        beaten_by = scores[:, other, None]
        ranks += (beaten_by > scores) + 0.5 * (beaten_by == scores)
    ranks[np.broadcast_to(np.isnan(scores).any(axis=1, keepdims=True), scores.shape)] = np.nan
    return ranks


def _independent_blocks(scores: ArrayLike, test_sets: Sequence[Hashable]) -> Array:
    given = np.asarray(scores, dtype=np.float64)
    if given.ndim != 2 or len(given) != len(test_sets):
        raise ValueError(
            f"scores of shape {given.shape} with {len(test_sets)} test sets; expected one per block"
        )
    whole = np.logical_not(np.isnan(given).any(axis=1))
    if whole.sum() < 2 or given.shape[1] < 2:
        raise ValueError(
            f"{whole.sum()} complete blocks of {given.shape[1]} levels; at least two of each are needed"
        )
    of_blocks = [test_set for test_set, complete in zip(test_sets, whole, strict=True) if complete]
    if len(set(of_blocks)) < len(of_blocks):
        raise PseudoReplicationError(
            f"{len(of_blocks)} blocks were tested on {len(set(of_blocks))} set(s) of subjects: refits, resamples or "
            "other pipelines of the same subjects are no independent blocks"
        )
    return given[whole]
