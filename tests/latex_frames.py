"""Small tables of a study for the LaTeX documents, with names that LaTeX would stumble over and values that are null."""

from typing import Any

import pandas as pd

from assets.latex.measures import reported
from assets.latex.provenance import Origins

PER_CENTS = (10, 50)
NASTY = "50%_a&b#c{d}$e~f^g\\h"
RUNS = {  # run: classifier, outlier method, imputation method
    "r1": ("Boosting", "none", "k-NN 5"),
    "r2": ("Forest", NASTY, "mean"),
    "r3": ("Forest", "none", "mean"),
}
ORIGINS = Origins(
    "study.db",
    "9.9",
    {
        name: letter * 64
        for name, letter in {
            "essential_metrics": "e", "quarantined_runs": "q", "runs": "r", "schema_version": "5",
            "stratos_measures": "a", "variance_decomposition": "d",
        }.items()
    },
)  # fmt: skip


def essential_metrics() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run_id": run, "classifier": classifier, "outlier_method": outlier, "imputation_method": imputation,
            "featurization": "weak4", "n_test": 1171, "n_events": 64, "n_bootstrap": 200, "prevalence": 64 / 1171,
            "auroc": 0.7 + 0.1 * place,
        }
        for place, (run, (classifier, outlier, imputation)) in enumerate(RUNS.items())
    )  # fmt: skip


def highlights(*runs: str) -> pd.DataFrame:
    chosen = essential_metrics().set_index("run_id").loc[list(runs)].reset_index()
    label = chosen.classifier + " (" + chosen.outlier_method + ", " + chosen.imputation_method + ")"
    return chosen[["run_id", "classifier"]].assign(label=label)


def stratos_measures(**changes: dict[str, Any]) -> pd.DataFrame:
    """A row of every reported measure of every run; `changes` by measure (`@` written `__`) alter r2's."""
    rows = [
        {
            "run_id": run, "measure": measure.measure, "value": 0.5 + 0.1 * place, "ci_lower": 0.25, "ci_upper": 0.875,
            "method": "Wald_1", "status": "ok",
        }
        for place, run in enumerate(RUNS)
        for measure in reported(PER_CENTS)
    ]  # fmt: skip
    for row in rows:
        if row["run_id"] == "r2":
            row.update(changes.get(str(row["measure"]).replace("@", "__").replace(".", ""), {}))
    return pd.DataFrame(rows)


NULL = {"value": None, "ci_lower": None, "ci_upper": None, "status": "separation"}
NO_INTERVAL = {"ci_lower": None, "ci_upper": None, "status": "variance_zero"}


def variance_decomposition() -> pd.DataFrame:
    row = {"measure": "auroc", "eta2": 0.57, "eta2_ci_lower": 0.4, "eta2_ci_upper": 0.86, "status": "ok"}
    single = {"eta2": None, "eta2_ci_lower": None, "eta2_ci_upper": None, "status": "single_level"}
    return pd.DataFrame(
        [
            {**row, "term": "classifier:outlier_method"},
            {**row, "term": "featurization", **single},
            {**row, "term": "classifier", "measure": "brier", "eta2": 0.1},
            {**row, "term": "total", "eta2": 1.0},
        ]
    )
