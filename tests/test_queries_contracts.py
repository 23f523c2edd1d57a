"""Names and types of the tables that queries make, and that they compile without a table behind them."""

import duckdb
import ibis
import pytest

from assets.stratos.calibration import tables as calibration
from queries.calibration import calibration_bins
from queries.classification import threshold_metrics
from queries.discrimination import auroc_with_delong, roc_curve
from queries.distributions import distribution_stats, probability_histogram
from queries.essential import essential_metrics
from queries.highlights import median_run_per_classifier, named_runs
from queries.net_benefit import decision_curves
from queries.overall import overall_performance
from queries.runs import bootstrap_predictions, predictions, quarantined_runs, usable_runs
from tests.measure_cases import EXTRACTED_RUNS, PREDICTIONS

RECALIBRATION = ibis.Schema.from_pyarrow(calibration.RECALIBRATION)
ERRORS = ibis.Schema.from_pyarrow(calibration.CALIBRATION_ERRORS)


def named(expression, name):
    return ibis.table(expression.schema(), name=name)


def tables():
    extracted = ibis.table(EXTRACTED_RUNS, name="extracted_runs")
    runs = named(usable_runs(extracted), "runs")
    rows = ibis.table(PREDICTIONS, name="predictions")
    made = {
        "runs": usable_runs(extracted),
        "quarantined_runs": quarantined_runs(extracted),
        "predictions": predictions(extracted, runs),
        "bootstrap_predictions": bootstrap_predictions(extracted, runs),
        "discrimination": auroc_with_delong(rows),
        "overall_performance": overall_performance(rows),
        "dca_curves": decision_curves(rows),
        "threshold_metrics": threshold_metrics(rows),
        "calibration_bins": calibration_bins(rows),
        "distribution_stats": distribution_stats(rows),
        "roc_curves": roc_curve(rows),
        "probability_distributions": probability_histogram(rows),
    }
    parts = [named(made[name], name) for name in ("discrimination", "overall_performance", "dca_curves")]
    recalibration = ibis.table(RECALIBRATION, name="recalibration")
    made["essential_metrics"] = essential_metrics(
        runs, parts[0], recalibration, parts[1], ibis.table(ERRORS, name="calibration_errors"), parts[2]
    )
    essential = named(made["essential_metrics"], "essential_metrics")
    made["median_runs"] = median_run_per_classifier(essential)
    made["named_runs"] = named_runs(essential, runs)
    return made


DISCRIMINATION = (
    "auroc DOUBLE, auroc_se DOUBLE, auroc_ci_lower DOUBLE, auroc_ci_upper DOUBLE, auroc_logit_ci_lower DOUBLE, "
    "auroc_logit_ci_upper DOUBLE, auroc_status VARCHAR"
)
OVERALL = (
    "o_e_ratio DOUBLE, o_e_ratio_ci_lower DOUBLE, o_e_ratio_ci_upper DOUBLE, o_e_ratio_status VARCHAR, "
    "brier DOUBLE, brier_ci_lower DOUBLE, brier_ci_upper DOUBLE, brier_status VARCHAR, "
    "brier_spiegelhalter_ci_lower DOUBLE, brier_spiegelhalter_ci_upper DOUBLE, scaled_brier DOUBLE, "
    "scaled_brier_status VARCHAR, log_loss DOUBLE, log_loss_status VARCHAR, log_loss_clipped DOUBLE, "
    "mcfadden_r2 DOUBLE, cox_snell_r2 DOUBLE, nagelkerke_r2 DOUBLE, r2_status VARCHAR, "
    "discrimination_slope DOUBLE, discrimination_slope_status VARCHAR"
)
COLUMNS = {
    "runs": "run_id VARCHAR, run_name VARCHAR, experiment VARCHAR, classifier VARCHAR, "
    "featurization VARCHAR, imputation_method VARCHAR, outlier_method VARCHAR, started_at TIMESTAMP, "
    "finished_at TIMESTAMP, "
    "n_bootstrap INTEGER, n_test INTEGER, n_events INTEGER, prevalence DOUBLE, artifact_path VARCHAR, "
    "artifact_sha256 VARCHAR",
    "quarantined_runs": "run_id VARCHAR, run_name VARCHAR, artifact_path VARCHAR, artifact_sha256 VARCHAR, "
    "stage VARCHAR, field VARCHAR, reason VARCHAR",
    "predictions": "run_id VARCHAR, subject_code VARCHAR, y_true TINYINT, y_prob DOUBLE, y_prob_sd DOUBLE",
    "bootstrap_predictions": "run_id VARCHAR, subject_code VARCHAR, y_true TINYINT, y_prob_refits DOUBLE[]",
    "discrimination": "run_id VARCHAR, n_test INTEGER, n_events INTEGER, " + DISCRIMINATION,
    "overall_performance": "run_id VARCHAR, " + OVERALL,
    "dca_curves": "run_id VARCHAR, threshold DOUBLE, true_positives INTEGER, false_positives INTEGER, "
    "net_benefit_model DOUBLE, net_benefit_all DOUBLE, net_benefit_none DOUBLE, "
    "standardised_net_benefit DOUBLE, standardised_net_benefit_status VARCHAR, interventions_avoided DOUBLE, "
    "net_benefit_se DOUBLE, net_benefit_ci_lower DOUBLE, net_benefit_ci_upper DOUBLE, net_benefit_status VARCHAR",
    "threshold_metrics": "run_id VARCHAR, threshold DOUBLE, n INTEGER, n_events INTEGER, true_positives INTEGER, "
    "false_positives INTEGER, false_negatives INTEGER, true_negatives INTEGER, "
    + "".join(
        f"{name} DOUBLE, {name}_ci_lower DOUBLE, {name}_ci_upper DOUBLE, {name}_status VARCHAR, "
        for name in ("sensitivity", "specificity", "ppv", "npv")
    )
    + "expected_cost DOUBLE",
    "calibration_bins": "run_id VARCHAR, bin INTEGER, bin_start DOUBLE, bin_end DOUBLE, n INTEGER, "
    "mean_predicted DOUBLE, n_events INTEGER, observed DOUBLE, ci_lower DOUBLE, ci_upper DOUBLE",
    "distribution_stats": "run_id VARCHAR, y_true TINYINT, n INTEGER, "
    + ", ".join(
        f"risk_{name} DOUBLE"
        for name in ("mean", "sd", "min", "q05", "q10", "q25", "median", "q75", "q90", "q95", "max")
    ),
    "roc_curves": "run_id VARCHAR, point INTEGER, threshold DOUBLE, false_positive_rate DOUBLE, "
    "true_positive_rate DOUBLE, sensitivity_ci_lower DOUBLE, sensitivity_ci_upper DOUBLE, "
    "specificity_ci_lower DOUBLE, specificity_ci_upper DOUBLE",
    "probability_distributions": "run_id VARCHAR, y_true TINYINT, bin INTEGER, bin_start DOUBLE, "
    "bin_end DOUBLE, n INTEGER, density DOUBLE",
    "essential_metrics": "run_id VARCHAR, classifier VARCHAR, featurization VARCHAR, "
    "imputation_method VARCHAR, outlier_method VARCHAR, n_bootstrap INTEGER, n_test INTEGER, n_events INTEGER, "
    "prevalence DOUBLE, "
    + DISCRIMINATION
    + "".join(
        f", {name} DOUBLE, {name}_ci_lower DOUBLE, {name}_ci_upper DOUBLE, {name}_profile_lower DOUBLE, "
        f"{name}_profile_upper DOUBLE, {name}_status VARCHAR"
        for name in ("calibration_intercept", "calibration_slope")
    )
    + ", calibration_intercept_joint DOUBLE, calibration_intercept_joint_ci_lower DOUBLE, "
    "calibration_intercept_joint_ci_upper DOUBLE, calibration_intercept_joint_status VARCHAR, n_certain INTEGER, "
    + OVERALL
    + "".join(
        f", {name} DOUBLE, {name}_ci_lower DOUBLE, {name}_ci_upper DOUBLE"
        for name in ("ici", "e50", "e90", "emax", "eci_x100", "eci_stratos")
    )
    + ", calibration_errors_status VARCHAR"
    + "".join(
        f", {name}_{k}pct DOUBLE"
        for name in ("net_benefit", "standardised_net_benefit")
        for k in (5, 10, 15, 20)
    ),
    "median_runs": "run_id VARCHAR, classifier VARCHAR, label VARCHAR",
    "named_runs": "run_id VARCHAR, run_name VARCHAR, classifier VARCHAR, label VARCHAR",
}


@pytest.fixture(scope="module")
def warehouse():
    """An empty DuckDB with all tables, each made from the SQL of an expression over unbound tables."""
    connection = duckdb.connect()
    duck = ibis.duckdb.from_connection(connection)
    duck.create_table("extracted_runs", schema=EXTRACTED_RUNS)
    duck.create_table("recalibration", schema=RECALIBRATION)
    duck.create_table("calibration_errors", schema=ERRORS)
    for name, expression in tables().items():
        connection.execute(f"CREATE TABLE {name} AS {ibis.to_sql(expression, dialect='duckdb')}")
    return connection


@pytest.mark.parametrize("name", COLUMNS)
def test_the_compiled_query_makes_the_agreed_columns(name, warehouse):
    described = warehouse.execute(f"DESCRIBE {name}").fetchall()
    assert ", ".join(f"{column} {kind}" for column, kind, *_ in described) == COLUMNS[name]


def test_compiling_twice_gives_the_same_text():
    once, twice = (
        {name: str(ibis.to_sql(e, dialect="duckdb")) for name, e in tables().items()} for _ in "ab"
    )
    assert once == twice
