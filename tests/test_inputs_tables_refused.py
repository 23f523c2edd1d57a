"""Faulty tables of predictions: each is refused with the column, what was found and what was expected."""

import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.parquet import write_table

from assets.inputs.artifacts.prediction_tables import TableColumns, from_json
from assets.inputs.artifacts.worker import answer

TABLE: dict[str, list[Any]] = {
    "subject_code": ["b", "a", "b", "a"],
    "y_true": [1, 0, 1, 0],
    "y_prob": [0.5, 0.25, 0.75, 0.25],
}
REFITS: dict[str, list[Any]] = {**TABLE, "refit": [0, 0, 1, 1]}
NAMES = "expected the columns subject_code, y_true, y_prob (settings give them other names)"
ONCE = "expected each subject once in each refit"


def without(table: dict[str, list[Any]], name: str, **more: list[Any]) -> dict[str, list[Any]]:
    return {key: values for key, values in table.items() if key != name} | more


FAULTS = [
    (without(TABLE, "y_prob"), "y_prob", f"found no such column; {NAMES}"),
    (
        without(TABLE, "y_prob", **{"Y-Prob ": [0.5] * 4}),
        "y_prob",
        f"found no such column, but one that is spelt nearly so; {NAMES}",
    ),
    (without(TABLE, "y_prob", probability=[0.5] * 4), "y_prob", f"found no such column; {NAMES}"),
    (
        without(REFITS, "refit", Refit=[0, 0, 1, 1]),
        "refit",
        f"found no such column, but one that is spelt nearly so; {NAMES}",
    ),
    (
        TABLE,
        "subject_code",
        f"found 4 rows of 2 subjects and 1 refit(s) (no column `refit` tells refits apart); {ONCE}",
    ),
    ({**REFITS, "refit": [0, 0, 1, 2]}, "subject_code", f"found 4 rows of 2 subjects and 3 refit(s); {ONCE}"),
    ({**REFITS, "refit": [0, 0, 0, 1]}, "subject_code", f"found 4 rows of 2 subjects and 2 refit(s); {ONCE}"),
    ({**REFITS, "refit": [0, 0, "", 1]}, "refit", "found no value at [2] (1 such); expected a name"),
    (
        {**REFITS, "y_prob": ["QX-1", 0, 0, 0]},
        "y_prob",
        "found a value of another kind at [0] (1 such); expected numbers",
    ),
    (
        {**REFITS, "y_prob": [0.5, 0, True, 0]},
        "y_prob",
        "found a value of another kind at [2] (1 such); expected numbers",
    ),
    *(
        (
            {**REFITS, "y_prob": ["0.5", "0.5", text, "0.5"]},
            "y_prob",
            "found a value of another kind at [2] (1 such); expected numbers",
        )
        for text in ("0_1", "0.2_5", "\u0660.\u0665")  # numbers to Python, and to nobody who writes tables
    ),
    (
        {**REFITS, "refit": [0, 0, float("nan"), 1]},
        "refit",
        "found no value at [2] (1 such); expected a name",
    ),
    ({**REFITS, "y_prob": [None, 0, None, 0]}, "y_prob", "found no value at [0] (2 such); expected numbers"),
    (
        {**REFITS, "y_prob": [7, 0, 0, 0]},
        "y_prob",
        "found a value above 1 at [0, 0] (1 such); expected probabilities within [0, 1]",
    ),
    (
        {**REFITS, "y_prob": [[0.5]] * 4},
        "y_prob",
        "found a value of another kind at [0] (4 such); expected numbers",
    ),
    (
        {**REFITS, "y_true": [0, 0, 1, 0]},
        "y_true",
        "found 1 label(s) that change between refits, the first at [0]; expected one label per subject",
    ),
    (
        {**REFITS, "subject_code": [None, "a", None, "a"]},
        "subject_code",
        "found no value at [0] (2 such); expected texts or whole numbers",
    ),
    (
        {**REFITS, "subject_code": [" b", "a", " b", "a"]},
        "subject_code",
        "found no printable text, or blanks around it, at [0]; expected a code for each subject",
    ),
    ({**REFITS, "y_true": [1]}, "y_true", "found 1 value(s); expected a list as long as the others"),
    ({**REFITS, "y_true": "1"}, "y_true", "found a str; expected a list as long as the others"),
]


@pytest.mark.parametrize(("table", "field", "reason"), FAULTS)
def test_a_faulty_table_is_named_with_its_column(table: dict[str, Any], field: str, reason: str) -> None:
    found = answer("p.json", json.dumps(table).encode())
    assert found == {"stage": "validate", "field": field, "reason": reason}


HEADER = b"subject_code,y_true,y_prob\n"
OTHERS = [
    ("p.csv", b"", "found a header of 0 field(s); expected several, parted by commas"),
    ("p.csv", b"subject_code;y_true;y_prob\na;1;0.5\n", "found a header of 1 field(s); expected several"),
    ("p.csv", HEADER + b"a,1,0.5\n\nb,1\n", "found 2 field(s) in row [1]; expected 3, one for each column"),
    ("p.csv", HEADER + b"a,1,0.75\nb,1,0.7", "found no end of the last line; expected a line break"),
    ("p.csv", HEADER, "found shape (0, 0); expected at least one subject and one refit"),
    ("p.csv", b"y_prob," + HEADER + b"0.1,a,1,0.5\n", "found 2 columns of this name; expected one"),
    ("p.csv", HEADER + b'a,1,"0.5\n', "cannot be read (Error)"),
    ("p.csv", b"\xff\xfe\x00", "cannot be read (UnicodeDecodeError)"),
    ("p.csv.gz", b"\x1f\x8b", "is none of .pickle, .pkl, .csv, .json, .parquet"),
    ("p.csv", b"," * 10_000, "found 10,001 columns; expected at most 10,000"),
    ("p.json", b"7", "found a value of type int; expected records or columns"),
    ("p.json", b"[]", "found no such column"),
    ("p.json", b"[1]", "found records of unequal fields; expected the same fields in each"),
    ("p.json", b'[{"a": 1}, {"b": 2}]', "found records of unequal fields; expected the same fields in each"),
    ("p.json", b'[{"a": 1, "a": 2}]', "found a name that occurs twice in one object; expected each name once"),
    ("p.json", b'{"a": 1}', "found no such column"),
    ("p.json", b'{"columns": ["a"], "data": [[1, 2]]}', "found 2 field(s) in row [0]; expected 1, one for each"),
    ("p.json", b'{"columns": 3, "data": [1]}', "found columns and data of another kind; expected a list of names and one of rows"),
    ("p.json", b'{"y_true": {"0": 1}, "y_prob": {"1": 0.5}, "subject_code": {"0": "a"}}', "found columns of unequal"),
    ("p.json", b'{"y_true": [0], "y_prob": [1e999], "subject_code": ["a"]}', "found a value that is not finite at [0, 0]"),
    ("p.json", b'{"y_true": [0], "y_prob": [1' + b"0" * 400 + b'], "subject_code": ["a"]}', "found a value of another"),
    ("p.json", b"[" * 10**5, "cannot be read (RecursionError)"),
    ("p.json", b"{", "cannot be read (JSONDecodeError)"),
    ("p.parquet", b"PAR1", "cannot be read (ArrowInvalid)"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "data", "reason"), OTHERS)
def test_something_else_under_a_tables_name_is_quarantined(path: str, data: bytes, reason: str) -> None:
    found = answer(path, data)
    assert found["stage"] in ("artifact", "unpickle", "validate")
    assert found["reason"].startswith(reason)


def test_a_parquet_table_with_another_byte_in_a_risk_is_refused() -> None:
    table = pa.table({**TABLE, "subject_code": list("abcd"), "y_true": [1, 0, 1, 0]})
    sink = io.BytesIO()
    write_table(table, sink, write_page_checksum=True, use_dictionary=False, compression="none")
    whole, risks = sink.getvalue(), np.array(TABLE["y_prob"]).tobytes()
    assert answer("p.parquet", whole)["y_prob"] == TABLE["y_prob"]
    assert whole.count(risks) == 1
    altered = whole.replace(risks, np.array([0.5, 0.25, 0.75, 0.5]).tobytes())
    assert answer("p.parquet", altered)["stage"] == "unpickle"


def test_a_header_of_subjects_is_not_quoted() -> None:
    columns = TableColumns(subject="code")
    found = answer(
        "p.json", json.dumps({"QX-1": [0.5], "QX-2": [0.5], "y_true": [1], "y_prob": [0.5]}).encode(), columns
    )
    assert found["field"] == "code"
    assert "QX" not in str(found)


WHOLE = {
    "p.json": json.dumps(REFITS).encode(),
    "p.csv": pd.DataFrame(REFITS).to_csv(index=False).encode(),
    "p.parquet": pd.DataFrame(REFITS).to_parquet(None),
}


@settings(max_examples=400, derandomize=True)
@given(st.sampled_from([*WHOLE]), st.floats(0, 1, exclude_max=True), st.integers(0, 8))
def test_a_damaged_table_is_read_or_quarantined_and_raises_nothing(path: str, place: float, bit: int) -> None:
    data = bytearray(WHOLE[path])
    position = int(place * len(data))
    if bit == 8:
        del data[position:]
    else:
        data[position] ^= 1 << bit
    assert answer(path, bytes(data)).keys() in (
        {*vars(from_json(WHOLE["p.json"]))},
        {"stage", "field", "reason"},
    )
