"""A damaged cache: whatever is cut, flipped, gone or half written counts as never made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import fsspec
import pytest
from cached_results import age, drawn, files_in, made, only, rows, silent

from assets.engine.cache.results import ResultCache
from assets.engine.hashing import digest

pytest_plugins = ["cache_fixtures"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return silent(tmp_path / "cache")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [truncated, emptied, flipped, Path.unlink], ids=lambda f: f.__name__)
@pytest.mark.parametrize("folder", ["results", "versions", "contents"])
def test_a_damaged_table_is_as_if_absent_and_can_be_kept_again(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path, folder: str, damage: object
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    assert callable(damage)
    damage(only(tmp_path / "cache", folder))
    found = cache.find(digest("inputs"))
    restored = found is not None and cache.restore_table(cursor, found, "back")
    assert restored == (folder == "versions")
    if not restored:
        assert cache.find(digest("inputs")) is None
    assert cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_table(cursor, found, "back")
    assert rows(cursor, "back") == rows(cursor, "t")
    assert cache.view(cursor, found.data_version, "earlier")


@pytest.mark.parametrize("damage", [truncated, emptied, flipped, Path.unlink], ids=lambda f: f.__name__)
def test_when_one_of_several_files_is_damaged_none_comes_back(
    cache: ResultCache, tmp_path: Path, damage: object
) -> None:
    names = {name: tmp_path / name for name in ("f1.svg", "f1.png")}
    for name, path in names.items():
        path.write_text(f"picture of {name}")
    cache.keep_files(drawn(), names)
    found = cache.find(digest("inputs"))
    assert callable(damage) and found is not None
    damage(tmp_path / "cache" / "contents" / found.files["f1.png"])
    assert cache.restore_files(found, tmp_path / "back") is None
    assert cache.find(digest("inputs")) is None


def test_a_result_without_its_content_cannot_be_found(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, memory: str
) -> None:
    silent(tmp_path / "mine", memory).keep_table(cursor, "t", made(cursor))
    only(tmp_path / "mine", "contents").unlink()
    assert silent(tmp_path / "mine").find(digest("inputs")) is None
    assert silent(tmp_path / "mine", memory).find(digest("inputs")) is not None, "it is in the shared folder"
    system = fsspec.filesystem("memory")
    system.rm("/group/cache/contents", recursive=True)
    assert silent(tmp_path / "mine", memory).find(digest("inputs")) is None


def test_every_flipped_bit_of_a_result_is_noticed(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    path = only(tmp_path / "cache", "results")
    whole = path.read_bytes()
    for place in range(len(whole) - 1):  # the last byte only ends the line
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert cache.find(digest("inputs")) is None, f"byte {place}"


def test_a_result_under_the_name_of_another_is_not_taken_for_it(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    path = only(tmp_path / "cache", "results")
    path.rename(path.with_name(f"{digest('other')}.json"))
    assert cache.find(digest("other")) is None


def test_a_result_of_another_format_is_left_alone(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("assets.engine.cache.result._FORMAT", 2)
    cache.keep_table(cursor, "t", made(cursor))
    monkeypatch.undo()
    assert cache.find(digest("inputs")) is None
    assert only(tmp_path / "cache", "results").exists()


@pytest.mark.parametrize("name", ["../stolen", "a/../../stolen", "/stolen"])
def test_files_that_would_lie_elsewhere_are_not_restored(
    cache: ResultCache, tmp_path: Path, name: str
) -> None:
    (tmp_path / "f1").write_text("x")
    cache.keep_files(drawn(), {name: tmp_path / "f1"})
    assert cache.find(digest("inputs")) is None


def test_a_rejected_result_is_forgotten_and_its_content_written_anew(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, memory: str
) -> None:
    cache = silent(tmp_path / "cache", memory)
    cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    assert found is not None
    cache.reject(found)
    assert cache.find(digest("inputs")) is None
    assert not cache.view(cursor, found.data_version, "earlier")
    cache.reject(found)  # another process may have done so already


def test_a_cache_that_is_deleted_while_in_use_is_begun_anew(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    shutil.rmtree(tmp_path / "cache")
    assert found is not None
    assert cache.find(digest("inputs")) is None
    assert not cache.restore_table(cursor, found, "back")
    assert cache.keep_table(cursor, "t", made(cursor))
    assert cache.find(digest("inputs")) is not None


def test_a_cache_that_cannot_be_written_is_told_once_and_fails_nothing(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    told: list[str] = []
    cache = ResultCache(tmp_path / "cache", tell=told.append)
    for inputs in ("one", "two"):
        assert not cache.keep_table(cursor, "t", made(cursor, inputs=inputs))
        assert not cache.keep_files(drawn(), {"f1": tmp_path / "cache"})
        assert cache.find(digest(inputs)) is None
    assert len(told) == 1 and str(tmp_path / "cache") in told[0]


KILLED = """
import os, sys
from pathlib import Path
from assets.engine.cache import places as cache_places
from assets.engine.cache.results import ResultCache
from assets.engine.cache.result import CachedResult
from assets.engine.hashing import digest

step, root, source = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
place, done = cache_places.Folder.place, []

def dying(self, aside, name):
    if len(done) == step:
        os._exit(9)
    done.append(name)
    place(self, aside, name)

cache_places.Folder.place = dying
ResultCache(root).keep_files(CachedResult("f1", digest("inputs"), digest("f1")), {"a": source, "b": Path(__file__)})
"""


@pytest.mark.parametrize("step", range(4))
def test_a_process_killed_at_any_step_leaves_a_whole_result_or_none(tmp_path: Path, step: int) -> None:
    script, root = tmp_path / "killed.py", tmp_path / "cache"
    script.write_text(KILLED)
    (tmp_path / "a").write_text("first")
    done = subprocess.run(
        [sys.executable, str(script), str(step), str(root), str(tmp_path / "a")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == (9 if step < 3 else 0)
    cache = silent(root)
    assert (cache.find(digest("inputs")) is not None) == (step == 3)
    assert bool(list(root.rglob("*.tmp"))) == (step < 3)
    assert cache.gc().entries == 0 and bool(list(root.rglob("*.tmp"))) == (step < 3), (
        "it may still be at work"
    )
    age(root)
    cache.gc()
    assert len(files_in(root)) == (3 if step == 3 else 0)
