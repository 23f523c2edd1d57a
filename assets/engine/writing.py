"""Errors of a machine that has no room for what is written, said in a line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from assets.engine.errors import UserError

_NO_MEMORY = "Out of Memory|failed to (pin|offload)"
_NOT_WRITTEN = "[Cc]ould not write|No space left|truncate file"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Explain a write to `path` that the machine refused, for want of disk, memory or leave; what was finished stands.

    Raises UserError then; any other error of DuckDB's goes through as it is.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if isinstance(error, duckdb.Error) and re.search(_NO_MEMORY, reason):
            raise UserError(
                f"DuckDB has no memory left for {path}: {reason}; it may take half of `memory_limit_gb`: raise that "
                "and run again, finished work is kept"
            ) from error
        if isinstance(error, OSError) or re.search(_NOT_WRITTEN, reason):
            raise UserError(
                f"cannot write {path}: {reason}; mend that and run again, finished work is kept"
            ) from error
        raise
