"""A run's version moves with its content and with nothing else."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from written_stores import FULL_NAME, WrittenStore, artifact, opened

from assets.inputs import fingerprints as module
from assets.inputs.fingerprints import RACY_NS, Fingerprint, fingerprints
from assets.inputs.stores.runs import RunStore

pytest_plugins = ["store_fixtures"]

Moved = tuple[Path, Callable[[str], Path]]


def by_kind(written: WrittenStore, found: dict[str, Fingerprint]) -> dict[str, Fingerprint]:
    return {kind: found[run_id] for kind, run_id in written.runs.items()}


def test_a_version_stands_for_content_wherever_and_whenever_it_is_read(
    file_store: WrittenStore, moved: Moved
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
    file_store: WrittenStore, moved: Moved, act: Callable[[Path], object]
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
    moved: Moved, act: Callable[[Path], object]
) -> None:
    root, run = moved
    before = fingerprints(*opened(str(root)), None)
    act(run("named"))
    after = fingerprints(*opened(str(root)), before)
    assert {run_id: item.version for run_id, item in before.items()} == {
        run_id: item.version for run_id, item in after.items()
    }


def test_a_version_tells_an_absent_artifact_from_a_forbidden_one(moved: Moved, tmp_path: Path) -> None:
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
    digest, seen = type(store).digest, set()

    def spy(self: RunStore, run: Any, path: str, max_bytes: int) -> str:
        seen.add(run.run_id)
        return digest(self, run, path, max_bytes)

    monkeypatch.setattr(type(store), "digest", spy)
    fingerprints(store, candidates, known)
    monkeypatch.undo()
    return seen


@pytest.fixture
def settled(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> Moved:
    """A store that nobody has touched for long, by our clock."""
    now = time.time_ns
    monkeypatch.setattr(module.time, "time_ns", lambda: now() + 10 * RACY_NS)
    return moved


def changed(path: Path) -> None:
    """Replace bytes and restore the time of modification, as `cp -p` and rsync do."""
    before = path.stat()
    path.write_bytes(bytes(reversed(path.read_bytes())))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def replaced(path: Path) -> None:
    """Put another file of the same size and time in its place, as rsync does."""
    other = shutil.copy2(path, path.with_name("other"))
    changed(Path(other))
    Path(other).replace(path)


@pytest.mark.parametrize(
    "act", [changed, replaced, lambda path: os.utime(path, (2000, 2000)), lambda path: path.chmod(0o600)]
)
def test_an_artifact_is_read_again_if_its_inode_says_that_it_may_have_changed(
    settled: Moved, monkeypatch: pytest.MonkeyPatch, act: Callable[[Path], object]
) -> None:
    root, run = settled
    known = fingerprints(*opened(str(root)), None)
    act(artifact(run("named")))
    assert reread(root, known, monkeypatch) == {run("named").name}


def test_an_artifact_that_nobody_touched_is_not_read_again(
    settled: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = settled
    known = fingerprints(*opened(str(root)), None)
    assert reread(root, known, monkeypatch) == set()


def test_an_artifact_that_changed_a_moment_before_the_look_is_read_again(
    settled: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, run = settled
    known = fingerprints(*opened(str(root)), None)
    last = artifact(run("named")).stat().st_ctime_ns
    for age, expected in ((RACY_NS // 2, {run("named").name}), (2 * RACY_NS, set())):
        name = run("named").name
        known |= {name: replace(known[name], looked_at_ns=last + age)}
        assert reread(root, known, monkeypatch) == expected


def test_a_spared_reading_does_not_make_the_look_younger(settled: Moved) -> None:
    root, run = settled
    first = fingerprints(*opened(str(root)), None)
    time.sleep(0.001)
    second = fingerprints(*opened(str(root)), first)
    assert second[run("named").name] == first[run("named").name]


def test_a_version_stays_where_an_artifact_cannot_be_read(settled: Moved) -> None:
    root, _ = settled
    first = fingerprints(*opened(str(root)), None, max_bytes=10)
    assert {item.artifact_sha256 for item in first.values()} == {None}
    assert fingerprints(*opened(str(root)), first, max_bytes=10) == {
        run_id: replace(item, looked_at_ns=ANY) for run_id, item in first.items()
    }


def test_an_artifact_beyond_the_size_limit_is_not_read(
    settled: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, run = settled
    with artifact(run("named")).open("r+b") as file:
        file.truncate(2**40)  # a hole: no disk holds so much
    limited = fingerprints(*opened(str(root)), None)[run("named").name]
    assert limited.artifact_sha256 is None


def test_a_fingerprint_survives_being_written_down(moved: Moved) -> None:
    root, run = moved
    found = fingerprints(*opened(str(root)), None)[run("named").name]
    assert Fingerprint(**vars(found)) == found
    assert all(isinstance(value, str | int) for value in vars(found).values())


@pytest.mark.server
@pytest.mark.xdist_group("server")
def test_an_artifact_on_a_server_is_fetched_once(
    server_store: WrittenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, candidates = opened(server_store.uri)
    known = fingerprints(store, candidates, None)
    monkeypatch.setattr(type(store), "digest", lambda *_: pytest.fail("was fetched again"))
    assert {item.version for item in fingerprints(store, candidates, known).values()} == {
        item.version for item in known.values()
    }
