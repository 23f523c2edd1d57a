"""The way out where one machine is too small: every query says on Spark what it says on DuckDB."""

import inspect
import itertools
import math
import pkgutil
import shutil
from datetime import datetime
from functools import partial
from importlib import import_module
from types import FunctionType

import ibis
import pyarrow as pa
import pytest

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

from ibis.expr.types import Table
from pyspark.sql import SparkSession

import queries
from assets.stratos import intervals
from assets.stratos.calibration import tables as calibration
from assets.stratos.classification import measures as classification
from assets.stratos.stability import refits
from tests.measure_cases import EXTRACTED_RUNS
from tests.test_queries_measures import PER_CENTS, RESAMPLES, SEED, frame

pytestmark = pytest.mark.spark

MODULES = [import_module(f"queries.{found.name}") for found in pkgutil.iter_modules(queries.__path__)]

# table -> the query that makes it; the names of its parameters are the tables that it reads
QUERIES = {
    "runs": queries.runs.usable_runs,
    "quarantined_runs": queries.runs.quarantined_runs,
    "predictions": queries.runs.predictions,
    "bootstrap_predictions": queries.runs.bootstrap_predictions,
    "score_counts": queries.score_counts.score_counts,
    "discrimination": queries.discrimination.auroc_with_delong,
    "roc_curves": queries.discrimination.roc_curve,
    "observed_expected": queries.calibration.observed_expected,
    "overall_performance": queries.overall.overall_performance,
    "calibration_bins": queries.calibration.calibration_bins,
    "threshold_counts": queries.threshold_counts.threshold_counts,
    "dca_curves": queries.net_benefit.decision_curves,
    "threshold_metrics": lambda predictions: queries.classification.threshold_metrics(
        predictions, target_prevalence=0.2
    ),
    "probability_distributions": queries.distributions.probability_histogram,
    "distribution_stats": queries.distributions.distribution_stats,
    "one_step_pairs": queries.comparisons.one_step_pairs,
    "essential_metrics": queries.essential.essential_metrics,
    "stratos_measures": partial(queries.measures.stratos_measures, per_cents=PER_CENTS),
    "median_runs": queries.highlights.median_run_per_classifier,
    "named_runs": queries.highlights.named_runs,
    **{
        name: getattr(queries.original_names, name)
        for name in vars(queries.original_names)
        if name.startswith("original_")
    },
}

# Tables that come from arrays, made of the predictions.
ARRAYS = {
    "recalibration": calibration.recalibrate,
    "calibration_errors": lambda rows: calibration.calibration_errors(rows, resamples=RESAMPLES, seed=SEED),
    "intervals": lambda rows: intervals.intervals(rows, per_cents=PER_CENTS, resamples=RESAMPLES, seed=SEED),
    "refit_spread": lambda rows: refits.REFIT_SPREAD.empty_table(),
}


def reads(query):
    """The tables that a query reads."""
    parameters = inspect.signature(query).parameters.values()
    return [p.name for p in parameters if p.default is inspect.Parameter.empty]


def extracted() -> pa.Table:
    """Runs with their arrays: of each some methods, one superseded, one refused."""
    methods = itertools.cycle(itertools.product(("boost", "tree"), ("kNN", "mean"), ("MAD", "none")))
    found = []
    for (run_id, rows), (classifier, imputation, outlier) in zip(
        frame().groupby("run_id"), methods, strict=False
    ):
        found.append(
            {
                "run_id": run_id,
                "run_name": f"name of {run_id}",
                "classifier": classifier,
                "featurization": "f",
                "imputation_method": imputation,
                "outlier_method": f"{outlier}{len(found) // 8}",
                "finished_at": datetime(2025, 1, 1, len(found)),
                "n_bootstrap": 2,
                "subject_codes": list(rows.subject_code),
                "y_true": list(rows.y_true),
                "y_prob": list(rows.y_prob),
                "y_prob_sd": [None] * len(rows),
                "y_prob_refits": [[p / 2, p] for p in rows.y_prob],
            }
        )
    superseded = found[0] | {"run_id": "superseded", "finished_at": None}
    refused = {"run_id": "refused", "quarantine_stage": "validate", "quarantine_reason": "no outcomes"}
    return pa.Table.from_pylist([*found, superseded, refused], schema=EXTRACTED_RUNS.to_pyarrow())


@pytest.fixture(scope="module")
def duck():
    """A DuckDB with every table."""
    connection = ibis.duckdb.connect(threads=1)
    connection.create_table("extracted_runs", extracted())
    for name, query in QUERIES.items():
        if name == "essential_metrics":
            _add_arrays(connection)
        connection.create_table(name, query(*map(connection.table, reads(query))))
    return connection


def _add_arrays(connection) -> None:
    rows = connection.table("predictions").to_pandas()
    for name, made in ARRAYS.items():
        connection.create_table(name, made(rows))
    exact = classification.exact_limits(connection.table("threshold_metrics").to_pandas())
    connection.create_table("threshold_exact_limits", exact)


@pytest.fixture(scope="module")
def spark(duck, tmp_path_factory):
    """A local Spark that reads what DuckDB wrote."""
    folder = tmp_path_factory.mktemp("spark")
    options = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    builder = SparkSession.builder.master("local[1]")
    for key, value in options.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    for name in duck.list_tables():
        path = str(folder / f"{name}.parquet")
        duck.table(name).to_parquet(path)
        session.read.parquet(path).createOrReplaceTempView(name)
    yield ibis.pyspark.connect(session)
    session.stop()


def ordered(table: pa.Table) -> list[dict]:
    """The rows in an order that rounding cannot change."""
    keys = [name for name in table.column_names if not pa.types.is_floating(table.schema.field(name).type)]
    rounded = [name for name in ("threshold", "y_prob") if name in table.column_names]

    def place(row: dict) -> list[str]:
        return [str(row[name]) for name in keys] + [f"{row[name] or 0:.9f}" for name in rounded]

    return sorted(table.to_pylist(), key=place)


def assert_same(found: pa.Table, wanted: pa.Table) -> None:
    assert found.column_names == wanted.column_names
    for row, wanted_row in zip(ordered(found), ordered(wanted), strict=True):
        for name, value in wanted_row.items():
            both_numbers = isinstance(value, float) and isinstance(row[name], float)
            same = (
                math.isclose(row[name], value, rel_tol=1e-12, abs_tol=1e-12)
                if both_numbers
                else row[name] == value
            )
            assert same, f"{name} is {row[name]!r}, not {value!r}, in {wanted_row}"


@pytest.mark.parametrize("name", QUERIES)
def test_spark_says_what_duckdb_says(name, duck, spark):
    query = QUERIES[name]
    found = query(*map(spark.table, reads(query)))
    assert_same(found.to_pyarrow(), duck.table(name).to_pyarrow())


def test_no_query_is_left_out():
    public = {
        function
        for module in MODULES
        for name, function in vars(module).items()
        if isinstance(function, FunctionType)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and function.__annotations__.get("return") is Table
        and Table in [of for name, of in function.__annotations__.items() if name != "return"]
    }
    with_options = {queries.classification.threshold_metrics, queries.measures.stratos_measures}
    assert public - {*QUERIES.values(), *with_options} == set()
