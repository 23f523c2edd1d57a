"""Histograms of probability by outcome."""

import pandas as pd
import pytest
from hypothesis import given, settings

from queries.distributions import distribution_stats, probability_histogram
from tests.measure_cases import asked, assert_rows, some_runs, written_predictions


def test_bins_hold_their_lower_edge_and_the_last_one_holds_one():
    rows = written_predictions(
        """
        run_id | y_true | y_prob
        a      | 0      | 0
        a      | 0      | 0.25
        a      | 1      | 0.2499
        a      | 1      | 1
        b      | 0      | 0.75
        """
    )
    assert_rows(
        asked(lambda p: probability_histogram(p, bins=4), rows, "run_id", "y_true", "bin"),
        """
        run_id | y_true | bin | bin_start | bin_end | n | density
        a      | 0      | 0   | 0         | 0.25    | 1 | 2
        a      | 0      | 1   | 0.25      | 0.5     | 1 | 2
        a      | 0      | 2   | 0.5       | 0.75    | 0 | 0
        a      | 0      | 3   | 0.75      | 1       | 0 | 0
        a      | 1      | 0   | 0         | 0.25    | 1 | 2
        a      | 1      | 1   | 0.25      | 0.5     | 0 | 0
        a      | 1      | 2   | 0.5       | 0.75    | 0 | 0
        a      | 1      | 3   | 0.75      | 1       | 1 | 2
        b      | 0      | 0   | 0         | 0.25    | 0 | 0
        b      | 0      | 1   | 0.25      | 0.5     | 0 | 0
        b      | 0      | 2   | 0.5       | 0.75    | 0 | 0
        b      | 0      | 3   | 0.75      | 1       | 1 | 4
        """,
    )


@settings(max_examples=8, deadline=None)
@given(some_runs)
def test_every_subject_is_between_the_edges_of_its_bin(frame):
    found = pd.DataFrame(asked(probability_histogram, frame, "run_id", "y_true", "bin"))
    for (run_id, outcome), bins in found.groupby(["run_id", "y_true"]):
        p = frame.y_prob[(frame.run_id == run_id) & (frame.y_true == outcome)]
        assert bins.bin.tolist() == list(range(20))
        for b in bins.itertuples():
            inside = (p >= b.bin_start) & ((p < b.bin_end) | (b.bin == 19))
            assert b.n == inside.sum()
        assert (bins.density * (bins.bin_end - bins.bin_start)).sum() == pytest.approx(1)
    assert found.n.sum() == len(frame)


def test_the_statistics_of_each_outcome_that_occurred():
    rows = written_predictions(
        """
        run_id | y_true | y_prob
        a      | 1      | 0.1
        a      | 1      | 0.2
        a      | 1      | 0.3
        a      | 1      | 0.4
        a      | 1      | 1
        b      | 0      | 0.75
        """
    )
    assert_rows(
        asked(distribution_stats, rows, "run_id", "y_true"),
        """
        run_id | y_true | n | risk_mean | risk_sd             | risk_min | risk_q05 | risk_median | risk_q90 | risk_max
        a      | 1      | 5 | 0.4       | 0.35355339059327373 | 0.1      | 0.12     | 0.3         | 0.76     | 1
        b      | 0      | 1 | 0.75      | null                | 0.75     | 0.75     | 0.75        | 0.75     | 0.75
        """,
    )
