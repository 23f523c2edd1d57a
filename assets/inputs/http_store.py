"""An MLflow tracking server, asked through its REST interface.

MLflow's own client would import for three seconds and, when the server is down, be silent for two minutes.
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import requests

from assets.engine.errors import TransientError, UserError
from assets.inputs.local_artifacts import CHUNK_BYTES
from assets.inputs.runs import Artifact, ArtifactError, Experiment, Run, Stamp, joined, moment, name_of

PROBE_SECONDS = 2
ANSWER_SECONDS = 60
WAITS = (0.5, 2.0)
PAGE = 1000
BUSY = frozenset({429, 502, 503, 504})
FINISHED_ONLY: dict[str, Any] = {
    "filter": "attributes.status = 'FINISHED'",
    "run_view_type": "ACTIVE_ONLY",
}


class HttpStore:
    """A tracking server of MLflow 1.28 or later.

    Credentials come from the address or from MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN;
    MLFLOW_TRACKING_SERVER_CERT_PATH and _INSECURE_TLS are honoured.
    """

    kind: Literal["http"] = "http"

    def __init__(self, uri: str) -> None:
        """Probe the server; TransientError if it does not answer, UserError if it is no tracking server."""
        parts = urlsplit(uri)
        self.uri = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._session = requests.Session()
        self._verify = _verification()
        _sign_in(self._session, parts.username, parts.password)
        self._probe()

    def experiments(self) -> list[Experiment]:
        """List the active experiments, by id."""
        found = self._pages("experiments/search", {"view_type": "ACTIVE_ONLY"}, "experiments")
        return sorted((Experiment(item["experiment_id"], item["name"]) for item in found), key=_by_id)

    def finished_runs(self, experiment_id: str) -> int:
        """Count the active runs that finished."""
        return sum(
            1
            for _ in self._pages("runs/search", {"experiment_ids": [experiment_id], **FINISHED_ONLY}, "runs")
        )

    def runs(self, experiment_id: str) -> list[Run]:
        """List all runs, by run id."""
        query = {"experiment_ids": [experiment_id], "run_view_type": "ALL"}
        return sorted(
            (_run(item) for item in self._pages("runs/search", query, "runs")), key=lambda run: run.run_id
        )

    def artifacts(self, run: Run, under: str = "") -> list[Artifact]:
        """List the files below `under`, by path: one request a folder."""
        files, folders = [], [under]
        while folders:
            for item in self._listed(run, folders.pop()):
                if item.get("is_dir"):
                    folders.append(item["path"])
                else:
                    files.append(Artifact(item["path"], int(item.get("file_size", -1))))
        return sorted(files, key=lambda artifact: artifact.path)

    def stamp(self, run: Run, path: str) -> Stamp | None:
        """Return the artifact's ETag, if the server gives one."""
        with self._artifact("HEAD", run, path) as answer:
            tag = answer.headers.get("ETag")
        return Stamp(tag, 0) if tag else None

    def chunks(self, run: Run, path: str) -> Iterator[bytes]:
        """Yield an artifact's bytes, a MiB at a time."""
        with self._artifact("GET", run, path) as answer:
            try:
                yield from answer.iter_content(CHUNK_BYTES)
            except requests.RequestException as error:
                raise TransientError(f"{self.uri} broke off while sending {path}.") from error

    def read(self, run: Run, path: str, max_bytes: int) -> bytes:
        """Return an artifact's bytes; ArtifactError if there are more than `max_bytes`."""
        return joined(self.chunks(run, path), max_bytes)

    def watched(self, experiment: Experiment) -> list[Path]:
        """Return nothing: a server has no files to look at."""
        return []

    def watched_artifact(self, run: Run, path: str | None) -> list[Path]:
        """Return nothing: a server has no files to look at."""
        return []

    def _probe(self) -> None:
        answer = self._ask("GET", "/health", retry=False, timeout=PROBE_SECONDS)
        if answer.status_code in (401, 403):
            raise UserError(_REFUSED.format(self.uri, answer.status_code))
        if answer.status_code != 200:
            raise UserError(
                f"{self.uri} is not an MLflow tracking server: /health answers {answer.status_code}."
            )

    def _listed(self, run: Run, folder: str) -> Iterator[dict[str, Any]]:
        query = {"run_id": run.run_id, **({"path": folder} if folder else {})}
        yield from self._pages("artifacts/list", query, "files", method="GET")

    def _pages(
        self, name: str, query: Mapping[str, Any], key: str, *, method: str = "POST"
    ) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = {**query, **({"max_results": PAGE} if method == "POST" else {}), "page_token": token}
            body: Any = {"json": page} if method == "POST" else {"params": page}
            answer = self._answer(method, f"/api/2.0/mlflow/{name}", **body)
            yield from answer.get(key, [])
            token = answer.get("next_page_token", "")
            if not token:
                return

    def _answer(self, method: str, path: str, **details: Any) -> dict[str, Any]:
        answer = self._ask(method, path, **details)
        if answer.status_code in (401, 403):
            raise UserError(_REFUSED.format(self.uri, answer.status_code))
        if not answer.ok:
            raise UserError(
                f"{self.uri}{path} answers {answer.status_code}; is it an MLflow tracking server?"
            )
        try:
            content = answer.json()
        except requests.JSONDecodeError as error:
            raise UserError(f"{self.uri}{path} answers with something else than JSON.") from error
        return content if isinstance(content, dict) else {}

    def _artifact(self, method: str, run: Run, path: str) -> requests.Response:
        query = {"path": path, "run_uuid": run.run_id}
        answer = self._ask(method, "/get-artifact", params=query, stream=True)
        if not answer.ok:
            raise ArtifactError(f"the server answers {answer.status_code}")
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        *,
        retry: bool = True,
        timeout: float = ANSWER_SECONDS,
        **more: Any,
    ) -> requests.Response:
        """Send a request, and again after each of WAITS while the server is busy or out of reach."""
        for wait in (*(WAITS if retry else ()), None):
            try:
                answer = self._session.request(
                    method, self.uri + path, timeout=(PROBE_SECONDS, timeout), verify=self._verify, **more
                )
                if answer.status_code not in BUSY:
                    return answer
                trouble = f"answers {answer.status_code}"
            except (requests.ConnectionError, requests.Timeout) as error:
                trouble = f"does not answer ({type(error).__name__})"
            if wait is not None:
                time.sleep(wait)
        raise TransientError(f"The tracking server {self.uri} {trouble}.")


_REFUSED = "{} refuses access ({}); set MLFLOW_TRACKING_USERNAME and _PASSWORD, or MLFLOW_TRACKING_TOKEN."


def _verification() -> bool | str:
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        return False
    return os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True


def _sign_in(session: requests.Session, username: str | None, password: str | None) -> None:
    username = username or os.environ.get("MLFLOW_TRACKING_USERNAME")
    password = password or os.environ.get("MLFLOW_TRACKING_PASSWORD")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if username and password:
        session.auth = (username, password)
    elif token:
        session.headers["Authorization"] = f"Bearer {token}"


def _run(item: Mapping[str, Any]) -> Run:
    info, data = item["info"], item.get("data", {})
    tags = _texts(data.get("tags", []))
    return Run(
        run_id=info["run_id"],
        experiment_id=info["experiment_id"],
        name=name_of(info.get("run_name"), tags),
        status=info["status"],
        lifecycle_stage=info["lifecycle_stage"],
        started_at=moment(info.get("start_time")),
        finished_at=moment(info.get("end_time")),
        artifact_uri=info.get("artifact_uri", ""),
        params=_texts(data.get("params", [])),
        tags=tags,
    )


def _texts(pairs: list[Mapping[str, str]]) -> dict[str, str]:
    return {pair["key"]: pair.get("value", "") for pair in pairs}


def _by_id(experiment: Experiment) -> str:
    return experiment.experiment_id
