"""Our side: `python -m tests.bench_measures.ours WORK RUNS N RESAMPLES` prints what it took."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.stratos.bootstrap.percentile_intervals import bootstrap_intervals
from assets.stratos.calibration.calibration_errors import calibration_error_measures
from assets.stratos.calibration.recalibration import recalibration_measures
from assets.stratos.calibration.recalibration_bootstrap import recalibration_bootstrap
from assets.stratos.classification.net_benefit import net_benefit_measures
from assets.stratos.cohorts import Cohort, cohort_of
from assets.stratos.discrimination.auroc import discrimination_measures
from assets.stratos.overall import overall_measures
from queries.calibration import observed_expected
from queries.discrimination import auroc_with_delong
from queries.net_benefit import decision_curves
from queries.overall import overall_performance
from tests.bench_measures.work import Data, measure

_RUNS_AT_ONCE = 500
_COPIED_AT_ONCE = 2**24

Found = Mapping[str, float]


def points(cohort: Cohort, resamples: int) -> Found:
    """All point measures of arrays; more than the peer's: profile limits, R2s, E50, E90, Emax, ECI."""
    found = {
        **discrimination_measures(cohort),
        **overall_measures(cohort),
        **recalibration_measures(cohort),
        **net_benefit_measures(cohort, range(1, 100)),
        **calibration_error_measures(cohort, resamples=0),
    }
    names = ("auroc", "brier", "log_loss", "oe_ratio", "calibration_intercept", "calibration_slope")
    return {name: float(found[name].value[0]) for name in (*names, "net_benefit@0.10")}


def bootstrap(cohort: Cohort, resamples: int) -> Found:
    """Resampled AUROC, ordinary and stratified, Brier and log loss; R2s, O:E and discrimination slope come along."""
    found = bootstrap_intervals(cohort, resamples=resamples, thresholds=())
    return {name: float(found[f"{name}__bootstrap_ci"].value[0]) for name in ("auroc", "brier", "log_loss")}


def recalibration(cohort: Cohort, resamples: int) -> Found:
    """Resampled intercept and slope."""
    found = recalibration_bootstrap(cohort, resamples=resamples)
    names = ("calibration_intercept", "calibration_slope")
    return {name: float(found[f"{name}__bootstrap_ci"].value[0]) for name in names}


ON_ARRAYS: dict[str, Callable[[Cohort, int], Found]] = {
    "points": points,
    "bootstrap": bootstrap,
    "recalibration": recalibration,
}


def write_predictions(path: Path, data: Data) -> None:
    """Write a DuckDB file with the table `predictions`, some runs at a time."""
    runs, n = data.probability.shape
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE predictions (run_id VARCHAR, subject_code VARCHAR, y_true TINYINT, y_prob DOUBLE)"
        )
        for first in range(0, runs, _RUNS_AT_ONCE):
            some = data.probability[first : first + _RUNS_AT_ONCE]
            columns = {
                "run": np.repeat(np.arange(first, first + len(some)), n),
                "subject": np.tile(np.arange(n), len(some)),
                "outcome": np.tile(data.outcome, len(some)),
                "probability": some.ravel(),
            }
            connection.register("more", pa.table(columns))
            connection.execute(
                "INSERT INTO predictions SELECT format('run{:05d}', run), format('S{:07d}', subject), outcome, "
                "probability FROM more"
            )


def sql(path: Path) -> Found:
    """What SQL can say, through ibis: AUROC with DeLong limits, overall measures, O:E, 99 net benefits."""
    predictions = ibis.duckdb.connect(path, read_only=True).table("predictions")
    first = {}
    for query in (auroc_with_delong, overall_performance, observed_expected):
        table = query(predictions).to_pyarrow()
        first |= table.filter(pc.equal(table["run_id"], "run00000")).to_pylist()[0]
    decision_curves(predictions).to_pyarrow()
    return {**{name: first[name] for name in ("auroc", "brier", "log_loss")}, "oe_ratio": first["o_e_ratio"]}


def copy(number: int) -> Found:
    """Copy so many numbers with numpy: what moving the bytes alone takes."""
    block = np.ones(min(number, _COPIED_AT_ONCE))
    into = np.empty_like(block)
    for _ in range(-(-number // len(block))):
        np.copyto(into, block)
    return {}


def main(name: str, runs: int, n: int, resamples: int) -> None:
    """Do one kind of work on data of one size."""
    if name == "copy":
        measure(lambda: copy(runs * n * max(1, resamples)))
    elif name == "sql":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "predictions.db"
            write_predictions(path, Data.drawn(runs, n))
            measure(lambda: sql(path))
    else:
        data = Data.drawn(runs, n)
        ids = [f"run{run:05d}" for run in range(runs)]
        measure(lambda: ON_ARRAYS[name](cohort_of(data.outcome, data.probability, ids), resamples))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
