"""Runs read on a Dask cluster: a real scheduler and real workers, the same rows to the bit, faults told plainly."""

import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from cryptography.exceptions import InvalidTag

from assets.engine.errors import TransientError, UserError
from assets.inputs.artifacts.assignment import Limits
from assets.inputs.evidence import MlflowRuns
from assets.inputs.extraction import Reading, read
from assets.inputs.sealing import Seal, read_sealed
from assets.inputs.subjects import ensure_key, subject_key
from flows.tasks import cluster as tasks
from flows.tasks.cluster import reading_on
from tests.dask_clusters import Cluster, documented
from tests.large_stores import Shape, write_file_store
from tests.prefect_servers import Server
from tests.study_clones import DATABASE, ROOT, Clone
from tests.written_stores import opened

pytest_plugins = ["dask_clusters", "prefect_servers", "study_clones"]
pytestmark = pytest.mark.xdist_group("flows")

NOBODY = "tcp://127.0.0.1:9"


@dataclass(frozen=True)
class Evidence:
    """The runs of a store, read as often as wished."""

    runs: MlflowRuns

    def read(self, after_the_first: Callable[[], None] = lambda: None) -> pa.Table:
        """Read all; something may happen when the first rows are there."""
        tables = read(self.runs, [*self.runs.candidates])
        first = next(tables)
        after_the_first()
        return pa.concat_tables([first, *tables]).sort_by("run_id")

    def reading(self) -> Reading:
        candidates = list(self.runs.candidates.values())
        return Reading.of(self.runs.store, candidates, Limits())


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    store, candidates = opened(write_file_store(tmp_path / "s", Shape(120, 8, 3, bad_every=5)).uri)
    ensure_key(tmp_path / "private")
    return Evidence(MlflowRuns(store, {c.run.run_id: c for c in candidates}, tmp_path / "private"))


def test_a_cluster_reads_the_same_rows_although_a_worker_dies_in_the_middle(
    evidence: Evidence, cluster: Cluster
) -> None:
    here = evidence.read()
    for name in ("one", "two"):
        cluster.start_worker(name)
    with reading_on(cluster.address):
        assert evidence.read().equals(here)
        assert evidence.read(cluster.processes["two"].kill).equals(here)
    assert cluster.processes["two"].wait(10) != 0
    assert evidence.read().equals(here), "read here again"
    log = (cluster.folder / "one.log").read_text() + (cluster.folder / "scheduler.log").read_text()
    assert f"PLR{0}" not in log


def test_a_cluster_that_goes_away_is_a_fault_that_may_pass(
    evidence: Evidence, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(tasks, "CONNECT_SECONDS", 2)
    cluster.start_worker("one")
    with reading_on(cluster.address), pytest.raises(TransientError, match="has no workers left"):
        evidence.read(cluster.processes["one"].kill)
    cluster.start_worker("another")
    with reading_on(cluster.address):
        with pytest.raises(TransientError, match=r"lost a batch of runs|went away|has no workers"):
            evidence.read(cluster.processes["scheduler"].kill)
        with pytest.raises(TransientError, match="no Dask scheduler to be had"):
            evidence.read()


def test_a_cluster_without_workers_or_with_another_code_is_refused_before_anything_is_read(
    evidence: Evidence, cluster: Cluster, tmp_path: Path
) -> None:
    with (
        pytest.raises(UserError, match="has no workers: start some, or leave out"),
        reading_on(cluster.address),
    ):
        raise AssertionError("nothing may be read")
    shutil.copytree(ROOT / "assets", tmp_path / "edited" / "assets")
    with (tmp_path / "edited" / "assets" / "inputs" / "worker.py").open("a") as file:
        file.write("# edited\n")
    cluster.start_worker("edited", PYTHONPATH=str(tmp_path / "edited"))
    with pytest.raises(
        UserError, match=r"has foundation-plr \w{12} \(here \w{12}\): install there what is"
    ) as other:
        reading_on(cluster.address)
    assert "\n" not in str(other.value)
    (tmp_path / "strange" / "assets").mkdir(parents=True)
    (tmp_path / "strange" / "assets" / "__init__.py").touch()
    cluster.processes["edited"].terminate()
    cluster.processes["edited"].wait(30)
    cluster.start_worker("strange", PYTHONPATH=str(tmp_path / "strange"))
    with pytest.raises(UserError, match=r"cannot load this project \(.*No module named .*assets"):
        reading_on(cluster.address)


@pytest.mark.parametrize(
    "address, why", [(NOBODY, "Timed out"), ("tls://127.0.0.1:9", "TLS"), ("here", "missing port number")]
)
def test_a_scheduler_that_cannot_be_had_is_told_in_one_line(
    address: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "CONNECT_SECONDS", 0.5)
    with pytest.raises(UserError, match=f"no Dask scheduler to be had at {address} .*{why}") as told:
        reading_on(address)
    assert str(told.value).endswith(": start it, or leave out `dask_scheduler` to read the runs here")
    assert "\n" not in str(told.value)


def test_without_prefect_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask.client", None)
    with pytest.raises(
        UserError, match=r"prefect-dask is not installed: run `pip install 'foundation-plr\[dask\]'`"
    ):
        reading_on(NOBODY)


def test_without_the_setting_nothing_of_dask_is_imported(tmp_path: Path) -> None:
    code = "import sys; from flows.tasks.cluster import reading_on\nwith reading_on(None):\n  print([m for m in ('dask', 'distributed', 'prefect') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], **Clone(tmp_path).options({}), capture_output=True, check=True
    )
    assert done.stdout == "[]\n"


def test_original_codes_travel_sealed_and_neither_key_nor_params_travel_at_all(evidence: Evidence) -> None:
    reading, seal = evidence.reading(), Seal()
    sent, back = pickle.dumps((reading, seal.public)), pickle.dumps(read_sealed(reading, seal.public))
    key = subject_key(evidence.runs.private_dir)
    for secret in (key, key.hex().encode(), b"private", b"hparam_0"):
        assert secret not in sent + back
    assert f"PLR{1:04}".encode() not in back, "the code of a subject"
    assert seal.opened(pickle.loads(back)).equals(reading.raw())
    with pytest.raises(InvalidTag):
        Seal().opened(pickle.loads(back))


@pytest.mark.study
def test_the_flow_reads_on_a_cluster_what_it_reads_here(
    built: Clone, clone: Clone, cluster: Cluster, server: Server
) -> None:
    page = {"PREFECT_API_URL": server.url}
    shutil.rmtree(clone.folder / ".assets/cache")  # or the rows would come back from there
    with duckdb.connect(str(clone.folder / DATABASE)) as connection:
        connection.execute("DELETE FROM extracted_runs")
    emptied = (clone.folder / DATABASE).read_bytes()
    done = clone.run("flows", "extract", check=False, FOUNDATION_PLR_DASK_SCHEDULER=NOBODY, **page)
    assert (done.returncode, done.stderr.count("\n")) != (0, 0)
    assert f"no Dask scheduler to be had at {NOBODY}" in done.stderr.splitlines()[-1]
    assert (clone.folder / DATABASE).read_bytes() == emptied, "it is found before anything else is done"
    for name in ("one", "two"):
        cluster.start_worker(name)
    code = "import sys, assets.inputs.extraction as e; e.RUNS_AT_A_TIME = 2\nimport flows.__main__ as f; sys.exit(f.main(['extract']))"
    assert documented("FOUNDATION_PLR_DASK_SCHEDULER=tcp://127.0.0.1:8786 ") == [
        "python",
        "-m",
        "flows",
        "extract",
    ]
    options = clone.options(page | {"FOUNDATION_PLR_DASK_SCHEDULER": cluster.address})
    run = subprocess.run([sys.executable, "-c", code], **options, capture_output=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "reading on 2 Dask workers" in run.stderr
    assert f"tables   1 built, {built.count('table') - 1} skipped" in run.stdout
    assert clone.versions() == built.versions()
