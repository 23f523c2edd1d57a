"""What SQL says and what arrays say of the same rows is the same, to rounding."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from assets.stratos.classification.measures import classification_measures, exact_limits
from assets.stratos.classification.net_benefit import net_benefit_measures
from assets.stratos.cohorts import cohorts
from assets.stratos.distributions import STATISTICS, distribution_measures
from assets.stratos.overall import overall_measures
from queries.classification import threshold_metrics
from queries.distributions import distribution_stats
from queries.net_benefit import decision_curves
from queries.overall import overall_performance
from tests.measure_cases import asked, every_case, some_runs

TARGET = 0.2

# measure -> column of its value, stem of the columns of its limits, column of its status
OVERALL = {
    "oe_ratio": ("o_e_ratio", "o_e_ratio", "o_e_ratio_status"),
    "brier": ("brier", "brier", "brier_status"),
    "brier_ci_spiegelhalter": ("brier", "brier_spiegelhalter", None),
    "scaled_brier": ("scaled_brier", None, "scaled_brier_status"),
    "log_loss": ("log_loss", None, "log_loss_status"),
    "log_loss__clip_1e-15": ("log_loss_clipped", None, None),
    "mcfadden_r2": ("mcfadden_r2", None, "r2_status"),
    "cox_snell_r2": ("cox_snell_r2", None, "r2_status"),
    "nagelkerke_r2": ("nagelkerke_r2", None, "r2_status"),
    "discrimination_slope": ("discrimination_slope", None, "discrimination_slope_status"),
}
CURVES = {
    "net_benefit": ("net_benefit_model", None, None),
    "standardised_net_benefit": ("standardised_net_benefit", None, "standardised_net_benefit_status"),
    "interventions_avoided": ("interventions_avoided", None, None),
}
CLASSES = {
    **{
        name: (name, name, f"{name}_status")
        for name in ("sensitivity", "specificity", "ppv", "npv", "ppv_at_prevalence", "npv_at_prevalence")
    },
    "expected_cost": ("expected_cost", None, None),
}


def classes(predictions):
    return threshold_metrics(predictions, target_prevalence=TARGET)


def alike(found, wanted):
    """Null with NaN, and numbers to 12 digits, absolute below 1."""
    if found is None or math.isnan(wanted):
        return found is None and math.isnan(wanted)
    return abs(found - wanted) <= 1e-12 * max(1, abs(wanted))


def assert_alike(row, names, estimates, run):
    value, stem, status = names
    assert alike(row[value], estimates.value[run]), (value, row, estimates.value[run])
    if status:
        assert row[status] == estimates.status[run], (status, row)
    if stem:
        assert alike(row[f"{stem}_ci_lower"], estimates.ci_low[run]), (stem, row, estimates.ci_low[run])
        assert alike(row[f"{stem}_ci_upper"], estimates.ci_high[run]), (stem, row, estimates.ci_high[run])


def assert_paths_agree(frame: pd.DataFrame) -> None:
    overall = {row["run_id"]: row for row in asked(overall_performance, frame, "run_id")}
    curves, classified = (
        {
            (row["run_id"], f"@{row['threshold']:.2f}"): row
            for row in asked(query, frame, "run_id", "threshold")
        }
        for query in (decision_curves, classes)
    )
    for cohort in cohorts(frame):
        of_all = overall_measures(cohort)
        of_thresholds = net_benefit_measures(cohort) | classification_measures(
            cohort, target_prevalence=TARGET
        )
        assert set(of_all) == set(OVERALL)
        for run, run_id in enumerate(cohort.run_ids):
            for measure, names in OVERALL.items():
                assert_alike(overall[run_id], names, of_all[measure], run)
            for k in range(1, 100):
                at = f"@{k / 100:.2f}"
                for measure, names in CURVES.items():
                    assert_alike(curves[run_id, at], names, of_thresholds[measure + at], run)
                for measure, names in CLASSES.items():
                    assert_alike(classified[run_id, at], names, of_thresholds[measure + at], run)


def test_the_paths_agree_on_all_reference_cases():
    assert_paths_agree(every_case())


@settings(max_examples=6, deadline=None)
@given(some_runs)
def test_the_paths_agree_on_any_runs(frame):
    assert_paths_agree(frame)


def assert_distributions_agree(frame):
    rows = {(r["run_id"], r["y_true"]): r for r in asked(distribution_stats, frame, "run_id", "y_true")}
    for cohort in cohorts(frame):
        found = distribution_measures(cohort)
        for run, run_id in enumerate(cohort.run_ids):
            for outcome, group in enumerate(("nonevents", "events")):
                row = rows.get((run_id, outcome), {"n": 0} | dict.fromkeys([f"risk_{s}" for s in STATISTICS]))
                for statistic in STATISTICS:
                    estimates = found[f"risk_{statistic}__{group}"]
                    assert alike(row[f"risk_{statistic}"], estimates.value[run]), (statistic, row)
                    assert row["n"] == estimates.n[run]


def test_the_paths_agree_on_the_distributions_of_all_reference_cases():
    assert_distributions_agree(every_case())


@settings(max_examples=12, deadline=None)
@given(some_runs)
def test_the_paths_agree_on_the_distributions_of_any_runs(frame):
    assert_distributions_agree(frame)


def test_exact_limits_of_counts_are_those_of_the_arrays():
    counts = pd.DataFrame(asked(threshold_metrics, every_case(), "run_id", "threshold"))
    table = exact_limits(counts.sample(frac=1, random_state=1)).to_pydict()
    keys = list(zip(counts.run_id, counts.threshold, strict=True))
    assert list(zip(table["run_id"], table["threshold"], strict=True)) == keys
    for cohort in cohorts(every_case()):
        found = classification_measures(cohort)
        for run, run_id in enumerate(cohort.run_ids):
            rows = [i for i, (of, _) in enumerate(keys) if of == run_id]
            for name in ("sensitivity", "specificity", "ppv", "npv"):
                exact = [found[f"{name}_ci_exact@{k / 100:.2f}"] for k in range(1, 100)]
                for end, wanted in (
                    ("lower", [at.ci_low[run] for at in exact]),
                    ("upper", [at.ci_high[run] for at in exact]),
                ):
                    limits = np.array([table[f"{name}_exact_ci_{end}"][i] for i in rows], dtype=float)
                    np.testing.assert_array_equal(limits, wanted)


@pytest.mark.parametrize("target", [0, 1, -0.1, 1.5])
def test_a_target_prevalence_that_is_none_is_refused_by_both(target):
    with pytest.raises(ValueError, match="target prevalence"):
        asked(lambda p: threshold_metrics(p, target_prevalence=target), every_case(), "run_id")
    for cohort in cohorts(every_case()[:5]):
        with pytest.raises(ValueError, match="target prevalence"):
            classification_measures(cohort, target_prevalence=target)
