"""The constructive cache: what was made once comes back as it was, however many keep and restore at once."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from cached_results import drawn, files_in, made, only, rows, silent

from assets.engine.cache.results import ResultCache, worth_keeping
from assets.engine.contents import scan
from assets.engine.hashing import digest

pytest_plugins = ["cache_fixtures"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return silent(tmp_path / "cache")


def test_a_table_comes_back_with_its_types_its_rows_in_order_and_what_was_noted(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache
) -> None:
    assert cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    assert found is not None and found.files
    assert replace(found, files={}) == made(cursor)
    assert cache.restore_table(cursor, found, "back")
    assert rows(cursor, "back") == rows(cursor, "t")
    assert scan(cursor, "back") == scan(cursor, "t")


def test_columns_come_back_in_their_order_not_in_that_of_their_names(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache
) -> None:
    cursor.execute('CREATE TABLE odd AS SELECT 1 AS "z ""x", 2 AS a, 3 AS "select"')
    cache.keep_table(cursor, "odd", made(cursor, "odd"))
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_table(cursor, found, "back")
    assert list(scan(cursor, "back").schema) == ['z "x', "a", "select"]


def test_a_restored_table_takes_the_place_of_what_was_there(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    cursor.execute("UPDATE t SET v = 0")
    assert found is not None and cache.restore_table(cursor, found, "t")
    assert scan(cursor, "t").data_version == found.data_version


def test_files_come_back_byte_for_byte_under_their_names(tmp_path: Path, cache: ResultCache) -> None:
    (tmp_path / "f1.svg").write_bytes(b"<svg/>\r\n")
    (tmp_path / "f1.png").write_bytes(bytes(range(256)))
    names = {"f1.svg": tmp_path / "f1.svg", "print/f1.png": tmp_path / "f1.png"}
    assert cache.keep_files(drawn(), names)
    found = cache.find(digest("inputs"))
    assert found is not None and found.schema is None
    back = cache.restore_files(found, tmp_path / "back")
    assert back == {name: tmp_path / "back" / name for name in names}
    assert {name: path.read_bytes() for name, path in back.items()} == {
        name: path.read_bytes() for name, path in names.items()
    }


def test_a_kept_file_may_be_deleted_or_edited_where_it_came_from(tmp_path: Path, cache: ResultCache) -> None:
    (tmp_path / "f1").write_text("as it was")
    cache.keep_files(drawn(), {"f1": tmp_path / "f1"})
    (tmp_path / "f1").write_text("edited")
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_files(found, tmp_path)
    assert (tmp_path / "f1").read_text() == "as it was"


def test_inputs_never_seen_have_no_result(cache: ResultCache, tmp_path: Path) -> None:
    assert cache.find(digest("other")) is None
    assert not (tmp_path / "cache").exists(), "looking writes nothing"


def test_looking_writes_nothing(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    only(tmp_path / "cache", "contents").write_bytes(b"damaged")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files_in(tmp_path)}
    cache.find(digest("inputs"))
    cache.view(cursor, made(cursor).data_version, "earlier")
    cache.size()
    cache.gc(0, dry_run=True)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files_in(tmp_path)} == before


def test_the_same_content_is_stored_once(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    for inputs in ("one", "two", "three"):
        assert cache.keep_table(cursor, "t", made(cursor, inputs=inputs))
    assert len(files_in(tmp_path / "cache" / "contents")) == 1
    for inputs in ("one", "two", "three"):
        found = cache.find(digest(inputs))
        assert found is not None and cache.restore_table(cursor, found, "back")


def test_content_that_is_there_is_not_written_again(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.keep_table(cursor, "t", made(cursor, inputs="one"))
    monkeypatch.setattr("assets.engine.cache.parquet.write", lambda *_: pytest.fail("written again"))
    assert cache.keep_table(cursor, "t", made(cursor, inputs="two"))


def test_an_earlier_content_can_be_viewed(cursor: duckdb.DuckDBPyConnection, cache: ResultCache) -> None:
    earlier = made(cursor)
    before = rows(cursor, "t")
    cache.keep_table(cursor, "t", earlier)
    cursor.execute("UPDATE t SET v = 0")
    assert cache.view(cursor, earlier.data_version, "earlier")
    assert rows(cursor, "earlier") == before
    assert not cache.view(cursor, made(cursor).data_version, "later")


def test_a_table_that_parquet_cannot_hold_exactly_is_not_kept(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cursor.execute("CREATE TABLE u AS SELECT 1::UNION(a INTEGER, b VARCHAR) AS x")
    assert not cache.keep_table(cursor, "u", made(cursor, "u"))
    assert cache.find(digest("inputs")) is None
    assert files_in(tmp_path / "cache") == []


def test_an_empty_table_and_a_file_without_content_come_back(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cursor.execute("DELETE FROM t")
    cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_table(cursor, found, "back")
    assert scan(cursor, "back") == scan(cursor, "t")
    (tmp_path / "empty").touch()
    cache.keep_files(drawn(), {"empty": tmp_path / "empty"})
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_files(found, tmp_path / "back")


def test_folders_with_the_names_of_patterns_and_columns_are_folders(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    cache = silent(tmp_path / "it's [1]*?" / "id=9")
    cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    assert found is not None and cache.restore_table(cursor, found, "back")
    assert rows(cursor, "back") == rows(cursor, "t")


def test_only_the_owner_can_read_what_is_kept_here(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    root = tmp_path / "cache"
    assert {oct(p.stat().st_mode & 0o777) for p in (root, *root.iterdir())} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in files_in(root)} == {"0o600"}


@pytest.mark.parametrize(
    ("seconds", "cells", "kept"), [(0.0, 5_000, True), (0.01, 5_000_000, False), (2.0, 5_000_000, True)]
)
def test_large_tables_that_are_quickly_made_are_not_worth_keeping(
    seconds: float, cells: int, kept: bool
) -> None:
    assert worth_keeping(seconds, cells) is kept


def test_threads_that_keep_find_and_restore_at_once_do_not_disturb_each_other(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache
) -> None:
    results = [made(cursor, inputs=f"inputs {number % 5}") for number in range(40)]
    barrier = threading.Barrier(4)

    def work(number: int) -> bool:
        if number < 4:
            barrier.wait(timeout=60)
        own = cursor.cursor()
        kept = cache.keep_table(own, "t", results[number])
        found = cache.find(results[number].input_hash)
        return kept and found is not None and cache.restore_table(own, found, f"back{number}")

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(40)))
    assert all(rows(cursor, f"back{number}") == rows(cursor, "t") for number in range(40))


BUSY = """
import sys
from pathlib import Path
from assets.engine.cache.results import ResultCache
from assets.engine.cache.result import CachedResult
from assets.engine.hashing import digest

cache, own = ResultCache(Path(sys.argv[1]), sys.argv[2], tell=lambda message: sys.exit(message)), Path(sys.argv[3])
own.mkdir()
wrong = 0
for turn in range(60):
    name = str(turn % 7)
    (own / name).write_text(name * 5000)
    assert cache.keep_files(CachedResult(name, digest(name), digest(name)), {"f": own / name})
    other = str((turn + 3) % 7)
    found = cache.find(digest(other))
    back = found and cache.restore_files(found, own / "back")
    if back:
        wrong += back["f"].read_text() != other * 5000
    if turn % 10 == 9:
        cache.gc(max_bytes=20000)
print(wrong)
"""


def test_two_processes_that_keep_restore_and_collect_at_once_never_get_anything_wrong(tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    (tmp_path / "shared").mkdir()
    running = [
        subprocess.Popen(
            [
                sys.executable,
                str(script),
                str(tmp_path / "cache"),
                str(tmp_path / "shared"),
                str(tmp_path / own),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for own in ("one", "two")
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.strip(), err) == (0, "0", "")
    assert not list(tmp_path.rglob("*.tmp"))
