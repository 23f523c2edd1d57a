"""The MLflow store of the study: one sqlite file and a folder of artifacts, in one folder that can be moved.

What is there is read with sqlite directly: far cheaper than through MLflow, and looking never writes. What is
new is written by MLflow's own client, as any user's runs would be.
"""

import fcntl
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine.errors import UserError
from flows.study.definition import EXPERIMENT, Study

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from flows.study.evaluation import Evaluation

_LISTING = """
    SELECT r.run_uuid, r.name, r.status, t.value
    FROM runs r
    JOIN experiments e ON e.experiment_id = r.experiment_id
    JOIN tags t ON t.run_uuid = r.run_uuid AND t.key = 'study_digest'
    WHERE e.name = ? AND r.lifecycle_stage = 'active'
"""


@dataclass(frozen=True)
class LoggedRuns:
    """The study's runs in a store: names of the finished ones, ids of those that a killed process left."""

    finished: frozenset[str]
    left_over: tuple[str, ...]


def database(store_dir: Path) -> Path:
    """Where MLflow keeps the runs of a store folder."""
    return store_dir / "mlflow.db"


def logged_runs(study: Study, store_dir: Path) -> LoggedRuns:
    """List the runs of the study; UserError if the store holds runs of a study with another definition.

    Runs without our tag `study_digest`, such as those a user added by hand, are not ours and are left alone.
    """
    path = database(store_dir)
    if not path.exists():
        return LoggedRuns(finished=frozenset(), left_over=())
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(_LISTING, (EXPERIMENT,)).fetchall()
    others = sorted({digest for _, _, _, digest in rows} - {study.digest()})
    if others:
        raise UserError(
            f"{path} holds runs of another definition of the study ({', '.join(others)}; this one is "
            f"{study.digest()}): their numbers cannot be mixed. Choose another store folder, give the "
            f"refits and seed of the old runs, or delete {path} and {store_dir / 'mlruns'}."
        )
    return LoggedRuns(
        finished=frozenset(name for _, name, status, _ in rows if status == "FINISHED"),
        left_over=tuple(run_id for run_id, _, status, _ in rows if status == "RUNNING"),
    )


@contextmanager
def only_writer(store_dir: Path) -> Iterator[None]:
    """Hold the folder for this process; the kernel lets go of it however the process ends."""
    store_dir.mkdir(parents=True, exist_ok=True)
    with (store_dir / ".study.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"Another process is running the study in {store_dir}. Wait for it, then repeat."
            ) from error
        yield


class RunLog:
    """Writes runs into the store folder, and nowhere else."""

    def __init__(self, study: Study, store_dir: Path) -> None:
        """Open the store, or create it with its experiment."""
        self._study = study
        self._staging = store_dir / ".staging"
        shutil.rmtree(self._staging, ignore_errors=True)  # of a killed process
        self._client, self._experiment_id = _open_store(store_dir, self._staging)

    def kill(self, run_ids: tuple[str, ...]) -> None:
        """Close the runs that a killed process left RUNNING."""
        for run_id in run_ids:
            self._client.set_terminated(run_id, status="KILLED")

    def log(self, evaluation: "Evaluation") -> None:
        """Log one run; it is FINISHED only once everything of it is in the store."""
        from mlflow.entities import Metric, Param

        name = evaluation.configuration.run_name
        run = self._client.create_run(
            self._experiment_id,
            start_time=evaluation.started,
            run_name=name,
            tags={"study_digest": self._study.digest(), "dataset": "Wisconsin diagnostic breast cancer"},
        )
        metrics = [Metric(key, value, evaluation.finished, 0) for key, value in evaluation.metrics.items()]
        params = [Param(key, value) for key, value in evaluation.params.items()]
        self._client.log_batch(run.info.run_id, metrics=metrics, params=params)
        self._log_artifact(run.info.run_id, f"metrics_{name}.pickle", evaluation.pickled)
        self._client.set_terminated(run.info.run_id, status="FINISHED", end_time=evaluation.finished)

    def _log_artifact(self, run_id: str, file_name: str, content: bytes) -> None:
        # The client copies files only. Not in the system's temporary folder: all writing is in the store's.
        self._staging.mkdir()
        (self._staging / file_name).write_bytes(content)
        self._client.log_artifact(run_id, str(self._staging / file_name), artifact_path="metrics")
        shutil.rmtree(self._staging)


def _open_store(store_dir: Path, staging: Path) -> tuple["MlflowClient", str]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow import MlflowClient

    path = database(store_dir).resolve()
    if not path.exists():
        # Created aside, moved when complete: a database whose migrations were cut off is of no use.
        staging.mkdir()
        _create_experiment(staging.resolve() / path.name, store_dir)
        (staging / path.name).rename(path)
        shutil.rmtree(staging)
    client = MlflowClient(_uri(path))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:  # a store of other experiments
        return client, _create_experiment(path, store_dir)
    if experiment.lifecycle_stage != "active":
        raise UserError(f"{EXPERIMENT} in {path} is deleted: restore it, or choose another store folder.")
    return client, str(experiment.experiment_id)


def _create_experiment(path: Path, store_dir: Path) -> str:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # it announces each new database
    # A client would put the artifacts into the working directory. With its root named, as `mlflow server
    # --default-artifact-root` does, they go to <root>/<experiment id>/<run id>/artifacts.
    root = (store_dir / "mlruns").resolve().as_uri()
    store = SqlAlchemyStore(_uri(path), root)  # type: ignore[no-untyped-call]  # MLflow has no types
    experiment_id = str(store.create_experiment(EXPERIMENT))  # type: ignore[no-untyped-call]  # nor here
    store.engine.dispose()
    return experiment_id


def _uri(path: Path) -> str:
    return f"sqlite:///{path}"
