"""Intervals that no relational expression can say, of every run of a predictions table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from assets.stratos.bootstrap.percentile_intervals import bootstrap_intervals
from assets.stratos.calibration.recalibration_bootstrap import recalibration_bootstrap
from assets.stratos.cohorts import Cohort, cohorts
from assets.stratos.discrimination.auroc import discrimination_measures
from assets.stratos.estimates import Estimates

INTERVALS = pa.schema(
    [
        ("run_id", pa.string()),
        ("measure", pa.string()),
        ("ci_lower", pa.float64()),
        ("ci_upper", pa.float64()),
        ("method", pa.string()),
        ("status", pa.string()),
    ]
)
LONG = pa.schema(
    [
        ("run_id", pa.string()),
        ("measure", pa.string()),
        ("value", pa.float64()),
        ("ci_lower", pa.float64()),
        ("ci_upper", pa.float64()),
        ("method", pa.string()),
        ("status", pa.string()),
        ("limit", pa.float64()),
        ("n", pa.int32()),
    ]
)


def intervals(predictions: pd.DataFrame, *, per_cents: Sequence[int], resamples: int, seed: int) -> pa.Table:
    """Limits over resampled subjects, and Newcombe's of the AUROC: the table `intervals`.

    Needs `run_id`, `subject_code`, `y_true`, `y_prob`; a row per run and measure comes back, in that order. The
    measures are those of `bootstrap_intervals`, `recalibration_bootstrap` and `auroc_ci_newcombe`. Raises
    ValueError as `cohorts` does.
    """
    resampled = {"resamples": resamples, "seed": seed}

    def measured(cohort: Cohort) -> dict[str, Estimates]:
        return {
            **bootstrap_intervals(cohort, thresholds=per_cents, **resampled),
            **recalibration_bootstrap(cohort, **resampled),
            "auroc_ci_newcombe": discrimination_measures(cohort)["auroc_ci_newcombe"],
        }

    tables = [long_table(cohort, measured(cohort)) for cohort in cohorts(predictions)]
    found = pa.concat_tables([LONG.empty_table(), *tables]).select(INTERVALS.names)
    return found.sort_by([("run_id", "ascending"), ("measure", "ascending")])


def long_table(cohort: Cohort, found: Mapping[str, Estimates]) -> pa.Table:
    """Write measures of a cohort as one row per run and measure."""
    shape = (len(cohort.run_ids), len(found))

    def column(field: str) -> pa.Array:
        values = np.stack([getattr(estimates, field) for estimates in found.values()], axis=1)
        return pa.array(values.ravel(), from_pandas=True)

    methods = [estimates.method for estimates in found.values()]
    columns = [
        pa.array(np.repeat(np.array(cohort.run_ids), shape[1])),
        pa.array([*found] * shape[0]),
        *(column(field) for field in ("value", "ci_low", "ci_high")),
        pa.array(methods * shape[0]),
        *(column(field) for field in ("status", "limit", "n")),
    ]
    return pa.table(columns, names=LONG.names).cast(LONG)
