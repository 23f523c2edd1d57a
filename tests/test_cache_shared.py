"""A shared cache: what one machine made others restore, and no build depends on it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import fsspec
import pytest
from cached_results import drawn, files_in, made, only, rows, silent
from fsspec.implementations.memory import MemoryFileSystem

from assets.engine.cache import places as cache_places
from assets.engine.cache.results import ResultCache
from assets.engine.hashing import digest

pytest_plugins = ["cache_fixtures"]

ROOT = Path(__file__).resolve().parent.parent


def test_what_one_machine_kept_another_restores_and_keeps(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, shared: str
) -> None:
    assert silent(tmp_path / "mine", shared).keep_table(cursor, "t", made(cursor))
    yours = silent(tmp_path / "yours", shared)
    found = yours.find(digest("inputs"))
    assert found is not None and not (tmp_path / "yours").exists(), "looking writes nothing"
    assert yours.restore_table(cursor, found, "back")
    assert rows(cursor, "back") == rows(cursor, "t")
    alone = silent(tmp_path / "yours")
    assert alone.find(digest("inputs")) == found
    assert alone.restore_table(cursor, found, "again") and alone.view(cursor, found.data_version, "earlier")


def test_files_are_shared_too(tmp_path: Path, shared: str) -> None:
    (tmp_path / "f1").write_text("picture")
    assert silent(tmp_path / "mine", shared).keep_files(drawn(), {"f1": tmp_path / "f1"})
    yours = silent(tmp_path / "yours", shared)
    found = yours.find(digest("inputs"))
    assert found is not None
    back = yours.restore_files(found, tmp_path / "back")
    assert back is not None and back["f1"].read_text() == "picture"


def test_what_is_here_is_not_asked_for_elsewhere(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = silent(tmp_path / "cache", memory)
    cache.keep_table(cursor, "t", made(cursor))
    monkeypatch.setattr(cache_places.Bucket, "read", lambda *_: pytest.fail("asked"))
    monkeypatch.setattr(cache_places.Bucket, "fetch", lambda *_: pytest.fail("asked"))
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_table(cursor, found, "back")


def test_content_damaged_here_is_mended_from_the_shared_folder(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, shared: str
) -> None:
    cache = silent(tmp_path / "cache", shared)
    cache.keep_table(cursor, "t", made(cursor))
    only(tmp_path / "cache", "contents").write_bytes(b"damaged")
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_table(cursor, found, "back")
    assert rows(cursor, "back") == rows(cursor, "t")


def test_content_damaged_in_the_shared_folder_is_as_if_absent_and_mended_by_the_next(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, shared: str
) -> None:
    mine = silent(tmp_path / "mine", shared)
    mine.keep_table(cursor, "t", made(cursor))
    found = mine.find(digest("inputs"))
    assert found is not None
    system, root = fsspec.core.url_to_fs(shared)
    for name in system.find(root):
        system.pipe_file(name, system.cat_file(name)[:-40])
    yours = silent(tmp_path / "yours", shared)
    assert yours.find(digest("inputs")) is None, "the result is damaged"
    assert not yours.restore_table(cursor, found, "back"), "and so is the content"
    assert yours.keep_table(cursor, "t", made(cursor))
    theirs = silent(tmp_path / "theirs", shared)
    found = theirs.find(digest("inputs"))
    assert found is not None and theirs.restore_table(cursor, found, "back")


@pytest.mark.parametrize("location", ["absent/folder", "no-such-protocol://x", "memory://silent"])
def test_a_shared_folder_that_cannot_be_reached_is_told_once_and_fails_nothing(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.setattr(MemoryFileSystem, "cat_file", refusing(TimeoutError("no answer within 5 s")))
    told: list[str] = []
    location = location if "://" in location else str(tmp_path / location)
    cache = ResultCache(tmp_path / "cache", location, tell=told.append)
    for inputs in ("one", "two", "three"):
        assert cache.find(digest(inputs)) is None
        assert cache.keep_table(cursor, "t", made(cursor, inputs=inputs))
        found = cache.find(digest(inputs))
        assert found is not None and cache.restore_table(cursor, found, "back")
    assert len(told) == 1 and location in told[0]
    assert not (tmp_path / "absent").exists(), "it may be a disk that is not mounted"


def test_a_shared_folder_that_is_read_only_is_still_read(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    silent(tmp_path / "theirs", memory).keep_table(cursor, "t", made(cursor, inputs="theirs"))
    told: list[str] = []
    monkeypatch.setattr(MemoryFileSystem, "put_file", refusing(PermissionError("Access Denied")))
    cache = ResultCache(tmp_path / "cache", memory, tell=told.append)
    for inputs in ("one", "two"):
        assert cache.keep_table(cursor, "t", made(cursor, inputs=inputs))
    found = cache.find(digest("theirs"))
    assert found is not None and cache.restore_table(cursor, found, "back")
    assert len(told) == 1 and "written" in told[0] and "Access Denied" in told[0]


def refusing(error: Exception) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise error

    return refuse


def test_a_shared_folder_that_goes_away_meanwhile_is_told_and_not_made_anew(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    told: list[str] = []
    cache = ResultCache(tmp_path / "cache", str(tmp_path / "shared"), tell=told.append)
    assert cache.find(digest("one")) is None
    (tmp_path / "shared").rmdir()
    for inputs in ("one", "two"):
        assert cache.keep_table(cursor, "t", made(cursor, inputs=inputs))
    assert len(told) == 1
    assert not (tmp_path / "shared").exists()


def test_the_group_can_read_what_is_shared_by_path(cursor: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    before = os.umask(0o027)
    try:
        silent(tmp_path / "cache", str(tmp_path / "shared")).keep_table(cursor, "t", made(cursor))
    finally:
        os.umask(before)
    assert {oct(path.stat().st_mode & 0o777) for path in files_in(tmp_path / "shared")} == {"0o640"}


def test_nothing_heavy_is_imported_to_look_into_a_cache(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    script = (
        "import sys; from pathlib import Path; from assets.engine.cache.results import ResultCache\n"
        f"assert ResultCache(Path('cache'), {str(tmp_path / 'shared')!r}).find('0' * 64) is None\n"
        "print({'duckdb', 'fsspec', 'pyarrow', 'numpy', 'tempfile', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "set()", done.stderr
