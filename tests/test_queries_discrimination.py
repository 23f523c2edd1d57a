"""AUROC with its DeLong interval, and the ROC curve."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from queries.discrimination import auroc_with_delong, roc_curve
from tests.measure_cases import (
    CASES,
    asked,
    assert_rows,
    every_case,
    expected,
    measure,
    some_runs,
    written_predictions,
)


def by_run(frame: pd.DataFrame) -> dict[str, dict[str, object]]:
    return {row["run_id"]: row for row in asked(auroc_with_delong, frame, "run_id")}


@pytest.fixture(scope="module")
def discrimination():
    return by_run(every_case())


@pytest.mark.parametrize("case", CASES)
def test_auroc_and_its_standard_error_agree_with_the_references(case, discrimination):
    found, wanted, se = (
        discrimination[case],
        measure(case, "auroc"),
        expected(case)["measures"].get("auroc_delong_se"),
    )
    assert (found["n_test"], found["n_events"]) == (expected(case)["n"], expected(case)["events"])
    assert found["auroc"] == (
        None if wanted["value"] is None else pytest.approx(wanted["value"], abs=1e-12, rel=0)
    )
    if found["auroc_status"] == "ok":
        assert found["auroc_se"] == pytest.approx(se["value"], abs=se["tolerance_suggested"], rel=0)
        limits = found["auroc_ci_lower"], found["auroc_ci_upper"]
        assert limits == pytest.approx((wanted["ci_low"], wanted["ci_high"]), abs=1e-9, rel=0)


@pytest.mark.parametrize("case", [c for c in CASES if "auroc_ci_logit" in expected(c)["measures"]])
def test_the_interval_on_the_logit_scale_agrees_with_the_reference(case, discrimination):
    found, wanted = discrimination[case], measure(case, "auroc_ci_logit")
    limits = found["auroc_logit_ci_lower"], found["auroc_logit_ci_upper"]
    if wanted["ci_low"] is None:
        assert limits == (None, None)
    else:
        assert limits == pytest.approx((wanted["ci_low"], wanted["ci_high"]), abs=1e-9, rel=0)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_the_interval_on_the_logit_scale_is_that_of_the_logit(frame):
    for found in by_run(frame).values():
        limits = found["auroc_logit_ci_lower"], found["auroc_logit_ci_upper"]
        if found["auroc_status"] != "ok":
            assert limits == (None, None)
            continue
        auroc, se = found["auroc"], found["auroc_se"]
        centre, half = np.log(auroc / (1 - auroc)), 1.959963984540054 * se / (auroc * (1 - auroc))
        assert limits == pytest.approx(tuple(1 / (1 + np.exp(-centre - side * half)) for side in (-1, 1)))
        assert 0 <= limits[0] < auroc < limits[1] <= 1


def test_statuses_say_why_there_is_no_interval(discrimination):
    statuses = {case: discrimination[case]["auroc_status"] for case in CASES}
    assert {case: status for case, status in statuses.items() if status != "ok"} == {
        "birthwt_constant": "variance_zero",
        "iris_separated": "variance_zero",
        "flchain_no_events": "single_class",
    }


def test_a_tie_across_classes_counts_half():
    tied = written_predictions(
        """
        run_id | y_true | y_prob
        a      | 1      | 0.5
        a      | 0      | 0.5
        a      | 0      | 0.2
        a      | 1      | 0.1
        """
    )
    assert_rows(
        asked(auroc_with_delong, tied, "run_id"),
        """
        run_id | n_test | n_events | auroc | auroc_se          | auroc_ci_lower | auroc_ci_upper | auroc_status
        a      | 4      | 2        | 0.375 | 0.395284707521047 | 0              | 1              | ok
        """,
    )


def test_degenerate_runs_have_a_null_and_a_status_and_never_a_tight_interval():
    degenerate = written_predictions(
        """
        run_id    | y_true | y_prob
        all_event | 1      | 0.2
        all_event | 1      | 0.7
        backwards | 1      | 0.1
        backwards | 1      | 0.2
        backwards | 0      | 0.7
        backwards | 0      | 0.8
        constant  | 1      | 0.3
        constant  | 1      | 0.3
        constant  | 0      | 0.3
        constant  | 0      | 0.3
        no_event  | 0      | 0.2
        one_event | 1      | 0.4
        one_event | 0      | 0.3
        one_event | 0      | 0.6
        """
    )
    assert_rows(
        asked(auroc_with_delong, degenerate, "run_id"),
        """
        run_id    | n_test | auroc | auroc_se | auroc_ci_lower | auroc_ci_upper | auroc_status
        all_event | 2      | null  | null     | null           | null           | single_class
        backwards | 4      | 0     | null     | null           | null           | variance_zero
        constant  | 4      | 0.5   | null     | null           | null           | variance_zero
        no_event  | 1      | null  | null     | null           | null           | single_class
        one_event | 3      | 0.5   | null     | null           | null           | variance_undefined
        """,
    )


def test_the_interval_is_cut_to_the_unit_interval(discrimination):
    found = discrimination["vaso_n20"]
    assert found["auroc"] + 1.96 * found["auroc_se"] > 1
    assert found["auroc_ci_upper"] == 1


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_auroc_agrees_with_scikit_learn(frame):
    for run_id, found in by_run(frame).items():
        rows = frame[frame.run_id == run_id]
        if rows.y_true.nunique() == 2:
            assert found["auroc"] == pytest.approx(roc_auc_score(rows.y_true, rows.y_prob), abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_the_variance_is_that_of_the_structural_components_counted_pair_by_pair(frame):
    for run_id, found in by_run(frame).items():
        rows = frame[frame.run_id == run_id]
        events, others = (rows.y_prob[rows.y_true == y].to_numpy() for y in (1, 0))
        if min(len(events), len(others)) < 2:
            assert found["auroc_se"] is None
            continue
        wins = (events[:, None] > others) + 0.5 * (events[:, None] == others)
        variance = wins.mean(1).var(ddof=1) / len(events) + wins.mean(0).var(ddof=1) / len(others)
        assert (found["auroc_se"] or 0.0) == pytest.approx(np.sqrt(variance), abs=1e-12)
        assert (found["auroc_status"] == "variance_zero") == (found["auroc_se"] is None)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_only_the_order_of_the_probabilities_matters(frame):
    ranks = frame.assign(y_prob=frame.y_prob.rank(method="dense") / (len(frame) + 1))
    assert by_run(ranks) == by_run(frame)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_the_order_of_the_rows_does_not_change_a_bit(frame):
    assert by_run(frame.sample(frac=1, random_state=3)) == by_run(frame)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_swapping_the_labels_turns_auroc_around(frame):
    straight, swapped = by_run(frame), by_run(frame.assign(y_true=1 - frame.y_true))
    for run_id, found in straight.items():
        if found["auroc"] is not None:
            assert swapped[run_id]["auroc"] == pytest.approx(1 - found["auroc"], abs=1e-15)
        assert swapped[run_id]["auroc_se"] == (found["auroc_se"] and pytest.approx(found["auroc_se"]))


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_having_every_subject_twice_leaves_auroc(frame):
    once, twice = by_run(frame), by_run(pd.concat([frame, frame]))
    assert {k: v["auroc"] for k, v in once.items()} == {k: v["auroc"] for k, v in twice.items()}


def test_the_roc_curve_has_an_origin_and_one_point_per_distinct_probability():
    rows = written_predictions(
        """
            run_id | y_true | y_prob
            a      | 1      | 0.9
            a      | 0      | 0.6
            a      | 1      | 0.6
            a      | 0      | 0.2
            a      | 0      | 0.2
            b      | 0      | 0.5
            """
    )
    assert_rows(
        asked(roc_curve, rows, "run_id", "point"),
        """
        run_id | point | threshold | false_positive_rate | true_positive_rate
        a      | 0     | null      | 0                   | 0
        a      | 1     | 0.9       | 0                   | 0.5
        a      | 2     | 0.6       | 1/3                 | 1
        a      | 3     | 0.2       | 1                   | 1
        b      | 0     | null      | 0                   | null
        b      | 1     | 0.5       | 1                   | null
        """,
    )


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_the_limits_along_the_roc_curve_are_wilsons(frame):
    for point in asked(roc_curve, frame, "run_id", "point"):
        outcome = frame.y_true[frame.run_id == point["run_id"]]
        for name, group, rate in (
            ("sensitivity", outcome == 1, point["true_positive_rate"]),
            ("specificity", outcome == 0, point["false_positive_rate"]),
        ):
            limits = point[f"{name}_ci_lower"], point[f"{name}_ci_upper"]
            if rate is None:
                assert limits == (None, None)
                continue
            share = rate if name == "sensitivity" else 1 - rate
            wilson = binomtest(round(share * group.sum()), int(group.sum())).proportion_ci(method="wilson")
            assert limits == pytest.approx(tuple(wilson), abs=1e-12)
            assert limits[0] <= share <= limits[1]


def test_the_area_under_the_roc_curve_is_auroc(discrimination):
    points = pd.DataFrame(asked(roc_curve, every_case(), "run_id", "point"))
    for case, curve in points.groupby("run_id"):
        if discrimination[case]["auroc"] is not None:
            area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
            assert area == pytest.approx(discrimination[case]["auroc"], abs=1e-12)
            assert len(curve) == expected(case)["n_distinct_prob"] + 1
