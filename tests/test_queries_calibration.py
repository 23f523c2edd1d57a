"""Calibration in bins of equal width."""

import pandas as pd
from hypothesis import given, settings

from queries.calibration import calibration_bins
from tests.measure_cases import asked, assert_rows, some_runs, written_predictions


def test_a_bin_holds_the_subjects_with_like_probabilities():
    rows = written_predictions(
        """
        run_id | y_true | y_prob
        a      | 0      | 0
        a      | 1      | 0.2
        a      | 0      | 0.25
        a      | 1      | 1
        a      | 1      | 0.75
        """
    )
    assert_rows(
        asked(lambda p: calibration_bins(p, bins=4), rows, "run_id", "bin"),
        """
        run_id | bin | bin_start | bin_end | n | mean_predicted | n_events | observed | ci_lower            | ci_upper
        a      | 0   | 0         | 0.25    | 2 | 0.1            | 1        | 0.5      | 0.09453120573423074 | 0.9054687942657693
        a      | 1   | 0.25      | 0.5     | 1 | 0.25           | 0        | 0        | 0                   | 0.7934506856227626
        a      | 3   | 0.75      | 1       | 2 | 0.875          | 2        | 1        | 0.3423802275066532  | 1
        """,
    )


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_every_subject_is_in_one_bin(frame):
    found = pd.DataFrame(asked(calibration_bins, frame, "run_id", "bin"))
    assert found.n.sum() == len(frame)
    assert found.n_events.sum() == frame.y_true.sum()
    assert (found.n > 0).all()
    tolerance = 1e-12
    assert found.mean_predicted.between(found.bin_start - tolerance, found.bin_end + tolerance).all()
    assert found.observed.between(found.ci_lower, found.ci_upper).all()
