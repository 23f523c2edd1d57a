"""Whatever happens to a run after it was read is noticed at the next look, in that run alone, in any kind of store."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from store_looks import look
from written_stores import ARTIFACT, FULL_NAME, SILENT, WrittenStore, write_runs

from assets.engine.stamp import facts

pytest_plugins = ["store_fixtures"]
pytestmark = pytest.mark.xdist_group("server")

EXPERIMENT = "Changes"


@dataclass(frozen=True)
class Living:
    """A store that is written to, through MLflow's own client, while we look."""

    client: Any
    uri: str
    folder: Path
    runs: dict[str, str]

    @property
    def changing(self) -> str:
        return self.runs["named"]

    @property
    def artifact(self) -> Path:
        (path,) = self.folder.glob(f"**/{self.changing}/artifacts/metrics")
        return path / ARTIFACT.rpartition("/")[2]


@pytest.fixture(params=["file", "sqlite", pytest.param("server", marks=pytest.mark.server)])
def living(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Living]:
    for name, value in SILENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    if request.param == "server":
        written: WrittenStore = request.getfixturevalue("postgres_store")
        uri, folder = written.uri, written.folder
    elif request.param == "sqlite":
        database = request.getfixturevalue("sqlite_store").folder / "mlflow.db"
        shutil.copy(database, tmp_path)
        uri, folder = f"sqlite:///{tmp_path}/mlflow.db", tmp_path
    else:
        uri, folder = str(tmp_path / "mlruns"), tmp_path
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    runs = write_runs(uri, EXPERIMENT, ("named", "by_params"))
    yield Living(client, uri, folder, runs)
    client.delete_experiment(client.get_experiment_by_name(EXPERIMENT).experiment_id)


def rewritten(store: Living) -> None:
    """Reverse the artifact's bytes; its size stays, and its time of modification where a store looks further."""
    before = store.artifact.stat()
    store.artifact.write_bytes(bytes(reversed(store.artifact.read_bytes())))
    if not store.uri.startswith("http"):
        os.utime(store.artifact, ns=(before.st_atime_ns, before.st_mtime_ns))


def second_artifact(store: Living) -> Path:
    return Path(shutil.copy(store.artifact, store.artifact.with_name("metrics_second.pickle")))


ACTS: dict[str, tuple[Callable[[Living], object], Callable[[Living], object] | None]] = {
    "nothing": (lambda store: None, None),
    "a tag that nobody reads": (lambda store: store.client.set_tag(store.changing, "note", "x"), None),
    "a metric": (lambda store: store.client.log_metric(store.changing, "late", 1.0), None),
    "another file": (lambda store: store.client.log_text(store.changing, "x", "notes/more.txt"), None),
    "a tag that is read": (
        lambda store: store.client.set_tag(store.changing, "is_synthetic", "true"),
        lambda store: store.client.delete_tag(store.changing, "is_synthetic"),
    ),
    "a param that is read": (
        lambda store: store.client.log_param(store.changing, "model_name", "TABM"),
        lambda store: None,
    ),
    "deleted": (
        lambda store: store.client.delete_run(store.changing),
        lambda store: store.client.restore_run(store.changing),
    ),
    "failed after all": (
        lambda store: store.client.update_run(store.changing, status="FAILED"),
        lambda store: store.client.update_run(store.changing, status="FINISHED"),
    ),
    "renamed": (
        lambda store: store.client.update_run(store.changing, name="other"),
        lambda store: store.client.update_run(store.changing, name=FULL_NAME),
    ),
    "other bytes, same size": (rewritten, rewritten),
    "a second artifact": (second_artifact, lambda store: second_artifact(store).unlink()),
    "no artifact": (
        lambda store: store.artifact.rename(store.folder / "aside"),
        lambda store: (store.folder / "aside").rename(store.artifact.parent / "metrics_run.pickle"),
    ),
}
"""What is done to a run, and undone; a look notices none of what cannot be undone (None)."""


def test_every_change_is_noticed_in_its_run_alone_and_forgotten_when_it_is_undone(
    living: Living, tmp_path: Path
) -> None:
    seen = look(living.uri, tmp_path / "private", experiment=EXPERIMENT)
    for name, (act, undo) in ACTS.items():
        before = seen
        act(living)
        seen = look(living.uri, tmp_path / "private", experiment=EXPERIMENT, memo=before.memo)
        changed = {run for run in seen.partitions if seen.partitions[run] != before.partitions.get(run)}
        assert changed == ({living.changing} if undo else set()), name
        assert set(seen.partitions) == set(before.partitions), name
        if before.watched is not None and undo:
            assert any(facts(path) != found for path, found in before.watched.items()), name
        if undo:
            undo(living)
            undone = look(living.uri, tmp_path / "private", experiment=EXPERIMENT, memo=seen.memo)
            assert (undone.partitions == before.partitions) == (name != "a param that is read"), name
            seen = undone
