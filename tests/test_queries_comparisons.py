"""Which runs are compared."""

import ibis
import pandas as pd

from queries.comparisons import one_step_pairs
from tests.measure_cases import answer, assert_rows


def compared(*configurations):
    names = ["run_id", "classifier", "featurization", "imputation_method", "outlier_method"]
    runs = pd.DataFrame([configuration.split() for configuration in configurations], columns=names)
    return answer(one_step_pairs(ibis.memtable(runs)), "run_a", "run_b")


def test_runs_that_differ_in_one_method_are_compared_once():
    assert_rows(
        compared(
            "r1 forest f mean none", "r2 boost f mean none", "r3 boost f knn none", "r4 boost f knn lof"
        ),
        """
        run_a | run_b | factor
        r2    | r1    | classifier
        r3    | r2    | imputation_method
        r4    | r3    | outlier_method
        """,
    )


def test_runs_that_differ_in_nothing_or_in_more_are_not():
    assert compared("r1 forest f mean none", "r2 forest f mean none", "r3 boost g mean none") == []
