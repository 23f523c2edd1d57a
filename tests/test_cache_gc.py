"""Bounding a cache: the least recently used go, what is needed stays, what is not ours is left alone."""

import os
from pathlib import Path

import duckdb
import pytest
from cached_results import age, drawn, files_in, made, silent

from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache
from assets.engine.cache.sizes import Amount
from assets.engine.hashing import digest

pytest_plugins = ["cache_fixtures"]


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return silent(tmp_path / "cache")


def filled(cache: ResultCache, tmp_path: Path, count: int, size: int = 1000) -> list[CachedResult]:
    """Keep some results of `size` bytes each, alternately of two assets, used one after the other."""
    results = []
    for number in range(count):
        (tmp_path / "f").write_text(f"{number:04}" * (size // 4))
        result = drawn(f"f{number % 2}", f"inputs {number}")
        cache.keep_files(result, {"f": tmp_path / "f"})
        used_at(tmp_path, result, number)
        results.append(result)
    return results


def used_at(tmp_path: Path, result: CachedResult, moment: int) -> None:
    path = tmp_path / "cache" / "results" / f"{result.input_hash}.json"
    os.utime(path, (1_700_000_000 + moment,) * 2)


def held(cache: ResultCache, results: list[CachedResult]) -> list[int]:
    return [number for number, result in enumerate(results) if cache.find(result.input_hash)]


def test_without_bounds_nothing_that_is_whole_goes(cache: ResultCache, tmp_path: Path) -> None:
    results = filled(cache, tmp_path, 4)
    age(tmp_path / "cache")
    assert cache.gc() == Amount(0, 0)
    assert held(cache, results) == [0, 1, 2, 3]


def test_the_least_recently_used_go_first_until_the_rest_fits(cache: ResultCache, tmp_path: Path) -> None:
    results = filled(cache, tmp_path, 5)
    found = cache.find(results[0].input_hash)
    assert found is not None and cache.restore_files(found, tmp_path / "back"), "restoring is a use"
    before = cache.size()
    each = before.bytes // 5
    assert cache.gc(max_bytes=3 * each) == Amount(2, 2 * each)
    assert held(cache, results) == [0, 3, 4]
    assert cache.size() == Amount(3, before.bytes - 2 * each)


def test_of_each_asset_the_newest_stay(cache: ResultCache, tmp_path: Path) -> None:
    results = filled(cache, tmp_path, 6)
    cache.gc(keep=1)
    assert held(cache, results) == [4, 5]


def test_a_dry_run_says_what_would_go_and_drops_nothing(cache: ResultCache, tmp_path: Path) -> None:
    filled(cache, tmp_path, 6)
    before = cache.size()
    announced = cache.gc(max_bytes=3000, keep=2, dry_run=True)
    assert cache.size() == before
    assert cache.gc(max_bytes=3000, keep=2) == announced
    assert cache.size() == Amount(before.entries - announced.entries, before.bytes - announced.bytes)
    assert cache.size().bytes <= 3000


def test_content_stays_while_one_result_needs_it_and_counts_once(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    for number, inputs in enumerate(("one", "two", "three")):
        cache.keep_table(cursor, "t", made(cursor, inputs=inputs))
        used_at(tmp_path, made(cursor, inputs=inputs), number)
    assert cache.gc(max_bytes=cache.size().bytes) == Amount(0, 0)
    cache.gc(keep=1)
    found = cache.find(digest("three"))
    assert found is not None and cache.restore_table(cursor, found, "back")
    assert cache.view(cursor, found.data_version, "earlier")
    cache.gc(max_bytes=0)
    assert files_in(tmp_path / "cache") == []


def test_a_result_stays_when_another_of_the_same_content_was_rejected(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    for inputs in ("one", "two"):
        cache.keep_table(cursor, "t", made(cursor, inputs=inputs))
    rejected = cache.find(digest("one"))
    assert rejected is not None
    cache.reject(rejected)
    age(tmp_path / "cache")
    assert cache.gc(max_bytes=10**6) == Amount(0, 0)
    found = cache.find(digest("two"))
    assert found is not None and cache.restore_table(cursor, found, "back")


def test_what_no_result_needs_goes_when_it_is_old(
    cursor: duckdb.DuckDBPyConnection, cache: ResultCache, tmp_path: Path
) -> None:
    cache.keep_table(cursor, "t", made(cursor))
    found = cache.find(digest("inputs"))
    assert found is not None
    cache.reject(found)
    assert cache.gc() == Amount(0, 0), "it may belong to a result that is being written"
    age(tmp_path / "cache")
    assert cache.gc().bytes > 0
    assert files_in(tmp_path / "cache") == []


def test_what_is_not_the_cache_s_own_is_never_collected(cache: ResultCache, tmp_path: Path) -> None:
    strangers = [
        tmp_path / "cache" / name for name in ("results/table.csv", "contents/notes.txt", "photos/1.jpg")
    ]
    for path in strangers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("precious")
    age(tmp_path / "cache")
    assert cache.gc(max_bytes=0) == Amount(0, 0) == cache.size()
    assert all(path.exists() for path in strangers)
