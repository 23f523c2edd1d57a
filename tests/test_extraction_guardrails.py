"""Guardrails of a whole extraction, made to fire from the command line: it stops cleanly, keeps, goes on to the same."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import written_stores

from assets.engine import machine
from assets.engine.guardrails import Guard, GuardLimits
from assets.engine.schedule import materialize
from assets.engine.warehouse import bound, connect, spill_folder
from assets.inputs import extraction
from assets.inputs.artifacts.reading import POOL
from assets.inputs.evidence import MlflowRuns
from assets.inputs.subjects import ensure_key
from tests.large_stores import Shape, write_file_store
from tests.project_folders import ROOT, Folder
from tests.study_clones import DATABASE, Clone

pytest_plugins = ["small_disks"]
pytestmark = pytest.mark.xdist_group("extraction_guardrails")  # all read one store
EXTRACT = ("assets", "materialize", "extracted_runs", "runs")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a store of 64 runs."""
    folder = tmp_path_factory.mktemp("store")
    return write_file_store(folder, Shape(runs=64, refits=100, bad_every=0)).uri


@pytest.fixture
def clone(store: str, tmp_path: Path) -> Clone:
    return fresh(tmp_path / "clone", store)


def fresh(folder: Path, store: str) -> Clone:
    """A clone that has built nothing; subjects have the same codes in each."""
    folder.mkdir()
    ensure_key(folder / "data" / "private", declared=bytes(32))
    return Clone(folder, {"MLFLOW_TRACKING_URI": store})


@pytest.fixture(scope="module")
def undisturbed(store: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The data version of `extracted_runs` after a build that nothing stopped."""
    clone = fresh(tmp_path_factory.mktemp("undisturbed") / "clone", store)
    clone.run(*EXTRACT)
    return version(clone)


def version(clone: Clone) -> str:
    with duckdb.connect(clone.folder / DATABASE, read_only=True) as connection:
        statement = "SELECT data_version FROM _materializations WHERE asset_key = 'extracted_runs'"
        ((found,),) = connection.execute(statement).fetchall()
    return str(found)


def test_an_extraction_stops_at_its_memory_limit_and_goes_on_with_a_larger_one(
    clone: Clone, undisturbed: str
) -> None:
    stopped = clone.run(*EXTRACT, check=False, FOUNDATION_PLR_MEMORY_LIMIT_GB="0.15")
    assert stopped.returncode == 1 and "Traceback" not in stopped.stderr
    (line,) = [line for line in stopped.stdout.splitlines() if line.startswith("failed")]
    assert "the limit is 150 MB (`memory_limit_gb`); what was finished is kept" in line
    assert not (clone.folder / DATABASE).exists()
    clone.run(*EXTRACT)
    assert version(clone) == undisturbed


def test_an_extraction_without_room_on_the_disk_reads_nothing(clone: Clone) -> None:
    refused = clone.run(*EXTRACT, check=False, FOUNDATION_PLR_DISK_RESERVE_GB="1e9")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("Error: the disk of data/public has ") and "`disk_reserve_gb`" in line
    assert not list((clone.folder / "data" / "public").iterdir())
    assert not (clone.folder / ".assets" / "parts").exists()


def test_an_extraction_that_would_fill_the_disk_is_refused(
    store: str, small_disk: Callable[[int], Path]
) -> None:
    clone = fresh(small_disk(8) / "clone", store)
    refused = clone.run(*EXTRACT, check=False, FOUNDATION_PLR_DISK_RESERVE_GB="0")
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "`extracted_runs` may need 10 MB, but the disk of data/public has " in refused.stdout
    assert not (clone.folder / ".assets" / "parts").exists()


@pytest.mark.parametrize("reserve", ["0", "0.003"])
def test_an_extraction_whose_disk_fills_stops_and_goes_on_when_there_is_room(
    reserve: str, store: str, undisturbed: str, small_disk: Callable[[int], Path]
) -> None:
    clone = fresh(small_disk(24) / "clone", store)
    options = clone.options({"FOUNDATION_PLR_DISK_RESERVE_GB": reserve})
    command = [sys.executable, "-m", *EXTRACT]
    with subprocess.Popen(command, **options, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as build:
        while not (clone.folder / ".assets" / "parts").exists():
            assert build.poll() is None
        with (clone.folder / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(100_000))
        out, err = build.communicate()
    assert build.returncode == 1 and "Traceback" not in err
    assert "No space left" in out or "`disk_reserve_gb`" in out
    (clone.folder / "filler").unlink()
    clone.run(*EXTRACT, FOUNDATION_PLR_DISK_RESERVE_GB="0")
    assert version(clone) == undisturbed


def test_a_worker_that_hangs_is_told_with_its_run_and_the_others_come_through(
    store: str, tmp_path: Path
) -> None:
    opened, candidates = written_stores.opened(store)
    runs = MlflowRuns(
        opened, {item.run.run_id: item for item in candidates[:4]}, tmp_path / "private", jobs=1
    )
    first, *others = sorted(runs.candidates)
    list(extraction.read(runs, [first]))  # starts the worker
    (worker,) = POOL._idle
    told: list[str] = []
    with Guard(GuardLimits(stall_seconds=0.3), told.append):
        worker.process.send_signal(signal.SIGSTOP)
        rows = pa.concat_tables(
            extraction.read(runs, others, limits=extraction.Limits(seconds=0.7))
        ).to_pylist()
    reasons = {row["run_id"]: row["quarantine_reason"] for row in rows}
    assert reasons == {others[0]: "takes longer than 0.7 s to read", others[1]: None, others[2]: None}
    assert told[0].startswith(f"waiting for run {others[0]} ({rows[0]['artifact_path']}) since 0.")


def test_a_server_that_takes_the_call_and_never_answers_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        clone = fresh(tmp_path / "clone", f"http://127.0.0.1:{silent.getsockname()[1]}")
        options = clone.options({"FOUNDATION_PLR_STALL_SECONDS": "0.3"})
        command = [sys.executable, "-m", *EXTRACT]
        with subprocess.Popen(command, **options, stderr=subprocess.PIPE) as build:
            assert build.stderr and "waiting for source `mlflow_runs` since " in build.stderr.readline()
            build.kill()


HOARDING = '''
held = []


@observable_source_asset
def lots():
    """Lots."""
    names = [f"{number:02}" for number in range(40)]
    return Observation("1", names, dict.fromkeys(names, "1"))


@asset(partitions_def="lots", primary_key="lot")
def weighed(lots, partition_keys) -> pa.Table:
    """One lot, read by code that lets go of nothing."""
    for name in partition_keys:
        with Path("read.txt").open("a") as file:
            file.write(name + " ")
        held.append(b"x" * 20_000_000)
        yield pa.table({"lot": [name], "weight": [int(name)]})
'''

BUILD = """
import sys
from dataclasses import replace
from pathlib import Path
from assets.engine.guardrails import GuardLimits
from assets.engine.machine import resident_bytes
from assets.engine.schedule import materialize
from tests.project_folders import Folder

with Folder(Path.cwd()).open() as project:
    limits = GuardLimits(memory_bytes=resident_bytes() + int(sys.argv[1]))
    for result in materialize(replace(project, limits=limits), ["weighed"], tell=print).values():
        print(result.outcome.value, result.because)
"""


def test_what_was_read_before_the_limit_is_not_read_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(HOARDING)
    first = build_with(folder, 400_000_000)
    assert "reading less at a time" in first and "failed stopped with " in first
    read = (tmp_path / "read.txt").read_text().split()
    assert 2 <= len(read) < 40
    assert "built" in build_with(folder, 2_000_000_000)
    assert sorted((tmp_path / "read.txt").read_text().split()) == [f"{number:02}" for number in range(40)]
    assert folder.rows("weighed") == [(f"{number:02}", number) for number in range(40)]


def build_with(folder: Folder, byte_count: int) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", BUILD, str(byte_count)]
    done = subprocess.run(command, cwd=folder.path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_table_larger_than_its_memory_is_sorted_on_the_disk_and_the_disk_is_given_back(
    tmp_path: Path,
) -> None:
    with sorting(tmp_path, disk_reserve=10**18) as refused, pytest.raises(duckdb.OutOfMemoryException):
        refused.execute(LARGE)  # it does need the disk
    with sorting(tmp_path, disk_reserve=0) as connection:
        connection.execute(LARGE)
        assert (tmp_path / "spill").exists()
        assert connection.execute("SELECT count(*) FROM large").fetchall() == [(800_000,)]
    assert not (tmp_path / "spill").exists()


@contextmanager
def sorting(folder: Path, *, disk_reserve: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of a build that may take 100 MB."""
    limits = GuardLimits(memory_bytes=100_000_000, disk_reserve_bytes=disk_reserve)
    with (
        spill_folder(folder / "spill") as spill,
        connect(folder / "a.duckdb", read_only=False) as connection,
    ):
        bound(connection, limits, spill)
        yield connection


LARGE = """
    CREATE OR REPLACE TABLE large AS
    SELECT sha256(range::VARCHAR) AS key, md5(range::VARCHAR) AS more FROM range(800000) ORDER BY key
"""


def test_a_query_that_needs_more_memory_than_there_is_fails_in_one_line(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "@asset\ndef hungry(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:\n"
        '    """One list."""\n'
        '    return connection.sql("SELECT list(range) AS numbers FROM range(80000000)")\n'
    )
    with folder.open() as project:
        limits = GuardLimits(memory_bytes=machine.resident_bytes() + 100_000_000)
        results = materialize(replace(project, limits=limits), ["hungry"], tell=lambda _: None)
    assert results["hungry"].bug is None
    assert "DuckDB has no memory left" in results["hungry"].because
    assert "`memory_limit_gb`" in results["hungry"].because
