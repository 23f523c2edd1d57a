import fcntl
import pickle
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assets.engine.errors import UserError
from flows.study import Study, run_study
from flows.study.store import RunLog, logged_runs

if TYPE_CHECKING:
    from mlflow import MlflowClient

pytestmark = pytest.mark.xdist_group("study_running")  # most look at one store

TINY = Study(
    n_bootstrap=5,
    outlier_methods=("reference", "none"),
    imputation_methods=("reference", "median"),
    classifiers=("GradientBoosting",),
)
SCALARS = ["AUROC", "AUPR", "F1", "sensitivity", "specificity", "PPV", "NPV", "accuracy", "accuracy_balanced"]
SCALARS += ["PPV_prev", "NPV_prev", "tpAUC", "Brier", "ECE"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with the tiny study, computed by two processes; nothing but it may appear where we are."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    folder = tmp_path_factory.mktemp("a store") / "data"  # created when needed; blanks are allowed
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        summary = run_study(TINY, folder, jobs=2)
        assert (summary.done, summary.skipped) == (4, 0)
        assert list(elsewhere.iterdir()) == []
    yield folder


def test_the_store_holds_one_finished_run_per_configuration(store: Path) -> None:
    rows = _rows(store, "SELECT name, status FROM runs")
    assert sorted(rows) == sorted((one.run_name, "FINISHED") for one in TINY.configurations())


def test_a_run_names_its_methods_and_settings(store: Path) -> None:
    name = "GradientBoosting_eval-auc__texture1.0__median__none"
    query = "SELECT key, value FROM params JOIN runs USING (run_uuid) WHERE name = ?"
    params = dict(_rows(store, query, name))
    expected = {
        "model_name": "GradientBoosting",
        "anomaly_source": "none",
        "imputation_source": "median",
        "mlflow_run_featurization": "texture1.0",
        "n_bootstrap": "5",
        "seed": str(TINY.seed),
        "hparam_max_depth": "3",
        "n_test": "171",
    }
    assert params.items() >= expected.items()


def test_artifacts_lie_beside_their_run_so_that_the_folder_can_be_moved(store: Path) -> None:
    for experiment, run, name, uri in _rows(
        store, "SELECT experiment_id, run_uuid, name, artifact_uri FROM runs"
    ):
        artifacts = store / "mlruns" / str(experiment) / run / "artifacts"
        assert [file.name for file in (artifacts / "metrics").iterdir()] == [f"metrics_{name}.pickle"]
        assert uri == artifacts.resolve().as_uri()
    assert {file.name for file in store.iterdir()} == {"mlflow.db", "mlruns", ".study.lock"}


def test_logged_means_are_those_of_the_artifact(store: Path) -> None:
    query = (
        "SELECT value FROM latest_metrics JOIN runs USING (run_uuid) WHERE name = ? AND key = 'test/AUROC'"
    )
    for name, record in _records(store).items():
        refits = record["metrics_iter"]["test"]["metrics"]["scalars"]["AUROC"]
        assert _rows(store, query, name) == [(pytest.approx(np.mean(refits)),)]


def test_the_iterations_have_the_structure_of_the_original(store: Path) -> None:
    for record in _records(store).values():
        assert list(record) == ["metrics_iter", "metrics_stats", "subjectwise_stats", "subject_global_stats"]
        assert set(record["metrics_iter"]) == {"train", "val", "test"}
        for split in record["metrics_iter"].values():
            scalars, arrays = split["metrics"]["scalars"], split["metrics"]["arrays"]
            assert {name: len(values) for name, values in scalars.items()} == dict.fromkeys(SCALARS, 5)
            shapes = {curve: {axis: a.shape for axis, a in axes.items()} for curve, axes in arrays.items()}
            assert shapes == {
                "AUROC": dict.fromkeys(("fpr", "tpr", "thresholds"), (200, 5)),
                "AUPR": dict.fromkeys(("precision", "recall", "thresholds"), (200, 5)),
                "calibration_curve": dict.fromkeys(("prob_pred", "prob_true"), (10, 5)),
            }


def test_test_predictions_are_matrices_of_patients_and_refits(store: Path) -> None:
    for record in _records(store).values():
        found = record["metrics_iter"]["test"]["preds"]["arrays"]["predictions"]
        assert {key: (a.shape, a.dtype.kind) for key, a in found.items()} == dict.fromkeys(
            ("y_pred_proba", "y_pred", "label"), ((171, 5), "f")
        )
        risk = found["y_pred_proba"]
        assert ((risk > 0) & (risk < 1)).all()
        assert len({tuple(column) for column in risk.T}) == 5  # each refit says something else
        np.testing.assert_array_equal(found["y_pred"], risk >= 0.5)
        assert (found["label"].sum(axis=0) == 64).all()


def test_train_and_validation_predictions_are_ragged_lists_by_patient(store: Path) -> None:
    record = next(iter(_records(store).values()))["metrics_iter"]
    train, val = (record[split]["preds_dict"]["arrays"]["y_pred_proba"] for split in ("train", "val"))
    assert sum(len(values) for values in train.values()) == 5 * 398
    assert {len(values) for values in val.values()} > {1, 2}
    assert all(isinstance(value, float) for value in train[next(iter(train))])
    assert not set(train) & set(_records_test_codes(store))


def test_statistics_are_those_of_the_iterations(store: Path) -> None:
    for record in _records(store).values():
        for split in ("train", "val", "test"):
            metrics, stats = (
                record["metrics_iter"][split]["metrics"],
                record["metrics_stats"][split]["metrics"],
            )
            values, found = metrics["scalars"]["Brier"], stats["scalars"]["Brier"]
            assert found["n"] == 5
            assert found["mean"] == pytest.approx(np.mean(values))
            assert found["std"] == pytest.approx(np.std(values, ddof=1))
            np.testing.assert_allclose(found["ci"], np.percentile(values, [2.5, 97.5]))
            curve, found = metrics["arrays"]["AUROC"]["tpr"], stats["arrays"]["AUROC"]["tpr"]
            np.testing.assert_allclose(found["mean"], curve.mean(axis=1))
            np.testing.assert_allclose(found["std"], curve.std(axis=1, ddof=1), atol=1e-15)
            assert found["ci"].shape == (2, 200)


def test_subject_statistics_are_those_of_the_predictions(store: Path) -> None:
    for record in _records(store).values():
        subjects = record["subjectwise_stats"]["test"]
        risk = record["metrics_iter"]["test"]["preds"]["arrays"]["predictions"]["y_pred_proba"]
        np.testing.assert_allclose(subjects["preds"]["y_pred_proba"]["mean"], risk.mean(axis=1))
        np.testing.assert_allclose(subjects["preds"]["y_pred_proba"]["std"], risk.std(axis=1, ddof=1))
        assert subjects["subject_code"][0].startswith("WDBC-")
        assert subjects["labels"].sum() == 64
        assert set(subjects["uq"]["scalars"]) == {"AURC", "AURC_E", "MI", "entropy"}
        arrays = subjects["uq"]["arrays"]
        assert {key: a.shape for key, a in arrays.items()} == dict.fromkeys(
            ("coverage", "risk", "entropy", "mutual_information"), (171,)
        )
        by_outcome = record["subject_global_stats"]["test"]["y_pred_proba"]["mean"]
        assert {outcome: summary["n"] for outcome, summary in by_outcome.items()} == {0: 107, 1: 64}
        ill = subjects["preds"]["y_pred_proba"]["mean"][subjects["labels"] == 1]
        assert by_outcome[1]["mean"] == pytest.approx(ill.mean())


def test_an_interrupted_study_resumes_with_the_missing_runs_and_gives_the_same_bytes(
    store: Path, tmp_path: Path
) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "mlflow.db").write_text("cut off while it was created")
    with pytest.raises(KeyboardInterrupt):
        run_study(TINY, tmp_path, jobs=1, on_progress=interrupt)
    before = _rows(tmp_path, "SELECT run_uuid FROM runs WHERE status = 'FINISHED'")
    assert len(before) == 2
    left_over = _leave_a_run_running(tmp_path)

    told: list[tuple[int, int]] = []
    summary = run_study(TINY, tmp_path, jobs=1, on_progress=lambda *now: told.append(now))
    assert (summary.done, summary.skipped) == (2, 2)
    assert told == [(2, 4), (3, 4), (4, 4)]
    finished = _rows(tmp_path, "SELECT run_uuid FROM runs WHERE status = 'FINISHED'")
    assert len(finished) == 4
    assert set(before) < set(finished)
    assert _rows(tmp_path, "SELECT status FROM runs WHERE run_uuid = ?", left_over) == [("KILLED",)]
    assert _artifacts(tmp_path) == _artifacts(store)


def test_a_finished_study_computes_nothing_and_writes_nothing(store: Path) -> None:
    before = (store / "mlflow.db").stat().st_mtime_ns
    assert run_study(TINY, store).skipped == 4
    assert (store / "mlflow.db").stat().st_mtime_ns == before


def test_the_flows_task_completes_the_study_it_is_given(store: Path) -> None:
    from flows.experiment_flow import complete_study

    assert complete_study.fn(TINY, store, 1).skipped == 4


@pytest.mark.parametrize("change", [{"seed": 7}, {"n_bootstrap": 6}])
def test_another_definition_is_not_mixed_with_the_runs_of_this_one(
    store: Path, change: dict[str, int]
) -> None:
    with pytest.raises(UserError, match="cannot be mixed"):
        run_study(Study(**change), store)  # type: ignore[arg-type]  # fields of several types


def test_a_store_of_other_experiments_gets_ours_beside_them(store: Path, tmp_path: Path) -> None:
    client = _copied_database(store, tmp_path)
    client.rename_experiment("1", "Another")
    RunLog(TINY, tmp_path)
    found = _rows(tmp_path, "SELECT name, artifact_location FROM experiments WHERE experiment_id IN (1, 2)")
    assert found[0][0] == "Another"
    assert found[1] == ("BreastCancer_Classification", (tmp_path / "mlruns" / "2").resolve().as_uri())


def test_a_deleted_experiment_is_refused(store: Path, tmp_path: Path) -> None:
    _copied_database(store, tmp_path).delete_experiment("1")
    with pytest.raises(UserError, match="is deleted"):
        RunLog(TINY, tmp_path)


def test_a_second_process_is_told_to_wait(store: Path) -> None:
    with (store / ".study.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="Another process"):
            run_study(TINY, store)


def test_a_study_without_workers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="jobs = 0"):
        run_study(TINY, tmp_path, jobs=0)


def test_an_empty_folder_has_no_runs_and_looking_creates_none(tmp_path: Path) -> None:
    found = logged_runs(TINY, tmp_path)
    assert (found.finished, found.left_over) == (frozenset(), ())
    assert list(tmp_path.iterdir()) == []


def _client(store: Path) -> "MlflowClient":
    from mlflow import MlflowClient  # not earlier: the store's first use switches telemetry off

    return MlflowClient(f"sqlite:///{store / 'mlflow.db'}")


def _copied_database(store: Path, to: Path) -> "MlflowClient":
    shutil.copy(store / "mlflow.db", to)
    return _client(to)


def _leave_a_run_running(store: Path) -> str:
    name = TINY.configurations()[-1].run_name
    run = _client(store).create_run("1", run_name=name, tags={"study_digest": TINY.digest()})
    return str(run.info.run_id)


def _rows(store: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(store / "mlflow.db")) as connection:
        return connection.execute(query, values).fetchall()


def _artifacts(store: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in store.glob("mlruns/*/*/artifacts/metrics/*.pickle")}


def _records(store: Path) -> dict[str, Any]:
    return {
        name.removeprefix("metrics_").removesuffix(".pickle"): pickle.loads(content)
        for name, content in _artifacts(store).items()
    }


def _records_test_codes(store: Path) -> list[str]:
    record = next(iter(_records(store).values()))
    codes: list[str] = record["subjectwise_stats"]["test"]["subject_code"].tolist()
    return codes
