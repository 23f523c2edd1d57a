"""All measures of a model, or of many: the public face of this package."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from assets.stratos.bootstrap.percentile_intervals import bootstrap_intervals
from assets.stratos.bootstrap.resampling import RESAMPLES, SEED
from assets.stratos.calibration.calibration_errors import calibration_error_measures
from assets.stratos.calibration.recalibration import recalibration_measures
from assets.stratos.calibration.recalibration_bootstrap import recalibration_bootstrap
from assets.stratos.catalogue import MEASURES
from assets.stratos.classification.advised_against import advised_against_measures
from assets.stratos.classification.measures import classification_measures
from assets.stratos.classification.net_benefit import net_benefit_measures
from assets.stratos.cohorts import Cohort, cohort_of, cohorts
from assets.stratos.discrimination.auroc import discrimination_measures
from assets.stratos.distributions import distribution_measures
from assets.stratos.estimates import Estimates
from assets.stratos.intervals import long_table
from assets.stratos.options import Options, checked_options
from assets.stratos.overall import overall_measures

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5)

ALIASES = {
    **{
        f"{name}__drop01": name
        for name in ("calibration_intercept", "calibration_slope", "calibration_intercept_joint")
    },
    **{f"{name}__bootstrap_ci": name for name in ("ici", "e50", "e90", "emax", "eci_x100", "eci_stratos")},
}
"""Names that other software and tables of reference numbers have for what is ours by default."""


@dataclass(frozen=True)
class Measure(Mapping[str, Any]):
    """One measure of one model; its fields can be had by name, too: `measure["ci_low"]`.

    `value`, `ci_low` and `ci_high` are None where they do not exist; `status` then says why, and `limit` is -inf or
    inf where the measure diverges. `method` says how the 95 % interval is made. `n` counts the rows used.
    """

    value: float | None
    ci_low: float | None
    ci_high: float | None
    method: str
    status: str
    n: int
    limit: float | None = None

    def __getitem__(self, name: str) -> Any:
        """Return a field."""
        if name not in _FIELDS:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the fields."""
        return iter(_FIELDS)

    def __len__(self) -> int:
        """Count the fields."""
        return len(_FIELDS)


_FIELDS = tuple(field.name for field in fields(Measure))


class Evaluation(dict[str, Measure]):
    """Measures by name, in the order of the catalogue; shows itself as a table in a notebook."""

    def to_frame(self) -> pd.DataFrame:
        """Return a frame with a row per measure, its name as the index; `advice` says what STRATOS thinks of it."""
        rows = {name: {**measure, "advice": _advice(name)} for name, measure in self.items()}
        return pd.DataFrame(rows).T

    def __missing__(self, name: object) -> Measure:
        """Raise KeyError for a measure that was not computed, naming the nearest one that was."""
        near = difflib.get_close_matches(str(name).lower(), self, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise KeyError(f"{name!r} was not computed (thresholds and advised_against say what is){hint}")

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        html: str = frame.where(frame.notna(), "").to_html()
        return html


def evaluate(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    target_prevalence: float | None = None,
    advised_against: bool = False,
) -> Evaluation:
    """Compute every STRATOS measure of one model's predicted risks, with interval, method, status and n.

    Parameters
    ----------
    y_true : array_like, shape (n,)
        Outcomes, 0 or 1.
    y_prob : array_like, shape (n,)
        Predicted risks of the outcome, within [0, 1].
    thresholds : sequence of float
        Risk thresholds for the measures that need one; whole per cents from 0.01 to 0.99. Named `net_benefit@0.10`.
    resamples : int
        Bootstrap resamples of the subjects; 0 leaves out intervals that need them.
    seed : int
        Of the resampling, from 0 to 2^64 - 1; the same rows in the same order have the same limits on any machine
        and at any time.
    target_prevalence : float, optional
        Adds `ppv_at_prevalence@...` and `npv_at_prevalence@...`: predictive values where that share has the outcome.
    advised_against : bool
        Adds measures that STRATOS advises against (F1, AUPRC, accuracy, ...), labelled so in `to_frame()`.

    Returns
    -------
    Evaluation
        A dict from the measure's name to `Measure(value, ci_low, ci_high, method, status, n, limit)`.

    Raises
    ------
    ValueError
        No rows, lengths that differ, outcomes other than 0 and 1, risks that are missing, masked or outside
        [0, 1], thresholds that are no whole per cents, a prevalence not between 0 and 1, resamples or a seed that are
        no whole numbers from 0 on.

    References
    ----------
    Van Calster et al. 2025, Lancet Digital Health 7:100916; the source of each measure is in `catalogue.MEASURES`.

    Examples
    --------
    >>> from assets.stratos import evaluate
    >>> evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], resamples=0)["auroc"].value
    0.75
    """
    options = checked_options(thresholds, resamples, seed, target_prevalence, advised_against)
    found = _measures(cohort_of(y_true, y_prob), options)
    named = {name: _measure(estimates, 0) for name, estimates in found.items()}
    return Evaluation(named | {alias: named[name] for alias, name in ALIASES.items()})


def evaluate_runs(
    predictions: pd.DataFrame,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    target_prevalence: float | None = None,
    advised_against: bool = False,
) -> pd.DataFrame:
    """Compute every STRATOS measure of many runs: one row per `run_id` and `measure`.

    Parameters
    ----------
    predictions : DataFrame
        Columns `run_id`, `subject_code`, `y_true`, `y_prob`. Runs with the same subjects share their resamples.

    Returns
    -------
    DataFrame
        Columns `run_id` (as text), `measure`, the fields of `Measure` and `advice`, what STRATOS thinks of the
        measure; sorted by run, measures in the catalogue's order. Neither the order of the rows nor which runs come
        together changes a bit of it.

    Raises
    ------
    ValueError
        As `evaluate` does, for a column, a run or a subject that is missing, for runs whose ids are the same text,
        and for a run with two rows of the same subject.
    TypeError
        `predictions` is no frame.

    See `evaluate` for the other parameters.
    """
    options = checked_options(thresholds, resamples, seed, target_prevalence, advised_against)
    parts = [_long(cohort, options) for cohort in cohorts(predictions)]
    if not parts:
        return pd.DataFrame(columns=["run_id", "measure", *_FIELDS, "advice"])
    return pd.concat(parts, ignore_index=True).sort_values("run_id", kind="stable", ignore_index=True)


def _measures(cohort: Cohort, options: Options) -> dict[str, Estimates]:
    """Compute what is asked for, in the order of the catalogue; measures that it does not list come last."""
    found = {
        **discrimination_measures(cohort),
        **overall_measures(cohort),
        **recalibration_measures(cohort),
        **calibration_error_measures(cohort, resamples=options.resamples, seed=options.seed),
        **classification_measures(cohort, options.per_cents, options.target_prevalence),
        **net_benefit_measures(cohort, options.per_cents),
        **distribution_measures(cohort),
    }
    if options.advised_against:
        found |= advised_against_measures(cohort, options.per_cents)
    if options.resamples:
        resampled = {"resamples": options.resamples, "seed": options.seed}
        found |= bootstrap_intervals(cohort, thresholds=options.per_cents, **resampled)
        found |= recalibration_bootstrap(cohort, **resampled)
    found = {name: _with_limits(name, found) for name in found}
    place = {name: index for index, name in enumerate(MEASURES)}
    return dict(sorted(found.items(), key=lambda item: place.get(_stem(item[0]), len(place))))


def _with_limits(name: str, found: Mapping[str, Estimates]) -> Estimates:
    """Give a measure that has no formula for its interval the one from the bootstrap, or why there is none."""
    measure, resampled = found[name], found.get(f"{name}__bootstrap_ci")
    if resampled is None or measure.method:
        return measure
    status = np.where(measure.status == "ok", resampled.status, measure.status)
    return replace(
        measure, status=status, ci_low=resampled.ci_low, ci_high=resampled.ci_high, method=resampled.method
    )


def _stem(name: str) -> str:
    """Return the measure that a name belongs to: `net_benefit` of `net_benefit@0.10__bootstrap_ci`."""
    return name.partition("@")[0].partition("__")[0].partition("_ci_")[0]


def _advice(name: str) -> str:
    """Return what STRATOS thinks of a measure, "" for what is no measure of its own."""
    definition = MEASURES.get(_stem(name))
    return definition.advice if definition else ""


def _measure(estimates: Estimates, run: int) -> Measure:
    value, low, high, limit = (
        None if np.isnan(numbers[run]) else float(numbers[run])
        for numbers in (estimates.value, estimates.ci_low, estimates.ci_high, estimates.limit)
    )
    return Measure(
        value, low, high, estimates.method, str(estimates.status[run]), int(estimates.n[run]), limit
    )


def _long(cohort: Cohort, options: Options) -> pd.DataFrame:
    """Return one row per run and measure, the runs in the order of the cohort."""
    frame: pd.DataFrame = long_table(cohort, _measures(cohort, options)).to_pandas()
    renamed = frame.rename(columns={"ci_lower": "ci_low", "ci_upper": "ci_high"})
    return renamed[["run_id", "measure", *_FIELDS]].assign(advice=renamed["measure"].map(_advice))
