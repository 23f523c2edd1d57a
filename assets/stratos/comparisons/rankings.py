"""Which level of each factor of methods ranks best, and how far that holds for other subjects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assets.stratos.bootstrap.resampling import RESAMPLES, SEED, bootstrap_method, percentile_limits
from assets.stratos.comparisons.common_subjects import RESAMPLED, common_cohort, places
from assets.stratos.comparisons.friedman import PseudoReplicationError, friedman_nemenyi, midranks
from assets.stratos.comparisons.variance_decomposition import FACTORS

Array = NDArray[np.float64]

HIGHER_IS_BETTER: Mapping[str, bool] = {"auroc": True, "brier": False}

METHOD_RANKINGS = pa.schema(
    [
        ("measure", pa.string()),
        ("factor", pa.string()),
        ("level", pa.string()),
        ("n_levels", pa.int32()),
        ("n_blocks", pa.int32()),
        ("mean_rank", pa.float64()),
        ("mean_rank_ci_lower", pa.float64()),
        ("mean_rank_ci_upper", pa.float64()),
        ("probability_best", pa.float64()),
        ("ci_method", pa.string()),
        ("friedman_statistic", pa.float64()),
        ("friedman_df", pa.int32()),
        ("friedman_p", pa.float64()),
        ("critical_difference", pa.float64()),
        ("status", pa.string()),
    ]
)


@dataclass(frozen=True)
class _Blocks:
    """The complete blocks of one factor: where in the table of runs they stand, `places` of shape (blocks, levels).

    A block is one combination of the other factors, with a run of every level on the same subjects.
    `test_sets` names the subjects of each block; sets that overlap have one name.
    """

    levels: list[str]
    places: NDArray[np.int64]
    test_sets: list[int]


def method_rankings(
    essential_metrics: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    measures: Sequence[str] = tuple(HIGHER_IS_BETTER),
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> pa.Table:
    """Rank the levels of each factor by AUROC and by Brier score: the table `method_rankings`.

    A row per measure, factor and level. Levels are ranked (1 is the best, ties halved) within blocks, the
    combinations of the other factors; `mean_rank` averages over the complete blocks, those with a run of every level
    on the same subjects.

    **Whether a difference is more than chance** depends on what is a replicate. Where all blocks share one test set,
    as in a factorial of pipelines, they are not: each block asks the same subjects again, and Friedman's p and
    Nemenyi's critical difference shrink with every pipeline added, though nothing is learnt of other patients. In
    simulated studies in which no method was better than another the test found one in 99 %. They are null then, with
    status `blocks_share_subjects`. What may be concluded is how the ranking would vary with other test subjects:
    limits of the mean rank over resamples of the subjects, shared by all runs (in simulations they held the true mean
    rank in 88 to 100 % of the cases), and `probability_best`, the share of resamples in which the level ranks best,
    ties shared. It is no posterior probability, and says nothing of other training sets, or of data of another kind.
    For that, studies on several test sets are needed; where every block has its own, Friedman's test is made.

    Statuses without Friedman's test: `blocks_share_subjects`, `single_level`, `single_block`, and `no_complete_block`,
    where the mean ranks are null, too. Raises ValueError if two runs have the same methods.

    Demsar 2006, Journal of Machine Learning Research 7:1; Hurlbert 1984, Ecological Monographs 54:187, for
    pseudo-replication.
    """
    runs = essential_metrics.sort_values("run_id", ignore_index=True)
    runs[list(FACTORS)] = runs[list(FACTORS)].fillna("").astype(str)
    if runs.duplicated(list(FACTORS)).any():
        raise ValueError("two runs have the same methods; a block has one run of each level")
    cohort, test_sets = common_cohort(predictions), _test_sets(predictions)
    rows: list[dict[str, Any]] = []
    for measure in measures:
        sign = 1 if HIGHER_IS_BETTER[measure] else -1
        scores = sign * runs[measure].to_numpy(dtype=np.float64, na_value=np.nan)
        resampled, method = np.empty((len(runs), 0)), ""
        if cohort is not None:
            found = RESAMPLED[measure](cohort, resamples=resamples, seed=seed)
            resampled = sign * found[places(cohort, runs["run_id"].astype(str).tolist())]
            method = bootstrap_method(resamples, seed, single_class=int(np.isnan(found[0]).sum()))
        for factor in FACTORS:
            ranked = _ranked(_blocks(runs, scores, factor, test_sets), scores, resampled, method)
            rows += [{"measure": measure, "factor": factor, **row} for row in ranked]
    frame = pd.DataFrame(rows, columns=METHOD_RANKINGS.names)
    return pa.Table.from_pandas(frame, METHOD_RANKINGS, preserve_index=False)


def _test_sets(predictions: pd.DataFrame) -> pd.DataFrame:
    """Number the sets of subjects of the runs, by `run_id`: `exact`, and `joined` where sets overlap."""
    subjects = predictions.groupby("run_id")["subject_code"].agg(frozenset)
    exact, sets = pd.factorize(subjects)
    return pd.DataFrame({"exact": exact, "joined": _joined(sets)[exact]}, index=subjects.index)


def _joined(sets: Sequence[frozenset[str]]) -> NDArray[np.int64]:
    """Give each set a number, one to those that overlap, if only through others; shape (sets,)."""
    above, first_with = list(range(len(sets))), dict[str, int]()

    def top(place: int) -> int:
        while above[place] != place:
            above[place] = place = above[above[place]]
        return place

    for place, codes in enumerate(sets):
        for code in codes:
            above[top(place)] = top(first_with.setdefault(code, place))
    return np.array([top(place) for place in range(len(sets))], dtype=np.int64)


def _blocks(runs: pd.DataFrame, scores: Array, factor: str, test_sets: pd.DataFrame) -> _Blocks:
    others = [name for name in FACTORS if name != factor]
    of_runs = test_sets.loc[runs["run_id"]].set_axis(runs.index)
    laid_out = runs.assign(place=runs.index, test_set=of_runs["exact"])[np.isfinite(scores)]
    by_level = laid_out.pivot(index=[*others, "test_set"], columns=factor, values="place")
    levels = sorted(runs[factor].unique())
    complete = by_level.reindex(columns=levels).dropna().to_numpy(dtype=np.int64)
    return _Blocks(levels, complete, of_runs["joined"].to_numpy()[complete[:, :1].ravel()].tolist())


def _ranked(blocks: _Blocks, scores: Array, resampled: Array, method: str) -> list[dict[str, Any]]:
    """Describe each level of a factor; `scores` has shape (runs,), `resampled` (runs, resamples), high is good."""
    shared = {"n_levels": len(blocks.levels), "n_blocks": len(blocks.places)}
    if len(blocks.levels) < 2 or not len(blocks.places):
        status = "single_level" if len(blocks.levels) < 2 else "no_complete_block"
        return [{**shared, "level": level, "status": status} for level in blocks.levels]
    of_levels = {
        "level": blocks.levels,
        "mean_rank": midranks(scores[blocks.places]).mean(axis=0),
        **(_over_subjects(midranks(resampled[blocks.places]).mean(axis=0)) if resampled.size else {}),
    }
    shared |= {"ci_method": method or None} | _friedman(scores[blocks.places], blocks.test_sets)
    return [
        shared | dict(zip(of_levels, values, strict=True)) for values in zip(*of_levels.values(), strict=True)
    ]


def _over_subjects(mean_ranks: Array) -> dict[str, Array]:
    """Limits of mean ranks of shape (levels, resamples), and how often each is the best."""
    limits = percentile_limits(mean_ranks)
    defined = mean_ranks[:, ~np.isnan(mean_ranks[0])]
    best = defined == defined.min(axis=0)
    probability = np.where(
        limits.few, np.nan, (best / best.sum(axis=0)).sum(axis=1) / max(defined.shape[1], 1)
    )
    return {
        "mean_rank_ci_lower": limits.low,
        "mean_rank_ci_upper": limits.high,
        "probability_best": probability,
    }


def _friedman(scores: Array, test_sets: list[int]) -> dict[str, Any]:
    if len(scores) < 2:
        return {"status": "single_block"}
    try:
        found = friedman_nemenyi(scores, test_sets)
    except PseudoReplicationError:
        return {"status": "blocks_share_subjects"}
    return {
        "friedman_statistic": found.statistic,
        "friedman_df": found.df,
        "friedman_p": found.p,
        "critical_difference": found.critical_difference,
        "status": "variance_zero" if np.isnan(found.statistic) else "ok",
    }
