"""An MLflow tracking server, asked through its REST interface.

MLflow's own client would import for three seconds and, when the server is down, be silent for two minutes.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3

from assets.engine.errors import TransientError, UserError
from assets.inputs.stores.credentials import REFUSED, sign_in, verification
from assets.inputs.stores.fetched import FETCHED
from assets.inputs.stores.pieces import PIECE_BYTES, at_most, sha256_of
from assets.inputs.stores.runs import (
    NAME_TAG,
    Artifact,
    ArtifactError,
    Experiment,
    Run,
    Stamp,
    moments,
    name_of,
)

PROBE_SECONDS = 2
ANSWER_SECONDS = 60
SENDING_SECONDS = 600
"""In which an artifact has to come when nobody says how long it may take."""
WAITS = (0.5, 2.0)
BUSY = frozenset({429, 502, 503, 504})
PASSING = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
"""What a server that is away, slow or killed in the middle of an answer looks like."""
PAGE = 1000
FINISHED_ONLY: dict[str, Any] = {
    "filter": "attributes.status = 'FINISHED'",
    "run_view_type": "ACTIVE_ONLY",
}
ALL_RUNS: dict[str, Any] = {
    "run_view_type": "ALL",
    # Runs that appear while pages are asked for then come on the last one, and shift no other.
    "order_by": ["attributes.start_time ASC"],
}

Answer = TypeVar("Answer")


class HttpStore:
    """A tracking server of MLflow 1.28 or later.

    Credentials come from the address or from MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN;
    MLFLOW_TRACKING_SERVER_CERT_PATH and _INSECURE_TLS are honoured.
    """

    kind: Literal["http"] = "http"

    connections = 8
    seen = None
    """A server has no files to look at."""

    def __init__(self, uri: str) -> None:
        """Probe the server; TransientError if it does not answer, UserError if it is no tracking server."""
        parts = urlsplit(uri)
        self.uri = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._credentials = parts.username, parts.password
        self._of_thread = threading.local()
        self._verify = verification()
        self._probe()

    def experiments(self) -> list[Experiment]:
        """List the active experiments, by id."""
        found = self._pages("experiments/search", {"view_type": "ACTIVE_ONLY"}, "experiments")
        return sorted((Experiment(item["experiment_id"], item["name"]) for item in found), key=_by_id)

    def finished_runs(self, experiment_id: str, *, limit: int | None = None) -> int:
        """Count the active runs that finished, no further than `limit`."""
        query = {"experiment_ids": [experiment_id], **FINISHED_ONLY, "max_results": min(limit or PAGE, PAGE)}
        return sum(1 for _ in islice(self._pages("runs/search", query, "runs"), limit))

    def runs(self, experiment_id: str, names: Collection[str] | None = None) -> list[Run]:
        """List all runs, by run id."""
        query = {"experiment_ids": [experiment_id], **ALL_RUNS}
        found = (_run(item, names) for item in self._pages("runs/search", query, "runs"))
        try:
            by_id = {run.run_id: run for run in found}
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{self.uri} lists runs in a form that is not MLflow's.") from error
        return [by_id[run_id] for run_id in sorted(by_id)]

    def artifacts(self, run: Run, under: str = "", *, depth: int | None = None) -> list[Artifact]:
        """List the files below `under`, by path: one request a folder."""
        files, folders = list[Artifact](), [(under, 1)]
        while folders:
            folder, level = folders.pop()
            for item in self._listed(run, folder):
                if not item.get("is_dir"):
                    files.append(Artifact(item["path"], int(item.get("file_size", -1))))
                elif depth is None or level < depth:
                    folders.append((item["path"], level + 1))
        return sorted(files, key=lambda artifact: artifact.path)

    def stamp(self, run: Run, path: str) -> Stamp | None:
        """Return the artifact's ETag, if the server gives one.

        MLflow's holds size and time of modification, so a copy that restores both passes unnoticed.
        """

        def ask() -> Mapping[str, str]:
            with self._artifact("HEAD", run, path) as answer:
                return answer.headers

        headers = _again(ask)
        tag = headers.get("ETag")
        return Stamp(tag, time.time_ns() - _age_ns(headers)) if tag else None

    def digest(self, run: Run, path: str, max_bytes: int) -> str:
        """Return the sha256 of an artifact's bytes; ArtifactError if there are more than `max_bytes`."""
        key = (self.uri, run.run_id, path)
        until = time.monotonic() + SENDING_SECONDS

        def fetch() -> str:
            return sha256_of(FETCHED.keeping(key, at_most(self._pieces(run, path, until), max_bytes)))

        return _again(fetch)

    def read(self, run: Run, path: str, max_bytes: int, *, seconds: float | None = None) -> bytes:
        """Return an artifact's bytes; ArtifactError if there are more than `max_bytes`, or they come too slowly."""
        fetched = FETCHED.take((self.uri, run.run_id, path))
        until = time.monotonic() + (seconds or SENDING_SECONDS)

        def fetch() -> bytes:
            pieces = self._pieces(run, path, until) if fetched is None else [fetched]
            return b"".join(at_most(pieces, max_bytes))

        return _again(fetch)

    def _pieces(self, run: Run, path: str, until: float) -> Iterator[bytes]:
        """Yield an artifact's bytes as they come, up to a moment of the monotonic clock."""
        left = min(ANSWER_SECONDS, until - time.monotonic())
        if left <= 0:
            raise TransientError(f"{self.uri} does not answer in time.")
        with self._artifact("GET", run, path, timeout=left) as answer:
            try:
                while piece := answer.raw.read1(PIECE_BYTES):
                    yield piece
                    if time.monotonic() > until:
                        raise ArtifactError("does not come within the time limit")
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise TransientError(f"{self.uri} broke off while sending {path}.") from error

    def _probe(self) -> None:
        answer = self._ask("GET", "/health", timeout=PROBE_SECONDS)
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
            page = {**({"max_results": PAGE} if method == "POST" else {}), **query, "page_token": token}
            body: Any = {"json": page} if method == "POST" else {"params": page}
            answer = _again(partial(self._answer, method, f"/api/2.0/mlflow/{name}", **body))
            yield from answer.get(key, [])
            token = answer.get("next_page_token", "")
            if not token:
                return

    def _answer(self, method: str, path: str, **details: Any) -> dict[str, Any]:
        answer = self._ask(method, path, **details)
        if answer.status_code == 500:  # its database is away, or it is about to end
            raise TransientError(f"The tracking server {self.uri} answers 500.")
        if not answer.ok:
            raise UserError(
                f"{self.uri}{path} answers {answer.status_code}; is it an MLflow tracking server?"
            )
        try:
            content = answer.json()
        except requests.JSONDecodeError as error:
            raise UserError(f"{self.uri}{path} answers with something else than JSON.") from error
        return content if isinstance(content, dict) else {}

    def _artifact(
        self, method: str, run: Run, path: str, timeout: float = ANSWER_SECONDS
    ) -> requests.Response:
        query = {"path": path, "run_uuid": run.run_id}
        # Compressed bytes could be a bomb, and their size says nothing of the artifact's.
        plain = {"Accept-Encoding": "identity"}
        answer = self._ask(method, "/get-artifact", params=query, stream=True, headers=plain, timeout=timeout)
        if answer.status_code == 500:  # older servers say so of a bad artifact: is the rest well?
            self._answer("POST", "/api/2.0/mlflow/experiments/search", json={"max_results": 1})
        if not answer.ok:
            raise ArtifactError(f"the server answers {answer.status_code}")
        return answer

    def _ask(
        self, method: str, path: str, *, timeout: float = ANSWER_SECONDS, **more: Any
    ) -> requests.Response:
        """Send a request; TransientError if the server is busy or out of reach, UserError if it refuses access."""
        limits = (PROBE_SECONDS, timeout)
        try:
            answer = self._session.request(
                method, self.uri + path, timeout=limits, verify=self._verify, **more
            )
        except PASSING as error:
            raise TransientError(
                f"The tracking server {self.uri} does not answer ({type(error).__name__})."
            ) from error
        if answer.status_code in BUSY:
            raise TransientError(f"The tracking server {self.uri} answers {answer.status_code}.")
        if answer.status_code in (401, 403):
            raise UserError(REFUSED.format(self.uri, answer.status_code))
        return answer

    @property
    def _session(self) -> requests.Session:
        """A session for each thread: they are not made to be shared."""
        if not hasattr(self._of_thread, "session"):
            self._of_thread.session = requests.Session()
            sign_in(self._of_thread.session, *self._credentials)
        session: requests.Session = self._of_thread.session
        return session


def _again(ask: Callable[[], Answer]) -> Answer:
    """Return the answer to a question, asked again after each of WAITS while it fails in passing."""
    for wait in WAITS:
        try:
            return ask()
        except TransientError:
            time.sleep(wait)
    return ask()


def _age_ns(headers: Mapping[str, str]) -> int:
    """Return how long ago an artifact was changed, by the server's clock; all time if it does not say."""
    try:
        dates = (parsedate_to_datetime(headers[name]) for name in ("Date", "Last-Modified"))
        now, changed = (date.replace(tzinfo=UTC) for date in dates)  # GMT, all of them, whatever is written
    except (KeyError, ValueError):
        return time.time_ns()
    return int((now - changed).total_seconds() * 1e9)


def _run(item: Mapping[str, Any], names: Collection[str] | None) -> Run:
    info, data = item["info"], item.get("data", {})
    params, tags = (_texts(data.get(kind, []), names) for kind in ("params", "tags"))
    started_at, finished_at, defect = moments(info.get("start_time"), info.get("end_time"))
    return Run(
        run_id=info["run_id"],
        experiment_id=info["experiment_id"],
        name=name_of(info.get("run_name"), tags),
        status=info["status"],
        lifecycle_stage=info["lifecycle_stage"],
        started_at=started_at,
        finished_at=finished_at,
        artifact_uri=info.get("artifact_uri", ""),
        params=params,
        tags=tags,
        defect=defect,
    )


def _texts(pairs: list[Mapping[str, str]], names: Collection[str] | None) -> dict[str, str]:
    wanted = None if names is None else {*names, NAME_TAG}
    return {pair["key"]: pair.get("value", "") for pair in pairs if wanted is None or pair["key"] in wanted}


def _by_id(experiment: Experiment) -> str:
    return experiment.experiment_id
