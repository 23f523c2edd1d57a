"""No original subject code leaves in a published table, whatever column it sits in."""

from pathlib import Path

import duckdb
import pytest

from assets.engine.errors import UserError
from assets.inputs.privacy import refuse_original_codes
from assets.inputs.subjects import relabel


@pytest.fixture
def private(tmp_path: Path) -> Path:
    relabel(["PLR0042", "a.c-7", "12"], tmp_path)
    return tmp_path


def check(private: Path, value: str, column: str = "note") -> None:
    with duckdb.connect() as connection:
        connection.execute(f'CREATE TABLE runs ("{column}" VARCHAR, n INTEGER)')
        connection.execute("INSERT INTO runs VALUES (?, 12), ('nothing', 1), (NULL, 2)", [value])
        refuse_original_codes(connection, private)


@pytest.mark.parametrize(
    "value", ["PLR0042", "metrics_PLR0042.pickle", '{"x": "PLR0042"}', "see a.c-7!", "12"]
)
def test_an_original_code_in_a_text_column_stops_the_publish_and_is_not_quoted(
    private: Path, value: str
) -> None:
    with pytest.raises(UserError, match="column `note` of `runs` holds original subject codes") as refused:
        check(private, value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("value", ["PLR00421", "xPLR0042", "abc-7", "12 rows", "", "S2ABCDEFGHI"])
def test_what_only_resembles_a_code_passes(private: Path, value: str) -> None:
    check(private, value)


def test_without_any_look_up_there_is_nothing_to_find(tmp_path: Path) -> None:
    check(tmp_path, "PLR0042")
