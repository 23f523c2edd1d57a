"""MLflow's sqlite files, in whatever state their writers left them."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from written_stores import WrittenStore, contents, one

from assets.engine.errors import TransientError, UserError
from assets.engine.stamp import facts
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.runs import Artifact

pytest_plugins = ["store_fixtures"]


@pytest.fixture
def wal_store(sqlite_store: WrittenStore, tmp_path: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """A copy of the database in write-ahead mode, with its writer at work: a run renamed, still in the log."""
    path = tmp_path / "wal" / "mlflow.db"
    path.parent.mkdir()
    shutil.copy(sqlite_store.folder / "mlflow.db", path)
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = wal")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("UPDATE runs SET name = 'renamed' WHERE run_uuid = ?", (sqlite_store.runs["named"],))
    writer.commit()
    yield path, writer
    writer.close()


def test_what_a_live_writer_committed_to_its_log_is_read(
    wal_store: tuple[Path, sqlite3.Connection], sqlite_store: WrittenStore
) -> None:
    path, _ = wal_store
    assert one(open_store(str(path)), sqlite_store.runs["named"]).name == "renamed"


def test_a_log_left_by_a_crash_is_read_and_nothing_is_added(
    wal_store: tuple[Path, sqlite3.Connection], sqlite_store: WrittenStore, tmp_path: Path
) -> None:
    path, _ = wal_store
    left = tmp_path / "left"
    left.mkdir()
    shutil.copy(path, left)
    shutil.copy(path.with_name("mlflow.db-wal"), left)
    before = contents(left)
    assert one(open_store(str(left / "mlflow.db")), sqlite_store.runs["named"]).name == "renamed"
    assert contents(left) == before


def test_a_closed_database_in_write_ahead_mode_is_read_and_nothing_is_added(
    wal_store: tuple[Path, sqlite3.Connection], sqlite_store: WrittenStore
) -> None:
    path, writer = wal_store
    writer.close()
    before = contents(path.parent)
    assert set(before) == {".", "mlflow.db"}
    assert one(open_store(str(path)), sqlite_store.runs["named"]).name == "renamed"
    assert contents(path.parent) == before


def test_a_locked_database_may_pass(
    sqlite_store: WrittenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(sqlite_store.folder / "mlflow.db", tmp_path))
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, **named, timeout=0.05))
    writer = connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TransientError, match="locked"):
        open_store(str(path))
    writer.close()
    assert open_store(str(path)).experiments()


def test_an_interrupted_write_is_left_to_its_owner(sqlite_store: WrittenStore, tmp_path: Path) -> None:
    path = Path(shutil.copy(sqlite_store.folder / "mlflow.db", tmp_path))
    # A process that dies in the middle of a transaction too large for its cache leaves a hot journal.
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA cache_size = 1');"
        "c.execute('CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999)"
        " SELECT i, hex(randomblob(50)) x FROM n'); c.execute('BEGIN'); c.execute('UPDATE t SET x = i'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    before = contents(tmp_path)
    assert "mlflow.db-journal" in before
    with pytest.raises(UserError, match="writer was interrupted"):
        open_store(str(path))
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("/old/project/results/7/{run}/artifacts", "results/7/{run}/artifacts"),
        ("mlflow-artifacts:/1/{run}/artifacts", "mlartifacts/1/{run}/artifacts"),
        ("./mlruns/1/{run}/artifacts", "mlruns/1/{run}/artifacts"),
        ("file:///old/{run}/artifacts", "{run}/artifacts"),
        ("s3://bucket/deep/1/{run}/artifacts", "1/{run}/artifacts"),
    ],
)
def test_artifacts_of_a_moved_database_are_found_beside_it(
    sqlite_store: WrittenStore, tmp_path: Path, uri: str, place: str
) -> None:
    shutil.copy(sqlite_store.folder / "mlflow.db", tmp_path)
    store = open_store(str(tmp_path / "mlflow.db"))
    run_id = sqlite_store.runs["named"]
    run = replace(one(store, run_id), artifact_uri=uri.format(run=run_id))
    assert store.artifacts(run) == []
    folder = tmp_path / place.format(run=run_id)
    folder.mkdir(parents=True)
    (folder / "x.txt").write_text("here")
    assert store.artifacts(run) == [Artifact("x.txt", 4)]


def test_a_log_that_appears_beside_a_database_is_watched(sqlite_store: WrittenStore) -> None:
    store = open_store(sqlite_store.uri)
    path = sqlite_store.folder / "mlflow.db"
    assert store.seen == {str(path): facts(str(path)), f"{path}-wal": None}
