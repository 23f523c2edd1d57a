"""The data version of tables as they lie in databases: where and how they are kept, and parts of them."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.contents import added_up, partition_versions, scan, scan_all, schema_of
from assets.engine.errors import UserError
from tests.table_versions import contents, of_query, registered, tables, version

ROOT = Path(__file__).resolve().parent.parent
MANY = "SELECT i, i % 7 AS g, 'k' || i AS name, [i, i % 3] AS l FROM range(50_000) AS t(i) WHERE i % 5 > 0"


def test_the_version_does_not_depend_on_threads_order_or_place(tmp_path: Path) -> None:
    settings = [("SET threads = 1",), ("SET threads = 4", "SET preserve_insertion_order = false")]
    versions = {of_query(sql, *s) for sql in (MANY, MANY + " ORDER BY g, name DESC") for s in settings}
    with duckdb.connect(str(tmp_path / "kept.duckdb")) as kept:
        kept.execute(f"CREATE TABLE given AS {MANY}; CHECKPOINT")
        versions.add(scan(kept, "given").data_version)
    with duckdb.connect(str(tmp_path / "kept.duckdb"), read_only=True) as kept:
        versions.add(scan(kept, "given").data_version)
    assert len(versions) == 1


def test_the_version_does_not_depend_on_compression_or_on_how_the_rows_came_in(tmp_path: Path) -> None:
    versions = {of_query(MANY)}
    for compression in ("uncompressed", "dictionary", "auto"):
        with duckdb.connect(str(tmp_path / f"{compression}.duckdb")) as kept:
            kept.execute(f"SET force_compression = '{compression}'")
            kept.execute("CREATE TABLE given (i BIGINT, g BIGINT, name VARCHAR, l BIGINT[])")
            for half in ("i >= 20_000", "i < 20_000"):
                kept.execute(f"INSERT INTO given SELECT * FROM ({MANY}) WHERE {half}; CHECKPOINT")
            kept.execute("UPDATE given SET g = g + 1 WHERE i = 6; DELETE FROM given WHERE i = 7; CHECKPOINT")
            kept.execute(
                f"INSERT INTO given SELECT * FROM ({MANY}) WHERE i = 7; UPDATE given SET g = 6 WHERE i = 6"
            )
            versions.add(scan(kept, "given").data_version)
    assert len(versions) == 1


def test_another_process_with_another_hash_seed_and_zone_finds_the_same_version() -> None:
    script = (
        "import duckdb\n"
        "from assets.engine.contents import scan\n"
        "duckdb.execute(\"CREATE VIEW v AS SELECT 'x' AS a, [1.5] AS b, {'k': TIMESTAMPTZ '2024-07-01 12:00:00+00'} AS c\")\n"
        "print(scan(duckdb.default_connection(), 'v').data_version)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(said) == 1 and said != {""}


def test_hashing_a_table_needs_neither_arrow_nor_numpy() -> None:
    script = (
        "import sys, duckdb\n"
        "from assets.engine.contents import scan\n"
        "duckdb.execute('CREATE TABLE t AS SELECT 1 AS a, [0.5] AS b')\n"
        "scan(duckdb.default_connection(), 't')\n"
        "assert not {'pyarrow', 'numpy', 'pandas'} & sys.modules.keys(), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


@settings(max_examples=40, deadline=None)
@given(tables(), st.data())
def test_some_columns_count_as_a_table_of_those_columns_alone(table: pa.Table, data: st.DataObject) -> None:
    picked = data.draw(st.lists(st.sampled_from(["x", "y", "z", "absent"]), unique=True))
    kept = [name for name in table.column_names if name in picked]
    with registered(table) as cursor:
        found, whole = scan(cursor, "given", picked), scan(cursor, "given", table.column_names[::-1])
        assert whole == scan(cursor, "given")
    assert list(found.schema) == kept and found.rows == table.num_rows
    if kept:
        assert found.data_version == version(table.select(kept))


def test_a_change_in_one_column_shows_only_where_that_column_is_read() -> None:
    with duckdb.connect() as own:
        own.execute("CREATE TABLE given AS SELECT i AS a, i % 3 AS b, 'c' || i AS c FROM range(9) AS t(i)")
        before = {
            columns: scan(own, "given", columns).data_version for columns in (("a", "b"), ("b",), ("b", "c"))
        }
        own.execute("UPDATE given SET c = 'new' WHERE a = 3")
        after = {columns: scan(own, "given", columns).data_version for columns in before}
    assert [columns for columns in before if before[columns] != after[columns]] == [("b", "c")]


def test_many_tables_at_once_count_as_each_by_itself() -> None:
    with duckdb.connect() as own:
        for n in range(120):
            own.execute(f'CREATE TABLE "it\'s {n}" AS SELECT i AS a, {n} AS b FROM range({n % 3}) AS t(i)')
        names = [f"it's {n}" for n in reversed(range(120))]
        assert scan_all(own, names) == {name: scan(own, name) for name in names}
        assert scan_all(own, []) == {}


PARTS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "", "it's"]), st.sampled_from([None, 0, 1])), max_size=8
)


@settings(max_examples=40, deadline=None)
@given(PARTS)
def test_a_partition_has_the_version_of_a_table_of_its_rows_alone(
    rows: Sequence[tuple[str, int | None]],
) -> None:
    kind = pa.schema([("lot", pa.string()), ("v", pa.int64())])

    def table(picked: Sequence[tuple[str, int | None]]) -> pa.Table:
        return pa.Table.from_pylist([{"lot": lot, "v": v} for lot, v in picked], kind)

    with registered(table(rows)) as cursor:
        found = partition_versions(cursor, "given", "lot")
        schema = schema_of(cursor, "given")
    assert {lot: alone(schema, found[lot]) for lot in found} == {
        lot: version(table([row for row in rows if row[0] == lot])) for lot in dict(rows)
    }
    whole = added_up(schema, found.values())
    assert whole is not None and (whole.data_version, whole.rows) == (version(table(rows)), len(rows))


def alone(schema: Mapping[str, str], partition: str) -> str:
    """The data version of a table of the rows of one partition."""
    found = added_up(schema, [partition])
    assert found is not None
    return found.data_version


def test_partitions_of_other_columns_do_not_add_up() -> None:
    with registered(pa.table({"lot": ["a"], "v": [1]})) as cursor:
        found, schema = partition_versions(cursor, "given", "lot"), schema_of(cursor, "given")
    assert added_up({**schema, "v": "INTEGER"}, found.values()) is None
    assert added_up({"lot": "VARCHAR", "w": "BIGINT"}, found.values()) is None
    assert added_up(schema, [*found.values(), "0" * 64]) is None


def test_partitions_may_be_named_by_a_column_of_any_type() -> None:
    sql = "SELECT DATE '2024-01-01' + (i % 2)::INT AS day, i, [i] AS l FROM range(5) AS t(i)"
    with duckdb.connect() as own:
        own.execute(f"CREATE TABLE given AS {sql}")
        found, schema = partition_versions(own, "given", "day"), schema_of(own, "given")
    assert {day: alone(schema, found[day]) for day in found} == {
        day: of_query(f"SELECT * FROM ({sql}) WHERE day = '{day}'") for day in ("2024-01-01", "2024-01-02")
    }


def test_a_row_that_belongs_to_no_partition_is_refused() -> None:
    table = pa.table({"lot": ["a", None], "v": [1, 2]})
    with registered(table) as cursor, pytest.raises(UserError, match="`given` has NULL in `lot`"):
        partition_versions(cursor, "given", "lot")


def test_columns_may_have_any_name_even_those_that_the_query_uses() -> None:
    names = ("_row", "_key", "_item0", "_place0", 'a "quoted" name', "select", "_ITEM1")
    columns = ", ".join('[[{0}]] AS "' + name.replace('"', '""') + '"' for name in names)
    found = contents(f"SELECT {columns.format(1)}")
    assert tuple(found.schema) == names
    assert found.data_version != of_query(f"SELECT {columns.format(2)}")
    with duckdb.connect() as own:
        own.execute("CREATE TABLE given AS SELECT 'p' AS _key, 1 AS _row")
        found = partition_versions(own, "given", "_key")
        assert alone(schema_of(own, "given"), found["p"]) == scan(own, "given").data_version


def test_a_table_may_have_more_columns_than_duckdb_lets_expressions_nest() -> None:
    wide = "SELECT " + ", ".join(f"{n} AS c{n}" for n in range(1200))
    assert len(contents(wide).schema) == 1200
