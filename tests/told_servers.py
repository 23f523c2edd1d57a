"""A stand-in for Prefect's server: it writes down what it is asked and by whom, and answers as it is told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ToldServer:
    """What it was asked, and what it answers."""

    url: str
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    """Method, path and body of each question."""
    credentials: set[str | None] = field(default_factory=set)
    """What its questions said in their header `Authorization`."""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Path -> status and text; what is not named is answered with an id."""
    redirect: str = ""
    stalls: threading.Event = field(default_factory=threading.Event)
    """While this is not set, nothing is answered."""

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]

    def body(self, path: str) -> Any:
        return next(body for _, asked, body in self.asked if asked == path)


@contextmanager
def told_server(path: str = "/api") -> Iterator[ToldServer]:
    """Listen on loopback, with the API below a path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    told = ToldServer(f"http://127.0.0.1:{server.server_port}{path}")
    told.stalls.set()
    server.told = told  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.stalls.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        told: ToldServer = self.server.told  # type: ignore[attr-defined]
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = "/" + self.path.split("/api", 1)[-1].lstrip("/")
        told.asked.append((self.command, path, json.loads(content) if content else None))
        told.credentials.add(self.headers["Authorization"])
        told.stalls.wait(30)
        status, text = told.answers.get(path, (201, b'{"id": "an-id"}'))
        self.send_response(status)
        if told.redirect:
            self.send_header("Location", told.redirect)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass
