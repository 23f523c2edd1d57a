"""Relations: what a function may return and be given as one, and what it may not."""

from pathlib import Path

import pytest

from assets.engine.errors import UserError
from tests.project_folders import Folder

TABLES = """
@observable_source_asset
def raw(memo):
    return observed_files("raw.txt", memo=memo)

@asset(primary_key="id")
def base(raw) -> pa.Table:
    values = [int(word) for word in raw[0].read_text().split()]
    return pa.table({"id": pa.array(range(len(values)), pa.int64()), "v": pa.array(values, pa.int64())})

"""

GIVEN = "base: duckdb.DuckDBPyRelation"
RELATIONS = {
    "a relation filtered": (GIVEN, 'return base.filter("v > 10").select("v")'),
    "a relation joined with itself": (
        GIVEN,
        'return base.set_alias("a").join(base.set_alias("b"), "a.id = b.id AND a.v > 10").select("a.v")',
    ),
    "a query that names the tables": (
        "connection: duckdb.DuckDBPyConnection, base: pa.Table",
        'return connection.sql("SELECT v FROM base WHERE v > 10")',
    ),
    "a query of data of the function's own": (
        f"connection: duckdb.DuckDBPyConnection, {GIVEN}",
        'limits = pd.DataFrame({"low": [10]})\n'
        '    return connection.sql("SELECT v FROM base, limits WHERE v > low")',
    ),
    "a query of a temporary table": (
        "tables: duckdb.DuckDBPyConnection, base: ir.Table",
        'tables.execute("CREATE TEMP TABLE high AS SELECT v FROM base WHERE v > 10")\n    return tables.table("high")',
    ),
    "a relation of another connection": (
        "base: pa.Table",
        'return duckdb.sql("SELECT v FROM base WHERE v > 10")',
    ),
    "a relation over an Arrow table": (GIVEN, 'return duckdb.arrow(base.filter("v > 10").to_arrow_table()).select("v")'),
    "a relation over a frame": ("base: pd.DataFrame", "return duckdb.from_df(base[base.v > 10][['v']])"),
}  # fmt: skip


def assets_of(cases: dict[str, tuple[str, str]]) -> str:
    """Declare an asset for each case: its parameters and the body of its function."""
    return "".join(
        f"@asset\ndef {key(what)}({parameters}) -> duckdb.DuckDBPyRelation:\n    {body}\n\n"
        for what, (parameters, body) in cases.items()
    )


def key(what: str) -> str:
    return what.replace(" ", "_").replace("'", "")


def test_a_relation_becomes_a_table_whatever_it_is_made_of(tmp_path: Path) -> None:
    folder, keys = Folder(tmp_path), {key(what) for what in RELATIONS}
    folder.write(TABLES + assets_of(RELATIONS))
    (tmp_path / "raw.txt").write_text("10 20 30")
    assert folder.failures() == {}
    assert {k: folder.rows(k) for k in keys} == {k: [(20,), (30,)] for k in keys}
    assert folder.ran() == set()
    (tmp_path / "raw.txt").write_text("20 5 30")
    assert folder.build() == {"base": "built"} | dict.fromkeys(keys, "unchanged")
    folder.write(TABLES + assets_of(RELATIONS).replace("    return", "    # a comment\n    return"))
    assert folder.ran() == set()
    folder.write(TABLES + assets_of(RELATIONS).replace("10", "25"))
    assert folder.ran() == keys
    assert {k: folder.rows(k) for k in keys} == {k: [(30,)] for k in keys}


@pytest.mark.parametrize(
    ("returns", "body"),
    [
        ("pa.Table", 'base.filter("v > 10").to_arrow_table()'),
        ("pd.DataFrame", 'base.filter("v > 10").df()'),
        ("ir.Table", 'base.filter("v > 10")'),
    ],
)
def test_relations_and_connections_are_given_to_other_forms_except_to_expressions(
    tmp_path: Path, returns: str, body: str
) -> None:
    folder = Folder(tmp_path)
    folder.write(f"{TABLES}@asset\ndef high({GIVEN}) -> {returns}:\n    return {body}\n")
    (tmp_path / "raw.txt").write_text("10 20 30")
    if returns == "ir.Table":
        with pytest.raises(UserError, match="`high` reads `base` as data, which no expression can"):
            folder.build()
    else:
        folder.build()
        assert folder.rows("high") == [(1, 20), (2, 30)]


FAULTY = {
    "a query that fails": (GIVEN, 'return base.filter("w > 10")'),
    "a query that fails when it runs": (GIVEN, "return base.select(\"('x' || v)::INTEGER AS n\")"),
    "no relation": (GIVEN, "return [1, 2]"),
    "a relation of a closed connection": (
        "",
        "with duckdb.connect() as other:\n        return other.sql('SELECT 1 AS v')",
    ),
}


def test_a_relation_that_cannot_be_had_fails_its_asset_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(TABLES + assets_of(FAULTY))
    (tmp_path / "raw.txt").write_text("10 20 30")
    said = folder.failures()
    assert said.keys() == {key(what) for what in FAULTY}
    assert said["no_relation"] == (
        "`no_relation` returned a list, not the table that its annotation promises"
    )
    assert "w" in said["a_query_that_fails"] and "onnection" in said["a_relation_of_a_closed_connection"]
    assert set(folder.versions()) == {"base"}


APART = """
INSIDE, AT_ONCE = [], []

def entered(where):
    INSIDE.append(where)
    time.sleep(0.03)
    AT_ONCE.append(len(INSIDE))
    INSIDE.remove(where)
    return max(AT_ONCE)

"""


def test_functions_that_may_use_the_default_connection_never_run_at_once(tmp_path: Path) -> None:
    """DuckDB hangs for ever when two threads use it; as `duckdb.sql` does, wherever it is called."""
    folder = Folder(tmp_path)
    asset = "@asset\ndef {0}() -> {1}:\n    n = entered('{0}')\n    return {2}\n\n"
    folder.write(
        "import time\n"
        + APART
        + "".join(
            asset.format(key, *how)
            for key, how in {
                "a": ("duckdb.DuckDBPyRelation", "duckdb.sql(f'SELECT {n} AS n')"),
                "b": ("pa.Table", "duckdb.sql(f'SELECT {n} AS n').to_arrow_table()"),
                "c": ("pd.DataFrame", "asked(n)"),
            }.items()
        )
        + "def asked(n):\n    return duckdb.query(f'SELECT {n} AS n').df()\n"
    )
    assert set(folder.build(jobs=3).values()) == {"built"}
    assert [folder.rows(key) for key in ("a", "b", "c")] == [[(1,)]] * 3
