"""A tracking server of a few lines: it counts what it is asked, and dies and comes back when it is told to."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from written_stores import FULL_NAME

PAGE = 100


class ScriptedServer:
    """Runs, each with one artifact, on loopback; used as a context."""

    def __init__(self, artifacts: dict[str, bytes], *, etags: bool = True) -> None:
        self.artifacts, self.etags = artifacts, etags
        self.asked: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.dies_at: tuple[str, int] | None = None
        self.deaths = 0
        self.lock = threading.Lock()
        self.server = self._listening(0)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "ScriptedServer":
        return self

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.server.shutdown()
            self.server.server_close()

    def _listening(self, port: int) -> ThreadingHTTPServer:
        handler = type("Handler", (_Handler,), {"script": self})
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def die(self) -> None:
        """Close the port; open it again a moment later."""
        with self.lock:
            port = self.server.server_port
            self.server.shutdown()
            self.server.server_close()
            self.deaths += 1
            time.sleep(0.3)
            self.server = self._listening(port)

    def answer(self, kind: str, query: dict[str, Any]) -> Any:
        """Return the JSON, or the artifact, that answers a question."""
        if kind == "experiments/search":
            return {"experiments": [{"experiment_id": "1", "name": "Study"}]}
        if kind == "runs/search":
            return self._page(query)
        if kind == "artifacts/list":
            data = self.artifacts[query["run_id"]]
            return {
                "files": [{"path": "metrics/metrics_run.pickle", "is_dir": False, "file_size": len(data)}]
            }
        return self.artifacts[query["run_uuid"]] if kind == "get-artifact" else b"OK"

    def _page(self, query: dict[str, Any]) -> dict[str, Any]:
        start, size = int(query.get("page_token") or 0), min(query["max_results"], PAGE)
        names = list(self.artifacts)
        more = {"next_page_token": str(start + size)} if start + size < len(names) else {}
        return {"runs": [_run(name) for name in names[start : start + size]], **more}


def _run(run_id: str) -> dict[str, Any]:
    info = {"run_id": run_id, "experiment_id": "1", "run_name": FULL_NAME, "lifecycle_stage": "active"}
    return {"info": {**info, "status": "FINISHED", "start_time": 1500, "end_time": 2500}, "data": {}}


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedServer

    def handle_request(self) -> None:
        kind = urlsplit(self.path).path.removeprefix("/api/2.0/mlflow/").strip("/")
        query: dict[str, Any] = {
            name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()
        }
        if length := int(self.headers.get("Content-Length", 0)):
            query |= json.loads(self.rfile.read(length))
        name = f"{self.command} {kind}"
        with self.script.lock:
            self.script.asked[name] += 1
            last = self.script.dies_at == (name, self.script.asked[name])
            self.script.at_once += 1
            self.script.most_at_once = max(self.script.most_at_once, self.script.at_once)
        self._reply(self.script.answer(kind, query), cut_short=last)
        with self.script.lock:
            self.script.at_once -= 1
        if last:
            threading.Thread(target=self.script.die).start()

    def _reply(self, content: Any, *, cut_short: bool) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        if self.script.etags:
            self.send_header("ETag", f'"{hash(data)}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut_short else data)

    do_GET = do_POST = do_HEAD = handle_request  # noqa: N815  the names that http.server asks for

    def log_message(self, *values: object) -> None:
        """Say nothing."""
