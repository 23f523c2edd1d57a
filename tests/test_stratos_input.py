"""What `evaluate` and `evaluate_runs` take, and how they refuse what they do not."""

import threading
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from assets.stratos import evaluate, evaluate_runs
from assets.stratos.bootstrap.resampling import resample_counts, single_thread
from assets.stratos.catalogue import MEASURES
from assets.stratos.evaluation import _stem
from tests.measure_cases import run

OUTCOME = [0, 1, 0, 0, 1, 1, 0, 1, 0, 1]
RISK = [0.2, 0.7, 0.4, 0.1, 0.35, 0.8, 0.5, 0.5, 0.6, 0.9]
FRAME = pd.concat([run("a", OUTCOME, RISK), run("b", OUTCOME, RISK[::-1])], ignore_index=True)


@pytest.mark.parametrize(
    ("outcome", "risk"),
    [
        (tuple(OUTCOME), tuple(RISK)),
        (pd.Series(OUTCOME, index=range(20, 10, -1)), pd.Series(RISK, index=range(10))),
        (pd.Series(OUTCOME, dtype="Int64"), pd.Series(RISK, dtype="Float64")),
        (pd.Series(OUTCOME, dtype="boolean"), pd.Series(RISK, dtype="double[pyarrow]")),
        (pd.Series(OUTCOME, dtype="category"), pd.Index(RISK)),
        (pd.array(OUTCOME, dtype="Int64"), pd.array(RISK, dtype="Float64")),
        (np.array(OUTCOME, dtype=object), [Fraction(p) for p in RISK]),
        (np.array(OUTCOME, dtype=bool), np.repeat(RISK, 2)[::2]),
        (np.ma.masked_array(OUTCOME), np.ma.masked_array(RISK, mask=False)),
        (pa.array(OUTCOME), pa.chunked_array([RISK[:3], RISK[3:]])),
    ],
)
def test_the_container_does_not_matter(outcome, risk):
    assert evaluate(outcome, risk, resamples=20) == evaluate(OUTCOME, RISK, resamples=20)


@pytest.mark.parametrize(
    ("outcome", "risk", "message"),
    [
        (np.ma.masked_array(OUTCOME, [True] + 9 * [False]), RISK, "y_true holds nan at position 0"),
        (OUTCOME, np.ma.masked_array(RISK, 9 * [False] + [True]), "y_prob holds nan at position 9"),
        (pd.array([*OUTCOME[:-1], None], dtype="Int64"), RISK, "y_true holds nan at position 9"),
        (OUTCOME, np.array(RISK) + 0j, "complex"),
        (OUTCOME, np.array(RISK, dtype=">c16"), "complex"),
        (OUTCOME, [*RISK[:-1], 1j], "not all numbers"),
        (pd.to_timedelta(OUTCOME), RISK, "durations"),
        (OUTCOME, pd.to_datetime([0] * 10), "dates"),
        (OUTCOME, np.array(RISK)[:, None], "shape"),
    ],
)
def test_what_is_masked_or_no_real_number_is_refused(outcome, risk, message):
    with pytest.raises(ValueError, match=message):
        evaluate(outcome, risk)


def test_series_with_the_same_labels_in_another_order_are_refused():
    y_true, y_prob = pd.Series([0, 1, 1, 0]), pd.Series([0.1, 0.9, 0.6, 0.3])
    with pytest.raises(ValueError, match="same labels in another order"):
        evaluate(y_true, y_prob[::-1])


def test_series_with_other_labels_belong_together_by_position():
    y_true, y_prob = pd.Series([0, 1, 1, 0], index=[7, 5, 2, 9]), pd.Series([0.1, 0.9, 0.6, 0.3])
    assert evaluate(y_true, y_prob)["auroc"].value == 1.0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"resamples": -1}, "resamples .* from 0 to"),
        ({"resamples": 2.5}, "resamples must be a whole number; got 2.5"),
        ({"resamples": None}, "resamples must be a whole number; got None"),
        ({"seed": -1}, "seed .* from 0 to"),
        ({"seed": 2**64}, "seed .* from 0 to"),
        ({"seed": 1.5}, "seed must be a whole number; got 1.5"),
        ({"seed": None}, "seed must be a whole number; got None"),
        ({"thresholds": 0.1}, "whole per cents"),
        ({"thresholds": "0.1"}, "whole per cents"),
        ({"thresholds": [None]}, "whole per cents"),
        ({"thresholds": np.array([[0.1, 0.2]])}, "whole per cents"),
        ({"target_prevalence": "a"}, "between 0 and 1"),
        ({"target_prevalence": float("nan")}, "between 0 and 1"),
    ],
)
def test_options_are_refused_by_name(asked, message):
    for ask in (lambda: evaluate(OUTCOME, RISK, **asked), lambda: evaluate_runs(FRAME[:0], **asked)):
        with pytest.raises(ValueError, match=message) as refused:
            ask()
        assert "\n" not in str(refused.value)


def test_numbers_of_numpy_are_options_like_those_of_python():
    asked = evaluate(
        OUTCOME, RISK, resamples=np.int64(20), seed=np.int32(7), thresholds=np.array([0.1, 0.35])
    )
    assert asked == evaluate(OUTCOME, RISK, resamples=20, seed=7, thresholds=(0.1, 0.35))


def test_thresholds_may_come_one_by_one_in_any_order_and_repeatedly():
    asked = evaluate(OUTCOME, RISK, resamples=20, thresholds=(k / 100 for k in (35, 10, 35)))
    assert asked == evaluate(OUTCOME, RISK, resamples=20, thresholds=[0.1, 0.35])
    assert "net_benefit@0.35" in asked


def test_without_thresholds_there_is_no_measure_of_one():
    assert not [name for name in evaluate(OUTCOME, RISK, resamples=20, thresholds=()) if "@" in name]


@pytest.mark.parametrize("seed", [-1, 2**64, 2**70])
def test_no_seed_reaches_the_resamples_of_another_stratum(seed):
    with pytest.raises(ValueError, match="seed"):
        resample_counts(5, 0, 1, seed)


def test_what_is_advised_against_is_labelled_so():
    found = evaluate(OUTCOME, RISK, resamples=0, advised_against=True).to_frame()
    of_a = evaluate_runs(FRAME[:10], resamples=0, advised_against=True).set_index("measure")
    for advice in (found.advice, of_a.advice):
        assert (advice["f1@0.10"], advice["auroc"], advice["auprc"]) == (
            "advised against",
            "core",
            "advised against",
        )
    stems = {_stem(name) for name in found.index[found.advice == "advised against"]}
    assert stems == {name for name, definition in MEASURES.items() if definition.advice == "advised against"}
    assert not (evaluate_runs(FRAME, resamples=0).advice == "advised against").any()


@pytest.mark.parametrize("column", ["run_id", "subject_code", "y_true", "y_prob"])
def test_a_missing_or_repeated_column_is_named(column):
    for frame in (FRAME.drop(columns=column), pd.concat([FRAME, FRAME[[column]]], axis=1)):
        with pytest.raises(ValueError, match=f"one column {column}"):
            evaluate_runs(frame)


@pytest.mark.parametrize("column", ["run_id", "subject_code"])
def test_a_row_without_run_or_subject_is_refused_not_dropped(column):
    with pytest.raises(ValueError, match=f"{column} is missing at position 3"):
        evaluate_runs(FRAME.assign(**{column: FRAME[column].where(FRAME.index != 3)}))


def test_what_is_no_frame_is_refused():
    for given in (FRAME.to_dict("list"), pa.Table.from_pandas(FRAME)):
        with pytest.raises(TypeError, match="DataFrame"):
            evaluate_runs(given)


def test_runs_that_are_the_same_as_text_are_refused_not_mixed_up():
    with pytest.raises(ValueError, match="same text"):
        evaluate_runs(FRAME.assign(run_id=[1] * 10 + ["1"] * 10))


def test_a_wrong_number_is_told_by_its_place_in_the_frame():
    wrong = FRAME.assign(y_prob=FRAME.y_prob.where(FRAME.index != 3, 1.5))[::-1]
    with pytest.raises(ValueError, match=r"y_prob holds 1.5 at position 16 \(1 such\)"):
        evaluate_runs(wrong)


def test_neither_the_order_of_categories_nor_the_type_of_the_ids_matters():
    wanted = evaluate_runs(FRAME, resamples=20)
    backwards = {
        name: pd.Categorical(FRAME[name], categories=sorted(set(FRAME[name]), reverse=True))
        for name in ("run_id", "subject_code")
    }
    numbered = FRAME.assign(run_id=FRAME.run_id.map({"a": 1, "b": 2}))
    pd.testing.assert_frame_equal(evaluate_runs(FRAME.assign(**backwards), resamples=20), wanted)
    found = evaluate_runs(numbered, resamples=20)
    assert list(dict.fromkeys(found.run_id)) == ["1", "2"]
    pd.testing.assert_frame_equal(found.drop(columns="run_id"), wanted.drop(columns="run_id"))


def test_calls_at_the_same_time_do_not_disturb_each_other():
    wanted, found = evaluate_runs(FRAME, resamples=50), []
    threads = [
        threading.Thread(target=lambda: found.append(evaluate_runs(FRAME, resamples=50))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(one.equals(wanted) for one in found)


def test_calls_that_overlap_leave_blas_the_threads_that_it_had():
    with threadpool_limits(2, user_api="blas"):
        earlier, later = single_thread(), single_thread()
        for step in (earlier.__enter__, later.__enter__, lambda: earlier.__exit__(None, None, None)):
            step()
            assert blas_threads() == {1}
        later.__exit__(None, None, None)
        assert blas_threads() == {2}


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
