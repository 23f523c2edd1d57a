"""Tables as MLflow itself writes them: what is in them, and what is read of it."""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from written_stores import SILENT, opened

from assets.inputs.artifacts.prediction_tables import TableColumns
from assets.inputs.artifacts.worker import answer
from assets.inputs.candidates import ExtractionRules
from assets.inputs.grammar import MethodSources

pytestmark = pytest.mark.filterwarnings("ignore")  # what MLflow says of pandas and scikit-learn is not ours

FEATURES, OUTCOME = load_breast_cancer(return_X_y=True, as_frame=True)
FEATURES, OUTCOME = FEATURES.iloc[:60, :3] / 100, OUTCOME.iloc[:60]
RISKS = np.linspace(0, 1, 6)
THEIRS = TableColumns("patient", "observed", "risk", "seed")
pytestmark = pytest.mark.xdist_group("mlflow_tables")  # all write into one store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patched, patch.dict(os.environ, SILENT):
        patched.chdir(folder)
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment("tables")
        yield folder
        mlflow.set_tracking_uri("")


def logged(store: Path, name: str, log: Callable[[], Any]) -> bytes:
    """What MLflow keeps under a name when a run logs something."""
    with mlflow.start_run() as run:
        log()
    found = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path=name, dst_path=str(store)
    )
    return Path(found).read_bytes()


@pytest.mark.parametrize("name", ["p.json", "p.parquet"])
def test_a_table_logged_in_pieces_is_one_table(store: Path, name: str) -> None:
    def log() -> None:
        for seed in (1, 2):
            piece = {"patient": list("abcdef"), "observed": [0, 1] * 3, "risk": RISKS / seed, "seed": seed}
            mlflow.log_table(piece, name)

    found = answer(name, logged(store, name, log), THEIRS)
    assert found["subject_codes"] == [*"abcdef"]
    assert found["y_prob"] == pytest.approx(RISKS * 0.75, abs=1e-9)
    assert found["n_bootstrap"] == 2


def test_a_table_in_json_is_rounded_by_mlflow_and_one_in_parquet_is_not(store: Path) -> None:
    table = {"patient": ["a"], "observed": [1], "risk": [1 - 1e-12]}
    kept = {
        name: answer(name, logged(store, name, partial(mlflow.log_table, table, name)), THEIRS)["y_prob"]
        for name in ("p.json", "p.parquet")
    }
    assert kept == {"p.json": [1.0], "p.parquet": [1 - 1e-12]}


def test_a_dict_of_columns_is_a_table(store: Path) -> None:
    columns = {"patient": [7, 8], "observed": [True, False], "risk": [0.5, 0.25]}
    found = answer("p.json", logged(store, "p.json", lambda: mlflow.log_dict(columns, "p.json")), THEIRS)
    assert (found["subject_codes"], found["y_true"], found["y_prob"]) == (["7", "8"], [1, 0], [0.5, 0.25])


def squared(predictions: Any, targets: Any) -> Any:
    """A metric with a score per row, without which MLflow logs no table of an evaluation."""
    return mlflow.metrics.MetricValue(scores=((predictions - targets) ** 2).tolist())


def test_an_evaluation_of_predictions_is_read_by_the_names_of_its_columns(store: Path) -> None:
    data = pd.DataFrame({"patient": [*"abcdef"], "observed": [0, 1] * 3, "risk": RISKS})
    metric = mlflow.models.make_metric(eval_fn=squared, greater_is_better=False, name="squared")

    def log() -> None:
        mlflow.models.evaluate(data=data, targets="observed", predictions="risk", extra_metrics=[metric])

    written = logged(store, "eval_results_table.json", log)
    assert json.loads(written)["columns"] == ["patient", "observed", "risk", "squared/score"]
    found = answer("eval_results_table.json", written, THEIRS)
    assert (found["subject_codes"], found["y_prob"]) == ([*"abcdef"], pytest.approx(RISKS, abs=1e-10))


def test_an_evaluation_of_a_classifier_holds_classes_which_are_no_risks(store: Path) -> None:
    model = LogisticRegression().fit(FEATURES, OUTCOME)
    metric = mlflow.models.make_metric(eval_fn=squared, greater_is_better=False, name="squared")
    data = FEATURES.assign(observed=OUTCOME)

    def log() -> None:
        uri = mlflow.sklearn.log_model(model, name="m", pip_requirements=["scikit-learn"]).model_uri
        mlflow.models.evaluate(uri, data, targets="observed", model_type="classifier", extra_metrics=[metric])

    written = logged(store, "eval_results_table.json", log)
    assert json.loads(written)["columns"][-3:] == ["observed", "outputs", "squared/score"]
    found = answer("eval_results_table.json", written, TableColumns("", "observed", "outputs"))
    assert (found["stage"], found["field"]) == ("validate", "outputs")
    assert found["reason"].startswith("found whole numbers only; expected risks; a predicted class is none")


def test_autolog_leaves_a_classifier_and_the_name_of_a_run_in_tags(store: Path) -> None:
    mlflow.sklearn.autolog(log_models=False)
    try:
        with mlflow.start_run(run_name="my best run"):
            LogisticRegression(C=0.5).fit(FEATURES, OUTCOME)
            mlflow.log_table({"y_true": [0, 1], "y_prob": RISKS[:2]}, "mine.parquet")
    finally:
        mlflow.sklearn.autolog(disable=True)
    sources = MethodSources(("estimator_name",), ("C",), ("mlflow.runName",), ("=none",))
    _, candidates = opened(f"sqlite:///{store}/mlflow.db", ExtractionRules("mine.parquet", sources))
    (found,) = (item.configuration for item in candidates if item.quarantine is None)
    assert found is not None
    assert vars(found) == {
        "classifier": "LogisticRegression",
        "featurization": "0.5",
        "imputation_method": "my best run",
        "outlier_method": "none",
    }
