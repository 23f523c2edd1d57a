"""AUROC on arrays: reference values, DeLong, logit and Newcombe limits, what they may not depend on."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.stratos.cohorts import cohort_of, cohorts
from assets.stratos.discrimination.auroc import discrimination_measures, newcombe_limits
from assets.stratos.discrimination.placements import placements
from queries.discrimination import auroc_with_delong
from tests.measure_cases import (
    ALL_CASES,
    CASES,
    asked,
    every_case,
    expected,
    measure,
    one_run,
    runs,
    subjects,
)

NAMES = ("auroc", "auroc_delong_se", "auroc_ci_logit", "auroc_ci_newcombe")


def cohort(case):
    rows = subjects(case)
    return cohort_of(rows.y_true, rows.y_prob)


def of(rows):
    return cohort_of([y for y, _ in rows], [p for _, p in rows])


@pytest.mark.parametrize("case", ALL_CASES)
def test_auroc_and_its_limits_agree_with_the_references(case):
    for name, found in discrimination_measures(cohort(case)).items():
        if name not in expected(case)["measures"]:
            assert case in ("flchain_no_events", "flights_50k")
            continue
        wanted = measure(case, name)
        if wanted["value"] is None:
            assert np.isnan([found.value, found.ci_low, found.ci_high]).all()
            continue
        assert found.value[0] == pytest.approx(wanted["value"], abs=wanted["tolerance_suggested"], rel=0)
        if found.status[0] == "ok" and wanted["ci_low"] is not None:
            limits, tolerance = (wanted["ci_low"], wanted["ci_high"]), wanted["ci_tolerance_suggested"]
            assert (found.ci_low[0], found.ci_high[0]) == pytest.approx(limits, abs=tolerance, rel=0)


def test_a_variance_of_zero_gives_no_interval_but_newcombes():
    for case in ("birthwt_constant", "iris_separated"):
        found = discrimination_measures(cohort(case))
        assert {name: str(found[name].status[0]) for name in NAMES} == {
            **dict.fromkeys(NAMES, "variance_zero"),
            "auroc_ci_newcombe": "ok",
        }
        assert found["auroc_delong_se"].value[0] == 0
        for name in ("auroc", "auroc_ci_logit"):
            assert np.isnan([found[name].ci_low, found[name].ci_high]).all()


@pytest.mark.parametrize(
    ("rows", "auroc", "statuses"),
    [
        ([(0, 0.2), (0, 0.7)], None, ("single_class", "single_class")),
        ([(1, 0.2)], None, ("single_class", "single_class")),
        ([(1, 0.4), (0, 0.3), (0, 0.6)], 0.5, ("variance_undefined", "ok")),
        ([(1, 0.1), (1, 0.2), (0, 0.7), (0, 0.8)], 0.0, ("variance_zero", "ok")),
    ],
    ids=["no event", "one event only", "one event", "backwards"],
)
def test_degenerate_input_has_a_status(rows, auroc, statuses):
    found = discrimination_measures(of(rows))
    assert (found["auroc"].status[0], found["auroc_ci_newcombe"].status[0]) == statuses
    assert found["auroc"].value[0] == pytest.approx(math.nan if auroc is None else auroc, nan_ok=True)
    assert np.isnan(found["auroc"].ci_low[0])
    assert np.isnan(found["auroc_ci_newcombe"].ci_low[0]) == (statuses[1] != "ok")


def test_limits_stay_within_the_unit_interval():
    found = discrimination_measures(cohort("vaso_n20"))
    assert found["auroc"].value[0] + 1.96 * found["auroc_delong_se"].value[0] > 1
    assert found["auroc"].ci_high[0] == 1
    assert found["auroc_ci_logit"].ci_high[0] < 1


@settings(max_examples=60, deadline=None)
@given(one_run)
def test_variances_are_those_of_structural_components_counted_pair_by_pair(rows):
    run = of(rows)
    events, others = (run.probability[0, run.outcome == y] for y in (1, 0))
    wins = (events[:, None] > others) + 0.5 * (events[:, None] == others)
    placed = placements(run.outcome, run.probability)
    assert placed.of_events[0].tolist() == (2 * wins.sum(axis=1)).tolist()
    assert placed.of_others[0].tolist() == (2 * (1 - wins).sum(axis=0)).tolist()
    if min(wins.shape) >= 2:
        variance = wins.mean(1).var(ddof=1) / len(events) + wins.mean(0).var(ddof=1) / len(others)
        assert placed.variance[0] == pytest.approx(variance, abs=1e-14)


def test_sql_says_the_same():
    rows = {row["run_id"]: row for row in asked(auroc_with_delong, every_case(), "run_id")}
    for case in CASES:
        found, row = discrimination_measures(cohort(case))["auroc"], rows[case]
        assert found.status[0] == row["auroc_status"]
        for number, column in (
            (found.value, "auroc"),
            (found.ci_low, "auroc_ci_lower"),
            (found.ci_high, "auroc_ci_upper"),
        ):
            wanted = math.nan if row[column] is None else row[column]
            assert number[0] == pytest.approx(wanted, abs=1e-12, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(one_run, st.randoms(use_true_random=False))
def test_only_the_order_of_the_probabilities_matters_and_not_that_of_the_rows(rows, random):
    ranks = sorted({p for _, p in rows})
    shuffled = [(y, ranks.index(p) / len(ranks)) for y, p in rows]
    random.shuffle(shuffled)
    for found, wanted in zip(
        discrimination_measures(of(shuffled)).values(),
        discrimination_measures(of(rows)).values(),
        strict=True,
    ):
        assert np.array_equal(found.value, wanted.value, equal_nan=True)
        assert np.array_equal(found.ci_low, wanted.ci_low, equal_nan=True)
        assert np.array_equal(found.ci_high, wanted.ci_high, equal_nan=True)


@settings(max_examples=40, deadline=None)
@given(one_run)
def test_swapping_the_labels_turns_auroc_and_its_limits_around(rows):
    straight, swapped = (discrimination_measures(of(r)) for r in (rows, [(1 - y, p) for y, p in rows]))
    for name in ("auroc", "auroc_ci_logit", "auroc_ci_newcombe"):
        there, back = straight[name], swapped[name]
        assert back.value == pytest.approx(1 - there.value, abs=1e-15, nan_ok=True)
        assert back.ci_low == pytest.approx(1 - there.ci_high, abs=1e-12, nan_ok=True)
    assert np.array_equal(straight["auroc_delong_se"].value, swapped["auroc_delong_se"].value, equal_nan=True)


@settings(max_examples=20, deadline=None)
@given(st.lists(one_run, min_size=2, max_size=6))
def test_a_run_has_the_same_bits_alone_and_in_company(lists):
    n = min(map(len, lists))
    outcome = [y for y, _ in lists[0][:n]]
    probability = [[p for _, p in rows[:n]] for rows in lists]
    together = discrimination_measures(cohort_of(outcome, probability, range(len(lists))))
    for place, alone in enumerate(discrimination_measures(cohort_of(outcome, p)) for p in probability):
        for name in NAMES:
            for part in ("value", "ci_low", "ci_high", "status"):
                found = getattr(together[name], part)[place : place + 1]
                wanted = getattr(alone[name], part)
                assert np.array_equal(found, wanted, equal_nan=part != "status")


def test_having_every_subject_twice_leaves_auroc_and_narrows_its_limits():
    once, twice = (
        discrimination_measures(next(cohorts(runs(rows))))
        for rows in ([(y, p) for y, p in pima()], [(y, p) for y, p in pima()] * 2)
    )
    assert twice["auroc"].value == once["auroc"].value
    for name in ("auroc", "auroc_ci_logit", "auroc_ci_newcombe"):
        assert once[name].ci_low < twice[name].ci_low
        assert twice[name].ci_high < once[name].ci_high


def pima():
    rows = subjects("pima_knn_ties")
    return list(zip(rows.y_true, rows.y_prob, strict=True))


@settings(max_examples=60, deadline=None)
@given(auroc=st.floats(0, 1), n1=st.integers(1, 500), n0=st.integers(1, 500))
def test_newcombes_limits_solve_his_equation(auroc, n1, n0):
    for limit in (float(found[0]) for found in newcombe_limits(np.array([auroc]), n1, n0)):
        s = (n1 + n0) / 2 - 1
        variance = limit * (1 - limit) * (1 + s * (1 - limit) / (2 - limit) + s * limit / (1 + limit))
        assert abs(auroc - limit) == pytest.approx(
            1.959963984540054 * math.sqrt(variance / n1 / n0), abs=1e-7
        )
    low, high = newcombe_limits(np.array([auroc]), n1, n0)
    assert 0 <= low[0] <= auroc <= high[0] <= 1
    assert high[0] - low[0] > 1 / (n1 + n0)
