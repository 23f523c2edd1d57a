"""A real Prefect server on loopback for tests of one group, and what its API has to say."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

T = TypeVar("T")
LEAN = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    **{
        f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false"
        for service in (
            "CANCELLATION_CLEANUP",
            "FOREMAN",
            "LATE_RUNS",
            "PAUSE_EXPIRATIONS",
            "REPOSSESSOR",
            "TRIGGERS",
        )
    },
}
"""No page and no service that nobody asks for."""


@dataclass(frozen=True)
class Server:
    """A server that runs, and its home."""

    url: str
    home: Path
    pid: int

    def ask(self, path: str, question: dict[str, Any] | None = None) -> Any:
        """Return what the API answers: to a GET, or to a POST of a question."""
        body = None if question is None else json.dumps(question).encode()
        request = Request(f"{self.url}{path}", body, {"Content-Type": "application/json"})
        for _ in range(30):
            try:
                with urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as error:
                if error.code != 503:  # which it answers while its sqlite file is busy, and nothing was done
                    raise
                time.sleep(0.5)
        raise AssertionError(f"{request.full_url} was answered with 503 for long")

    def runs(self, flow: str) -> list[dict[str, Any]]:
        """Return the runs of a flow, the last first."""
        asked = {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_DESC"}
        found: list[dict[str, Any]] = self.ask("/flow_runs/filter", asked)
        return found

    def tasks(self, run: str, count: int) -> dict[str, dict[str, Any]]:
        """Return the task runs of a flow run by name, once there are so many and all have ended."""
        asked = {"flow_runs": {"id": {"any_": [run]}}}

        def found() -> dict[str, dict[str, Any]] | None:
            rows = {row["name"]: row for row in self.ask("/task_runs/filter", asked)}
            ended = all(
                row["state"] and row["state"]["type"] in ("COMPLETED", "FAILED") for row in rows.values()
            )
            return rows if ended and len(rows) == count else None

        return eventually(found)

    def parents(self, run: str) -> set[str]:
        """Return the ids of the task runs of a flow run, by which it is known to the runs below it."""
        asked = {"flow_runs": {"id": {"any_": [run]}}}
        return {row["id"] for row in self.ask("/task_runs/filter", asked)}

    def artifacts(self, run: str) -> dict[str, dict[str, Any]]:
        """Return what a flow run left on its page, by key; not what Prefect notes of its result."""
        asked = {"flow_runs": {"id": {"any_": [run]}}}
        return {row["key"]: row for row in self.ask("/artifacts/filter", asked) if row["key"]}

    def asset_events(self, run: str) -> list[dict[str, Any]]:
        """Return the events about assets of a flow run."""
        asked = {
            "filter": {
                "event": {"prefix": ["prefect.asset."]},
                "related": {"id": [f"prefect.flow-run.{run}"]},
            }
        }
        found: list[dict[str, Any]] = self.ask("/events/filter", asked | {"limit": 50})["events"]
        return found


def eventually(found: Callable[[], T | None], seconds: float = 60) -> T:
    """Return what is found once it is something: a server writes down what it is told a moment later."""
    end = time.monotonic() + seconds
    while not (what := found()):
        assert time.monotonic() < end, "Prefect's server does not show it"
        time.sleep(0.1)
    return what


@contextmanager
def prefect_server(folder: Path) -> Iterator[Server]:
    """Start a server with its home in a folder; end it whatever happens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = outside | LEAN | {"PREFECT_HOME": str(folder), "PREFECT_SERVER_API_PORT": str(port)}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    server = Server(f"http://127.0.0.1:{port}/api", folder, process.pid)
    try:
        eventually(lambda: _answers(server, process), 180)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _answers(server: Server, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, (server.home / "log").read_text()
    try:
        return bool(server.ask("/health"))
    except OSError:
        return False


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a worker that ask for it."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        yield server
