"""The long table of measures: it says of every run what arrays say of it."""

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assets.stratos import evaluate_runs, intervals
from assets.stratos.calibration import tables as calibration
from assets.stratos.classification import measures as classification
from assets.stratos.stability import refits
from queries.classification import threshold_metrics
from queries.discrimination import auroc_with_delong
from queries.measures import stratos_measures
from queries.net_benefit import decision_curves
from queries.overall import overall_performance
from tests.measure_cases import PREDICTIONS, runs, subjects

PER_CENTS = (5, 50)
RESAMPLES = 20
SEED = 7
TARGET = 0.2
REFERENCE = (
    "asah_loo",
    "birthwt_constant",
    "flchain_no_events",
    "iris_separated",
    "pima_knn_ties",
    "vaso_n20",
)


def degenerate() -> pd.DataFrame:
    return runs(
        [(1, 0.2), (1, 0.4), (1, 0.7)],
        [(0, 0.0), (0, 0.0)],
        [(1, 0.0), (0, 1.0)],
        [(1, 1.0), (0, 0.3), (0, 0.6)],
        [(1, 0.9), (0, 0.9), (0, 0.2)],
        [(0, 0.25)],
    )


def frame() -> pd.DataFrame:
    return pd.concat([*map(subjects, REFERENCE), degenerate()], ignore_index=True)


def by_run(predictions):
    return predictions.group_by("run_id").agg(
        n_test=predictions.count().cast("int32"), n_events=predictions.y_true.sum().cast("int32")
    )


def tables(predictions, rows: pd.DataFrame) -> dict:
    """Everything that the long table is made from, by name: expressions, and tables from arrays."""
    return {
        "runs": by_run(predictions),
        "discrimination": auroc_with_delong(predictions),
        "recalibration": calibration.recalibrate(rows),
        "overall_performance": overall_performance(predictions),
        "calibration_errors": calibration.calibration_errors(rows, resamples=RESAMPLES, seed=SEED),
        "dca_curves": decision_curves(predictions),
        "threshold_metrics": threshold_metrics(predictions, PER_CENTS, target_prevalence=TARGET),
        "intervals": intervals.intervals(rows, per_cents=PER_CENTS, resamples=RESAMPLES, seed=SEED),
        "refit_spread": refits.REFIT_SPREAD.empty_table(),
    }


@pytest.fixture(scope="module")
def measured() -> dict[tuple[str, str], dict]:
    """What DuckDB says, by run and measure."""
    rows = frame()
    duck = ibis.duckdb.connect(threads=1)
    duck.create_table(
        "predictions", pa.Table.from_pandas(rows, PREDICTIONS.to_pyarrow(), preserve_index=False)
    )
    made = {}
    for name, table in tables(duck.table("predictions"), rows).items():
        made[name] = duck.create_table(name, table)
    exact = classification.exact_limits(made["threshold_metrics"].to_pandas())
    made["threshold_exact_limits"] = duck.create_table("threshold_exact_limits", exact)
    found = duck.to_pyarrow(stratos_measures(**made, per_cents=PER_CENTS)).to_pylist()
    keyed = {(row["run_id"], row["measure"]): row for row in found}
    assert len(keyed) == len(found)
    return keyed


@pytest.fixture(scope="module")
def evaluated() -> dict[tuple[str, str], dict]:
    """What arrays say, by run and measure."""
    found = evaluate_runs(
        frame(),
        thresholds=[k / 100 for k in PER_CENTS],
        resamples=RESAMPLES,
        seed=SEED,
        target_prevalence=TARGET,
    )
    rows = found[~found.measure.str.startswith("risk_")].to_dict("records")  # the table distribution_stats
    return {(row["run_id"], row["measure"]): row for row in rows}


def test_a_row_is_one_measure_of_one_run_with_all_that_is_said_of_it(measured):
    assert {tuple(row) for row in measured.values()} == {
        ("run_id", "measure", "value", "ci_lower", "ci_upper", "method", "status", "limit", "n")
    }


def test_the_same_measures_of_the_same_runs_are_there(measured, evaluated):
    assert measured.keys() == evaluated.keys()


@pytest.mark.parametrize(
    ("column", "field"),
    [("value", "value"), ("ci_lower", "ci_low"), ("ci_upper", "ci_high"), ("limit", "limit")],
)
def test_numbers_agree_with_those_of_arrays(column, field, measured, evaluated):
    wanted = np.array([evaluated[key][field] for key in measured], dtype=float)
    found = np.array([row[column] for row in measured.values()], dtype=float)
    differ = ~np.isclose(found, wanted, rtol=1e-12, atol=1e-12, equal_nan=True)
    keys = list(measured)
    assert [(keys[i], found[i], wanted[i]) for i in np.flatnonzero(differ)] == []


@pytest.mark.parametrize("field", ["status", "method", "n"])
def test_words_agree_with_those_of_arrays(field, measured, evaluated):
    assert {
        key: (row[field], evaluated[key][field])
        for key, row in measured.items()
        if row[field] != evaluated[key][field]
    } == {}
