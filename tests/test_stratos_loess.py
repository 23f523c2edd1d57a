"""Local regression against R, and against what it promises."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.stratos.calibration import loess
from assets.stratos.calibration.calibration_errors import MEASURES, calibration_error_measures
from assets.stratos.calibration.kd_tree import tree_vertices
from assets.stratos.calibration.loess import (
    NotIdentifiedError,
    direct_fit,
    fit_loess,
    hermite_basis,
    residual_freedom,
)
from assets.stratos.calibration.loess_rows import curves_at_rows
from assets.stratos.cohorts import cohort_of
from tests.measure_cases import ALL_CASES, CURVED, expected, measure, subjects


def arrays(case):
    rows = subjects(case).sort_values(["y_prob", "y_true"])
    return rows.y_prob.to_numpy(), rows.y_true.to_numpy(dtype=np.float64)


def smoother(predictor):
    """The matrix that turns outcomes into fitted values, a column at a time."""
    return np.stack([fit_loess(predictor, row).at(predictor) for row in np.eye(len(predictor))], axis=1)


@pytest.mark.parametrize("case", CURVED)
def test_the_curve_agrees_with_the_default_of_r(case):
    wanted = expected(case)["smooth_calibration"]
    found = fit_loess(*arrays(case)).at(np.array(wanted["p"]))
    assert found == pytest.approx(np.array(wanted["fit"]), abs=wanted["tolerance_suggested"], rel=0)


@pytest.mark.parametrize("case", [case for case in CURVED if expected(case)["smooth_calibration"]["se"]])
def test_the_standard_error_agrees_with_r(case):
    wanted = expected(case)["smooth_calibration"]
    found = fit_loess(*arrays(case)).standard_error(np.array(wanted["p"]))
    assert found == pytest.approx(np.array(wanted["se"]), abs=1e-9, rel=0)


@pytest.mark.parametrize("case", ALL_CASES)
def test_distances_from_the_curve_agree_with_r(case):
    rows = subjects(case)
    found = calibration_error_measures(cohort_of(rows.y_true, rows.y_prob), resamples=0)
    for name in MEASURES:
        wanted = measure(case, name)
        if wanted["value"] is None:
            assert (np.isnan(found[name].value[0]), found[name].status[0]) == (True, "not_identified")
        else:
            assert found[name].value[0] == pytest.approx(wanted["value"], abs=1e-9, rel=0)


@pytest.mark.parametrize("case", [case for case in CURVED if expected(case)["n"] < 1000])
def test_the_direct_fit_agrees_with_r(case):
    probability, outcome = arrays(case)
    distance = np.abs(direct_fit(probability, outcome, probability) - probability)
    found = distance.mean(), np.median(distance), np.quantile(distance, 0.9), distance.max()
    wanted = [measure(case, f"{name}__direct")["value"] for name in ("ici", "e50", "e90", "emax")]
    assert found == pytest.approx(wanted, abs=1e-9, rel=0)


def test_distances_are_flagged_with_one_class():
    found = calibration_error_measures(cohort_of([0] * 8, np.arange(1, 9) / 10), resamples=50)
    assert {estimates.status[0] for estimates in found.values()} == {"single_class"}
    assert found["ici"].value[0] == pytest.approx(0.45)
    assert all(np.isnan([estimates.ci_low[0], estimates.ci_high[0]]).all() for estimates in found.values())


def test_without_ties_the_tree_has_nine_vertices_whatever_n_is():
    rng = np.random.default_rng(0)
    assert {tree_vertices(np.sort(rng.random((1, n)))).shape[1] for n in (20, 100, 1000, 20_000)} == {9}


def test_a_cut_moves_off_a_tie_to_the_nearest_step_and_right_before_left():
    rows = np.arange(20) / 20
    rows[10] = rows[9]
    margin = 0.005 * rows[-1]
    # 20 rows are cut after row 10; 11 left of it after 5, then 2 and 8; 9 right of it after 15, 13 and 17.
    assert tree_vertices(rows[None])[0] == pytest.approx(
        [-margin, *rows[[2, 5, 8, 10, 13, 15, 17]], rows[-1] + margin]
    )


def test_a_cut_stays_on_a_tie_that_reaches_the_end_of_its_cell():
    rows = np.array([0.1, *[0.4] * 12, 0.6, 0.7])
    assert tree_vertices(rows[None])[0, 1:-1].tolist() == [0.4]


def cuts(predictor, first, last, left, right, most):
    """The tree of one model, cell by cell, as the definition reads."""
    if last - first + 1 <= most:
        return []
    middle = cut_row(predictor, first, last)
    cut = predictor[middle]
    if cut in (left, right):
        return []
    parts = (first, middle, left, cut), (middle + 1, last, cut, right)
    return [cut, *(c for part in parts for c in cuts(predictor, *part, most))]


def cut_row(predictor, first, last):
    middle = (first + last) // 2
    for distance in range(last - first + 1):
        for row in (middle + distance, middle - distance):
            if not first <= row < last:
                return middle
            if predictor[row] < predictor[row + 1]:
                return row
    return middle


tied = st.integers(1, 60).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 20), min_size=n, max_size=n), min_size=1, max_size=5)
)


@settings(max_examples=200, deadline=None)
@given(tied)
def test_the_trees_of_many_models_are_those_of_each_alone(rows):
    predictor = np.sort(np.array(rows) / 20, axis=1)
    for found, row in zip(tree_vertices(predictor), predictor, strict=True):
        ends = found[0], found.max()
        most = int(len(row) * 0.15)
        assert sorted({*found}) == sorted({*ends, *cuts(row, 0, len(row) - 1, *ends, most)})


@settings(max_examples=100, deadline=None)
@given(tied, st.integers(0, 1000))
def test_the_curves_of_many_models_are_those_of_each_alone(rows, seed):
    predictor = np.sort(np.array(rows) / 20, axis=1)
    outcome = np.random.default_rng(seed).integers(0, 2, predictor.shape).astype(np.float64)
    for found, x, y in zip(curves_at_rows(predictor, outcome), predictor, outcome, strict=True):
        try:
            wanted = fit_loess(x, y).at(x)
        except NotIdentifiedError:
            assert np.isnan(found).all()
        else:
            assert found == pytest.approx(wanted, rel=1e-8, abs=1e-8)


def test_neighbourhoods_with_too_few_distinct_values_take_the_least_solution_as_r_does():
    compared = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        predictor = np.sort(rng.choice(rng.random(int(rng.integers(3, 8))), int(rng.integers(8, 60))))
        outcome = rng.integers(0, 2, len(predictor)).astype(np.float64)
        try:
            fit = fit_loess(predictor, outcome)
        except NotIdentifiedError:
            continue
        compared += 1
        for knot, found in zip(fit.knots, fit.coefficients.reshape(-1, 2), strict=True):
            offset = predictor - knot
            bandwidth = np.sort(np.abs(offset))[int(0.75 * len(predictor) + 1e-5) - 1]
            weight = np.sqrt(np.clip(1 - (np.abs(offset) / bandwidth) ** 3, 0, None) ** 3)
            design = weight[:, None] * np.stack([np.ones_like(offset), offset, offset**2], axis=1)
            norms = np.sqrt((design**2).sum(axis=0))
            norms[norms == 0] = 1
            solution = np.linalg.lstsq(design / norms, weight * outcome, rcond=100 * np.finfo(float).eps)[0]
            assert found == pytest.approx((solution / norms)[:2], rel=1e-7, abs=1e-7)
    assert compared > 50


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 60), st.integers(0, 10_000), st.tuples(*[st.floats(-3, 3)] * 3))
def test_a_quadratic_is_reproduced_exactly(n, seed, coefficients):
    predictor = np.sort(np.random.default_rng(seed).random(n))
    fit = fit_loess(predictor, np.polyval(coefficients, predictor))
    grid = np.linspace(predictor[0], predictor[-1], 30)
    assert fit.at(grid) == pytest.approx(np.polyval(coefficients, grid), abs=1e-6)


@pytest.mark.parametrize("case", ["vaso_n20", "iris_separated", "asah_loo"])
def test_the_standard_error_is_that_of_the_smoother_matrix(case):
    probability, outcome = arrays(case)
    matrix, fit = smoother(probability), fit_loess(probability, outcome)
    residual = outcome - matrix @ outcome
    variance = residual @ residual / residual_freedom(len(outcome), np.trace(matrix))
    wanted = np.sqrt(variance * (matrix**2).sum(axis=1))
    assert fit.standard_error(probability) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("case", ["vaso_n20", "iris_separated", "asah_loo", "pima_knn_ties"])
def test_the_approximate_degrees_of_freedom_are_close_to_the_exact_ones(case):
    probability, _outcome = arrays(case)
    matrix = smoother(probability)
    left = np.eye(len(matrix)) - matrix
    assert residual_freedom(len(matrix), np.trace(matrix)) == pytest.approx(np.trace(left @ left.T), rel=0.01)


def test_the_size_of_a_block_does_not_change_a_bit(monkeypatch):
    probability, outcome = arrays("pima_knn_ties")
    whole = fit_loess(probability, outcome)
    monkeypatch.setattr(loess, "BLOCK", 1)
    assert fit_loess(probability, outcome).coefficients.tobytes() == whole.coefficients.tobytes()


def test_a_trace_that_leaves_nothing_has_no_degrees_of_freedom():
    assert np.isnan(residual_freedom(10, 10.0))
    assert np.isnan(residual_freedom(10, -0.1))


def test_a_curve_through_all_points_has_no_band():
    predictor = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 0.9])
    fit = fit_loess(predictor, np.array([0.0, 1, 0, 1, 1, 0]))
    assert fit.at(predictor) == pytest.approx([0, 1, 0, 1, 1, 0])
    assert np.isnan(fit.standard_error(predictor)).all()


@pytest.mark.parametrize(
    "predictor",
    [[0.1, 0.2, 0.3, 0.4, 0.5], [0.2] * 5 + [0.7] * 5, [0.5] * 50, [0.1, 0.2, 0.3] + [0.5] * 40],
    ids=["five rows", "two values", "constant", "most rows at one value"],
)
def test_rows_that_do_not_determine_a_local_quadratic_are_refused(predictor):
    outcome = np.arange(len(predictor)) % 2.0
    with pytest.raises(NotIdentifiedError):
        fit_loess(np.array(predictor), outcome)


def test_the_basis_reads_value_and_slope_at_the_knots():
    knots = np.array([0.0, 0.3, 1.0])
    basis = hermite_basis(knots, knots)
    assert basis == pytest.approx(np.eye(6)[::2])
    nearby = (hermite_basis(knots + 1e-6, knots)[:2] - basis[:2]) / 1e-6
    assert nearby == pytest.approx(np.eye(6)[[1, 3]], abs=1e-4)


def test_the_number_of_threads_does_not_change_a_bit():
    program = (
        "import numpy as np; from assets.stratos.calibration.loess import fit_loess\n"
        "r = np.random.default_rng(0); p = np.sort(r.random(30_000))\n"
        "f = fit_loess(p, 1.0 * (r.random(30_000) < p))\n"
        "print(f.coefficients.tobytes().hex(), f.gram.tobytes().hex(), f.residual_variance.hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "4")
    }
    assert len(found) == 1
