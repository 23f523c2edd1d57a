"""Sensitivity, specificity and predictive values at thresholds."""

import pytest

from queries.classification import threshold_metrics
from tests.measure_cases import asked, assert_rows, every_case, written_predictions

ROWS = """
    run_id | y_true | y_prob
    a      | 1      | 0.9
    a      | 1      | 0.5
    a      | 1      | 0.1
    a      | 0      | 0.5
    a      | 0      | 0.2
    b      | 0      | 0.2
    """


def test_proportions_at_a_threshold_have_score_limits():
    found = asked(lambda p: threshold_metrics(p, [50]), written_predictions(ROWS), "run_id")
    assert_rows(
        found,
        """
        run_id | threshold | n | n_events | true_positives | false_positives | false_negatives | true_negatives
        a      | 0.5       | 5 | 3        | 2              | 1               | 1               | 1
        b      | 0.5       | 1 | 0        | 0              | 0               | 0               | 1
        """,
    )
    assert_rows(
        found,
        """
        sensitivity | sensitivity_ci_lower | sensitivity_ci_upper | sensitivity_status | specificity | specificity_status
        2/3         | 0.20765960080204772  | 0.9385080552796037   | ok                 | 0.5         | ok
        null        | null                 | null                 | empty_denominator  | 1           | ok
        """,
    )
    assert_rows(
        found,
        """
        ppv  | ppv_status        | npv | npv_status | npv_ci_lower        | npv_ci_upper       | expected_cost
        2/3  | ok                | 0.5 | ok         | 0.09453120573423074 | 0.9054687942657693 | 0.2
        null | empty_denominator | 1   | ok         | 0.20654931437723745 | 1                  | 0
        """,
    )


def test_predictive_values_at_another_prevalence_are_there_when_asked_for():
    found = asked(
        lambda p: threshold_metrics(p, [50], target_prevalence=0.1), written_predictions(ROWS), "run_id"
    )
    # Of 30, 3 are ill: 2 found; 13.5 of the 27 others called ill.
    assert_rows(
        found,
        """
        ppv_at_prevalence | ppv_at_prevalence_status | npv_at_prevalence | npv_at_prevalence_status
        4/31              | ok                       | 27/29             | ok
        null              | single_class             | null              | single_class
        """,
    )
    assert 0 < found[0]["ppv_at_prevalence_ci_lower"] < 4 / 31 < found[0]["ppv_at_prevalence_ci_upper"] < 1


@pytest.mark.parametrize("thresholds", [[0.05], [0], [100]])
def test_a_threshold_that_is_no_whole_per_cent_is_refused(thresholds):
    with pytest.raises(ValueError, match="whole per cents"):
        asked(lambda p: threshold_metrics(p, thresholds), every_case(), "run_id")
