"""Reference cases, small tables written as text, and the means to ask a query about them."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st
from ibis.expr.types import Table

ORACLES = Path(__file__).parent / "oracles"
CURVED = (
    "asah_loo",
    "dca_df_binary",
    "flchain_2pct",
    "iris_separated",
    "nafld_weighted",
    "pima_glm",
    "pima_knn_ties",
    "vaso_n20",
)
CASES = (*CURVED, "birthwt_constant", "flchain_no_events")
ALL_CASES = (*CASES, "flights_50k")

PREDICTIONS = ibis.schema(
    {
        "run_id": "string",
        "subject_code": "string",
        "y_true": "int8",
        "y_prob": "float64",
        "y_prob_sd": "float64",
    }
)

EXTRACTED_RUNS = ibis.schema(
    {
        **dict.fromkeys(("run_id", "run_name", "experiment", "status", "lifecycle_stage"), "string"),
        **dict.fromkeys(("started_at", "finished_at"), "timestamp"),
        **dict.fromkeys(("classifier", "featurization", "imputation_method", "outlier_method"), "string"),
        **dict.fromkeys(("artifact_path", "artifact_sha256"), "string"),
        "n_bootstrap": "int32",
        "subject_codes": "array<string>",
        "y_true": "array<int8>",
        "y_prob": "array<float64>",
        "y_prob_sd": "array<float64>",
        "y_prob_refits": "array<array<float64>>",
        **dict.fromkeys(("quarantine_stage", "quarantine_field", "quarantine_reason"), "string"),
    }
)


@cache
def expected(case: str) -> dict[str, Any]:
    """Everything that is on record for a case."""
    found: dict[str, Any] = json.loads((ORACLES / f"{case}.json").read_text())
    return found


def measure(case: str, name: str) -> dict[str, Any]:
    """The reference value of one measure, with limits and tolerances."""
    found: dict[str, Any] = expected(case)["measures"][name]
    return found


def subjects(case: str) -> pd.DataFrame:
    """The rows of a case as one run of a predictions table; the parser rounds correctly."""
    rows = np.loadtxt(ORACLES / expected(case)["csv"], delimiter=",", skiprows=1)
    return run(case, rows[:, 0], rows[:, 1])


@cache
def every_case() -> pd.DataFrame:
    """All cases as runs of one predictions table."""
    return pd.concat([subjects(case) for case in CASES], ignore_index=True)


def run(run_id: str, outcome: Any, probability: Any) -> pd.DataFrame:
    """One run of a predictions table."""
    return pd.DataFrame(
        {
            "run_id": run_id,
            "subject_code": [f"S{i:05d}" for i in range(len(outcome))],
            "y_true": np.asarray(outcome, dtype=np.int8),
            "y_prob": np.asarray(probability, dtype=np.float64),
            "y_prob_sd": np.nan,
        }
    )


def runs(*rows: list[tuple[int, float]]) -> pd.DataFrame:
    """Lists of (outcome, probability) as runs r0, r1, ... of a predictions table."""
    return pd.concat(
        [run(f"r{i}", [y for y, _ in run_rows], [p for _, p in run_rows]) for i, run_rows in enumerate(rows)],
        ignore_index=True,
    )


def predictions(frame: pd.DataFrame) -> Table:
    """A frame as the predictions table of a query."""
    return ibis.memtable(frame, schema=PREDICTIONS)


def written(text: str) -> list[dict[str, Any]]:
    """Rows of a table written as text: a line of names, then one line a row, cells parted by `|`."""
    names, *lines = ([cell.strip() for cell in line.split("|")] for line in text.strip().splitlines())
    return [dict(zip(names, map(_value, cells), strict=True)) for cells in lines]


def written_predictions(text: str) -> pd.DataFrame:
    """Predictions written as text with run_id, y_true and y_prob."""
    frame = pd.DataFrame(written(text))
    return pd.concat([run(str(i), r.y_true, r.y_prob) for i, r in frame.groupby("run_id")])


def asked(query: Callable[[Table], Table], frame: pd.DataFrame, *key: str) -> list[dict[str, Any]]:
    """What DuckDB answers to a query of one predictions table, in the order of the key, null as None."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register(
            "predictions", pa.Table.from_pandas(frame, PREDICTIONS.to_pyarrow(), preserve_index=False)
        )
        rows = connection.execute(f"SELECT * FROM ({_compiled(query)}) ORDER BY {', '.join(key)}")
        found: list[dict[str, Any]] = rows.to_arrow_table().to_pylist()
        return found


@cache
def _compiled(query: Callable[[Table], Table]) -> str:
    """Compiling takes ten times as long as answering, so a query is compiled once."""
    return str(ibis.to_sql(query(ibis.table(PREDICTIONS, name="predictions")), dialect="duckdb"))


def answer(expression: Table, *key: str) -> list[dict[str, Any]]:
    """The rows of an expression in the order of its key, null as None."""
    found: list[dict[str, Any]] = expression.order_by(key).to_pyarrow().to_pylist()
    return found


def assert_rows(found: list[dict[str, Any]], text: str) -> None:
    """The rows, in the columns that the text names, are those written (numbers to 1e-12)."""
    wanted = written(text)
    assert len(found) == len(wanted)
    for row, wanted_row in zip(found, wanted, strict=True):
        for name, value in wanted_row.items():
            same = _same(row[name], value)
            assert same, f"{name} is {row[name]!r}, not {value!r}, in {row}"


def _value(cell: str) -> Any:
    if cell == "null":
        return None
    if "/" in cell:
        over, under = cell.split("/")
        return float(over) / float(under)
    try:
        return float(cell)
    except ValueError:
        return cell


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and found is not None:
        return bool(abs(found - wanted) <= 1e-12)
    return bool(found == wanted)


on_threshold = st.integers(0, 100).map(lambda k: k / 100)
probability = st.one_of(on_threshold, st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0, 5e-324, 1 - 2**-53]))
subject = st.tuples(st.integers(0, 1), probability)
one_run = st.lists(subject, min_size=1, max_size=40)
some_runs = st.lists(one_run, min_size=1, max_size=20).map(lambda rows: runs(*rows))


def _of_sizes(sizes: set[int]) -> st.SearchStrategy[pd.DataFrame]:
    sized = st.one_of([st.lists(subject, min_size=size, max_size=size) for size in sorted(sizes)])
    return st.lists(sized, min_size=1, max_size=12).map(lambda rows: runs(*rows))


# Runs of the same subjects are computed as one: many of them cost little more than one of them alone.
runs_of_few_sizes = st.sets(st.integers(1, 40), min_size=1, max_size=2).flatmap(_of_sizes)
