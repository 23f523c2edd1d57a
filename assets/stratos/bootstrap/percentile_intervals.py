"""Percentile limits over resampled subjects; every run of a cohort sees the same resamples."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from assets.stratos.bootstrap.resampled import prepared
from assets.stratos.bootstrap.resampling import (
    RESAMPLES,
    SEED,
    bootstrap_method,
    percentile_limits,
    resample_blocks,
    resample_counts,
    stratified_counts,
)
from assets.stratos.cohorts import Cohort
from assets.stratos.estimates import Estimates, first_true, joined

Array = NDArray[np.float64]

# Bounds the memory of the measures of all resamples; no result depends on it.
STATISTICS_AT_ONCE = 20_000_000
MEASURES_WITHOUT_THRESHOLD = 10
MEASURES_AT_A_THRESHOLD = 4


def bootstrap_intervals(
    cohort: Cohort, *, thresholds: Sequence[int], resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Estimates]:
    """Percentile limits of AUROC, overall measures, O:E and utilities, by `<measure>__bootstrap_ci`.

    The utilities at each threshold t are net benefit, also standardised, interventions avoided and expected cost.
    `thresholds` are whole per cents, 1 to 99. `auroc_ci_bootstrap_stratified` draws events and non-events
    apart. `value` is the measure of the rows as they are. A resample in which a measure does not exist (one
    outcome only, nothing expected) is left out of its limits. Limits are null with `few_resamples`, and with
    `variance_zero`, where all resamples agree; `single_class`, `no_events`, `nothing_expected` and `infinite`
    say why there is no measure in the first place.

    Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    measures = MEASURES_WITHOUT_THRESHOLD + MEASURES_AT_A_THRESHOLD * len(thresholds)
    at_once = max(1, STATISTICS_AT_ONCE // (resamples * measures))
    parts = [_intervals(part, resamples, seed, sorted(set(thresholds))) for part in _parts(cohort, at_once)]
    return {name: joined([part[name] for part in parts]) for name in parts[0]}


def resampled_aurocs(cohort: Cohort, *, resamples: int = RESAMPLES, seed: int = SEED) -> Array:
    """AUROC of every run in every resample, shape (runs, resamples); NaN in one without both outcomes.

    Runs of one cohort are paired: column b is the same resample for all of them.
    """
    ready = prepared(cohort)
    blocks = [
        ready.aurocs(resample_counts(cohort.n, first, last, seed))
        for first, last in resample_blocks(cohort.n, resamples)
    ]
    return np.concatenate(blocks, axis=1)


def _parts(cohort: Cohort, at_once: int) -> Iterator[Cohort]:
    for first in range(0, len(cohort.run_ids), at_once):
        chosen = slice(first, first + at_once)
        yield Cohort(cohort.run_ids[chosen], cohort.outcome, cohort.probability[chosen])


def _intervals(cohort: Cohort, resamples: int, seed: int, thresholds: Sequence[int]) -> dict[str, Estimates]:
    ready = prepared(cohort, thresholds)
    values = ready.measures(np.ones((1, cohort.n), np.uint8))
    ordinary, stratified = [], []
    for first, last in resample_blocks(cohort.n, resamples):
        ordinary.append(ready.measures(resample_counts(cohort.n, first, last, seed)))
        stratified.append(ready.aurocs(stratified_counts(cohort.outcome, first, last, seed)))
    drawn = {name: np.concatenate([block[name] for block in ordinary], axis=1) for name in values}
    method = bootstrap_method(resamples, seed, single_class=int(np.isnan(drawn["auroc"][0]).sum()))
    found = {
        f"{name}__bootstrap_ci": _estimates(cohort, name, values[name][:, 0], drawn[name], method)
        for name in values
    }
    method = bootstrap_method(resamples, seed, stratified=True)
    within = _estimates(cohort, "auroc", values["auroc"][:, 0], np.concatenate(stratified, axis=1), method)
    return found | {"auroc_ci_bootstrap_stratified": within}


def _estimates(cohort: Cohort, name: str, value: Array, drawn: Array, method: str) -> Estimates:
    limits = percentile_limits(drawn)
    missing = ~np.isfinite(value)
    status = first_true(
        (missing & (name == "oe_ratio"), "nothing_expected"),
        (missing & name.startswith("standardised"), "no_events"),
        (missing & (cohort.n_events in (0, cohort.n)), "single_class"),
        (missing, "infinite"),
        (limits.few, "few_resamples"),
        (limits.low == limits.high, "variance_zero"),
    )
    return Estimates(
        np.where(missing, np.nan, value),
        np.full(len(value), cohort.n),
        status,
        np.where(status == "ok", limits.low, np.nan),
        np.where(status == "ok", limits.high, np.nan),
        method,
        np.where(np.isinf(value), value, np.nan),
    )
