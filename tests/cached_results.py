"""Results to keep in a cache, and looks into its folder."""

import os
from pathlib import Path

import duckdb
import pytest

from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache
from assets.engine.contents import scan
from assets.engine.hashing import digest

A_DAY = 86_400


def silent(root: Path, shared: str | None = None) -> ResultCache:
    """Make a cache that must have nothing to complain about."""
    return ResultCache(root, shared, tell=lambda message: pytest.fail(message))


def made(cursor: duckdb.DuckDBPyConnection, table: str = "t", inputs: str = "inputs") -> CachedResult:
    """Describe a table as a build would that has just made it."""
    seen = scan(cursor, table)
    return CachedResult(
        key=table,
        input_hash=digest(inputs),
        data_version=seen.data_version,
        rows=seen.rows,
        seconds=1.5,
        record={"sql": "SELECT 1", "code": {"f": "abc"}, "settings": {"x": [1, None, 0.1]}},
        schema=seen.schema,
    )


def drawn(name: str = "f1", inputs: str = "inputs") -> CachedResult:
    return CachedResult(name, digest(inputs), digest(name))


def rows(cursor: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    return cursor.execute(f'FROM "{table}"').fetchall()


def files_in(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def only(root: Path, folder: str) -> Path:
    (path,) = (root / folder).iterdir()
    return path


def age(root: Path, seconds: float = A_DAY) -> None:
    for path in files_in(root):
        found = path.stat()
        os.utime(path, (found.st_atime - seconds, found.st_mtime - seconds))
