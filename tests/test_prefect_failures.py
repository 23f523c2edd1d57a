"""The flows against a real Prefect server when things go wrong: nothing is lost, nothing done twice, nobody hangs."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from tests.only_loopback import OnlyLoopback
from tests.prefect_servers import Server, eventually, prefect_server
from tests.project_folders import ROOT
from tests.told_servers import told_server
from tests.watched_flows import WatchedFolder, ended

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect_failures")]

EXTRACT = "extract_all_configs"
WITHOUT_PAGE = "the work goes on without a page: Prefect's server "
DEPLOYED = """
import sys
from pathlib import Path
from unittest.mock import patch
from prefect.engine import handle_engine_signals
from prefect.flow_engine import load_flow_run, run_flow
from flows.extraction_flow import extract_all_configs
from tests.watched_flows import WatchedFolder
with WatchedFolder(Path.cwd()).open() as project, patch("assets.study.load", lambda: project):
    with handle_engine_signals():
        run_flow(extract_all_configs, flow_run=load_flow_run(sys.argv[1]))
"""
"""What the process does that a worker starts for a run."""
Runs = Callable[[], list[dict[str, Any]]]
Within = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder.written(tmp_path)


@pytest.fixture
def runs(server: Server) -> Runs:
    """The extractions that the server has heard of since the test began, the first first."""
    before = {run["id"] for run in server.runs(EXTRACT)}
    return lambda: [run for run in reversed(server.runs(EXTRACT)) if run["id"] not in before]


@pytest.fixture
def within(monkeypatch: pytest.MonkeyPatch) -> Iterator[Within]:
    """Let flows of this process use a server, with settings of Prefect's; what they change of Prefect ends."""
    from prefect import settings
    from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from rich.console import Console

    from flows.server import away

    changed = (
        (PrefectHttpxSyncClient, "send"),
        (PrefectHttpxAsyncClient, "send"),
        (EventsWorker, "_handle"),
        (Console, "on_broken_pipe"),
    )
    for owner, name in changed:
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr("logging.raiseExceptions", True)

    def using(url: str, **given: Any) -> AbstractContextManager[Any]:
        monkeypatch.setenv("PREFECT_API_URL", url)
        monkeypatch.setenv("PREFECT_HOME", "home")
        given |= {"PREFECT_API_URL": url}
        return settings.temporary_settings({getattr(settings, name): value for name, value in given.items()})

    yield using
    EventsWorker.drain_all(at_exit=False)
    APILogWorker.drain_all(at_exit=False)
    away.clear()


def states(runs: Runs) -> list[str]:
    return [run["state_name"] for run in runs()]


def tasks(server: Server, run: dict[str, Any], shown: Callable[[dict[str, str]], bool]) -> dict[str, str]:
    """The state of each task of a run by its name, once they are as expected: a server writes them down later."""
    asked = {"flow_runs": {"id": {"any_": [run["id"]]}}}

    def found() -> dict[str, str]:
        states = {row["name"]: row["state_name"] for row in server.ask("/task_runs/filter", asked)}
        return states if shown(states) else {}

    return eventually(found)


def test_of_two_workers_that_take_the_same_work_one_waits_and_goes_on_where_the_other_was_killed(
    server: Server, folder: WatchedFolder, runs: Runs, within: Within
) -> None:
    killed = folder.started("extract", PREFECT_API_URL=server.url, WAIT="1")
    folder.until_it_waits(killed)
    tasks(server, runs()[0], lambda states: states.get("compute_stratos:total") == "Running")
    with ThreadPoolExecutor(1) as thread, within(server.url):
        waiting = thread.submit(copy_context().run, folder.command, "extract")
        eventually(lambda: "another build is running" in folder.logged() or waiting.done())
        assert (folder.ran(), states(runs)) == (Counter(doubled=1, total=1), ["Running", "Running"])
        killed.kill()
        assert waiting.result() == 0
        assert folder.ran() == Counter(doubled=1, total=2), "what was finished is not done again"
        assert states(runs) == ["Running", "Completed"], "it lived when the other began"
        assert folder.command("extract", "--force") == 0
    assert states(runs) == ["Crashed", "Completed", "Completed"]
    found = tasks(server, runs()[0], lambda states: states["compute_stratos:total"] != "Running")
    assert (found["write_duckdb:doubled"], found["compute_stratos:total"]) == ("Completed", "Crashed")
    assert not any((folder.path / ".assets/flow-runs").iterdir())


def test_no_cache_of_prefects_decides_what_is_fresh(
    server: Server, folder: WatchedFolder, runs: Runs, within: Within
) -> None:
    raw, cache = folder.path / "raw.txt", folder.path / "results"
    settings = {
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": True,
        "PREFECT_TASKS_DEFAULT_NO_CACHE": False,
        "PREFECT_TASKS_DEFAULT_PERSIST_RESULT": True,
        "PREFECT_LOCAL_STORAGE_PATH": cache,
    }
    with within(server.url, **settings):
        folder.command("extract")
        raw.write_text("4 5")
        folder.command("extract", "--engine", "plain")
        assert folder.rows("total") == [(18,)]
        raw.write_text("1 2 3")
        folder.command("extract")
        assert folder.rows("total") == [(12,)], "the inputs are those of the first run, and the table was not"
        folder.sql("DROP TABLE total")
        folder.command("extract")
        assert folder.rows("total") == [(12,)]
        folder.edit("2 * int(word)", "3 * int(word)")
        folder.command("extract")
        assert folder.rows("total") == [(18,)]
        before = folder.ran()
        folder.command("extract", "--force")
        assert folder.ran() - before == Counter(doubled=1, total=1)
        with within(server.url, **settings, PREFECT_TASKS_REFRESH_CACHE=True):
            folder.command("extract")
        assert folder.ran() - before == Counter(doubled=1, total=1), (
            "what is fresh is skipped whatever Prefect is told"
        )
    assert not cache.exists()
    assert states(runs) == ["Completed"] * 6


def test_a_server_that_refuses_the_run_costs_a_line(
    folder: WatchedFolder, within: Within, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_1")
    with told_server() as refusing:
        refusing.answers = dict.fromkeys(("/admin/version", "/flows/", "/csrf-token"), (500, b"{}"))
        with within(refusing.url, PREFECT_API_KEY="pnu_1", PREFECT_CLIENT_MAX_RETRIES=0):
            assert folder.command("extract") == 0
    assert refusing.paths[0] == "/health" and len(refusing.paths) > 1
    assert refusing.credentials == {"Bearer pnu_1"}
    assert folder.rows("total") == [(12,)]
    said = capfd.readouterr().err
    assert said.count(f"{WITHOUT_PAGE}answers 500") == said.count("Prefect's server") == 1, said
    assert "pnu_1" not in said and "Traceback" not in said


def given_to_a_worker(folder: WatchedFolder, server: Server) -> "subprocess.Popen[str]":
    """Start a run of a deployment, whose lines of log go to whoever started it."""
    flow = server.ask("/flows/", {"name": EXTRACT})["id"]
    deployment = server.ask("/deployments/", {"name": "extraction", "flow_id": flow})["id"]
    run = server.ask(f"/deployments/{deployment}/create_flow_run", {})["id"]
    given = {"PREFECT_API_URL": server.url, "PREFECT_CLIENT_MAX_RETRIES": "1", "WAIT": "1"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder.path), **given}
    command = [sys.executable, "-c", DEPLOYED, run]
    return subprocess.Popen(
        command, cwd=folder.path, env=environment, stdout=-1, stderr=subprocess.STDOUT, text=True
    )


def test_a_server_that_is_killed_while_a_task_works_costs_a_line_and_nothing_else(
    server: Server, folder: WatchedFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    loopback, other = (
        OnlyLoopback(tmp_path_factory.mktemp("site")),
        WatchedFolder.written(tmp_path_factory.mktemp("other")),
    )
    deployed = given_to_a_worker(other, server)
    given = {"PREFECT_CLIENT_MAX_RETRIES": "1", "WAIT": "1"}
    working = folder.started("extract", PREFECT_API_URL=server.url, **given, **loopback.environment)
    folder.until_it_waits(working)
    eventually(lambda: other.ran()["total"] or deployed.poll() is not None, 120)
    assert deployed.stdout
    deployed.stdout.close()  # the worker is killed
    os.kill(server.pid, signal.SIGKILL)  # the last test of this file
    for each in (folder, other):
        (each.path / "go").touch()
    assert ended(deployed, other, seconds=60) == 0, other.logged()
    assert (other.ran(), other.rows("total")) == (Counter(doubled=1, total=1), [(12,)])
    (left,) = (other.path / ".assets/flow-runs").iterdir()
    assert "it came to its end while the server was away" in left.read_text()
    assert ended(working, folder, seconds=60) == 0, folder.said()
    assert folder.ran() == Counter(doubled=1, total=1)
    assert folder.rows("total") == [(12,)]
    assert folder.said().count(WITHOUT_PAGE) == folder.said().count("Prefect's") == 1, folder.said()
    assert "Traceback" not in folder.said() and "Error:" not in folder.said()
    assert loopback.tried() == [], "no telemetry either"
    (left,) = (folder.path / ".assets/flow-runs").iterdir()
    assert "it came to its end while the server was away" in left.read_text(), "told when it is there again"
