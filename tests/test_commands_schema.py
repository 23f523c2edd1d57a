"""The page that the DuckDB file gives of itself: every table and view, its key, its columns and what they mean."""

import shutil
from pathlib import Path

import pytest

from assets.commands.describing import schema_page
from tests.command_runs import run
from tests.project_folders import Folder

STUDY = '''
@asset(primary_key=["lot", "place"], group_name="evidence", columns={"v": "what was measured, in g | kg"})
def measured() -> pa.Table:
    """One measurement of one lot.

    More that is said in the code alone.
    """
    return pa.table({"place": pa.array([1, 2], pa.int64()), "lot": ["a", "b"], "v": [1.5, 2.5], "w x": [[1], [2]]})

@asset(group_name="evidence", view=True, columns={"v": "the largest"})
def largest(measured: ir.Table) -> ir.Table:
    """One value:
    the largest."""
    return measured.agg(v=measured.v.max())

@asset(group_name="a/group")
def plain(measured: pd.DataFrame) -> pd.DataFrame:
    return measured[["lot"]]
'''

PAGE = """\
# Schema of the DuckDB file

2 tables, 1 view; version 2 of the ledger.
The file says all of this itself, in COMMENTs on its tables, views and columns: `FROM duckdb_tables()`,
`FROM duckdb_views()` and `FROM duckdb_columns()` show them in any program that opens it.

## a/group

### plain

Table.

| column | type | meaning |
| --- | --- | --- |
| `lot` | VARCHAR | |

## evidence

### largest

One value: the largest.

View.

| column | type | meaning |
| --- | --- | --- |
| `v` | DOUBLE | the largest |

### measured

One measurement of one lot.

Table; key: `lot`, `place`.

| column | type | meaning |
| --- | --- | --- |
| `place` | BIGINT | |
| `lot` | VARCHAR | |
| `v` | DOUBLE | what was measured, in g \\| kg |
| `w x` | BIGINT[] | |
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("built"))
    folder.write(STUDY)
    folder.build()
    return folder


def test_the_page_says_what_the_file_says_of_itself_and_nothing_that_moves(built: Folder) -> None:
    before = built.files()
    told = run(built, "schema")
    assert (told.out, told.err, told.code) == (PAGE, "", 0) and built.files() == before


def test_the_page_is_the_same_for_the_same_tables_however_they_came_about(
    built: Folder, tmp_path: Path
) -> None:
    other = Folder(tmp_path)
    other.write(STUDY)
    for key in ("measured", "plain", "largest", "*"):
        other.build(key, force=True)
    assert run(other, "schema").out == PAGE


def test_the_page_is_made_from_the_file_whatever_is_declared_by_now(built: Folder, tmp_path: Path) -> None:
    folder = built.copy(tmp_path)
    folder.write(
        '@asset(columns={"v": "other"})\ndef other() -> pa.Table:\n    """Another."""\n    return None\n'
    )
    folder.sql("CREATE TABLE of_somebody_else (v INTEGER); COMMENT ON COLUMN largest.v IS 'changed by hand'")
    assert run(folder, "schema").out == PAGE.replace("DOUBLE | the largest", "DOUBLE | changed by hand")


def test_a_table_of_which_the_file_says_nothing_is_listed_all_the_same(built: Folder, tmp_path: Path) -> None:
    folder = built.copy(tmp_path)
    folder.sql("COMMENT ON TABLE plain IS NULL; COMMENT ON TABLE measured IS 'Written\nby hand.'")
    found = {table["name"]: table for table in run(folder, "schema", "--json").json["tables"]}
    assert found["plain"]["group"] is None and found["plain"]["description"] == ""
    assert found["measured"]["description"] == "Written\nby hand." and found["measured"]["primary_key"] == []


def test_the_json_has_the_same(built: Folder) -> None:
    told = run(built, "schema", "--json").json
    assert told["ledger_version"] == 2
    assert [table["name"] for table in told["tables"]] == ["plain", "largest", "measured"]
    assert told["tables"][2] == {
        "name": "measured",
        "kind": "table",
        "group": "evidence",
        "description": "One measurement of one lot.",
        "primary_key": ["lot", "place"],
        "columns": [
            {"name": "place", "type": "BIGINT", "meaning": None},
            {"name": "lot", "type": "VARCHAR", "meaning": None},
            {"name": "v", "type": "DOUBLE", "meaning": "what was measured, in g | kg"},
            {"name": "w x", "type": "BIGINT[]", "meaning": None},
        ],
    }
    assert [table["kind"] for table in told["tables"]] == ["table", "view", "table"]


def test_any_file_can_be_described_without_its_code(built: Folder, tmp_path: Path) -> None:
    moved = Path(shutil.copy(built.database, tmp_path / "other.db"))
    assert schema_page(moved) == PAGE


def test_without_a_file_it_says_what_to_do(built: Folder, tmp_path: Path) -> None:
    folder = built.copy(tmp_path)
    folder.database.unlink()
    told = run(folder, "schema")
    assert told.code == 1 and told.out == "" and "my_assets.duckdb is not there" in told.err
