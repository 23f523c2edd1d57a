"""A run's version moves with its content and with nothing else."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from written_stores import FULL_NAME, WrittenStore, artifact, opened

from assets.inputs.extraction import (
    Fingerprint,
    fingerprints,
    watched_artifacts,
)
from assets.inputs.runs import RunStore

pytest_plugins = ["store_fixtures"]


def by_kind(written: WrittenStore, found: dict[str, Fingerprint]) -> dict[str, Fingerprint]:
    return {kind: found[run_id] for kind, run_id in written.runs.items()}


def test_a_version_stands_for_content_wherever_and_whenever_it_is_read(
    file_store: WrittenStore, moved: tuple[Path, Callable[[str], Path]]
) -> None:
    root, run = moved
    os.utime(artifact(run("named")), (1, 1))
    first, second = (fingerprints(*opened(uri), None) for uri in (file_store.uri, str(root)))
    assert {run_id: item.version for run_id, item in first.items()} == {
        run_id: item.version for run_id, item in second.items()
    }


@pytest.mark.parametrize(
    "act",
    [
        lambda run: artifact(run).write_bytes(artifact(run).read_bytes() + b"\0"),
        lambda run: artifact(run).unlink(),
        lambda run: artifact(run).rename(artifact(run).with_name("metrics_renamed.pickle")),
        lambda run: (run / "params" / "model_name").write_text("TABM"),
        lambda run: (run / "tags" / "is_synthetic").write_text("true"),
        lambda run: (run / "meta.yaml").write_text(
            (run / "meta.yaml").read_text().replace("status: 3", "status: 4")
        ),
        lambda run: (run / "meta.yaml").write_text((run / "meta.yaml").read_text().replace(FULL_NAME, "new")),
    ],
)
def test_a_version_moves_with_whatever_changes_the_row_of_its_run_alone(
    file_store: WrittenStore, moved: tuple[Path, Callable[[str], Path]], act: Callable[[Path], object]
) -> None:
    root, run = moved
    before = by_kind(file_store, fingerprints(*opened(str(root)), None))
    act(run("named"))
    after = by_kind(file_store, fingerprints(*opened(str(root)), before))
    assert {kind for kind in before if before[kind].version != after[kind].version} == {"named"}


@pytest.mark.parametrize(
    "act",
    [
        lambda run: os.utime(artifact(run), (5, 5)),
        lambda run: (run / "tags" / "mlflow.note.content").write_text("a note"),
        lambda run: (run / "params" / "unrelated").write_text("1"),
        lambda run: (run / "artifacts" / "notes" / "more.txt").write_text("more"),
    ],
)
def test_a_version_stays_when_nothing_that_is_read_changes(
    moved: tuple[Path, Callable[[str], Path]], act: Callable[[Path], object]
) -> None:
    root, run = moved
    before = fingerprints(*opened(str(root)), None)
    act(run("named"))
    after = fingerprints(*opened(str(root)), before)
    assert {run_id: item.version for run_id, item in before.items()} == {
        run_id: item.version for run_id, item in after.items()
    }


def test_a_version_tells_an_absent_artifact_from_a_forbidden_one(
    moved: tuple[Path, Callable[[str], Path]], tmp_path: Path
) -> None:
    root, run = moved
    store, candidates = opened(str(root))
    path = artifact(run("named"))
    path.rename(tmp_path / "elsewhere")
    absent = fingerprints(store, candidates, None)[run("named").name]
    path.symlink_to(tmp_path / "elsewhere")
    forbidden = fingerprints(store, candidates, None)[run("named").name]
    assert absent.artifact_sha256 is None and forbidden.artifact_sha256 is None
    assert absent.version != forbidden.version


def reread(root: Path, known: dict[str, Fingerprint], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Take fingerprints again; return the runs whose artifact was read for it."""
    store, candidates = opened(str(root))
    chunks, seen = type(store).chunks, set()

    def spy(self: RunStore, run: Any, path: str) -> Any:
        seen.add(run.run_id)
        return chunks(self, run, path)

    monkeypatch.setattr(type(store), "chunks", spy)
    fingerprints(store, candidates, known)
    monkeypatch.undo()
    return seen


def test_an_artifact_is_read_again_only_if_its_mark_moved_or_may_lie(
    moved: tuple[Path, Callable[[str], Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, run = moved
    for path in root.rglob("*.pickle"):
        os.utime(path, (1000, 1000))
    known = fingerprints(*opened(str(root)), None)
    assert reread(root, known, monkeypatch) == set()

    os.utime(artifact(run("named")), (2000, 2000))
    assert reread(root, known, monkeypatch) == {run("named").name}

    # Changed a moment before the look: a second change may have left the same size and time.
    known = fingerprints(*opened(str(root)), None)
    racy = {run_id: replace(item, looked_at_ns=2001 * 10**9) for run_id, item in known.items()}
    assert reread(root, racy, monkeypatch) == {run("named").name}
    late = {run_id: replace(item, looked_at_ns=2003 * 10**9) for run_id, item in known.items()}
    assert reread(root, late, monkeypatch) == set()


def test_a_spared_reading_does_not_make_the_look_younger(moved: tuple[Path, Callable[[str], Path]]) -> None:
    root, run = moved
    os.utime(artifact(run("named")), (1000, 1000))
    first = fingerprints(*opened(str(root)), None)
    time.sleep(0.001)
    second = fingerprints(*opened(str(root)), first)
    assert second[run("named").name] == first[run("named").name]


def test_a_fingerprint_survives_being_written_down(moved: tuple[Path, Callable[[str], Path]]) -> None:
    root, run = moved
    found = fingerprints(*opened(str(root)), None)[run("named").name]
    assert Fingerprint(**vars(found)) == found
    assert all(isinstance(value, str | int) for value in vars(found).values())


def test_what_is_watched_moves_with_an_artifact_that_changes_appears_or_vanishes(
    moved: tuple[Path, Callable[[str], Path]],
) -> None:
    root, run = moved
    store, candidates = opened(str(root))
    shutil.rmtree(run("without_artifact") / "artifacts")
    for path in watched_artifacts(store, candidates):
        os.utime(path, (0, 0))

    def look() -> dict[Path, int | None]:
        return {path: path.stat().st_mtime_ns if path.exists() else None for path in watched}

    watched = watched_artifacts(store, candidates)
    seen = look()
    (run("failed") / "artifacts" / "notes" / "more.txt").write_text("nobody reads failed runs")
    assert look() == seen
    for act in (
        lambda: artifact(run("named")).write_bytes(b"other"),
        lambda: shutil.copy(artifact(run("named")), artifact(run("named")).with_name("metrics_2.pickle")),
        lambda: artifact(run("by_params")).unlink(),
        lambda: (run("without_artifact") / "artifacts").mkdir(),
    ):
        act()
        assert look() != seen
        seen = look()


@pytest.mark.server
def test_an_artifact_on_a_server_is_fetched_once(
    server_store: WrittenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, candidates = opened(server_store.uri)
    known = fingerprints(store, candidates, None)
    monkeypatch.setattr(type(store), "chunks", lambda *_: pytest.fail("was fetched again"))
    assert {item.version for item in fingerprints(store, candidates, known).values()} == {
        item.version for item in known.values()
    }
