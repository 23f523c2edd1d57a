"""Fixtures: the runs of `written_stores` in a database, in a folder and behind a server.

Test modules name this module in `pytest_plugins` and do not import it.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from written_stores import SILENT, WrittenStore, write_runs


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> WrittenStore:
    """An sqlite database with its artifacts in `mlruns` beside it."""
    folder = tmp_path_factory.mktemp("sqlite_store")
    uri = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # MLflow puts artifacts below the working directory.
        return WrittenStore(uri, folder, write_runs(uri))


@pytest.fixture(scope="session")
def file_store(tmp_path_factory: pytest.TempPathFactory) -> WrittenStore:
    """A classic `mlruns` folder."""
    folder = tmp_path_factory.mktemp("file_store") / "mlruns"
    return WrittenStore(str(folder), folder, write_runs(folder.as_uri()))


@pytest.fixture(scope="session")
def server_store(
    sqlite_store: WrittenStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WrittenStore]:
    """A tracking server over the very runs of `sqlite_store`."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", sqlite_store.uri]
    with (folder / "log.txt").open("w") as log:
        environment = {**os.environ, **SILENT, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    uri = f"http://127.0.0.1:{port}"
    try:
        _await(uri, server, folder / "log.txt")
        yield WrittenStore(uri, sqlite_store.folder, sqlite_store.runs)
    finally:
        server.terminate()
        server.wait(30)


def _await(uri: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            if requests.get(f"{uri}/health", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture
def moved(file_store: WrittenStore, tmp_path: Path) -> tuple[Path, Callable[[str], Path]]:
    """A file store of our own, which knows nothing of where it came from; and the folder of a run in it."""
    root = tmp_path / "mlruns"
    shutil.copytree(file_store.folder, root)
    for meta in root.rglob("meta.yaml"):
        meta.write_text(meta.read_text().replace(str(file_store.folder), str(root)))
    (experiment,) = {path.parent.parent.name for path in root.glob(f"*/{file_store.runs['named']}/meta.yaml")}
    return root, lambda kind: root / experiment / file_store.runs[kind]
