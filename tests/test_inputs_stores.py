"""Stores of MLflow runs are read as they are, wherever they are, and left as they were."""

import os
import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest
from written_stores import ARTIFACT, EXPERIMENT, NOTE, WrittenStore, contents, one, read_all

from assets.engine.errors import UserError
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.experiments import choose_experiment
from assets.inputs.stores.runs import Artifact, ArtifactError

pytest_plugins = ["store_fixtures"]
pytestmark = pytest.mark.xdist_group("server")

STORES = [
    "sqlite_store",
    "file_store",
    *(pytest.param(name, marks=pytest.mark.server) for name in ("server_store", "postgres_store")),
]


@pytest.fixture(params=STORES)
def written(request: pytest.FixtureRequest) -> WrittenStore:
    store: WrittenStore = request.getfixturevalue(request.param)
    return store


def test_every_run_is_listed_whatever_became_of_it(written: WrittenStore) -> None:
    store = open_store(written.uri)
    experiment = choose_experiment(store, EXPERIMENT)
    kinds = {run_id: kind for kind, run_id in written.runs.items()}
    runs = store.runs(experiment.experiment_id)
    assert [run.run_id for run in runs] == sorted(kinds)
    states = {kinds[run.run_id]: (run.status, run.lifecycle_stage) for run in runs}
    assert states["named"] == ("FINISHED", "active")
    assert states["failed"] == ("FAILED", "active")
    assert states["running"] == ("RUNNING", "active")
    assert states["deleted"] == ("FINISHED", "deleted")
    assert store.finished_runs(experiment.experiment_id) == 6


def test_names_times_and_params_are_read(written: WrittenStore) -> None:
    store = open_store(written.uri)
    run = one(store, written.runs["by_params"])
    assert run.name == "my-first-try"
    assert run.params["notes/free text"] == "line 1\nline 2"
    assert run.params["empty"] == ""
    assert run.tags["mlflow.runName"] == "my-first-try"
    assert run.started_at is not None and run.finished_at is not None
    assert run.started_at <= run.finished_at
    assert one(store, written.runs["running"]).finished_at is None


def test_artifacts_are_listed_at_any_depth_or_below_one_folder(written: WrittenStore) -> None:
    store = open_store(written.uri)
    run = one(store, written.runs["named"])
    files = store.artifacts(run)
    assert [item.path for item in files] == [ARTIFACT, NOTE]
    assert files[1] == Artifact(NOTE, 6)
    assert store.artifacts(run, "notes") == [Artifact(NOTE, 6)]
    assert store.artifacts(run, "nowhere") == []


def test_an_artifact_is_read_up_to_the_size_limit(written: WrittenStore) -> None:
    store = open_store(written.uri)
    run = one(store, written.runs["named"])
    assert store.digest(run, NOTE, 6) == sha256(b"a note").hexdigest()
    with pytest.raises(ArtifactError, match="larger than"):
        store.digest(run, NOTE, 5)


@pytest.mark.parametrize(
    "path", ["../meta.yaml", "metrics/../../../../mlflow.db", "/etc/hostname", "nowhere.txt", "notes"]
)
def test_what_is_no_artifact_of_the_run_is_not_read(written: WrittenStore, path: str) -> None:
    store = open_store(written.uri)
    with pytest.raises(ArtifactError):
        store.digest(one(store, written.runs["named"]), path, 1000)


def test_the_mark_of_an_artifact_stays_while_nothing_changes(written: WrittenStore) -> None:
    store = open_store(written.uri)
    run = one(store, written.runs["named"])
    looks = [store.stamp(run, path) for path in (ARTIFACT, ARTIFACT, NOTE)]
    first, again, other = (look.mark for look in looks if look)
    assert first == again != other


def test_a_database_may_be_named_by_address_or_path(sqlite_store: WrittenStore) -> None:
    first = read_all(open_store(sqlite_store.uri))
    assert first == read_all(open_store(str(sqlite_store.folder / "mlflow.db")))


@pytest.mark.server
def test_a_server_gives_the_same_runs_as_its_database(
    sqlite_store: WrittenStore, server_store: WrittenStore
) -> None:
    assert read_all(open_store(server_store.uri)) == read_all(open_store(sqlite_store.uri))


@pytest.mark.parametrize("name", ["sqlite_store", "file_store"])
def test_reading_leaves_every_byte_of_a_store_as_it_was(name: str, request: pytest.FixtureRequest) -> None:
    written: WrittenStore = request.getfixturevalue(name)
    before = contents(written.folder)
    read_all(open_store(written.uri))
    assert contents(written.folder) == before


@pytest.mark.parametrize("name", ["sqlite_store", "file_store"])
def test_a_moved_store_is_read_as_before(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    written: WrittenStore = request.getfixturevalue(name)
    away, moved = written.folder.with_name("away"), tmp_path / "moved"
    shutil.copytree(written.folder, moved)
    written.folder.rename(away)
    try:
        uri = str(moved) if name == "file_store" else f"sqlite:///{moved}/mlflow.db"
        found = read_all(open_store(uri))
        store = open_store(uri)
        assert [item.path for item in store.artifacts(one(store, written.runs["named"]))] == [ARTIFACT, NOTE]
    finally:
        away.rename(written.folder)
    assert found == read_all(open_store(written.uri))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "No MLflow store at"),
        (lambda path: path.write_bytes(b""), "not an sqlite database"),
        (lambda path: path.write_text("run_id,auroc\n"), "not an sqlite database"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(100)), "cannot be read"),
        (
            lambda path: sqlite3.connect(path).executescript("CREATE TABLE runs (x)").close(),
            "has no table experiments",
        ),
        (lambda path: path.mkdir(), "No MLflow experiment in the folder"),
        (lambda path: (path / "mlruns" / "0").mkdir(parents=True), r"Did you mean .*mlruns\?"),
    ],
)
def test_what_is_no_store_is_said_in_one_line(make: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "store"
    make(path)  # type: ignore[operator]
    with pytest.raises(UserError, match=message) as caught:
        open_store(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_store_that_may_not_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.touch(mode=0o000)
    with pytest.raises(UserError, match="Permission denied"):
        open_store(str(path))


def test_an_address_of_another_kind_is_refused_without_its_password() -> None:
    with pytest.raises(UserError, match="postgresql") as caught:
        open_store("postgresql+psycopg2://user:secret@host/mlflow")
    assert "secret" not in str(caught.value)


def test_relative_addresses_are_those_of_mlflow(
    sqlite_store: WrittenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sqlite_store.folder)
    assert open_store("sqlite:///mlflow.db").uri == sqlite_store.uri
    assert open_store("mlflow.db").uri == sqlite_store.uri


def test_a_file_address_is_a_folder(file_store: WrittenStore) -> None:
    assert open_store(file_store.folder.as_uri()).uri == file_store.uri
