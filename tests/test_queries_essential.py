"""The table of all measures, and the runs picked out of it."""

import ibis
import pandas as pd

from queries.discrimination import auroc_with_delong
from queries.essential import essential_metrics
from queries.highlights import median_run_per_classifier
from queries.net_benefit import decision_curves
from queries.overall import overall_performance
from tests.measure_cases import answer, assert_rows, every_case, predictions, written

METHODS = ("classifier", "featurization", "imputation_method", "outlier_method")


def metrics(curves_of=lambda p: decision_curves(p)):
    measured = predictions(every_case())
    run_ids = sorted(every_case().run_id.unique())
    runs = pd.DataFrame({"run_id": run_ids}).assign(
        **dict.fromkeys(METHODS, "m"), n_bootstrap=1, n_test=1, n_events=1, prevalence=0.5
    )
    slopes = pd.DataFrame({"run_id": run_ids, "calibration_slope": range(len(run_ids)), "n_certain": 0})
    return essential_metrics(
        ibis.memtable(runs),
        auroc_with_delong(measured),
        ibis.memtable(slopes),
        overall_performance(measured),
        ibis.memtable(pd.DataFrame({"run_id": run_ids, "ici": 0.01})),
        curves_of(measured),
    )


def test_every_run_has_one_row_with_the_measures_of_that_run():
    found = pd.DataFrame(answer(metrics(), "run_id"))
    measured = predictions(every_case())
    auroc, overall = (
        answer(t, "run_id") for t in (auroc_with_delong(measured), overall_performance(measured))
    )
    assert found.run_id.tolist() == [row["run_id"] for row in auroc]
    assert found.auroc_status.tolist() == [row["auroc_status"] for row in auroc]
    assert found.brier.tolist() == [row["brier"] for row in overall]
    assert found.calibration_slope.tolist() == list(range(len(found)))


def test_the_reported_net_benefits_are_those_of_the_decision_curve():
    found = pd.DataFrame(answer(metrics(), "run_id"))
    curves = pd.DataFrame(answer(decision_curves(predictions(every_case())), "run_id", "threshold"))
    for k in (5, 10, 15, 20):
        assert (
            found[f"net_benefit_{k}pct"].tolist()
            == curves.net_benefit_model[curves.threshold == k / 100].tolist()
        )


def test_a_threshold_that_was_not_computed_is_null():
    found = pd.DataFrame(answer(metrics(lambda p: decision_curves(p, [5])), "run_id"))
    assert found.net_benefit_5pct.notna().all()
    assert found.net_benefit_10pct.isna().all()


def scored(text):
    rows = pd.DataFrame(written(text)).assign(
        outlier_method="LOF", imputation_method="SAITS", featurization="simple"
    )
    return ibis.memtable(rows.astype({"auroc": "float64"}))


def test_the_typical_run_is_the_lower_median_and_never_the_best():
    assert_rows(
        answer(
            median_run_per_classifier(
                scored(
                    """
                    run_id | classifier | auroc
                    a      | tree       | 0.9
                    b      | tree       | 0.7
                    c      | tree       | 0.8
                    d      | tree       | 0.6
                    e      | forest     | 0.5
                    h      | boost      | 0.8
                    f      | boost      | 0.8
                    g      | boost      | 0.8
                    i      | null_only  | null
                    j      | forest     | null
                    """
                )
            ),
            "classifier",
        ),
        """
        classifier | run_id | label
        boost      | g      | boost (LOF, SAITS)
        forest     | e      | forest (LOF, SAITS)
        tree       | b      | tree (LOF, SAITS)
        """,
    )
