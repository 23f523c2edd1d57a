"""Stores that MLflow 1.30 and 2.9 wrote are read as those versions listed them, and not a byte of them changes."""

import json
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from store_looks import look, rows
from written_stores import contents

from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.experiments import choose_experiment
from assets.inputs.stores.runs import EPOCH, Run, RunStore

ARCHIVES = sorted((Path(__file__).parent / "stores").glob("*.tar.xz"))


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def unpacked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    return folder


def address(folder: Path) -> str:
    database = folder / "mlflow.db"
    return f"sqlite:///{database}" if database.exists() else str(folder / "mlruns")


def milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round((moment - EPOCH).total_seconds() * 1000)


def as_listed(store: RunStore, run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "status": run.status,
        "lifecycle_stage": run.lifecycle_stage,
        "start_time": milliseconds(run.started_at),
        "end_time": milliseconds(run.finished_at),
        "params": run.params,
        "tags": run.tags,
        "artifacts": {item.path: store.digest(run, item.path, 10**6) for item in store.artifacts(run)},
    }


def test_every_run_is_read_as_the_mlflow_that_wrote_it_listed_it(unpacked: Path) -> None:
    store = open_store(address(unpacked))
    experiment = choose_experiment(store, None)
    expected = json.loads((unpacked / "listed.json").read_text())
    assert {item.name for item in store.experiments()} == {"Default", expected["experiment"]}
    runs = store.runs(experiment.experiment_id)
    assert {run.run_id: as_listed(store, run) for run in runs} == expected["runs"]


def test_runs_that_can_be_used_have_the_predictions_of_their_old_pickles(
    unpacked: Path, tmp_path: Path
) -> None:
    found = rows(look(address(unpacked), tmp_path / "private"))
    usable = [row for row in found.values() if row["quarantine_stage"] is None]
    assert {row["classifier"] for row in usable} == {"CatBoost", "XGBoost"}
    assert [len(row["y_prob"]) for row in usable] == [12, 12, 12]
    assert {row["n_bootstrap"] for row in usable} == {3}
    assert sorted(
        row["quarantine_reason"].partition(";")[0]
        for row in found.values()
        if row["quarantine_stage"] == "listing"
    ) == ["the run is FAILED, not FINISHED", "the run is RUNNING, not FINISHED", "the run is deleted"]


def test_nothing_of_an_old_store_is_changed_added_or_migrated(unpacked: Path, tmp_path: Path) -> None:
    before = contents(unpacked)
    rows(look(address(unpacked), tmp_path / "private"))
    assert contents(unpacked) == before


def test_an_old_store_keeps_its_versions_when_it_is_moved(unpacked: Path, tmp_path: Path) -> None:
    first = look(address(unpacked), tmp_path / "private")
    moved = unpacked.rename(tmp_path / "moved #2, 50 %")
    second = look(address(moved), tmp_path / "private")
    assert second.partitions == first.partitions
