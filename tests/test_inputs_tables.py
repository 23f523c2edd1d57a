"""Predictions in tables: every format that is read, under any column names, and what is wrong with the rest."""

import io
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.inputs.artifacts import prediction_tables
from assets.inputs.artifacts.prediction_tables import (
    TableColumns,
    from_columns,
    from_csv,
    from_json,
    from_parquet,
)
from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.worker import answer

Table = dict[str, list[Any]]
TABLE: Table = {
    "subject_code": ["b", "a", "b", "a"],
    "y_true": [1, 0, 1, 0],
    "y_prob": [0.5, 0.25, 0.75, 0.25],
}
REFITS: Table = {**TABLE, "refit": [0, 0, 1, 1]}
THEIRS = TableColumns("patient", "target", "outputs", "seed")
SINGLE: Table = {"subject_code": ["b", "a", "c"], "y_true": [1, 0, 1], "y_prob": [0.5, 0.25, 1.0]}


def as_csv(table: Table) -> bytes:
    return pd.DataFrame(table).to_csv().encode()


def as_parquet(table: Table) -> bytes:
    return arrow(pa.table(table))


def arrow(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(table, file)
    return file.getvalue()


def as_records(table: Table) -> bytes:
    return pd.DataFrame(table).to_json(orient="records").encode()


def as_columns(table: Table) -> bytes:
    return json.dumps(table).encode()


def as_pandas_writes(table: Table) -> bytes:
    return pd.DataFrame(table).to_json().encode()


def as_split(table: Table) -> bytes:
    return pd.DataFrame(table).to_json(orient="split").encode()


WRITERS = [
    ("p.csv", as_csv),
    ("p.parquet", as_parquet),
    *(("p.json", write) for write in (as_records, as_columns, as_pandas_writes, as_split)),
]
formats = pytest.mark.parametrize(("path", "write"), WRITERS)


@formats
def test_a_table_of_refits_is_read_in_any_format(path: str, write: Callable[[Table], bytes]) -> None:
    assert answer(path, write(REFITS)) == {
        "subject_codes": ["b", "a"],
        "y_true": [1, 0],
        "y_prob": [0.625, 0.25],
        "y_prob_sd": [pytest.approx(0.125 * 2**0.5), 0.0],
        "n_bootstrap": 2,
        "packed_refits": np.array([[0.5, 0.75], [0.25, 0.25]]).tobytes(),
    }


@formats
def test_columns_may_have_other_names_beside_columns_that_are_not_read(
    path: str, write: Callable[[Table], bytes]
) -> None:
    names = dict(zip(TABLE, ("patient", "target", "outputs"), strict=True))
    theirs = {names[name]: values for name, values in TABLE.items()}
    theirs |= {"seed": ["x", "x", "y", "y"], "mean radius": [1, 2, 3, 4], "y_prob": [9, 9, 9, 9]}
    assert answer(path, write(theirs), THEIRS) == answer("p.json", as_columns(REFITS))


@formats
def test_without_a_subject_column_the_rows_of_each_refit_are_the_subjects(
    path: str, write: Callable[[Table], bytes]
) -> None:
    table = {name: values for name, values in REFITS.items() if name != "subject_code"}
    found = answer(path, write(table), TableColumns(subject=""))
    assert found["subject_codes"] == ["row 1", "row 2"]
    assert found["y_prob"] == [0.625, 0.25]


def test_rows_of_refits_that_are_not_equally_many_are_nobody() -> None:
    table = {"y_true": [1, 0, 1], "y_prob": [0.5, 0.25, 0.75], "refit": [0, 0, 1]}
    found = answer("p.json", as_columns(table), TableColumns(subject=""))
    assert found["field"] == "(table)"
    assert (
        found["reason"]
        == "found 3 rows of 2 subjects and 2 refit(s); expected each subject once in each refit"
    )


def test_a_table_without_refits_holds_one() -> None:
    found = answer("p.csv", b"subject_code,y_true,y_prob\n007,1,0.5\n7,0,0.1\n")
    assert (found["subject_codes"], found["y_true"], found["n_bootstrap"]) == (["007", "7"], [1, 0], 1)


@pytest.mark.parametrize(
    "values", [[1, 0, 1], [True, False, True], [1.0, 0.0, 1.0], ["1", "0", "1"], ["true", "False", "TRUE"]]
)
@formats
def test_an_outcome_is_0_or_1_or_false_or_true(
    path: str, write: Callable[[Table], bytes], values: list[Any]
) -> None:
    assert answer(path, write(SINGLE | {"y_true": values}))["y_true"] == [1, 0, 1]


@pytest.mark.parametrize(
    "values", [["yes", "no", "yes"], [1, 0, 2], [1, 0, -1], [1.0, 0.5, 0.0], ["1", "0", "?"]]
)
@formats
def test_any_other_outcome_is_refused(path: str, write: Callable[[Table], bytes], values: list[Any]) -> None:
    found = answer(path, write(SINGLE | {"y_true": values}))
    assert (found["stage"], found["field"]) == ("validate", "y_true")
    assert found["reason"].startswith("found a value of another kind at [")
    assert found["reason"].endswith("expected 0, 1, true or false")


@pytest.mark.parametrize("values", [[1, 0, 1], [True, False, True], ["1", "0", "1"]])
@formats
def test_predicted_classes_are_not_taken_for_risks(
    path: str, write: Callable[[Table], bytes], values: list[Any]
) -> None:
    found = answer(path, write(SINGLE | {"y_prob": values}))
    assert found["field"] == "y_prob"
    assert found["reason"].startswith("found whole numbers only; expected risks") or found[
        "reason"
    ].startswith(
        "found a value of another kind"  # CSV's `True` is a text
    )


@formats
def test_risks_of_just_0_and_1_are_risks_when_written_as_such(
    path: str, write: Callable[[Table], bytes]
) -> None:
    assert answer(path, write(SINGLE | {"y_prob": [1.0, 0.0, 1.0]}))["y_prob"] == [1.0, 0.0, 1.0]


@formats
def test_a_missing_value_is_refused_in_every_column(path: str, write: Callable[[Table], bytes]) -> None:
    for name in REFITS:
        found = answer(path, write({**REFITS, name: [*REFITS[name][:3], None]}))
        assert (found["stage"], found["field"]) == ("validate", name)


ARROW = {
    "dictionary": pa.array(["b", "a", "c"]).dictionary_encode(),
    "large text": pa.array(["b", "a", "c"], pa.large_string()),
    "bytes": pa.array([b"b", b"a", b"c"]),
}


@pytest.mark.parametrize("codes", ARROW.values(), ids=ARROW)
def test_subjects_may_be_texts_of_any_arrow_type(codes: pa.Array) -> None:
    assert from_parquet(arrow(pa.table(SINGLE | {"subject_code": codes}))).subject_codes == ["b", "a", "c"]


def test_subjects_may_be_whole_numbers_and_nothing_between() -> None:
    whole = from_parquet(arrow(pa.table(SINGLE | {"subject_code": pa.array([3, 1, 2], pa.uint16())})))
    assert whole.subject_codes == ["3", "1", "2"]
    found = answer("p.parquet", as_parquet(SINGLE | {"subject_code": [3.0, 1.0, 2.0]}))
    assert found["reason"] == "found a value of another kind at [0] (3 such); expected texts or whole numbers"


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=9))
def test_narrow_floats_are_widened_to_the_bit(risks: list[float]) -> None:
    table = {"y_true": pa.array([1] * len(risks), pa.int8()), "y_prob": pa.array(risks, pa.float32())}
    assert from_parquet(arrow(pa.table(table)), TableColumns(subject="")).y_prob == risks


def test_decimals_are_read_as_the_nearest_double() -> None:
    risks = pa.array([Decimal("0.1"), Decimal("0.3"), Decimal("1.0")], pa.decimal128(5, 4))
    found = from_parquet(arrow(pa.table(SINGLE | {"y_prob": risks})))
    assert [Fraction(risk) for risk in found.y_prob] == [Fraction(risk) for risk in (0.1, 0.3, 1.0)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_text_keeps_every_risk_to_the_bit(risks: list[float]) -> None:
    table: Table = {"y_true": [0] * len(risks), "y_prob": risks}
    rows = TableColumns(subject="")
    kept = np.array(risks)[:, None].tobytes()
    assert from_json(as_columns(table), rows).packed_refits == kept
    assert from_csv(as_csv(table), rows).packed_refits == kept


def test_a_table_of_more_rows_than_can_be_held_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_tables, "MAX_ROWS", 3)
    found = answer("p.parquet", as_parquet(TABLE))
    assert (found["field"], found["reason"]) == ("(table)", "found 4 rows; expected at most 3")


def test_a_settings_columns_survive_the_way_to_another_process() -> None:
    assert TableColumns(**json.loads(json.dumps(vars(THEIRS)))) == THEIRS


codes = st.lists(st.from_regex(r"[A-Za-z0-9-]{1,6}", fullmatch=True), min_size=1, max_size=6, unique=True)


@given(codes, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(subjects: list[str], n_refits: int, random: Any) -> None:
    rows = [(code, refit) for refit in range(n_refits) for code in subjects]
    risk = {row: random.random() for row in rows}
    label = {code: random.randint(0, 1) for code in subjects}
    random.shuffle(rows)
    table = {
        "subject_code": [code for code, _ in rows],
        "y_true": [label[code] for code, _ in rows],
        "y_prob": [risk[row] for row in rows],
        "refit": [refit for _, refit in rows],
    }
    found = from_columns(table, TableColumns())
    assert dict(zip(found.subject_codes, found.y_true, strict=True)) == label
    refits = {code: sorted(risk[code, refit] for refit in range(n_refits)) for code in subjects}
    rowwise = zip(found.subject_codes, found.refits().tolist(), strict=True)
    assert {code: sorted(values) for code, values in rowwise} == refits
    assert isinstance(found, Predictions)
