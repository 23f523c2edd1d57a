"""What a metrics artifact must hold, field by field."""

import copy
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

from assets.inputs.artifacts.predictions import Predictions
from assets.inputs.artifacts.worker import answer, from_pickle

CODES = ["QX-7", "QX-3", "QX-9"]
LABELS = np.array([1, 0, 1])
RISKS = np.array([[0.5, 0.75], [0.25, 0.25], [1.0, 0.0]])
RISK = "metrics_iter.test.preds.arrays.predictions.y_pred_proba"
LABEL = "metrics_iter.test.preds.arrays.predictions.label"
CODE = "subjectwise_stats.test.subject_code"
ORDER = "subjectwise_stats.test.labels"
ASIDE = "an object of pandas or numpy that is not read"
BLANK = "no printable text, or blanks around it, at [1]"
NO_CODES = (
    "subject codes of the test set; whoever wrote this run failed to compute its subject-wise statistics, and "
    "without codes nobody knows whose predictions these are: evaluate the run again, or log them as a table"
)


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
    risks = [0.625, 0.25, 0.5]
    assert found == Predictions(CODES, [1, 0, 1], risks, pytest.approx(spread), 2, RISKS.tobytes())


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(0, 1)))
def test_every_refit_is_kept_to_the_bit(risks: npt.NDArray[np.float64]) -> None:
    codes, labels = [f"QX-{row}" for row in range(len(risks))], np.zeros(len(risks))
    assert from_pickle(pickle.dumps(metrics(codes, labels, risks))).refits().tobytes() == risks.tobytes()


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
    ("subjectwise_stats", None, "subjectwise_stats", "None", NO_CODES),
    ("subjectwise_stats.test", None, "subjectwise_stats.test", "None", "a dict"),
    ("subjectwise_stats", {}, "subjectwise_stats.test", "no such key in a dict of 0", "it to be there"),
    (CODE, KeyError, CODE, "no such key in a dict of 1", "it to be there"),
    (CODE, ["a", "b", "c", "d"], CODE, "4 codes", "3, one per row of the predictions, whose shape is (3, 2)"),
    (CODE, ["a", "b", "a"], CODE, "2 different codes in 3", "each code once"),
    (CODE, ["a", "", "c"], CODE, BLANK, "a code for each subject"),
    (CODE, ["a", "b ", "c"], CODE, BLANK, "a code for each subject"),
    (CODE, ["a", "b\n", "c"], CODE, BLANK, "a code for each subject"),
    (
        CODE,
        np.array([True, False, True]),
        CODE,
        "1 dimension(s) of type bool",
        "a row of texts or whole numbers",
    ),
    (CODE, [1.5, 2.5, 3.5], CODE, "1 dimension(s) of type object", "a row of texts or whole numbers"),
    (CODE, pd.Series(CODES), CODE, f"a value that holds {ASIDE} where an array belongs", "an array"),
    (ORDER, np.array([0, 1, 1]), ORDER, "other labels", f"those of {LABEL}, in the same order"),
    ("metrics_iter.test.preds", [1], "metrics_iter.test.preds", "a list of 1", "a dict"),
    (LABEL, KeyError, LABEL, "no such key in a dict of 2", "it to be there"),
    (LABEL, lambda old: old.T, LABEL, "shape (2, 3)", f"(3, 2), as {RISK}"),
    (LABEL, put((1,), 2), LABEL, "a value that is neither 0 nor 1 at [1, 0] (2 such)", "0 or 1"),
    (
        LABEL,
        put((1, 1), 1),
        LABEL,
        "1 label(s) that change between refits, the first at [1]",
        "one label per subject",
    ),
    (RISK, lambda old: old[:, 0], LABEL, "shape (3, 2)", f"(3, 1), as {RISK}"),
    (RISK, lambda old: old[None], RISK, "shape (1, 3, 2)", "(subjects, refits)"),
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
        assert "QX" not in str(answer("m.pickle", changed(path, value)))


def test_a_test_set_of_nobody_is_refused() -> None:
    found = answer("m.pickle", pickle.dumps(metrics([], LABELS[:0], RISKS[:0])))
    assert found["reason"] == "found shape (0, 2); expected at least one subject and one refit"


def test_a_pickle_of_something_else_is_no_metrics() -> None:
    found = answer("m.pickle", pickle.dumps([1, 2]))
    assert (found["stage"], found["field"]) == ("validate", "(top)")
    assert found["reason"].startswith("found a list of 2; expected a dict with metrics_iter")


def refits_first(labels: npt.NDArray[Any], risks: npt.NDArray[Any]) -> bytes:
    content: Any = metrics(CODES, labels, risks)
    arrays = content["metrics_iter"]["test"]["preds"]["arrays"]["predictions"]
    content["metrics_iter"]["test"]["preds"]["arrays"]["predictions"] = {k: v.T for k, v in arrays.items()}
    return pickle.dumps(content)


def test_arrays_with_refits_first_are_turned_where_the_number_of_codes_says_so() -> None:
    assert from_pickle(refits_first(LABELS, RISKS)) == from_pickle(
        pickle.dumps(metrics(CODES, LABELS, RISKS))
    )


def test_arrays_as_wide_as_high_are_believed_to_hold_subjects_first_and_their_labels_must_agree() -> None:
    square = np.arange(9).reshape(3, 3) / 9
    assert from_pickle(pickle.dumps(metrics(CODES, LABELS, square))).refits().tolist() == square.tolist()
    found = answer("m.pickle", refits_first(LABELS, square))
    assert found["reason"].startswith("found 3 label(s) that change between refits")


def test_arrays_that_fit_the_codes_neither_way_are_refused() -> None:
    content = metrics(CODES, LABELS, RISKS)
    content["subjectwise_stats"]["test"]["subject_code"] = [*CODES, "QX-1"]
    found = answer("m.pickle", pickle.dumps(content))
    assert (
        found["reason"] == "found 4 codes; expected 3, one per row of the predictions, whose shape is (3, 2)"
    )


def test_arrays_of_one_dimension_hold_one_refit() -> None:
    content: Any = metrics(CODES, LABELS, RISKS[:, :1])
    arrays = content["metrics_iter"]["test"]["preds"]["arrays"]["predictions"]
    arrays |= {name: values[:, 0] for name, values in arrays.items()}
    assert from_pickle(pickle.dumps(content)) == from_pickle(
        pickle.dumps(metrics(CODES, LABELS, RISKS[:, :1]))
    )
