"""The flows as deployments: what `prefect deploy` makes of flows/prefect.yaml, and what `flows.serving` serves."""

import asyncio
import os
import subprocess
import sys
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from prefect.client.base import PrefectHttpxAsyncClient
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import Abort
from prefect.settings import PREFECT_API_URL, temporary_settings

from assets.engine.errors import UserError
from flows import outage, serving
from flows.analysis_flow import generate_figures
from flows.extraction_flow import extract_all_configs
from tests.prefect_servers import Server, eventually
from tests.study_clones import ROOT

pytest_plugins = ["prefect_servers"]

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect_pages")]


@pytest.fixture(autouse=True)
def console_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what `flows.serving` sets for its process: other tests start processes of their own."""
    name = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"
    monkeypatch.setenv(name, os.environ.get(name, "CRITICAL"))


def test_what_is_deployed_from_a_clone_is_our_flows_on_no_schedule_yet(server: Server) -> None:
    server.ask("/work_pools/", {"name": "studies", "type": "process"})
    command = [
        sys.executable,
        "-m",
        "prefect",
        "--no-prompt",
        "deploy",
        "--prefect-file",
        "flows/prefect.yaml",
        "--all",
    ]
    environment = {**os.environ, "PREFECT_API_URL": server.url}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=300)
    found = {row["name"]: row for row in server.ask("/deployments/filter", {})}
    assert {name: row["entrypoint"].rpartition(":")[2] for name, row in found.items()} == {
        "study": "reproduce_study",
        "extraction": "extract_all_configs",
        "analysis": "generate_figures",
    }
    for row in found.values():
        assert [schedule["active"] for schedule in row["schedules"]] == [False]
        assert row["global_concurrency_limit"] is None, "Prefect ends a run that cannot renew its slot"
        assert row["pull_steps"] == [
            {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
        ]
        assert row["enforce_parameter_schema"]


def test_what_is_served_is_the_study_on_its_schedule_and_each_block_on_demand() -> None:
    served = serving.deployments("30 6 * * *")
    names = [(one.flow_name, [schedule.schedule.cron for schedule in one.schedules or []]) for one in served]
    assert names == [
        ("reproduce_study", ["30 6 * * *"]),
        ("extract_all_configs", []),
        ("generate_figures", []),
    ]
    with pytest.raises(UserError, match="--cron 'at dawn' is no schedule"):
        serving.deployments("at dawn")


def test_serving_without_a_server_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert serving.main([]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: there is no Prefect server to serve: start one (`prefect server start`)")


def test_serving_at_what_is_no_address_is_refused_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with temporary_settings({PREFECT_API_URL: "127.0.0.1:4200/api"}):
        assert serving.main([]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: PREFECT_API_URL is no address: begin it with http:// or https://")


def test_a_schedule_that_is_switched_on_makes_runs(server: Server) -> None:
    flow = server.ask("/flows/", {"name": "on_a_schedule"})["id"]
    daily = {"schedule": {"cron": "0 6 * * *"}, "active": True}
    server.ask("/deployments/", {"name": "daily", "flow_id": flow, "schedules": [daily]})
    assert eventually(lambda: server.runs("on_a_schedule"))[0]["state_name"] == "Scheduled"


def test_a_block_that_is_deployed_alone_has_as_many_threads_as_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUNDATION_PLR_JOBS", "5")
    for flow in (extract_all_configs, generate_figures):
        assert flow.task_runner.duplicate()._max_workers == 5  # type: ignore[attr-defined]


def test_serving_asks_a_server_that_is_away_until_it_answers_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = httpx.Request("GET", "http://127.0.0.1/api/health")
    answers = [httpx.ConnectError("gone"), httpx.ReadTimeout("slow"), httpx.Response(200)]

    async def sent(*_: Any) -> httpx.Response:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(PrefectHttpxAsyncClient, "send", sent)
    monkeypatch.setattr(serving, "_AGAIN_SECONDS", 0)
    serving._wait_for_the_server()
    assert asyncio.run(PrefectHttpxAsyncClient().send(request)).status_code == 200
    assert capsys.readouterr().err == "Prefect's server does not answer; asking again every 0 s\n"


def test_a_bug_in_a_deployed_run_whose_server_is_gone_is_told_where_it_ran(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(outage, "tell", lambda _: None)
    client = Mock(spec=SyncPrefectClient)
    client.api_healthcheck.return_value = ConnectionError("gone")
    bug = outage._Ending(entered=True, error=ZeroDivisionError("a bug of ours"))
    with pytest.raises(Abort):
        outage._leave(client, outage.Mark(), bug)
    assert "ZeroDivisionError: a bug of ours" in capsys.readouterr().err
