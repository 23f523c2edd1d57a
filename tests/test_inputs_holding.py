"""Artifacts in a store are compared with what was recorded when they were read."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from scripted_server import ScriptedServer
from store_looks import look, rows
from written_stores import artifact

from assets.engine.errors import UserError
from assets.inputs.holding import artifacts_hold
from assets.inputs.stores import http_store

pytest_plugins = ["store_fixtures"]

Moved = tuple[Path, Callable[[str], Path]]


def recorded(uri: str, private: Path) -> duckdb.DuckDBPyConnection:
    """The table `runs` as a build would have left it."""
    connection = duckdb.connect()
    columns = "run_id VARCHAR, experiment VARCHAR, artifact_path VARCHAR, artifact_sha256 VARCHAR"
    connection.execute(f"CREATE TABLE runs ({columns})")
    for row in rows(look(uri, private)).values():
        if row["quarantine_stage"] is None:
            names = ("run_id", "experiment", "artifact_path", "artifact_sha256")
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", [row[name] for name in names])
    return connection


def test_untouched_artifacts_hold(moved: Moved, tmp_path: Path) -> None:
    root, _ = moved
    connection = recorded(str(root), tmp_path)
    said = artifacts_hold(connection, tracking_uri=str(root))
    assert said == f"2 artifacts in {root} have the sha256 that `runs` records"


def test_artifacts_that_differ_and_runs_that_are_gone_are_named(moved: Moved, tmp_path: Path) -> None:
    root, run = moved
    connection = recorded(str(root), tmp_path)
    artifact(run("named")).write_bytes(b"other")
    with pytest.raises(
        UserError, match=f"1 of 2 artifacts .*: metrics/.* of run {run('named').name} changed;"
    ):
        artifacts_hold(connection, tracking_uri=str(root))
    artifact(run("named")).unlink()
    with pytest.raises(UserError, match=f"of run {run('named').name} is not there"):
        artifacts_hold(connection, tracking_uri=str(root))
    shutil.rmtree(run("named"))
    with pytest.raises(UserError, match=f"run {run('named').name} is gone"):
        artifacts_hold(connection, tracking_uri=str(root))


def test_a_store_out_of_reach_is_said(moved: Moved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, _ = moved
    connection = recorded(str(root), tmp_path)
    monkeypatch.chdir(tmp_path)
    assert artifacts_hold(connection, tracking_uri=str(tmp_path / "nowhere")).startswith(
        "artifacts were not compared: "
    )
    assert artifacts_hold(connection, tracking_uri="http://127.0.0.1:9").startswith(
        "artifacts were not compared: "
    )


def test_many_wrong_artifacts_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_store, "WAITS", ())
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE runs AS SELECT 'r' || n AS run_id, 'Study' AS experiment, 'metrics/metrics_run.pickle' AS artifact_path,"
        " 'f' AS artifact_sha256 FROM range(9) t(n)"
    )
    with (
        ScriptedServer({f"r{number}": b"x" for number in range(8)}) as server,
        pytest.raises(UserError, match=r"9 of 9 artifacts .*r0 changed.* and 4 more; restore them"),
    ):
        artifacts_hold(connection, tracking_uri=server.uri)
