"""Observed / expected, Brier, scaled Brier and log loss."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings

from queries.overall import overall_performance
from tests.measure_cases import (
    CASES,
    asked,
    assert_rows,
    every_case,
    measure,
    some_runs,
    written_predictions,
)


def by_run(frame):
    return {row["run_id"]: row for row in asked(overall_performance, frame, "run_id")}


@pytest.fixture(scope="module")
def overall():
    return by_run(every_case())


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("o_e_ratio", "oe_ratio"),
        *((name, name) for name in ("brier", "scaled_brier", "log_loss", "discrimination_slope")),
        *((name, name) for name in ("mcfadden_r2", "cox_snell_r2", "nagelkerke_r2")),
    ],
)
@pytest.mark.parametrize("case", CASES)
def test_values_agree_with_the_references(case, column, name, overall):
    wanted = measure(case, name)
    if wanted["value"] is None:
        assert overall[case][column] is None
    else:
        assert overall[case][column] == pytest.approx(
            wanted["value"], abs=wanted["tolerance_suggested"], rel=0
        )


@pytest.mark.parametrize("case", CASES)
def test_the_interval_of_observed_over_expected_agrees_with_the_reference(case, overall):
    wanted = measure(case, "oe_ratio")
    limits = overall[case]["o_e_ratio_ci_lower"], overall[case]["o_e_ratio_ci_upper"]
    if wanted["ci_low"] is None:
        assert limits == (None, None)
    else:
        tolerance = wanted["ci_tolerance_suggested"]
        assert limits == pytest.approx((wanted["ci_low"], wanted["ci_high"]), abs=tolerance, rel=0)


def test_nulls_come_with_their_reason():
    rows = written_predictions(
        """
        run_id    | y_true | y_prob
        certain   | 1      | 1
        certain   | 0      | 0
        nothing   | 1      | 0
        nothing   | 0      | 0
        one_class | 0      | 0.25
        one_class | 0      | 0.75
        """
    )
    found = asked(overall_performance, rows, "run_id")
    assert_rows(
        found,
        """
        run_id    | o_e_ratio | o_e_ratio_ci_lower | o_e_ratio_ci_upper | o_e_ratio_status
        certain   | 1         | 0.2500976532599063 | 3.9984381579173816 | ok
        nothing   | null      | null               | null               | nothing_expected
        one_class | 0         | null               | null               | no_events
        """,
    )
    assert_rows(
        found,
        """
        run_id    | brier  | scaled_brier | scaled_brier_status | log_loss           | log_loss_status
        certain   | 0      | 1            | ok                  | 0                  | ok
        nothing   | 0.5    | -1           | ok                  | null               | infinite
        one_class | 0.3125 | null         | single_class        | 0.8369882167858358 | ok
        """,
    )
    assert_rows(
        found,
        """
        run_id    | mcfadden_r2 | cox_snell_r2 | nagelkerke_r2 | r2_status    | discrimination_slope | discrimination_slope_status
        certain   | 1           | 0.75         | 1             | ok           | 1                    | ok
        nothing   | null        | null         | null          | infinite     | 0                    | ok
        one_class | null        | null         | null          | single_class | null                 | single_class
        """,
    )
    assert_rows(
        found,
        """
        run_id    | brier_status  | brier_ci_lower | brier_ci_upper     | brier_spiegelhalter_ci_lower
        certain   | variance_zero | null           | null               | null
        nothing   | ok            | 0              | 1                  | null
        one_class | ok            | 0              | 0.8024909961350135 | 0.012443020227793145
        """,
    )


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_log_loss_is_infinite_only_where_a_certainty_was_wrong(frame):
    found = by_run(frame)
    for run_id, rows in frame.groupby("run_id"):
        given_probability = [p if y else 1 - p for y, p in zip(rows.y_true, rows.y_prob, strict=True)]
        assert found[run_id]["log_loss_status"] == ("infinite" if 0 in given_probability else "ok")
        if 0 not in given_probability:
            wanted = -math.fsum(map(math.log, given_probability)) / len(rows)
            assert found[run_id]["log_loss"] == pytest.approx(wanted, abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_having_every_subject_twice_leaves_every_value(frame):
    once, twice = by_run(frame), by_run(pd.concat([frame, frame]))
    for run_id, found in once.items():
        for name in ("o_e_ratio", "brier", "scaled_brier", "log_loss"):
            value = found[name]
            assert twice[run_id][name] == (
                value if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)
            )
