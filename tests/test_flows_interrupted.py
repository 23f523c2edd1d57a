"""The extraction flow under Prefect, interrupted and killed: what was read is kept, and read once."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.large_stores import LargeStore, Shape, write_sqlite_store
from tests.prefect_servers import Server
from tests.study_clones import Clone

pytest_plugins = ["prefect_servers"]
pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect_pages")]  # they share a server

RUNS = 24
SLOWLY = """
import itertools, pathlib, sys, time
import assets.inputs.extraction as extraction

def slowly(runs, run_ids, **more):
    for start in range(0, len(run_ids), 2):
        for table in read(runs, run_ids[start : start + 2], **more):
            TROUBLE
            with open("loaded", "a") as log:
                log.writelines(name + "\\n" for name in table["run_id"].to_pylist())
            yield table

read, extraction.read = extraction.read, slowly
from flows.__main__ import main
sys.exit(main(["extract", "--engine", sys.argv[1]]))
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LargeStore:
    shape = Shape(runs=RUNS, subjects=8, refits=3, bad_every=0)
    return write_sqlite_store(tmp_path_factory.mktemp("stores") / "store", shape)


@pytest.fixture
def clone(tmp_path: Path, store: LargeStore) -> Clone:
    chosen = {
        "MLFLOW_TRACKING_URI": store.uri,
        "FOUNDATION_PLR_RESAMPLES": "5",
        "FOUNDATION_PLR_BATCH_SIZE": "6",
    }
    return Clone(tmp_path, chosen)


def started(
    clone: Clone, trouble: str, engine: str = "prefect", **environment: str
) -> "subprocess.Popen[str]":
    """Start the flow with a reader that does something before it yields what it read."""
    code = SLOWLY.replace("TROUBLE", trouble)
    options: dict[str, Any] = clone.options(environment) | {
        "stderr": subprocess.PIPE,
        "stdout": subprocess.DEVNULL,
    }
    return subprocess.Popen([sys.executable, "-c", code, engine], **options, start_new_session=True)


def loaded(clone: Clone) -> Counter[str]:
    file = clone.folder / "loaded"
    return Counter(file.read_text().split()) if file.exists() else Counter()


def until_loaded(clone: Clone, count: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 240
    while len(loaded(clone)) < count:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.05)


def ends_with_one_line(clone: Clone, process: "subprocess.Popen[str]", signum: int) -> None:
    _, said = process.communicate(timeout=120)
    assert process.returncode == 128 + signum, said
    assert "Traceback" not in said and "Error" not in said, said
    last = said.splitlines()[-1]
    kept = re.fullmatch(
        rf"Interrupted: (\d+) of {RUNS} runs are read and kept; run the same command again to go on\.", last
    )
    assert kept and int(kept[1]) == len(loaded(clone)) < RUNS, last


def goes_on(clone: Clone, process: "subprocess.Popen[str]") -> None:
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert loaded(clone) == Counter(dict.fromkeys(loaded(clone), 1)) and len(loaded(clone)) == RUNS


def test_a_flow_interrupted_in_a_terminal_ends_with_one_line_and_goes_on(
    clone: Clone, server: Server
) -> None:
    process = started(clone, "time.sleep(0.5)")  # with a server of its own, which must outlast the signal
    until_loaded(clone, 4, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the group
    ends_with_one_line(clone, process, signal.SIGINT)
    goes_on(clone, started(clone, "pass", PREFECT_API_URL=server.url))


def test_a_flow_that_is_terminated_ends_with_one_line_and_the_plain_scheduler_goes_on(
    clone: Clone, server: Server
) -> None:
    process = started(clone, "time.sleep(0.5)", PREFECT_API_URL=server.url)
    until_loaded(clone, 4, process)
    process.send_signal(signal.SIGTERM)
    ends_with_one_line(clone, process, signal.SIGTERM)
    goes_on(clone, started(clone, "pass", "plain"))


def test_a_flow_that_waits_for_another_attempt_ends_without_waiting(clone: Clone, server: Server) -> None:
    trouble = 'from assets.engine import TransientError; open("asked", "a").close(); raise TransientError("the store is busy")'
    process = started(clone, trouble, FOUNDATION_PLR_RETRY_DELAY_SECONDS="900", PREFECT_API_URL=server.url)
    assert process.stderr is not None
    while "trying again in 900 s" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 143, said
    assert said.splitlines()[-1].startswith("Interrupted: 0 of 24 runs are read and kept;")


def test_a_second_signal_ends_a_flow_at_once(clone: Clone, server: Server) -> None:
    process = started(clone, 'pathlib.Path("begun").touch(); time.sleep(600)', PREFECT_API_URL=server.url)
    end = time.monotonic() + 240
    while not (clone.folder / "begun").exists():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "Stopping" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == -signal.SIGINT
