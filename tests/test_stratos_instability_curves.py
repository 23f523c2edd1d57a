"""How far refits disagree along the risk: means over bins that tell of no single subject."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stratos_refits import random_runs, refitted

from assets.stratos.stability.instability_curves import instability_curves
from assets.stratos.stability.refits import model_instability


def curve(risks, outcome=None):
    """The rows of one run, each a dict."""
    return instability_curves(refitted(a=(outcome or [0] * len(risks), risks))).to_pylist()


@given(st.integers(0, 2**32 - 1), st.integers(5, 130), st.integers(1, 6), st.booleans())
@settings(max_examples=25, deadline=None)
def test_bins_part_the_subjects_by_risk_and_hold_five_at_least(seed, n, refits, tied):
    rng = np.random.default_rng(seed)
    risks = rng.integers(0, 4, (n, refits)) / 4 if tied else rng.random((n, refits))
    rows, mean = curve(risks), np.sort(risks.mean(axis=1))
    assert [row["bin"] for row in rows] == list(range(len(rows)))
    assert 1 <= len(rows) <= 10
    assert min(row["n"] for row in rows) >= 5
    stops = np.cumsum([row["n"] for row in rows])
    assert stops[-1] == n
    for row, start, stop in zip(rows, [0, *stops], stops, strict=False):
        inside = mean[start:stop]
        assert (row["risk_lower"], row["risk_upper"]) == (inside[0], inside[-1])
        assert row["risk_mean"] == pytest.approx(inside.mean())
    for one, other in itertools.pairwise(rows):
        assert one["risk_upper"] < other["risk_lower"]


def test_a_hundred_different_risks_make_ten_bins_of_ten():
    risks = np.random.default_rng(3).permutation(np.arange(100) / 100)[:, None] + [[0, 0.001]]
    assert [row["n"] for row in curve(risks)] == [10] * 10


def test_a_bin_averages_what_is_said_of_its_subjects():
    outcome, risks = random_runs(5, runs=1, n=40, refits=30)["r0"]
    of_subjects = model_instability(refitted(a=(outcome, risks))).to_pandas()
    for row in curve(risks, outcome):
        inside = of_subjects[of_subjects.y_prob.between(row["risk_lower"], row["risk_upper"])]
        assert len(inside) == row["n"]
        found = [row[name] for name in ("refit_lower", "refit_upper", "mean_absolute_deviation")]
        wanted = inside[["y_prob_refit_lower", "y_prob_refit_upper", "mean_absolute_deviation"]].mean()
        assert found == pytest.approx(list(wanted), abs=1e-12)
        assert row["status"] == "ok"


def test_a_single_refit_has_bins_but_nothing_that_differs():
    rows = curve([[k / 10] for k in range(10)])
    assert [row["status"] for row in rows] == ["single_refit"] * len(rows)
    assert {
        row[name] for row in rows for name in ("refit_lower", "refit_upper", "mean_absolute_deviation")
    } == {None}
    assert rows[0]["risk_lower"] == 0


def test_nothing_but_their_number_is_said_of_fewer_than_five_subjects():
    (row,) = curve([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8]])
    assert (row.pop("run_id"), row.pop("bin"), row.pop("n"), row.pop("status")) == ("a", 0, 4, "few_subjects")
    assert set(row.values()) == {None}


def test_what_is_said_of_a_run_does_not_depend_on_others():
    runs = random_runs(11, runs=3, n=60)
    together = instability_curves(refitted(**runs)).to_pylist()
    alone = instability_curves(refitted(r1=runs["r1"])).to_pylist()
    assert [row for row in together if row["run_id"] == "r1"] == alone
