"""The other layout of a metrics pickle: for each subject code, a list of what the refits predicted."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from written_stores import metrics

from assets.inputs.artifacts.worker import answer, from_pickle

CODES = ["QX-7", "QX-3", "QX-9"]
LABELS = np.array([1, 0, 1])
RISKS = np.array([[0.5, 0.75], [0.25, 0.25], [1.0, 0.0]])
LISTS = "metrics_iter.test.preds_dict.arrays"
RISK, LABEL = f"{LISTS}.y_pred_proba", f"{LISTS}.label"
CODE = "subjectwise_stats.test.subject_code"
Lists = dict[str, dict[Any, Any]]


def by_subject(change: Callable[[Lists], None] = lambda lists: None, **parts: Any) -> bytes:
    """The metrics of three subjects with lists instead of arrays, in another order than that of the codes."""
    content: Any = metrics(CODES, LABELS, RISKS) | parts
    lists: Lists = {
        "y_pred_proba": {code: list(RISKS[row]) for row, code in reversed([*enumerate(CODES)])},
        "label": {code: [float(LABELS[row])] * 2 for row, code in enumerate(CODES)},
    }
    change(lists)
    content["metrics_iter"]["test"] = {"preds": None, "preds_dict": {"arrays": lists}}
    return pickle.dumps(content)


def test_lists_by_subject_say_the_same_as_arrays() -> None:
    assert from_pickle(by_subject()) == from_pickle(pickle.dumps(metrics(CODES, LABELS, RISKS)))


def test_lists_by_subject_need_no_other_codes() -> None:
    found = from_pickle(by_subject(subjectwise_stats=None))
    assert (found.subject_codes, found.y_true) == (CODES[::-1], [1, 0, 1])
    assert found.refits().tolist() == RISKS[::-1].tolist()


def test_arrays_are_preferred_where_both_are_written() -> None:
    content: Any = metrics(CODES, LABELS, RISKS)
    content["metrics_iter"]["test"]["preds_dict"] = {"arrays": {}}
    assert from_pickle(pickle.dumps(content)).n_bootstrap == 2


def lists_of(name: str, value: Any, code: str = CODES[0]) -> Callable[[Lists], None]:
    return lambda lists: lists[name].update({code: value})


FAULTS = [
    (
        lists_of("y_pred_proba", [0.5]),
        (RISK, "lists of 1 to 2 refits", "the same number of refits for each subject"),
    ),
    (lists_of("y_pred_proba", 0.5), (RISK, "a value that holds a float where an array belongs", "an array")),
    (lists_of("y_pred_proba", np.eye(2)), (RISK, "subjects without a list", "a list of refits for each")),
    (lists_of("y_pred_proba", ["a", "b"]), (RISK, "values of type object", "numbers")),
    (
        lists_of("y_pred_proba", [0.5, 1.5]),
        (RISK, "a value above 1 at [0, 1] (1 such)", "probabilities within [0, 1]"),
    ),
    (
        lists_of("label", [0.0, 1.0]),
        (LABEL, "1 label(s) that change between refits, the first at [0]", "one label per subject"),
    ),
    (
        lists_of("label", [1.0, 1.0], code="QX-1"),
        (LABEL, "1 subject(s) that are not there, 0 missing", f"the subjects of {RISK}"),
    ),
    (
        lambda lists: lists["label"].pop(CODES[0]),
        (LABEL, "0 subject(s) that are not there, 1 missing", f"the subjects of {RISK}"),
    ),
    (
        lambda lists: [lists[name].update({"QX-1": [1.0, 1.0]}) for name in lists],
        (CODE, "0 subject(s) that are not there, 1 missing", f"the subjects of {RISK}"),
    ),
    (
        lambda lists: lists.update({"y_pred_proba": {1: [0.5], "1": [0.5]}}),
        (RISK, "1 different codes in 2", "each code once"),
    ),
    (
        lambda lists: lists.update({"label": {code: [1.0] for code in CODES}}),
        (LABEL, "shape (3, 1)", f"(3, 2), as {RISK}"),
    ),
    (lambda lists: lists.pop("label"), (LABEL, "no such key in a dict of 1", "it to be there")),
    (
        lambda lists: lists.update({"label": [1, 2]}),
        (LABEL, "a list of 2", "a dict of lists by subject code"),
    ),
]


@pytest.mark.parametrize(("change", "expected"), FAULTS)
def test_a_fault_in_the_lists_is_named_and_no_subject(
    change: Callable[[Lists], None], expected: tuple[str, str, str]
) -> None:
    field, found, wanted = expected
    told = answer("m.pickle", by_subject(change))
    assert told == {"stage": "validate", "field": field, "reason": f"found {found}; expected {wanted}"}
    assert "QX" not in str(told)


def test_labels_beside_the_codes_must_agree_with_the_lists() -> None:
    content: Any = pickle.loads(by_subject())
    content["subjectwise_stats"]["test"]["labels"] = LABELS[::-1] * 0
    found = answer("m.pickle", pickle.dumps(content))
    assert found["reason"] == f"found other labels; expected those of {LABEL}, in the same order"


def test_lists_of_nobody_are_refused() -> None:
    def emptied(lists: Lists) -> None:
        lists.update({"y_pred_proba": {}, "label": {}})

    found = answer("m.pickle", by_subject(emptied, subjectwise_stats=None))
    assert found["reason"] == "found shape (0, 0); expected at least one subject and one refit"
