"""What a real Prefect server shows of the flows: tasks, skips, retries, logs, assets, artifacts; nothing private."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from prefect.exceptions import ParameterTypeError

from assets.engine.errors import UserError
from tests.prefect_folders import TABLES, FlowFolder
from tests.prefect_servers import Server, eventually

pytest_plugins = ["prefect_servers"]

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect_pages")]

SUCCEEDED, FAILED = "prefect.asset.materialization.succeeded", "prefect.asset.materialization.failed"
EXTRACT, ANALYZE = "extract_all_configs", "generate_figures"
STORE = "my_assets"
STEPS, LOADED = 1 + 2 * len(TABLES), 2
"""Task runs of an extraction: a look at the source, two steps for each table; and the batches that are read."""


@pytest.fixture(scope="module")
def built(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[FlowFolder, dict[str, Any]]:
    """A project whose tables a flow has built, reading for a while, and the run of that flow."""
    folder = FlowFolder.written(tmp_path_factory.mktemp("built"))
    folder.trouble("time.sleep(0.4)")
    run, results = folder.flow(server, EXTRACT)
    folder.trouble()
    assert {result.key: result.outcome.value for result in results} == dict.fromkeys(TABLES, "built")
    return folder, run


@pytest.fixture
def folder(built: tuple[FlowFolder, dict[str, Any]], tmp_path: Path) -> FlowFolder:
    """A copy of it."""
    return built[0].copy(tmp_path)


def table(artifact: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of a table on a page, by their first column."""
    return {next(iter(row.values())): row for row in json.loads(artifact["data"])}


def told(server: Server, run: dict[str, Any], count: int) -> dict[tuple[str, str], dict[str, Any]]:
    """So many events about assets of a run, by what happened and the asset's name."""
    found = eventually(lambda: e if len(e := server.asset_events(run["id"])) >= count else None)
    return {(event["event"], event["resource"]["prefect.resource.name"]): event for event in found}


def test_each_step_is_a_task_run_that_says_what_became_of_the_asset(
    server: Server, built: tuple[FlowFolder, dict[str, Any]]
) -> None:
    _, run = built
    tasks = server.tasks(run["id"], STEPS + LOADED)
    assert {f"compute_stratos:{key}" for key in TABLES} < tasks.keys()
    assert {"connect_mlflow:lots", "load_pickle:items:0", "load_pickle:items:1"} < tasks.keys()
    assert tasks["write_duckdb:items"]["state"]["message"] == "items: built, 6 rows; never built"
    assert run["state_name"] == "Completed"


def test_what_is_fresh_shows_as_skipped_with_the_reason_and_leaves_nothing_else(
    server: Server, built: tuple[FlowFolder, dict[str, Any]]
) -> None:
    folder, _ = built
    run, _ = folder.flow(server, EXTRACT)
    tasks = server.tasks(run["id"], STEPS)
    steps = {name: task["state"] for name, task in tasks.items() if name != "connect_mlflow:lots"}
    assert {state["name"] for state in steps.values()} == {"Skipped"}
    assert re.fullmatch(r"items: input hash [0-9a-f]{8} unchanged", steps["write_duckdb:items"]["message"])
    assert server.artifacts(run["id"]) == {}
    assert server.asset_events(run["id"]) == []


def test_lines_of_log_stand_at_the_task_run_that_they_are_of(
    server: Server, built: tuple[FlowFolder, dict[str, Any]]
) -> None:
    _, run = built
    task = server.tasks(run["id"], STEPS + LOADED)["write_duckdb:items"]["id"]

    def lines() -> list[str]:
        found = server.ask("/logs/filter", {"logs": {"task_run_id": {"any_": [task]}}})
        return [line["message"] for line in found]

    assert "items: built: 6 rows" in eventually(lines)
    assert not [line for line in lines() if "totals" in line]


def test_a_fault_that_may_pass_shows_as_awaiting_a_retry_and_then_as_one(
    server: Server, folder: FlowFolder
) -> None:
    folder.lots({"a": [1, 2], "b": [3], "c": [4, 5, 6], "d": [7]})
    folder.trouble(
        'if not Path("tried").exists(): Path("tried").touch(); raise TransientError("the store is busy")'
    )
    run, _ = folder.flow(server, EXTRACT)
    tasks = server.tasks(run["id"], STEPS + 1)
    (tried,) = [task for task in tasks.values() if task["run_count"] == 2]
    states = server.ask(f"/task_run_states/?task_run_id={tried['id']}")
    names = [state["name"] for state in sorted(states, key=lambda state: state["timestamp"])]
    assert names == ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]
    waiting = next(state for state in states if state["name"] == "AwaitingRetry")
    assert waiting["state_details"]["scheduled_time"] > waiting["timestamp"]
    assert run["state_name"] == "Completed"


def test_tables_are_told_as_assets_with_what_they_are_made_from(
    server: Server, built: tuple[FlowFolder, dict[str, Any]]
) -> None:
    _, run = built
    events = told(server, run, len(TABLES) + 2)
    assert {name for what, name in events if what == SUCCEEDED} == TABLES
    totals = events[SUCCEEDED, "totals"]
    assert totals["resource"]["prefect.resource.id"] == f"duckdb://{STORE}/totals"
    related = {one["prefect.resource.role"]: one["prefect.resource.id"] for one in totals["related"]}
    assert related.keys() == {"asset", "flow-run", "flow"}, "and no task: it was told by the flow"
    assert related["asset"] == f"duckdb://{STORE}/items"
    assert totals["payload"]["outcome"] == "built"
    assert {"data_version", "input_hash", "rows", "seconds"} < totals["payload"].keys()
    assert ("prefect.asset.referenced", "lots") in events


def test_a_build_leaves_a_table_of_results_and_a_bar_that_ends_full(
    server: Server, built: tuple[FlowFolder, dict[str, Any]]
) -> None:
    _, run = built
    artifacts = server.artifacts(run["id"])
    assert artifacts.keys() == {"extraction-results", "extraction-progress"}
    rows = table(artifacts["extraction-results"])
    assert rows.keys() == TABLES
    assert (rows["items"]["outcome"], rows["items"]["rows"], rows["items"]["because"]) == (
        "built",
        6,
        "never built",
    )
    assert artifacts["extraction-results"]["description"] == "4 built"
    assert float(artifacts["extraction-progress"]["data"]) == 100.0
    assert artifacts["extraction-progress"]["description"] == "all partitions are read"


def test_what_is_held_back_is_told_once_it_is_published(server: Server, folder: FlowFolder) -> None:
    fine, wrong = 'return pa.table({"code"', 'raise UserError("nobody is here"); return pa.table({"code"'
    folder.edit("10.0, 30.0, 20.0", "10.0, 30.0, 25.0")
    folder.edit(fine, wrong)
    run, error = folder.flow(server, EXTRACT)
    assert str(error) == "people: nobody is here"
    assert run["state"]["message"].endswith("BlockError: people: nobody is here")
    rows = table(server.artifacts(run["id"])["extraction-results"])
    outcomes = {key: row["outcome"] for key, row in rows.items()}
    assert outcomes == dict.fromkeys(TABLES, "skipped") | {"people": "failed", "weights": "built"}
    assert re.fullmatch(r"input hash [0-9a-f]{8} unchanged", rows["items"]["because"])
    assert told(server, run, 1).keys() == {(FAILED, "people")}, "readers still have the weights of before"
    folder.edit(wrong, fine)
    run, results = folder.flow(server, EXTRACT)
    assert {result.outcome.value for result in results} == {"skipped"}
    assert told(server, run, 1).keys() == {(SUCCEEDED, "weights")}


def test_a_bug_is_raised_as_it_is_and_events_and_artifacts_do_not_quote_it(
    server: Server, folder: FlowFolder
) -> None:
    folder.edit('return pa.table({"code"', 'raise KeyError("somebody")\n    return pa.table({"code"')
    run, error = folder.flow(server, EXTRACT)
    assert isinstance(error, KeyError)
    assert "somebody" not in json.dumps([server.artifacts(run["id"]), list(told(server, run, 1).values())])
    row = table(server.artifacts(run["id"])["extraction-results"])["people"]
    assert (row["outcome"], row["because"]) == ("failed", "KeyError, which is a bug: see the log")


def test_a_figure_is_shown_small_with_what_the_checks_found(server: Server, folder: FlowFolder) -> None:
    run, _ = folder.flow(server, ANALYZE)
    steps = {
        "load_duckdb",
        "generate_dots",
        "export_json:dots",
        "validate_figures:dots",
        "write_document:letter",
    }
    assert server.tasks(run["id"], 5).keys() == steps
    artifacts = server.artifacts(run["id"])
    assert artifacts.keys() == {"analysis-results", "figures", "figure-checks"}
    (encoded,) = re.findall(r"!\[dots\]\(data:image/png;base64,([^)]+)\)", artifacts["figures"]["data"])
    assert len(encoded) < 100_000
    shown, whole = (
        Image.open(file) for file in (io.BytesIO(base64.b64decode(encoded)), folder.path / "figures/dots.png")
    )
    assert shown.width / shown.height == pytest.approx(whole.width / whole.height, rel=0.02)
    row = table(artifacts["figure-checks"])["dots"]
    assert (row["verdict"], row["P0"], row["P1"]) == ("passed", 0, 0) and row["checks"] > 10
    events = told(server, run, 4)
    assert events[SUCCEEDED, "dots"]["resource"]["prefect.resource.id"] == f"figure://{STORE}/dots"
    assert (SUCCEEDED, "letter") in events


def test_a_figure_that_is_kept_out_is_not_shown_and_its_findings_are(
    server: Server, folder: FlowFolder
) -> None:
    folder.edit('["a", "b", "c"], None)', '["a", "b"], None)')
    run, error = folder.flow(server, ANALYZE)
    assert "figure `dots` fails its checks and is kept out" in str(error)
    artifacts = server.artifacts(run["id"])
    assert artifacts.keys() == {"analysis-results", "figure-checks"}
    row = table(artifacts["figure-checks"])["dots"]
    assert row["verdict"] == "kept out" and row["P1"] == row["findings"].count("P1 ") > 0
    assert told(server, run, 2).keys() >= {(FAILED, "dots"), (SUCCEEDED, "letter")}


@pytest.mark.parametrize(
    ("flow", "given", "said"),
    [
        (EXTRACT, {"selection": ["itemz"]}, "itemz"),
        (EXTRACT, {"selection": ["dots"]}, "dots selects no table: name some, or none for all"),
        (ANALYZE, {"selection": ["items"]}, "items selects no figure or file: name some, or none for all"),
        (EXTRACT, {"force": "perhaps"}, "force"),
        (ANALYZE, {"selection": "dots"}, "selection"),
    ],
)
def test_parameters_that_mean_nothing_are_refused_before_anything_runs(
    server: Server, folder: FlowFolder, flow: str, given: dict[str, Any], said: str
) -> None:
    before = folder.files()
    run, error = folder.flow(server, flow, **given)
    assert isinstance(error, UserError | ParameterTypeError) and said in str(error)
    assert run["state_name"] == "Failed" and said in run["state"]["message"]
    assert server.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}}) == []
    assert folder.files() == before


def test_a_selection_is_built_and_nothing_else(server: Server, folder: FlowFolder) -> None:
    run, results = folder.flow(server, EXTRACT, force=True, selection=["people"])
    assert [(result.key, result.outcome.value) for result in results] == [("people", "unchanged")]
    assert server.tasks(run["id"], 2).keys() == {"compute_stratos:people", "write_duckdb:people"}


def test_one_flow_runs_both_blocks_below_it_and_the_next_look_is_short(
    server: Server, folder: FlowFolder
) -> None:
    run, results = folder.flow(server, "reproduce_study")
    outcomes = {result.key: result.outcome.value for result in results}
    assert outcomes == dict.fromkeys(TABLES, "skipped") | {"dots": "built", "letter": "built"}
    for block in (EXTRACT, ANALYZE):
        assert server.runs(block)[0]["parent_task_run_id"] in server.parents(run["id"])
    assert run["state_name"] == "Completed"
    assert (folder.path / ".assets/stamps").is_dir()


def test_both_blocks_are_tried_when_a_table_fails(server: Server, folder: FlowFolder) -> None:
    folder.edit('return pa.table({"code"', 'raise UserError("nobody is here"); return pa.table({"code"')
    run, error = folder.flow(server, "reproduce_study")
    outcomes = {result.key: result.outcome.value for result in error.results}
    assert outcomes["people"] == "failed" and outcomes["letter"] == "blocked" and outcomes["dots"] == "built"
    assert run["state_name"] == "Failed"


def test_the_server_knows_of_no_row_of_any_table(
    server: Server, built: tuple[FlowFolder, dict[str, Any]]
) -> None:
    assert built[1]["state_name"] == "Completed"
    kept = b"".join(path.read_bytes() for path in server.home.glob("prefect.db*"))
    assert b"people" in kept
    assert b"subject-471" not in kept
    assert not list(server.home.glob("storage/*")), "nor is any result or error kept"
