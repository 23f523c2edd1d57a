"""Write a small store with whatever MLflow is installed, and what that MLflow itself lists of it.

python write_store.py URI, in an empty folder. Its predictions are of scikit-learn's breast cancer data.
"""

import hashlib
import json
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

NAME = "CATBOOST_eval-auc__simple1.0__SAITS__pupil-gt"
SUBJECTS, REFITS = 12, 3
PARAMS = {
    "hparam/depth": "3",
    "nested/in two/folders": "a value",
    "lines": "first\nsecond\n\nfourth",
    "long": "x" * 400,
    "no value": "",
    "Messgröße": "größer als 5 µm, 100 %",
}
TAGS = {"team/lead": "Ann & Bob", "mlflow.note.content": "line 1\nline 2", "Auge": "\N{EYE}"}


def predictions(n_features: int) -> dict[str, Any]:
    """Return held-out predictions in the layout of the study's pickles."""
    features, labels = load_breast_cancer(return_X_y=True)
    features = (features / features.max(axis=0))[:, :n_features]
    training, refits = np.arange(SUBJECTS, len(labels)), []
    for seed in range(REFITS):
        sample = np.random.default_rng(seed).choice(training, len(training))
        model = LogisticRegression().fit(features[sample], labels[sample])
        refits.append(model.predict_proba(features[:SUBJECTS])[:, 1])
    risks = np.stack(refits, axis=1)
    observed = labels[:SUBJECTS].astype(float)
    arrays = {"y_pred_proba": risks, "label": np.repeat(observed[:, None], REFITS, axis=1)}
    codes = np.asarray([f"P{number}" for number in range(SUBJECTS)], dtype=object)
    return {
        "metrics_iter": {"test": {"preds": {"arrays": {"predictions": arrays}}}},
        "metrics_stats": {},
        "subjectwise_stats": {"test": {"subject_code": codes, "labels": labels[:SUBJECTS]}},
        "subject_global_stats": {},
    }


def write_run(
    client: MlflowClient,
    experiment: str,
    name: str,
    *,
    params: dict[str, str] | None = None,
    status: str | None = "FINISHED",
    n_features: int = 3,
) -> str:
    """Write one run with its pickle and a note."""
    run_id: str = client.create_run(experiment, tags={"mlflow.runName": name, **TAGS}).info.run_id
    for key, value in (params or {}).items():
        client.log_param(run_id, key, value)
    for step in range(3):
        client.log_metric(run_id, "test/AUROC", 0.9 + step / 100, step=step)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "metrics_run.pickle")
        path.write_bytes(pickle.dumps(predictions(n_features)))
        client.log_artifact(run_id, str(path), "metrics")
    client.log_text(run_id, "a note", "notes and more/readme 100%.txt")
    if status:
        client.set_terminated(run_id, status)
    return run_id


def write(client: MlflowClient) -> str:
    """Write finished, failed, running and deleted runs, and an experiment that is in the trash."""
    experiment: str = client.create_experiment("Klassifikation, 2. Lauf")
    methods = {"model_name": "XGBOOST", "imputation_source": "CSDI", "anomaly_source": "LOF"}
    write_run(client, experiment, NAME, params=PARAMS)
    by_params = {**methods, "mlflow_run_featurization": "simple1.0"}
    write_run(client, experiment, "my first try: größer/besser", params=by_params, n_features=5)
    write_run(client, experiment, "n" * 240, params=by_params, n_features=7)
    write_run(client, experiment, "'quoted' \"twice\" # not a comment", n_features=7)
    write_run(client, experiment, NAME, status="FAILED")
    write_run(client, experiment, NAME, status=None)
    client.delete_run(write_run(client, experiment, NAME))
    abandoned = client.create_experiment("Abandoned")
    write_run(client, abandoned, NAME)
    client.delete_experiment(abandoned)
    return experiment


def listed(client: MlflowClient, experiment: str) -> dict[str, Any]:
    """Return what this MLflow lists of every run."""
    found = {}
    for run in client.search_runs([experiment], run_view_type=ViewType.ALL):
        info = run.info
        files = ("metrics/metrics_run.pickle", "notes and more/readme 100%.txt")
        digests = {
            path: hashlib.sha256(
                Path(mlflow.artifacts.download_artifacts(run_id=info.run_id, artifact_path=path)).read_bytes()
            ).hexdigest()
            for path in files
        }
        found[info.run_id] = {
            "name": info.run_name,
            "status": info.status,
            "lifecycle_stage": info.lifecycle_stage,
            "start_time": info.start_time,
            "end_time": info.end_time,
            "params": run.data.params,
            "tags": run.data.tags,
            "artifacts": digests,
        }
    return {"experiment": client.get_experiment(experiment).name, "runs": found}


if __name__ == "__main__":
    mlflow.set_tracking_uri(sys.argv[1])
    client = MlflowClient()
    Path("listed.json").write_text(json.dumps(listed(client, write(client)), indent=1))
