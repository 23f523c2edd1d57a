"""Fixtures: a table to keep, and places to share it in.

Test modules name this module in `pytest_plugins` and do not import it.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from fsspec.implementations.memory import MemoryFileSystem


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a table `t` of 50 rows."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("CREATE TABLE t AS SELECT i AS id, i / 7 AS v FROM range(50) AS r(i)")
        yield connection


@pytest.fixture
def memory() -> Iterator[str]:
    """The URL of a folder that is in memory only."""
    yield "memory://group/cache"
    MemoryFileSystem.store.clear()


@pytest.fixture(params=["path", "url"])
def shared(request: pytest.FixtureRequest, tmp_path: Path, memory: str) -> str:
    """A shared folder, once by its path and once by a URL."""
    (tmp_path / "shared").mkdir()
    return str(tmp_path / "shared") if request.param == "path" else memory
