"""MLflow stores of any number of runs, written without MLflow in seconds: for tests and the benchmark of extraction.

Every run is a configuration of its own, with predictions of its own. MLflow's own client lists and reads the same.
"""

import hashlib
import os
import pickle
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.large_artifacts import SCALARS, Refused, metrics_pickle, predicted

EXPERIMENT_ID, EXPERIMENT = "1", "Classification"
BAD = (
    *("failed", "running", "deleted", "synthetic", "misnamed"),  # of these the listing tells
    *("without_artifact", "truncated", "impossible", "refused"),
)
"""What may be wrong with a run; bad runs take turns in this order."""
STATUS = {"RUNNING": 1, "FINISHED": 3, "FAILED": 4}
STARTED = 1_700_000_000_000
CLASSIFIERS = ("CATBOOST", "XGBOOST", "TabPFN", "TabM", "LogisticRegression")
IMPUTERS = (
    "pupil-gt",
    "SAITS",
    "CSDI",
    "TimesNet",
    "MOMENT-finetune",
    "MOMENT-zeroshot",
    "ensemble-CSDI-SAITS",
)


@dataclass(frozen=True)
class Shape:
    """How large a store is.

    `complete` adds what the study's pickles hold beside the test set's predictions (curves of every refit, training
    and validation predictions): some 33 kB a refit, where predictions for 63 subjects take 1.5.
    """

    runs: int = 400
    subjects: int = 63
    refits: int = 50
    bad_every: int = 40
    """One bad run in so many, each kind in turn; 0 for none."""
    complete: bool = False
    seed: int = 7


@dataclass(frozen=True)
class Listed:
    """What a store lists of one run; times are in milliseconds since 1970."""

    run_id: str
    name: str
    status: str
    stage: str
    start: int
    end: int | None
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]


@dataclass(frozen=True)
class LargeStore:
    """A written store, all of it in one folder; `artifact_root` is where its runs say that their artifacts are."""

    uri: str
    folder: Path
    shape: Shape
    artifact_root: str

    @property
    def runs_dir(self) -> Path:
        """The folder whose folders are the runs."""
        return self.folder / "mlruns" / EXPERIMENT_ID

    def run_id(self, number: int) -> str:
        """The id of a run by its number, from 0 on."""
        return listed(self.shape, number).run_id

    def artifact(self, number: int) -> Path:
        """The metrics pickle of a run."""
        run = listed(self.shape, number)
        return self.runs_dir / run.run_id / "artifacts" / "metrics" / f"metrics_{run.name}.pickle"


def write_file_store(folder: Path, shape: Shape) -> LargeStore:
    """Write a classic `mlruns` folder into `folder`, which is created."""
    root = folder.absolute() / "mlruns"
    store = LargeStore(str(root), folder, shape, f"{root}/{EXPERIMENT_ID}")
    store.runs_dir.mkdir(parents=True)
    meta = {
        "artifact_location": store.artifact_root,
        "creation_time": STARTED,
        "experiment_id": f"'{EXPERIMENT_ID}'",
    }
    meta |= {"last_update_time": STARTED, "lifecycle_stage": "active", "name": EXPERIMENT}
    _write_yaml(store.runs_dir / "meta.yaml", meta)
    _write(store, range(shape.runs))
    return store


def write_sqlite_store(folder: Path, shape: Shape, *, proxied: bool = False) -> LargeStore:
    """Write `mlflow.db`, and the artifacts into `mlruns` beside it, into `folder`, which is created.

    With `proxied` the runs name their artifacts as a tracking server does that was started with
    `--artifacts-destination <folder>/mlruns`.
    """
    path = folder.absolute() / "mlflow.db"
    root = f"mlflow-artifacts:/{EXPERIMENT_ID}" if proxied else f"{path.parent}/mlruns/{EXPERIMENT_ID}"
    store = LargeStore(f"sqlite:///{path}", folder, shape, root)
    store.runs_dir.mkdir(parents=True)
    path.write_bytes(_empty_database())
    with closing(sqlite3.connect(path)) as database, database:
        values = (EXPERIMENT_ID, EXPERIMENT, root, "active", STARTED, STARTED)
        names = "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time"
        database.execute(f"INSERT INTO experiments ({names}) VALUES (?, ?, ?, ?, ?, ?)", values)
    _write(store, range(shape.runs))
    return store


def add_runs(store: LargeStore, count: int = 1) -> LargeStore:
    """Add runs and return the store as it is now."""
    grown = replace(store, shape=replace(store.shape, runs=store.shape.runs + count))
    _write(grown, range(store.shape.runs, grown.shape.runs))
    return grown


def change_run(store: LargeStore, number: int) -> None:
    """Give a run other predictions under its old id; nothing that the store lists tells of it."""
    store.artifact(number).write_bytes(_content(store.shape, number, edition=1))


def remove_run(store: LargeStore, number: int) -> None:
    """Delete a run as MLflow does: it stays, marked so."""
    run = replace(listed(store.shape, number), stage="deleted")
    if not store.uri.startswith("sqlite"):
        return _write_yaml(store.runs_dir / run.run_id / "meta.yaml", _meta(store, run))
    with closing(sqlite3.connect(store.folder / "mlflow.db")) as database, database:
        database.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", (run.run_id,))


def kind(shape: Shape, number: int) -> str:
    """What is wrong with a run: one of `BAD`; or `good`."""
    if not shape.bad_every or (number + 1) % shape.bad_every:
        return "good"
    return BAD[number // shape.bad_every % len(BAD)]


def listed(shape: Shape, number: int) -> Listed:
    """What a store of that shape lists of a run; equal shapes and numbers give equal runs."""
    what = kind(shape, number)
    rest, classifier = divmod(number, len(CLASSIFIERS))
    rest, imputer = divmod(rest, len(IMPUTERS))
    methods = (CLASSIFIERS[classifier], "simple1.0", IMPUTERS[imputer], f"LOF-{rest}")
    name = f"{methods[0]}_eval-auc__{'__'.join(methods[1:])}"
    keys = ("model_name", "mlflow_run_featurization", "imputation_source", "anomaly_source")
    params = dict(zip(keys, methods, strict=True)) | {f"hparam_{i}": str(number * i) for i in range(6)}
    if what == "misnamed":
        name, params = "baseline", {}
    if what == "synthetic":
        name = f"__SYNTHETIC_{name}"
    start = STARTED + number * 60_000
    return Listed(
        run_id=hashlib.sha256(f"{shape.seed} {number}".encode()).hexdigest()[:32],
        name=name,
        status=what.upper() if what.upper() in STATUS else "FINISHED",
        stage="deleted" if what == "deleted" else "active",
        start=start,
        end=None if what == "running" else start + 30_000,
        params=params,
        tags={
            "mlflow.runName": name,
            "mlflow.user": "researcher",
            "mlflow.source.type": "LOCAL",
            "stage": "final",
        },
        metrics={f"test/{scalar}": 0.5 + number % 400 / 1000 for scalar in SCALARS[:6]},
    )


def _content(shape: Shape, number: int, edition: int = 0) -> bytes:
    what = kind(shape, number)
    if what == "refused":
        return pickle.dumps(Refused(), protocol=5)
    labels, risks = predicted(shape.subjects, shape.refits, [shape.seed, number, edition])
    if what == "impossible":
        risks[0, 0] = 1.5
    data = metrics_pickle(labels, risks, complete=shape.complete)
    return data[:-100] if what == "truncated" else data


def _write(store: LargeStore, numbers: Iterable[int]) -> None:
    runs = {number: listed(store.shape, number) for number in numbers}
    if store.uri.startswith("sqlite"):
        _insert(store, runs.values())
    for number, run in runs.items():
        if not store.uri.startswith("sqlite"):
            _write_listing(store, run)
        if kind(store.shape, number) != "without_artifact":
            path = store.artifact(number)
            path.parent.mkdir(parents=True)
            path.write_bytes(_content(store.shape, number))


def _write_listing(store: LargeStore, run: Listed) -> None:
    """Write a run's meta.yaml, params, tags and metrics as MLflow's file store does."""
    folder = store.runs_dir / run.run_id
    values = {name: f"{run.start} {value!r} 0\n" for name, value in run.metrics.items()}
    for place, texts in (("params", run.params), ("tags", run.tags), ("metrics", values)):
        (folder / place).mkdir(parents=True)
        for name, text in texts.items():
            path = f"{folder}/{place}/{name}"
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).write_text(text)
    _write_yaml(folder / "meta.yaml", _meta(store, run))


def _meta(store: LargeStore, run: Listed) -> dict[str, Any]:
    return {
        "artifact_uri": f"{store.artifact_root}/{run.run_id}/artifacts",
        "end_time": "null" if run.end is None else run.end,
        "entry_point_name": "''",
        "experiment_id": f"'{EXPERIMENT_ID}'",
        "lifecycle_stage": run.stage,
        "run_id": run.run_id,
        "run_name": run.name,
        "source_name": "''",
        "source_type": 4,
        "source_version": "''",
        "start_time": run.start,
        "status": STATUS[run.status],
        "tags": "[]",
        "user_id": "researcher",
    }


def _write_yaml(path: Path, values: dict[str, Any]) -> None:
    path.write_text("".join(f"{name}: {value}\n" for name, value in values.items()))


_METRIC = "key, value, timestamp, run_uuid, step, is_nan"
_COLUMNS = {
    "runs": "run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id, user_id",
    "params": "key, value, run_uuid",
    "tags": "key, value, run_uuid",
    "metrics": _METRIC,
    "latest_metrics": _METRIC,
}


def _insert(store: LargeStore, runs: Iterable[Listed]) -> None:
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
    for run in runs:
        uri = f"{store.artifact_root}/{run.run_id}/artifacts"
        listing = (run.run_id, run.name, run.status, run.start, run.end, run.stage)
        rows["runs"].append((*listing, uri, EXPERIMENT_ID, "researcher"))
        rows["params"] += [(key, value, run.run_id) for key, value in run.params.items()]
        rows["tags"] += [(key, value, run.run_id) for key, value in run.tags.items()]
        values = [(key, value, run.start, run.run_id, 0, False) for key, value in run.metrics.items()]
        rows["metrics"] += values
        rows["latest_metrics"] += values
    with closing(sqlite3.connect(store.folder / "mlflow.db")) as database, database:
        for table, columns in _COLUMNS.items():
            marks = ", ".join("?" * (columns.count(",") + 1))
            database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows[table])


@cache
def _empty_database() -> bytes:
    """The database that MLflow's own client makes; the one thing that takes seconds."""
    with (
        patch.dict(os.environ, {"MLFLOW_DISABLE_TELEMETRY": "true"}),
        tempfile.TemporaryDirectory() as folder,
    ):
        from mlflow.tracking import MlflowClient

        MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()
        return Path(folder, "mlflow.db").read_bytes()
