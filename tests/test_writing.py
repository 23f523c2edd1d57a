"""What the machine refuses to write is one line, whatever the error says of itself."""

import errno
from pathlib import Path

import duckdb
import pytest

from assets.engine.errors import UserError
from assets.engine.writing import writing


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(), "OSError"),
        (PermissionError(), "PermissionError"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (duckdb.IOException("Could not write\nmore"), "Could not write"),
    ],
)
def test_a_write_that_was_refused_says_why(error: Exception, reason: str) -> None:
    with (
        pytest.raises(UserError, match=f"cannot write a.db: .*{reason}; mend that and run again"),
        writing(Path("a.db")),
    ):
        raise error


def test_an_error_that_is_not_of_the_machine_goes_through(tmp_path: Path) -> None:
    with pytest.raises(duckdb.ParserException), writing(tmp_path):
        raise duckdb.ParserException
