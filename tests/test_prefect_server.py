"""Which Prefect server a run uses, what it leaves there, and what it does when that or the DuckDB file is not to be had."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

import flows
from flows import server as servers
from flows import summary as summaries
from flows.recording import Page
from flows.unfinished_runs import Mark, tell
from tests.only_loopback import OnlyLoopback
from tests.told_servers import ToldServer, told_server
from tests.watched_flows import WatchedFolder, ended

LOCK = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('locked', flush=True); sys.stdin.read()"
RUN, RUNNING = "/flow_runs/run-1", (200, b'{"state_type": "RUNNING"}')
CONFIGURED = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without any Prefect, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (*CONFIGURED, "PREFECT_HOME", "PREFECT_PROFILES_PATH", "PREFECT_PROFILE"):
        monkeypatch.setenv(name, "")  # so that what is set on the way is undone
        monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[ToldServer]:
    with told_server() as server:
        yield server


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    yield lines
    logger.remove(sink)


@pytest.fixture
def built(tmp_path: Path) -> WatchedFolder:
    folder = WatchedFolder.written(tmp_path)
    folder.build()
    return folder


@pytest.mark.parametrize("trouble", ["refused", "silent", "broken"])
def test_a_server_that_is_of_no_use_is_left_for_a_temporary_one_with_a_line(
    trouble: str, server: ToldServer, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.recording.SECONDS", 0.2)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api" if trouble == "refused" else server.url)
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_1")
    server.answers["/health"] = (503, b"")
    if trouble == "silent":
        server.stalls.clear()
    servers._forget_silent_server()
    (line,) = said
    assert "this run is not recorded there" in line and "pnu_1" not in line
    assert {os.environ.get(name) for name in CONFIGURED} == {""}, (
        "empty, so that a profile does not name it either"
    )
    assert os.environ["PREFECT_HOME"] == str(Path(".assets/prefect").absolute())


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_server_that_answers_is_used_and_asked_with_the_key(
    status: int, server: ToldServer, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_1")
    server.answers["/health"] = (status, b"true")
    servers._forget_silent_server()
    assert os.environ["PREFECT_API_URL"] == server.url
    assert (server.paths, server.credentials, said) == (["/health"], {"Bearer pnu_1"}, [])


def test_whether_a_certificate_will_do_is_for_prefect_to_say(
    server: ToldServer, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server.url.replace("http:", "https:"))
    servers._forget_silent_server()
    assert os.environ["PREFECT_API_URL"] and not said


def test_history_is_kept_in_the_project_also_of_a_user_whose_profile_names_no_server(tmp_path: Path) -> None:
    profiles = tmp_path / ".prefect/profiles.toml"
    profiles.parent.mkdir()
    profiles.write_text('active = "mine"\n[profiles.mine]\nPREFECT_LOGGING_LEVEL = "INFO"')
    flows._prepare_prefect()
    assert os.environ["PREFECT_HOME"] == str(tmp_path / ".assets/prefect")
    assert os.environ["PREFECT_PROFILES_PATH"] == str(profiles), "what else it says holds"


def test_a_block_that_is_found_fresh_without_a_stamp_is_recorded(
    built: WatchedFolder, server: ToldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    assert built.command("extract") == 0
    assert server.paths == ["/flows/", "/flow_runs/", "/artifacts/"]
    assert server.body("/flow_runs/")["state"]["message"].startswith("Everything is fresh: 2 tables")
    assert '"asset": "doubled"' in server.body("/artifacts/")["data"]


def test_a_database_that_another_program_writes_to_is_waited_for(
    built: WatchedFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    (built.path / "raw.txt").write_text("4 5")
    with subprocess.Popen([sys.executable, "-c", LOCK, str(built.database)], stdin=-1, stdout=-1) as other:
        assert other.stdout and other.stdin and other.stdout.readline()
        assert built.command("extract", "--engine", "plain") == 1
        said = capfd.readouterr().err
        locked = re.escape(
            f"my_assets.duckdb is locked by process {other.pid}: close the program that has it open"
        )
        assert re.search(f"{locked}.*; trying again in 0.2 s \\(1 left\\)", said)
        assert re.search(f"^Error: {locked}.*, then run again$", said, re.MULTILINE)
        with built.open() as project:
            assert re.match(f"not counted: {locked}", summaries._runs(project)), "all is built by then"
        other.stdin.close()
    assert built.command("extract", "--engine", "plain") == 0
    assert built.rows("total") == [(18,)]


def test_work_without_prefect_asks_nobody_beyond_this_machine(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    loopback, folder = OnlyLoopback(tmp_path_factory.mktemp("site")), WatchedFolder.written(tmp_path)
    working = folder.started("extract", "--engine", "plain", **loopback.environment)
    assert ended(working, folder) == 0, folder.said()
    assert (loopback.tried(), folder.rows("total")) == ([], [(12,)])
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    tried = subprocess.run([sys.executable, "-c", code], env=loopback.environment, capture_output=True)
    assert tried.returncode == 1 and set(loopback.tried()) == {"192.0.2.1"}, "it would have been noticed"


def test_a_run_is_marked_until_the_server_knows_of_its_end(server: ToldServer) -> None:
    mark = Mark()
    mark.set(Page(server.url), "run-1")
    tell(Page(server.url))
    assert (server.asked, len(marks())) == ([], 1), "it lives"
    mark.remove()
    assert marks() == []


@pytest.mark.parametrize(
    ("end", "state"), [({"failed": True}, "FAILED"), ({"failed": False}, "COMPLETED"), (None, "CRASHED")]
)
def test_a_server_is_told_what_became_of_a_run_that_it_did_not_see_end(
    end: dict[str, bool] | None, state: str, server: ToldServer
) -> None:
    mark = Mark()
    mark.set(Page(server.url), "run-1")
    if end is not None:
        mark.end(**end)
    del mark  # as when its process is killed, the lock goes with it
    server.answers |= {RUN: RUNNING, "/task_runs/filter": (200, b'[{"id": "task-1"}]')}
    tell(Page(server.url))
    ends = [f"{RUN}/set_state", "/task_runs/task-1/set_state"]
    assert server.paths == [RUN, ends[0], "/task_runs/filter", ends[1]]
    for path in ends:
        assert (server.body(path)["state"]["type"], server.body(path)["force"]) == (state, True)
    assert marks() == []


@pytest.mark.parametrize("begun_anew", [False, True], ids=["cancelled by somebody", "started again"])
def test_of_a_run_whose_end_was_told_already_and_of_one_that_goes_on_only_the_tasks_are_told(
    begun_anew: bool, server: ToldServer
) -> None:
    Mark().set(Page(server.url), "run-1")
    tasks = (200, b'[{"id": "task-1"}]')
    cancelled = (200, b'{"state_type": "CANCELLED"}')
    server.answers |= {RUN: RUNNING if begun_anew else cancelled, "/task_runs/filter": tasks}
    Mark().set(Page(server.url), "run-1" if begun_anew else "run-2")
    assert server.paths == [RUN, "/task_runs/filter", "/task_runs/task-1/set_state"]


def test_what_a_server_cannot_be_told_now_is_kept_and_what_it_does_not_know_is_forgotten(
    server: ToldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Mark().set(Page(server.url), "run-1")
    tell(Page("http://127.0.0.1:9/api"))
    assert marks() == ["run-1"]
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    tell(Page(server.url))
    assert (marks(), server.asked) == (["run-1"], []), "the run of a temporary server is none of its business"
    monkeypatch.delenv("PREFECT_API_URL")
    for status, left in ((500, ["run-1"]), (404, [])):
        server.answers[RUN] = (status, b"")
        tell(Page(server.url))
        assert marks() == left


def test_a_mark_that_a_killed_process_left_half_written_is_cleared_away(server: ToldServer) -> None:
    folder = Path(".assets/flow-runs")
    folder.mkdir(parents=True)
    (folder / "run-1").write_text('{"server": ""')
    tell(Page(server.url))
    assert (marks(), server.asked) == ([], [])


def marks() -> list[str]:
    return [path.name for path in Path(".assets/flow-runs").iterdir()]
