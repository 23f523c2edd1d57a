"""The column names of the original study, over our tables."""

import ibis
import pandas as pd
import pytest

from queries.calibration import calibration_bins
from queries.classification import threshold_metrics
from queries.discrimination import auroc_with_delong
from queries.distributions import distribution_stats, probability_histogram
from queries.net_benefit import decision_curves
from queries.original_names import (
    original_calibration_curves,
    original_dca_curves,
    original_distribution_stats,
    original_essential_metrics,
    original_probability_distributions,
)
from tests.measure_cases import answer, assert_rows, predictions, written_predictions
from tests.test_queries_essential import metrics

ROWS = written_predictions(
    """
    run_id | y_true | y_prob
    a      | 1      | 0.9
    a      | 1      | 0.6
    a      | 0      | 0.6
    a      | 0      | 0.2
    b      | 0      | 0.5
    """
)

# What the published database has, but for what is not measured here or has no meaning outside of it.
PUBLISHED = {
    "essential_metrics": "outlier_method imputation_method classifier featurization run_id mlflow_run_id auroc "
    "auroc_ci_lower auroc_ci_upper calibration_slope calibration_intercept o_e_ratio brier net_benefit_5pct "
    "net_benefit_10pct net_benefit_15pct net_benefit_20pct n_test n_events prevalence",
    "calibration_curves": "bin_index bin_midpoint observed_proportion predicted_mean n_samples",
    "probability_distributions": "outcome bin_index bin_start bin_end count",
    "dca_curves": "threshold net_benefit_model net_benefit_all net_benefit_none sensitivity specificity",
    "distribution_stats": "auroc median_cases median_controls mean_cases mean_controls n_cases n_controls",
}


def views():
    rows = predictions(ROWS)
    return {
        "calibration_curves": original_calibration_curves(calibration_bins(rows, bins=2)),
        "probability_distributions": original_probability_distributions(probability_histogram(rows, bins=2)),
        "dca_curves": original_dca_curves(decision_curves(rows, [50]), threshold_metrics(rows, [50])),
        "distribution_stats": original_distribution_stats(auroc_with_delong(rows), distribution_stats(rows)),
    }


@pytest.mark.parametrize("name", views())
def test_a_view_has_the_columns_of_the_published_table_and_the_run(name):
    assert set(views()[name].columns) == {"run_id", *PUBLISHED[name].split()}


def test_the_measures_have_the_names_of_the_published_table_and_our_values():
    # One run per reference case, with the methods of nobody in particular.
    measured = metrics().mutate(calibration_intercept=ibis.literal(0.5))
    found = pd.DataFrame(answer(original_essential_metrics(measured), "run_id"))
    ours = pd.DataFrame(answer(measured, "run_id"))
    assert set(found) == set(PUBLISHED["essential_metrics"].split())
    for name in found.columns.drop("mlflow_run_id"):
        pd.testing.assert_series_equal(found[name], ours[name])
    assert found.mlflow_run_id.tolist() == ours.run_id.tolist()


def test_the_points_of_a_decision_curve_have_their_sensitivity():
    assert_rows(
        answer(views()["dca_curves"], "run_id"),
        """
        run_id | threshold | net_benefit_model | net_benefit_none | sensitivity | specificity
        a      | 0.5       | 0.25              | 0                | 1           | 0.5
        b      | 0.5       | -1                | 0                | null        | 0
        """,
    )


def test_cases_and_controls_are_described_side_by_side():
    assert_rows(
        answer(views()["distribution_stats"], "run_id"),
        """
        run_id | auroc | median_cases | median_controls | mean_cases | mean_controls | n_cases | n_controls
        a      | 0.875 | 0.75         | 0.4             | 0.75       | 0.4           | 2       | 2
        b      | null  | null         | 0.5             | null       | 0.5           | 0       | 1
        """,
    )


def test_bins_have_their_middle():
    assert_rows(
        answer(views()["calibration_curves"], "run_id", "bin_index"),
        """
        run_id | bin_index | bin_midpoint | observed_proportion | predicted_mean | n_samples
        a      | 0         | 0.25         | 0                   | 0.2            | 1
        a      | 1         | 0.75         | 2/3                 | 0.7            | 3
        b      | 1         | 0.75         | 0                   | 0.5            | 1
        """,
    )
