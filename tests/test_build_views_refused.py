"""What cannot be a view, and what becomes of one that fails."""

from pathlib import Path

import pytest

from assets.engine.errors import UserError
from tests.project_folders import Folder
from tests.view_folders import DOUBLED, STUDY, build, views


@pytest.fixture
def built(tmp_path: Path) -> Folder:
    return build(tmp_path)


def test_what_a_view_that_fails_leaves_behind_is_not_published(built: Folder) -> None:
    built.write(
        f"{STUDY}\n@asset(view=True)\ndef odd(base: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:\n"
        "    return base.select(\"('x' || v)::INTEGER AS n\")\n\n"
        "@asset(view=True)\ndef even(base: ir.Table) -> ir.Table:\n    return base.filter(base.v > 15)\n"
    )
    assert "Could not convert" in built.failures()["odd"]
    assert views(built).keys() == {"doubled", "large", "even"} and built.rows("even") == [(1, 20), (2, 30)]


def test_a_view_is_checked_as_a_table_is(built: Folder, tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("10 2000")
    assert "`doubled` has `double` outside 0 to 900" in built.failures()["doubled"]
    assert built.rows("doubled") == DOUBLED


def test_a_view_that_returns_no_query_is_refused_in_a_line(built: Folder) -> None:
    built.write(f"{STUDY}\n@asset(view=True)\ndef odd(base: pa.Table) -> pa.Table:\n    return base\n")
    said = "`odd` is a view, .*must return ir.Table or duckdb.DuckDBPyRelation"
    with pytest.raises(UserError, match=said) as refused:
        built.build()
    assert "\n" not in str(refused.value)


BY_ITSELF = {
    "of a frame": ("duckdb.DuckDBPyRelation", "duckdb.from_df(base.df())"),
    "of data at hand": (
        "duckdb.DuckDBPyRelation",
        "(lambda here: connection.sql('FROM base JOIN here USING (id)'))(base.df())",
    ),
    "of a file": ("duckdb.DuckDBPyRelation", "duckdb.sql(\"FROM read_csv('raw.txt')\")"),
    "of a table that is no input": ("duckdb.DuckDBPyRelation", "connection.sql('FROM large')"),
    "of a Python function": ("ir.Table", "base.select(v=plus(base.v))"),
    "of a table in memory": ("ir.Table", "base.join(ibis.memtable({'id': [1]}), 'id')"),
}


@pytest.mark.parametrize("case", BY_ITSELF)
def test_a_view_that_would_not_run_from_the_file_alone_is_refused(built: Folder, case: str) -> None:
    form, body = BY_ITSELF[case]
    connection = ", connection: duckdb.DuckDBPyConnection" * (form != "ir.Table")
    built.write(
        f"{STUDY}\n@ibis.udf.scalar.python\ndef plus(v: int) -> int:\n    return v + 1\n\n"
        f"@asset(view=True)\ndef odd(base: {form}{connection}) -> {form}:\n    return {body}\n"
    )
    said = built.failures()["odd"]
    assert said.startswith("`odd` cannot be a view") and "\n" not in said
    assert built.ran("total") == set()
