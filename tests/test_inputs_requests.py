"""How often a tracking server is asked, and that one which dies in the middle and comes back changes no result."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_server import ScriptedServer
from store_looks import look, rows
from written_stores import refitted_metrics

from assets.engine.errors import TransientError
from assets.inputs.stores import fetched, http_store
from assets.inputs.stores.fetched import Fetched

RUNS = 24


@pytest.fixture(scope="module")
def artifacts() -> dict[str, bytes]:
    good = refitted_metrics(3, n_subjects=8, n_refits=2)
    return {f"run{number:03}": pickle.dumps({**good, "number": number}) for number in range(RUNS)}


@pytest.fixture
def server(artifacts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setattr(http_store, "WAITS", (0.05, 1.0))
    with ScriptedServer(dict(artifacts)) as server:
        yield server


def questions(server: ScriptedServer) -> dict[str, int]:
    asked = {name: count for name, count in server.asked.items() if "artifact" in name}
    server.asked.clear()
    return asked


def test_a_first_extraction_fetches_each_artifact_once(server: ScriptedServer, tmp_path: Path) -> None:
    first = look(server.uri, tmp_path)
    again = look(server.uri, tmp_path, memo=first.memo)
    assert again.partitions == first.partitions
    found = rows(again)
    assert len(found) == RUNS
    assert not [row for row in found.values() if row["quarantine_stage"]]
    assert questions(server) == {
        "GET artifacts/list": 2 * RUNS,
        "HEAD get-artifact": 2 * RUNS,
        "GET get-artifact": RUNS,
    }


def test_a_second_look_fetches_what_changed_alone(server: ScriptedServer, tmp_path: Path) -> None:
    first = look(server.uri, tmp_path)
    questions(server)
    server.artifacts["run007"] += b"\0"
    second = look(server.uri, tmp_path, memo=first.memo)
    assert {run for run in first.partitions if first.partitions[run] != second.partitions[run]} == {"run007"}
    assert questions(server)["GET get-artifact"] == 1


def test_artifacts_without_etags_are_fetched_at_every_look(server: ScriptedServer, tmp_path: Path) -> None:
    server.etags = False
    first = look(server.uri, tmp_path)
    server.artifacts["run007"] = server.artifacts["run007"][:-1] + b"\1"
    second = look(server.uri, tmp_path, memo=first.memo)
    assert {run for run in first.partitions if first.partitions[run] != second.partitions[run]} == {"run007"}
    rows(second)
    assert questions(server)["GET get-artifact"] == 2 * RUNS


def test_a_changed_artifact_is_not_read_from_memory(server: ScriptedServer, tmp_path: Path) -> None:
    first = look(server.uri, tmp_path)
    server.artifacts["run007"] = server.artifacts["run008"]
    found = rows(look(server.uri, tmp_path, memo=first.memo))
    assert found["run007"]["artifact_sha256"] == found["run008"]["artifact_sha256"]


def test_no_more_than_eight_requests_are_under_way(server: ScriptedServer, tmp_path: Path) -> None:
    look(server.uri, tmp_path)
    assert 2 <= server.most_at_once <= 8


def test_only_the_first_finished_run_is_asked_for_to_choose_the_experiment(
    server: ScriptedServer, tmp_path: Path
) -> None:
    look(server.uri, tmp_path)
    assert server.asked["POST runs/search"] == 2


@pytest.mark.parametrize(
    "dies_at",
    [
        ("POST experiments/search", 1),
        ("POST runs/search", 2),
        ("GET artifacts/list", 12),
        ("HEAD get-artifact", 12),
        ("GET get-artifact", 12),
    ],
    ids=lambda at: at[0],
)
def test_a_server_that_dies_and_comes_back_gives_the_same_rows(
    server: ScriptedServer, tmp_path: Path, dies_at: tuple[str, int]
) -> None:
    calm = look(server.uri, tmp_path)
    expected = rows(calm)
    server.asked.clear()
    server.dies_at = dies_at
    seen = look(server.uri, tmp_path)
    assert server.deaths == 1
    assert seen.partitions == calm.partitions
    assert rows(seen) == expected


def test_a_server_that_dies_while_artifacts_are_read_gives_the_same_rows(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_store, "FETCHED", Fetched(0, 0))
    seen = look(server.uri, tmp_path)
    expected = rows(seen)
    server.dies_at = ("GET get-artifact", 2 * RUNS + 10)
    assert rows(seen) == expected
    assert server.deaths == 1


def test_a_server_that_stays_away_is_not_asked_for_every_run(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    artifact = http_store.HttpStore._artifact

    def away(self: object, method: str, run: object, path: str, **more: object) -> object:
        asked.append(path)
        raise TransientError("away")

    monkeypatch.setattr(http_store, "WAITS", (0.2,))  # long enough for the first failure to be heard of
    monkeypatch.setattr(http_store.HttpStore, "_artifact", away)
    with pytest.raises(TransientError, match="away"):
        look(server.uri, tmp_path)
    assert artifact is not away and len(asked) < 2 * RUNS


def test_what_is_kept_of_artifacts_is_bounded_and_handed_out_once() -> None:
    kept = Fetched(max_bytes=10, largest_bytes=6)

    def offer(name: str, *pieces: bytes) -> None:
        assert b"".join(kept.keeping(("store", "run", name), pieces)) == b"".join(pieces)

    def take(name: str) -> bytes | None:
        return kept.take(("store", "run", name))

    offer("large", b"1234", b"567")
    assert take("large") is None
    offer("a", b"123", b"456")
    offer("b", b"12345")
    assert (take("b"), take("a"), take("a")) == (None, b"123456", None)
    offer("b", b"12345")
    offer("b", b"54321")
    assert take("b") == b"54321"
    assert fetched.KEPT_BYTES <= 256 * 2**20


def test_an_artifact_cut_short_is_not_kept() -> None:
    kept = Fetched(max_bytes=10, largest_bytes=10)

    def broken() -> Iterator[bytes]:
        yield b"1"
        raise TransientError("broke off")

    with pytest.raises(TransientError):
        list(kept.keeping(("store", "run", "a"), broken()))
    assert kept.take(("store", "run", "a")) is None
