"""The flows as deployments: what `prefect deploy` makes of flows/prefect.yaml, and what `flows.serving` serves."""

import os
import subprocess
import sys

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from assets.engine.errors import UserError
from flows import serving
from tests.prefect_servers import Server
from tests.study_clones import ROOT

pytest_plugins = ["prefect_servers"]

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect_pages")]


def test_what_is_deployed_from_a_clone_is_our_flows_one_at_a_time_on_no_schedule_yet(server: Server) -> None:
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
        assert row["global_concurrency_limit"]["limit"] == 1
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
