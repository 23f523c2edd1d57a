"""Stores written by the thousand are what MLflow itself would have written."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.large_stores import (
    BAD,
    LargeStore,
    Shape,
    add_runs,
    change_run,
    kind,
    listed,
    remove_run,
    write_file_store,
    write_sqlite_store,
)
from tests.written_stores import SILENT, opened

SHAPE = Shape(runs=40, subjects=8, refits=3, bad_every=4)
NUMBERS = range(SHAPE.runs)


@pytest.fixture(params=[write_file_store, write_sqlite_store])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> LargeStore:
    written: LargeStore = request.param(tmp_path / "store", SHAPE)
    return written


def test_mlflows_own_client_lists_the_same_runs_and_downloads_the_same_artifacts(store: LargeStore) -> None:
    with patch.dict(os.environ, SILENT):
        from mlflow.entities import ViewType
        from mlflow.tracking import MlflowClient

        client = MlflowClient(store.uri)
        found = {run.info.run_id: run for run in client.search_runs(["1"], run_view_type=ViewType.ALL)}
        assert found.keys() == {store.run_id(number) for number in NUMBERS}
        for number in NUMBERS:
            run, expected = found[store.run_id(number)], listed(SHAPE, number)
            assert (run.data.params, run.data.tags, run.data.metrics) == (
                expected.params,
                expected.tags,
                expected.metrics,
            )
            info = run.info
            assert (info.run_name, info.status, info.lifecycle_stage) == (
                expected.name,
                expected.status,
                expected.stage,
            )
            assert (info.start_time, info.end_time) == (expected.start, expected.end)
        path = client.download_artifacts(store.run_id(0), f"metrics/{store.artifact(0).name}")
        assert Path(path).read_bytes() == store.artifact(0).read_bytes()


def test_every_kind_of_bad_run_is_there_and_no_two_artifacts_agree(store: LargeStore) -> None:
    kinds = [kind(SHAPE, number) for number in NUMBERS]
    assert set(kinds) == {*BAD, "good"}
    assert kinds.count("good") == 30
    contents = [
        store.artifact(n).read_bytes() for n in NUMBERS if kinds[n] not in ("without_artifact", "refused")
    ]
    assert len(set(contents)) == len(contents)


def test_every_good_run_is_a_configuration_of_its_own_and_a_bad_listing_is_told(store: LargeStore) -> None:
    _, candidates = opened(store.uri)
    good = [c for c in candidates if c.quarantine is None]
    assert len({c.configuration for c in good}) == len(good)
    numbers = {store.run_id(number): number for number in NUMBERS}
    reasons = {kind(SHAPE, numbers[c.run.run_id]): c.quarantine.stage for c in candidates if c.quarantine}
    assert reasons == {
        **dict.fromkeys(("failed", "running", "deleted", "synthetic"), "listing"),
        "misnamed": "name",
        "without_artifact": "artifact",
    }


def test_the_same_shape_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    one, two = (write_file_store(tmp_path / name, SHAPE).artifact(0).read_bytes() for name in ("a", "b"))
    other = (
        write_file_store(tmp_path / "c", Shape(runs=1, subjects=8, refits=3, seed=8)).artifact(0).read_bytes()
    )
    assert one == two != other


def test_runs_are_added_changed_and_removed(store: LargeStore) -> None:
    before = store.artifact(1).read_bytes()
    change_run(store, 1)
    assert store.artifact(1).read_bytes() != before
    remove_run(store, 0)
    grown = add_runs(store, 2)
    _, candidates = opened(grown.uri)
    found = {c.run.run_id: c.run for c in candidates}
    assert found.keys() == {grown.run_id(number) for number in range(SHAPE.runs + 2)}
    assert found[grown.run_id(0)].lifecycle_stage == "deleted"


def test_a_complete_pickle_holds_every_split_and_curve_of_the_studys() -> None:
    import pickle

    from tests.large_artifacts import metrics_pickle, predicted

    content = pickle.loads(metrics_pickle(*predicted(8, 3, [1]), complete=True))
    assert content.keys() == {"metrics_iter", "metrics_stats", "subjectwise_stats", "subject_global_stats"}
    assert content["metrics_iter"]["train"]["preds_dict"]["arrays"].keys() == {
        "y_pred_proba",
        "y_pred",
        "label",
    }
    assert content["metrics_iter"]["test"]["metrics"]["arrays"]["AUROC"]["tpr"].shape == (200, 3)
