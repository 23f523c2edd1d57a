"""The stores that are measured: a folder, a database, and a tracking server that hands on artifacts."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.large_stores import LargeStore, Shape, write_file_store, write_sqlite_store
from tests.tracking_servers import await_health

KINDS = ("file", "sqlite", "http")
_SILENT = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@contextmanager
def written(kind: str, folder: Path, shape: Shape) -> Iterator[tuple[LargeStore, str]]:
    """Write a store of a kind and give it with the address under which it is read, while it can be."""
    if kind == "file":
        store = write_file_store(folder, shape)
        yield store, store.uri
    elif kind == "sqlite":
        store = write_sqlite_store(folder, shape)
        yield store, store.uri
    else:
        store = write_sqlite_store(folder, shape, proxied=True)
        with _served(store) as uri:
            yield store, uri


@contextmanager
def _served(store: LargeStore) -> Iterator[str]:
    """Start MLflow's tracking server on loopback and end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", store.uri, "--artifacts-destination", str(store.folder / "mlruns")]
    with (store.folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=store.folder, env={**os.environ, **_SILENT}, stdout=log, stderr=log
        )
    try:
        await_health(f"http://127.0.0.1:{port}", server, store.folder / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def small(shape: Shape) -> Shape:
    """The same shape for a quick look: a few runs of a few subjects."""
    return replace(shape, runs=36, subjects=8, refits=3, bad_every=4)
