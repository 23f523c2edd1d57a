"""What a metrics artifact must hold, field by field."""

import base64
import copy
import io
import json
import pickle
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from written_stores import metrics

from assets.inputs.predictions import Predictions
from assets.inputs.worker import answer, from_pickle

CODES = ["PLR7", "PLR3", "PLR9"]
LABELS = np.array([1, 0, 1])
RISKS = np.array([[0.5, 0.75], [0.25, 0.25], [1.0, 0.0]])
RISK = "metrics_iter.test.preds.arrays.predictions.y_pred_proba"
LABEL = "metrics_iter.test.preds.arrays.predictions.label"
CODE = "subjectwise_stats.test.subject_code"
ORDER = "subjectwise_stats.test.labels"
ASIDE = "an object of pandas or numpy that is not read"
TABLE = {"subject_code": ["b", "a", "b", "a"], "y_true": [1, 0, 1, 0], "y_prob": [0.5, 0.25, 0.75, 0.25]}
REFITS = {**TABLE, "refit": [0, 0, 1, 1]}


def changed(path: str, value: Any) -> bytes:
    """The metrics of three subjects with one field replaced; a value that can be called changes the old one."""
    content: Any = copy.deepcopy(metrics(CODES, LABELS, RISKS))
    parent, keys = content, path.split(".")
    for key in keys[:-1]:
        parent = parent[key]
    if value is KeyError:
        del parent[keys[-1]]
    else:
        parent[keys[-1]] = value(parent[keys[-1]]) if callable(value) else value
    return pickle.dumps(content)


def put(position: tuple[int, ...], value: float) -> Callable[[Any], Any]:
    """Replace one element of an array."""

    def replace(array: Any) -> Any:
        array = array.copy()
        array[position] = value
        return array

    return replace


def test_risks_are_means_over_refits_with_their_spread() -> None:
    found = from_pickle(pickle.dumps(metrics(CODES, LABELS, RISKS)))
    spread = [statistics.stdev(row) for row in RISKS.tolist()]
    packed = base64.b64encode(RISKS.tobytes()).decode()
    assert found == Predictions(CODES, [1, 0, 1], [0.625, 0.25, 0.5], pytest.approx(spread), 2, packed)


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(0, 1)))
def test_every_refit_crosses_to_the_other_process_to_the_bit(risks: npt.NDArray[np.float64]) -> None:
    codes, labels = [f"PLR{row}" for row in range(len(risks))], np.zeros(len(risks))
    told = json.loads(json.dumps(answer("m.pickle", pickle.dumps(metrics(codes, labels, risks)))))
    assert Predictions(**told).refits().tobytes() == risks.tobytes()


def test_a_single_refit_has_no_spread() -> None:
    found = from_pickle(pickle.dumps(metrics(CODES, LABELS, RISKS[:, :1])))
    assert (found.y_prob, found.y_prob_sd, found.n_bootstrap) == ([0.5, 0.25, 1.0], [None, None, None], 1)


@given(st.integers(0, 2**32 - 1))
def test_neither_memory_order_nor_float_width_of_the_writer_matters(seed: int) -> None:
    risks = np.random.default_rng(seed).random((3, 100), dtype=np.float32)
    written = [
        risks,
        np.asfortranarray(risks),
        risks.astype(np.float64),
        np.asfortranarray(risks.astype(np.float64)),
    ]
    first, *others = [from_pickle(pickle.dumps(metrics(CODES, LABELS, array))) for array in written]
    assert all(other == first for other in others)
    assert all(0 <= risk <= 1 for risk in first.y_prob)


def test_refits_that_agree_have_no_spread_at_all() -> None:
    found = from_pickle(pickle.dumps(metrics(CODES, LABELS, np.full((3, 1000), 0.1))))
    assert found.y_prob_sd == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "codes",
    [
        ["1", "2", "3"],
        [1, 2, 3],
        np.array([1, 2, 3]),
        np.array(["1", "2", "3"]),
        np.array([b"1", b"2", b"3"]),
    ],
)
def test_codes_may_be_texts_or_whole_numbers_in_a_list_or_an_array(codes: Any) -> None:
    found = answer("m.pickle", changed("subjectwise_stats.test.subject_code", codes))
    assert found["subject_codes"] == ["1", "2", "3"]


# What is changed, to what (KeyError: away); the field that is named, with what was found and what expected.
FAULTS: list[tuple[str, Any, str, str, str]] = [
    ("metrics_stats", KeyError, "metrics_stats", "no such key in a dict of 3", "it to be there"),
    ("subjectwise_stats", None, "subjectwise_stats", "None", "a dict"),
    ("subjectwise_stats", {}, "subjectwise_stats.test", "no such key in a dict of 0", "it to be there"),
    (CODE, KeyError, CODE, "no such key in a dict of 1", "it to be there"),
    (CODE, ["a", "b"], CODE, "2 codes", "3, one per row of the predictions"),
    (CODE, ["a", "b", "a"], CODE, "2 different codes in 3", "each code once"),
    (CODE, ["a", "", "c"], CODE, "no printable text at [1]", "a code for each subject"),
    (CODE, [1.5, 2.5, 3.5], CODE, "1 dimension(s) of type object", "a row of texts or whole numbers"),
    (CODE, pd.Series(CODES), CODE, f"a value that holds {ASIDE} where an array belongs", "an array"),
    (ORDER, np.array([0, 1, 1]), ORDER, "other labels", f"those of {LABEL}, in the same order"),
    ("metrics_iter.test.preds", [1], "metrics_iter.test.preds", "a list of 1", "a dict"),
    (LABEL, KeyError, LABEL, "no such key in a dict of 2", "it to be there"),
    (LABEL, lambda old: old.T, LABEL, "shape (2, 3)", f"(3, 2), as {RISK}"),
    (LABEL, put((1,), 2), LABEL, "another value at [1, 0] (2 such)", "0 or 1"),
    (
        LABEL,
        put((1, 1), 1),
        LABEL,
        "1 label(s) that change between refits, the first at row 1",
        "one label per subject",
    ),
    (RISK, lambda old: old[:, 0], RISK, "shape (3,)", "(subjects, refits)"),
    (RISK, lambda old: old[:, :0], LABEL, "shape (3, 2)", f"(3, 0), as {RISK}"),
    (RISK, lambda old: old.astype(str), RISK, "values of type <U32", "numbers"),
    (RISK, None, RISK, "a value that holds a NoneType where an array belongs", "an array"),
    (RISK, put((2, 1), 1.5), RISK, "a value above 1 at [2, 1] (1 such)", "probabilities within [0, 1]"),
    (RISK, put((0, 0), -0.1), RISK, "a value below 0 at [0, 0] (1 such)", "probabilities within [0, 1]"),
    (
        RISK,
        put((1,), np.nan),
        RISK,
        "a value that is not finite at [1, 0] (2 such)",
        "probabilities within [0, 1]",
    ),
]


@pytest.mark.parametrize(("path", "value", "field", "found", "expected"), FAULTS)
def test_a_fault_is_named_with_its_field_what_was_found_and_what_was_expected(
    path: str, value: Any, field: str, found: str, expected: str
) -> None:
    reason = f"found {found}; expected {expected}"
    assert answer("m.pickle", changed(path, value)) == {"stage": "validate", "field": field, "reason": reason}


def test_no_message_about_a_fault_holds_a_subjects_code() -> None:
    for path, value, *_ in FAULTS:
        assert "PLR" not in json.dumps(answer("m.pickle", changed(path, value)))


def test_a_test_set_of_nobody_is_refused() -> None:
    found = answer("m.pickle", pickle.dumps(metrics([], LABELS[:0], RISKS[:0])))
    assert found["reason"] == "found shape (0, 2); expected at least one subject and one refit"


def test_a_pickle_of_something_else_is_no_metrics() -> None:
    found = answer("m.pickle", pickle.dumps([1, 2]))
    assert (found["stage"], found["field"]) == ("validate", "(top)")
    assert found["reason"].startswith("found a list of 2; expected a dict with metrics_iter")


def as_csv(table: dict[str, list[Any]]) -> bytes:
    return pd.DataFrame(table).to_csv(index=False).encode()


def as_parquet(table: dict[str, list[Any]]) -> bytes:
    file = io.BytesIO()
    pd.DataFrame(table).to_parquet(file)
    return file.getvalue()


def as_records(table: dict[str, list[Any]]) -> bytes:
    return pd.DataFrame(table).to_json(orient="records").encode()


def as_columns(table: dict[str, list[Any]]) -> bytes:
    return json.dumps(table).encode()


def as_mlflow_table(table: dict[str, list[Any]]) -> bytes:
    return pd.DataFrame(table).to_json(orient="split", index=False).encode()


WRITERS = [
    ("p.csv", as_csv),
    ("p.parquet", as_parquet),
    ("p.json", as_records),
    ("p.json", as_columns),
    ("p.json", as_mlflow_table),
]


@pytest.mark.parametrize(("path", "write"), WRITERS)
def test_a_table_of_refits_is_read_in_any_format(path: str, write: Callable[[Any], bytes]) -> None:
    assert answer(path, write(REFITS)) == {
        "subject_codes": ["b", "a"],
        "y_true": [1, 0],
        "y_prob": [0.625, 0.25],
        "y_prob_sd": [pytest.approx(0.125 * 2**0.5), 0.0],
        "n_bootstrap": 2,
        "packed_refits": base64.b64encode(np.array([[0.5, 0.75], [0.25, 0.25]]).tobytes()).decode(),
    }


def test_a_table_without_refits_holds_one() -> None:
    found = answer("p.csv", b"subject_code,y_true,y_prob\n007,1,0.5\n7,0,0.1\n")
    assert found["subject_codes"] == ["007", "7"]
    assert (found["y_prob"], found["y_prob_sd"], found["n_bootstrap"]) == ([0.5, 0.1], [None, None], 1)


@pytest.mark.parametrize(
    ("table", "field", "reason"),
    [
        ({"subject_code": ["a"], "y_true": [1]}, "y_prob", "found no such column"),
        (
            TABLE,
            "subject_code",
            "found 4 rows of 2 subjects and 1 refit(s); expected each subject once in each refit",
        ),
        ({**REFITS, "refit": [0, 0, 1, 2]}, "subject_code", "found 4 rows of 2 subjects and 3 refit(s)"),
        ({**REFITS, "refit": [0, 0, 0, 1]}, "subject_code", "found 4 rows of 2 subjects and 2 refit(s)"),
        (
            {**REFITS, "y_prob": ["PLR1", 0, 0, 0]},
            "y_prob",
            "found a value that is no number; expected numbers",
        ),
        ({**REFITS, "y_prob": [None, 0, 0, 0]}, "y_prob", "found a value that is no"),
        ({**REFITS, "y_prob": [7, 0, 0, 0]}, "y_prob", "found a value above 1 at [0, 0]"),
        ({**REFITS, "y_true": [0, 0, 1, 0]}, "y_true", "found 1 label(s) that change between refits"),
        (
            {**REFITS, "subject_code": [None, "a", None, "a"]},
            "subject_code",
            "found no printable text at [0]",
        ),
    ],
)
def test_a_faulty_table_is_named_with_its_column(
    table: dict[str, list[Any]], field: str, reason: str
) -> None:
    found = answer("p.json", as_columns(table))
    assert (found["stage"], found["field"]) == ("validate", field)
    assert found["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("p.csv", b""),
        ("p.csv", b"subject_code,y_true,y_prob\na,1\n"),
        ("p.csv", b"subject_code,y_true,y_prob\n"),
        ("p.csv", b"\xff\xfe\x00"),
        ("p.json", b"7"),
        ("p.json", b"[]"),
        ("p.json", b'[{"a": 1}, {"b": 2}]'),
        ("p.json", b'{"a": 1}'),
        ("p.json", b'{"columns": ["a"], "data": [[1, 2]]}'),
        ("p.json", b"{"),
        ("p.parquet", b"PAR1"),
    ],
)
def test_something_else_under_a_tables_name_is_quarantined(path: str, data: bytes) -> None:
    assert answer(path, data)["stage"] in ("unpickle", "validate")
