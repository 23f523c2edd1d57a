"""How a tracking server is asked, and what is said when it does not answer."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any, ClassVar

import pytest
import requests

from assets.engine.errors import TransientError, UserError
from assets.inputs.fingerprints import RACY_NS
from assets.inputs.stores import http_store
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.http_store import HttpStore
from assets.inputs.stores.runs import ArtifactError, Experiment, Run

Answers = Callable[[str, dict[str, Any]], tuple[Any, ...]]
RUN = Run("r1", "1", "n", "FINISHED", "active", None, None, "", {}, {})


def _encoded(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


class Recorded(BaseHTTPRequestHandler):
    """A server that answers as the test says and keeps what it was asked."""

    answers: ClassVar[Answers]
    asked: ClassVar[list[tuple[str, dict[str, str]]]]

    def handle_request(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else {}
        type(self).asked.append((self.path, dict(self.headers)))
        status, content, *more = type(self).answers(self.path, body)
        pieces = content if isinstance(content, Iterator) else [_encoded(content)]
        headers = {"Content-Length": len(pieces[0])} if isinstance(pieces, list) else {}
        self.send_response_only(status)
        for name, value in {**headers, **(more[0] if more else {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        with suppress(OSError):  # whoever asked has heard enough
            for piece in pieces:
                self.wfile.write(piece)

    do_GET = do_POST = do_HEAD = handle_request  # noqa: N815  the names that http.server asks for

    def log_message(self, *values: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answers], tuple[str, type[Recorded]]]]:
    """Start a server with given answers to all but /health; return its address and what it was asked."""
    monkeypatch.setattr(http_store, "WAITS", (0.0, 0.0))
    for name in ("USERNAME", "PASSWORD", "TOKEN", "INSECURE_TLS", "SERVER_CERT_PATH"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    servers = []

    def start(answers: Answers) -> tuple[str, type[Recorded]]:
        def with_health(path: str, body: dict[str, Any]) -> tuple[Any, ...]:
            return (200, b"OK") if path == "/health" else answers(path, body)

        handler = type("Handler", (Recorded,), {"answers": staticmethod(with_health), "asked": []})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", handler

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_all_pages_of_a_listing_are_asked_for(serve: Any) -> None:
    def answers(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        number = int(body["page_token"] or 0)
        page: dict[str, Any] = {"experiments": [{"experiment_id": str(number), "name": f"e{number}"}]}
        return 200, page | ({"next_page_token": str(number + 1)} if number < 2 else {})

    uri, _ = serve(answers)
    assert open_store(uri).experiments() == [
        Experiment("0", "e0"),
        Experiment("1", "e1"),
        Experiment("2", "e2"),
    ]


def test_a_busy_server_is_asked_again_and_may_recover(serve: Any) -> None:
    left = [503, 429]

    def answers(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return (left.pop(), b"") if left else (200, {"experiments": []})

    uri, _ = serve(answers)
    assert open_store(uri).experiments() == []


def test_a_server_that_stays_busy_may_pass_later(serve: Any) -> None:
    uri, handler = serve(lambda path, body: (503, b""))
    store = open_store(uri)
    with pytest.raises(TransientError, match="answers 503"):
        store.experiments()
    assert len(handler.asked) == 1 + 3


def test_a_server_that_is_not_there_is_said_at_once(serve: Any) -> None:
    with pytest.raises(TransientError, match=r"http://127\.0\.0\.1:9 does not answer \(ConnectionError\)"):
        open_store("http://127.0.0.1:9")


def test_a_server_that_is_silent_is_given_up_after_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_store, "PROBE_SECONDS", 0.1)
    silent = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # takes calls, answers none
    uri = f"http://127.0.0.1:{silent.server_port}"
    with silent, pytest.raises(TransientError, match="does not answer"):
        open_store(uri)


def test_an_artifact_that_drips_is_given_up_when_its_time_is_over(serve: Any) -> None:
    def answers(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return 200, (b"x" for _ in iter(lambda: time.sleep(0.02), 0))

    uri, _ = serve(answers)
    with pytest.raises(ArtifactError, match="within the time limit"):
        HttpStore(uri).read(RUN, "x", 10**6, seconds=0.3)


def test_an_artifact_that_never_ends_is_given_up_at_the_size_limit(serve: Any) -> None:
    uri, _ = serve(lambda path, body: (200, repeat(b"x" * 1000)))
    store = open_store(uri)
    for read in (store.read, store.digest):
        with pytest.raises(ArtifactError, match="larger than"):
            read(RUN, "x", 10**6)


def test_an_artifact_that_a_well_server_fails_over_is_bad_itself(serve: Any) -> None:
    def answers(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return (500, b"") if path.startswith("/get-artifact") else (200, {})

    uri, handler = serve(answers)
    with pytest.raises(ArtifactError, match="answers 500"):
        open_store(uri).digest(RUN, "x", 10)
    assert len(handler.asked) == 3


def test_an_artifact_that_an_ill_server_fails_over_may_pass(serve: Any) -> None:
    uri, handler = serve(lambda path, body: (500, b""))
    with pytest.raises(TransientError, match="answers 500"):
        open_store(uri).digest(RUN, "x", 10)
    assert len(handler.asked) == 1 + 2 * 3


def test_refused_access_to_an_artifact_is_the_users_to_mend(serve: Any) -> None:
    uri, handler = serve(lambda path, body: (403, b""))
    with pytest.raises(UserError, match="refuses access"):
        HttpStore(uri).read(RUN, "x", 10)
    assert len(handler.asked) == 2


@pytest.mark.parametrize("runs", [[{}], [{"info": {"run_id": "r"}}], [1], {"a": 1}, ["x"]])
def test_runs_in_another_form_are_said_in_a_line(serve: Any, runs: object) -> None:
    uri, _ = serve(lambda path, body: (200, {"runs": runs}))
    with pytest.raises(UserError, match="a form that is not MLflow's"):
        open_store(uri).runs("1")


def test_a_run_whose_times_are_none_is_listed_with_its_defect(serve: Any) -> None:
    info = {"run_id": "r", "experiment_id": "1", "status": "FINISHED", "lifecycle_stage": "active"}
    uri, _ = serve(lambda path, body: (200, {"runs": [{"info": {**info, "start_time": "soon"}}]}))
    (run,) = open_store(uri).runs("1")
    assert run.defect == "its start or end is no moment"


@pytest.mark.parametrize(("age", "racy"), [(1, True), (60, False)])
def test_the_age_of_an_artifact_is_told_by_the_servers_clock(serve: Any, age: int, racy: bool) -> None:
    now = datetime(2001, 1, 1, tzinfo=UTC)  # a clock that is wrong by decades
    headers = {"ETag": '"e"', "Date": format_datetime(now, usegmt=True)}
    headers["Last-Modified"] = format_datetime(now - timedelta(seconds=age), usegmt=True)
    uri, _ = serve(lambda path, body: (200, b"x", headers))
    stamp = open_store(uri).stamp(RUN, "x")
    assert stamp is not None
    assert (time.time_ns() - stamp.changed_ns < RACY_NS) == racy


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (401, b"", "refuses access"),
        (403, b"", "refuses access"),
        (404, b"", "is it an MLflow tracking server"),
        (200, b"<html>", "something else than JSON"),
    ],
)
def test_an_answer_that_will_not_change_is_the_users_to_mend(
    serve: Any, status: int, content: bytes, message: str
) -> None:
    uri, handler = serve(lambda path, body: (status, content))
    store = open_store(uri)
    with pytest.raises(UserError, match=message):
        store.experiments()
    assert len(handler.asked) == 2


def test_a_web_server_of_another_kind_is_named(serve: Any) -> None:
    uri, _ = serve(lambda path, body: (404, b""))
    with pytest.raises(UserError, match="/health answers 404"):
        open_store(f"{uri}/elsewhere")


@pytest.mark.parametrize(
    ("environment", "userinfo", "header"),
    [
        ({"USERNAME": "ann", "PASSWORD": "pw"}, "", "Basic YW5uOnB3"),
        ({"TOKEN": "t0ken"}, "", "Bearer t0ken"),
        ({"TOKEN": "t0ken"}, "ann:pw@", "Basic YW5uOnB3"),
        ({}, "", None),
    ],
)
def test_credentials_are_sent_and_never_shown(
    serve: Any,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    userinfo: str,
    header: str | None,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    uri, handler = serve(lambda path, body: (200, {}))
    store = open_store(uri.replace("http://", f"http://{userinfo}"))
    store.experiments()
    assert [headers.get("Authorization") for _, headers in handler.asked] == [header] * 2
    assert store.uri == uri


@pytest.mark.parametrize(
    ("environment", "verify"),
    [({}, True), ({"INSECURE_TLS": "true"}, False), ({"SERVER_CERT_PATH": "/ca.pem"}, "/ca.pem")],
)
def test_certificates_are_checked_as_the_environment_says(
    serve: Any, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], verify: object
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    seen = []
    request = requests.Session.request

    def spy(session: requests.Session, *given: Any, **named: Any) -> requests.Response:
        seen.append(named["verify"])
        return request(session, *given, **named)

    monkeypatch.setattr(requests.Session, "request", spy)
    uri, _ = serve(lambda path, body: (200, {}))
    open_store(uri)
    assert seen == [verify]


def test_a_server_below_a_path_is_asked_there(serve: Any) -> None:
    uri, handler = serve(lambda path, body: (200, {}))
    open_store(f"{uri}/mlflow/").experiments()
    assert [path for path, _ in handler.asked] == [
        "/mlflow/health",
        "/mlflow/api/2.0/mlflow/experiments/search",
    ]


def test_a_server_that_is_silent_about_an_artifact_may_answer_later(serve: Any) -> None:
    def answers(path: str, body: dict[str, Any]) -> tuple[Any, ...]:
        time.sleep(1)
        return 200, b"x"

    uri, _ = serve(answers)
    with pytest.raises(TransientError, match="does not answer in time"):
        HttpStore(uri).read(RUN, "x", 1, seconds=0.2)


def test_an_artifact_without_an_etag_has_no_stamp(serve: Any) -> None:
    uri, _ = serve(lambda path, body: (200, b"x"))
    store = HttpStore(uri)
    assert store.stamp(RUN, "x") is None
    assert store.read(RUN, "x", 1) == b"x"
