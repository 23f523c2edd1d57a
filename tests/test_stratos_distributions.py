"""Mean, spread and quantiles of the probabilities by outcome, on arrays."""

import numpy as np
import pytest

from assets.stratos.cohorts import cohort_of
from assets.stratos.distributions import STATISTICS, distribution_measures
from tests.measure_cases import ALL_CASES, expected, subjects


@pytest.mark.parametrize("case", ALL_CASES)
def test_statistics_agree_with_r(case):
    frame = subjects(case)
    found = distribution_measures(cohort_of(frame.y_true.to_numpy(), frame.y_prob.to_numpy()))
    for outcome, group in (("y0", "nonevents"), ("y1", "events")):
        wanted = expected(case)["distribution_by_outcome"][outcome]
        for statistic in STATISTICS:
            e = found[f"risk_{statistic}__{group}"]
            if wanted is None:
                assert (e.n[0], e.status[0]) == (0, "empty_denominator")
            else:
                assert e.n[0] == wanted["n"]
                assert e.value[0] == pytest.approx(wanted[statistic], abs=1e-12, rel=0)


def test_a_hand_checked_sample():
    found = distribution_measures(cohort_of([1, 1, 1, 1, 1, 0], [0.1, 0.2, 0.3, 0.4, 1.0, 0.6]))
    events = {name: found[f"risk_{name}__events"].value[0] for name in STATISTICS}
    # Type 7: the quantile q of five values lies at place 4 q, straight between its neighbours.
    assert events == pytest.approx(
        {
            "mean": 0.4,
            "sd": np.sqrt(0.125),
            "min": 0.1,
            "q05": 0.12,
            "q10": 0.14,
            "q25": 0.2,
            "median": 0.3,
            "q75": 0.4,
            "q90": 0.76,
            "q95": 0.88,
            "max": 1.0,
        }
    )
    one = found["risk_sd__nonevents"]
    assert (np.isnan(one.value[0]), one.status[0], one.n[0]) == (True, "variance_undefined", 1)


def test_runs_do_not_depend_on_their_company():
    rng = np.random.default_rng(1)
    outcome, probability = rng.integers(0, 2, 301), rng.random((5, 301))
    together = distribution_measures(cohort_of(outcome, probability, [*"abcde"]))
    for run in range(5):
        for name, e in distribution_measures(cohort_of(outcome, probability[run])).items():
            np.testing.assert_array_equal(e.value[0], together[name].value[run])
