"""A configured Prefect server is told of a run that had nothing to do, by the standard library alone."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.engine import stamp
from assets.environment import PREFIXES
from flows import recording
from flows.__main__ import main
from tests.study_clones import ROOT
from tests.told_servers import ToldServer, told_server

SUMMARY = "Everything is fresh: 1 table; nothing to do."
REPORT = {
    "assets": [
        {"key": "runs", "kind": "table", "rows": 24, "data_version": "d" * 64, "input_hash": "ab12cd34ef"}
    ]
}
CONFIGURED = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_PROFILE")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which everything is stamped as fresh, and a user without any Prefect."""
    for name in (*CONFIGURED, "PREFECT_HOME", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for scope in ("all", "tables", "files"):
        assert stamp.write(stamp.path_of("study", scope), {}, PREFIXES, SUMMARY, json.dumps(REPORT))
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ToldServer]:
    with told_server() as server:
        monkeypatch.setenv("PREFECT_API_URL", server.url)
        yield server


def profiles(folder: Path, **profiles: dict[str, str]) -> None:
    """Write Prefect's file of profiles; the first one is active."""
    lines = [f'active = "{next(iter(profiles))}"']
    for name, settings in profiles.items():
        lines += [f"[profiles.{name}]", *(f'{key} = "{value}"' for key, value in settings.items())]
    (folder / ".prefect").mkdir()
    (folder / ".prefect/profiles.toml").write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("command", "flow", "table"),
    [
        ("reproduce", "reproduce_study", "study-results"),
        ("extract", "extract_all_configs", "extraction-results"),
        ("analyze", "generate_figures", "analysis-results"),
    ],
)
def test_a_run_that_had_nothing_to_do_is_recorded_as_completed_with_what_was_skipped(
    command: str, flow: str, table: str, server: ToldServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 0
    assert server.paths == ["/flows/", "/flow_runs/", "/artifacts/"]
    assert server.body("/flows/") == {"name": flow}
    run, artifact = server.body("/flow_runs/"), server.body("/artifacts/")
    assert run["flow_id"] == artifact["flow_run_id"] == "an-id"
    assert (run["tags"], run["state"]["type"], run["state"]["name"]) == (["no-op"], "COMPLETED", "Completed")
    assert run["state"]["message"] == f"{SUMMARY} Prefect's engine was not entered."
    assert (artifact["key"], artifact["type"]) == (table, "table")
    row = {"asset": "runs", "kind": "table", "outcome": "skipped", "rows": 24, "seconds": 0.0}
    row |= {"data version": "d" * 12, "because": "input hash ab12cd34 unchanged"}
    assert json.loads(artifact["data"]) == [row]
    assert capsys.readouterr() == (f"{SUMMARY}\n", "")


def test_the_plain_engine_leaves_no_trace_on_a_page(server: ToldServer) -> None:
    assert main(["extract", "--engine", "plain"]) == 0
    assert server.asked == []


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({}, None),
        ({"PREFECT_API_KEY": "pnu_1"}, "Bearer pnu_1"),
        ({"PREFECT_API_AUTH_STRING": "me:word"}, f"Basic {b64encode(b'me:word').decode()}"),
        ({"PREFECT_API_KEY": "pnu_1", "PREFECT_API_AUTH_STRING": "me:word"}, f"Basic {b64encode(b'me:word').decode()}"),
    ],
)  # fmt: skip
def test_every_question_says_who_asks_as_prefects_own_client_would(
    given: dict[str, str], header: str | None, server: ToldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert main(["extract"]) == 0
    assert server.credentials == {header}


def test_a_password_in_the_address_is_sent_as_a_header_and_shown_to_nobody(
    server: ToldServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server.url.replace("//", "//me:word@"))
    server.answers["/flow_runs/"] = (500, b"")
    assert main(["extract"]) == 0
    assert server.credentials == {f"Basic {b64encode(b'me:word').decode()}"}
    assert "word" not in capsys.readouterr().err


def test_the_active_profile_names_the_server_and_the_environment_wins(
    folder: Path, server: ToldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = server.url
    monkeypatch.delenv("PREFECT_API_URL")
    profiles(folder, mine={"PREFECT_API_URL": named, "PREFECT_API_KEY": "pnu_1"}, other={})
    found = recording.page()
    assert found and (found.url, found.key) == (named, "pnu_1")
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_2")
    assert (found := recording.page()) and found.key == "pnu_2"
    monkeypatch.setenv("PREFECT_PROFILE", "other")
    assert recording.page() is None
    monkeypatch.delenv("PREFECT_PROFILE")
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert recording.page() is None, "as in Prefect, an empty variable is no server"


def test_profiles_are_looked_for_where_prefect_looks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recording.profiles_path() == str(folder / ".prefect/profiles.toml")
    monkeypatch.setenv("PREFECT_HOME", str(folder / "home"))
    assert recording.profiles_path() == str(folder / "home/profiles.toml")
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(folder / "p.toml"))
    assert recording.profiles_path() == str(folder / "p.toml")


def test_garbled_profiles_name_no_server(folder: Path) -> None:
    (folder / ".prefect").mkdir()
    (folder / ".prefect/profiles.toml").write_text("active = [")
    assert recording.page() is None


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (500, b"{}", "it answers 500 Internal Server Error"),
        (401, b"{}", "it answers 401 Unauthorized"),
        (200, b"<html>", "no Prefect API answers there"),
        (200, b"[]", "no Prefect API answers there"),
    ],
)
def test_a_server_that_is_of_no_use_costs_one_line_and_the_run_is_fine(
    status: int, text: bytes, said: str, server: ToldServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_1")
    server.answers["/flows/"] = (status, text)
    assert main(["extract"]) == 0
    assert capsys.readouterr().err == f"the Prefect server at {server.url} was not told of this run: {said}\n"


def test_a_server_that_is_not_there_costs_one_line(
    server: ToldServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert main(["extract"]) == 0
    said = capsys.readouterr().err
    assert (
        said == "the Prefect server at http://127.0.0.1:9/api was not told of this run: Connection refused\n"
    )


def test_a_server_that_stalls_is_not_waited_for(
    server: ToldServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recording, "SECONDS", 0.1)
    server.stalls.clear()
    assert main(["extract"]) == 0
    assert server.paths == ["/flows/"]
    assert capsys.readouterr().err.count("\n") == 1


def test_a_key_does_not_follow_a_redirection(server: ToldServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_1")
    with told_server() as elsewhere:
        server.answers["/flows/"], server.redirect = (307, b""), f"{elsewhere.url}/flows/"
        assert main(["extract"]) == 0
    assert elsewhere.asked == []


def test_prefect_cloud_is_reached_through_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:3128")
    connection = recording._connected("https://api.prefect.cloud/api/accounts/a/workspaces/w")
    assert (connection.host, connection.port) == ("127.0.0.1", 3128)
    monkeypatch.setenv("no_proxy", "api.prefect.cloud")
    connection = recording._connected("https://api.prefect.cloud/api/accounts/a/workspaces/w")
    assert (connection.host, connection.port) == ("api.prefect.cloud", 443)


def test_without_a_server_nothing_is_imported_to_find_that_out(folder: Path) -> None:
    code = "import sys, flows.__main__ as f; f.main(['extract']); print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder)},
    )
    assert done.stdout.startswith(SUMMARY)
    assert not {"json", "http.client", "tomllib", "argparse", "prefect"} & set(done.stdout.split())
