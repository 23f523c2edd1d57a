"""Real MLflow stores, written by MLflow itself, whose pickles hold real predictions on the breast cancer data."""

import hashlib
import os
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from assets.inputs.candidates import Candidate, ExtractionRules, list_candidates
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.experiments import choose_experiment
from assets.inputs.stores.runs import Run, RunStore

EXPERIMENT = "Classification"
FULL_NAME = "CATBOOST_eval-auc__simple1.0__SAITS__pupil-gt"
ARTIFACT, NOTE = "metrics/metrics_run.pickle", "notes/readme.txt"
SILENT = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}


@dataclass(frozen=True)
class WrittenStore:
    """A store's address, the folder that holds all of it, and its runs by what is special about them."""

    uri: str
    folder: Path
    runs: dict[str, str]


def metrics(
    codes: list[str] | np.ndarray[Any, Any], labels: np.ndarray[Any, Any], probabilities: np.ndarray[Any, Any]
) -> dict[str, Any]:
    """Lay predictions out as the study's metrics pickle; `probabilities` has shape (subjects, refits)."""
    repeated = np.repeat(labels[:, None].astype(float), probabilities.shape[1], axis=1)
    predictions = {"y_pred_proba": probabilities, "y_pred": (probabilities > 0.5) * 1.0, "label": repeated}
    out_of_bag = {code: [np.float64(0.25)] * (position % 3) for position, code in enumerate(codes)}
    return {
        "metrics_iter": {
            "train": {"preds_dict": {"arrays": {"y_pred_proba": out_of_bag}}},
            "test": {"preds": {"arrays": {"predictions": predictions}}},
        },
        "metrics_stats": {"test": {"metrics": {"scalars": {"AUROC": {"mean": np.float64(0.9)}}}}},
        "subjectwise_stats": {"test": {"subject_code": np.asarray(codes, dtype=object), "labels": labels}},
        "subject_global_stats": {"test": {0.0: {"n": 3}}},
    }


def refitted_metrics(n_features: int, *, n_subjects: int = 30, n_refits: int = 5) -> dict[str, Any]:
    """Predict held-out subjects with logistic regressions refitted to bootstrap samples."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    features, labels = load_breast_cancer(return_X_y=True)
    features = (features / features.max(axis=0))[:, :n_features]
    training = np.arange(n_subjects, len(labels))
    refits = []
    for seed in range(n_refits):
        sample = np.random.default_rng(seed).choice(training, len(training))
        model = LogisticRegression().fit(features[sample], labels[sample])
        refits.append(model.predict_proba(features[:n_subjects])[:, 1])
    codes = [f"PLR{number:04d}" for number in range(n_subjects)]
    return metrics(codes, labels[:n_subjects], np.stack(refits, axis=1))


def write_runs(
    uri: str, experiment_name: str = EXPERIMENT, only: Sequence[str] | None = None
) -> dict[str, str]:
    """Write one run of each kind, or of some, through MLflow's client; return their ids."""
    from mlflow.tracking import MlflowClient

    good = pickle.dumps(refitted_metrics(5), protocol=5)
    kinds: dict[str, dict[str, Any]] = {
        "named": {"name": FULL_NAME, "data": good},
        "by_params": {
            "name": "my-first-try",
            "data": pickle.dumps(refitted_metrics(9), protocol=2),
            "params": {
                "model_name": "XGBOOST",
                "mlflow_run_featurization": "simple1.0",
                "imputation_source": "CSDI",
                "anomaly_source": "LOF",
                "notes/free text": "line 1\nline 2",
                "empty": "",
            },
        },
        "failed": {"name": FULL_NAME, "data": good, "status": "FAILED"},
        "running": {"name": FULL_NAME, "data": good, "status": None},
        "deleted": {"name": FULL_NAME, "data": good, "delete": True},
        "synthetic": {"name": f"__SYNTHETIC_{FULL_NAME}", "data": good},
        "misnamed": {"name": "baseline", "data": good},
        "without_artifact": {"name": FULL_NAME},
        "truncated": {"name": FULL_NAME, "data": good[:-100]},
    }
    with patch.dict(os.environ, SILENT):
        client = MlflowClient(uri)
        experiment = client.create_experiment(experiment_name)
        return {kind: _write_run(client, experiment, **kinds[kind]) for kind in only or kinds}


def _write_run(
    client: Any,
    experiment: str,
    *,
    name: str,
    data: bytes | None = None,
    params: dict[str, str] | None = None,
    status: str | None = "FINISHED",
    delete: bool = False,
) -> str:
    run_id: str = client.create_run(experiment, run_name=name).info.run_id
    for key, value in (params or {}).items():
        client.log_param(run_id, key, value)
    client.log_metric(run_id, "test/AUROC", 0.9)
    client.log_text(run_id, "a note", "notes/readme.txt")
    if data is not None:
        _log_bytes(client, run_id, data, "metrics_run.pickle")
    if status:
        client.set_terminated(run_id, status=status)
    if delete:
        client.delete_run(run_id)
    return run_id


def _log_bytes(client: Any, run_id: str, data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        client.log_artifact(run_id, str(path), "metrics")


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """The digest of every file below a folder, and when it and every folder changed."""
    paths = [path for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder",
            path.stat().st_mtime_ns,
        )
        for path in paths
    }


def read_all(store: RunStore) -> list[Run]:
    """Read everything that a store offers."""
    experiment = choose_experiment(store, None)
    runs = store.runs(experiment.experiment_id)
    for run in runs:
        for artifact in store.artifacts(run):
            store.stamp(run, artifact.path)
            store.digest(run, artifact.path, 10**6)
    return runs


def one(store: RunStore, run_id: str) -> Run:
    experiment = choose_experiment(store, None)
    return next(run for run in store.runs(experiment.experiment_id) if run.run_id == run_id)


MINIMAL = "artifact_uri: ''\nexperiment_id: '1'\nlifecycle_stage: active\nstatus: 3\n"


def minimal_store(folder: Path) -> Path:
    """A store of one experiment, by hand."""
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "meta.yaml").write_text("experiment_id: '1'\nname: Old\nlifecycle_stage: active\n")
    return folder / "1"


def opened(uri: str, rules: ExtractionRules | None = None) -> tuple[RunStore, list[Candidate]]:
    store = open_store(uri)
    return store, list_candidates(store, choose_experiment(store, None), rules or ExtractionRules())


def artifact(run: Path) -> Path:
    return run / "artifacts" / "metrics" / "metrics_run.pickle"
