"""The data version of a table: every type of DuckDB's, and what a type does to it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest

from assets.engine.contents import scan
from assets.engine.errors import UserError
from tests.table_versions import column, contents, of_query, version


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array(["a", None, "a"]), pa.array(["a", None, "a"]).dictionary_encode()),
        (pa.array(["a", None, "a"]), pa.array(["a", None, "a"], pa.large_string())),
        (pa.array(["a", None, "a"]), pa.array(["a", None, "a"], pa.string_view())),
        (pa.array([1.5, None, -0.0]), pa.array([1.5, None, 0.0]).dictionary_encode()),
        (pa.array([b"a"]), pa.array([b"a"], pa.large_binary())),
        (pa.array([["a"]]), pa.array([["a"]], pa.large_list(pa.large_string()))),
        (pa.array([{"a": "x"}]), pa.array([{"a": "x"}], pa.struct([("a", pa.large_string())]))),
        (
            pa.array([["a"]], pa.list_(pa.field("item", pa.string()))),
            pa.array([["a"]], pa.list_(pa.field("l", pa.string()))),
        ),
    ],
    ids=["dictionary", "large", "view", "numbers", "binary", "list", "struct", "name of the items"],
)
def test_how_arrow_lays_a_column_out_does_not_matter(one: pa.Array, other: pa.Array) -> None:
    assert version(pa.table({"x": one})) == version(pa.table({"x": other}))


def test_a_dictionary_with_unused_repeated_or_null_entries_is_the_text_it_spells() -> None:
    odd = pa.DictionaryArray.from_arrays(
        pa.array([0, 2, 3, None], pa.uint8()), pa.array(["a", "unused", "a", None])
    )
    assert version(pa.table({"x": odd})) == column(["a", "a", None, None])


def test_the_order_of_an_enum_counts_since_its_values_sort_by_it() -> None:
    one, other = "SELECT 'b'::ENUM('a', 'b') AS x", "SELECT 'b'::ENUM('b', 'a') AS x"
    assert len({of_query(one), of_query(other), of_query("SELECT 'b' AS x")}) == 3


INSTANTS = "SELECT x, [x] AS y, {'a': x} AS z FROM (SELECT TIMESTAMPTZ '2024-07-01 12:00:00+00' AS x)"


def test_a_time_with_a_zone_is_an_instant_wherever_the_machine_stands() -> None:
    versions = {
        of_query(INSTANTS, f"SET TimeZone = '{zone}'") for zone in ("UTC", "Europe/Helsinki", "Asia/Tokyo")
    }
    assert len(versions) == 1
    helsinki = datetime(2024, 7, 1, 15, tzinfo=ZoneInfo("Europe/Helsinki"))
    assert column([helsinki], pa.timestamp("us", "Europe/Helsinki")) == column(
        [helsinki.astimezone(UTC)], pa.timestamp("us", "UTC")
    )


def test_infinite_dates_and_times_are_no_nulls_in_any_zone() -> None:
    for kind in ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"):
        values = [f"'{value}'::{kind}" for value in ("infinity", "-infinity", "1970-01-01")] + [
            f"NULL::{kind}"
        ]
        for zone in ("Asia/Tokyo", "America/New_York"):
            versions = {of_query(f"SELECT {value} AS x", f"SET TimeZone = '{zone}'") for value in values}
            assert len(versions) == len(values), kind


@pytest.mark.parametrize(
    "values",
    [
        ["'infinity'::DATE", "'0044-03-15 (BC)'::DATE", "NULL::DATE", "'9999-12-31'::DATE"],
        [
            "'infinity'::TIMESTAMP",
            "'-infinity'::TIMESTAMP",
            "'290000-01-01'::TIMESTAMP",
            "'1969-12-31'::TIMESTAMP",
        ],
        ["['infinity'::DATE]", "['-infinity'::DATE]"],
        ["INTERVAL 1 MONTH", "INTERVAL 30 DAYS", "INTERVAL 720 HOURS", "NULL::INTERVAL"],
        [
            "(2::HUGEINT ** 120)::HUGEINT",
            "1::HUGEINT",
            "-1::HUGEINT",
            f"{2**64}::HUGEINT",
            f"{2**64 + 1}::HUGEINT",
        ],
        [f"{2**128 - 1}::UHUGEINT", "1::UHUGEINT", f"{2**64 + 1}::UHUGEINT", f"{2**127}::UHUGEINT"],
        ["'00000000-0000-0000-0000-000000000001'::UUID", "'00000000-0000-0000-0000-000000000002'::UUID"],
        ["TIMESTAMP_NS '2024-01-01 00:00:00.000000001'", "TIMESTAMP_NS '2024-01-01'"],
        ["'00:00:00.000000001'::TIME_NS", "'00:00:00'::TIME_NS", "'00:00:00.000001'::TIME_NS"],
        ["'10:00:00+00'::TIMETZ", "'10:00:00+02'::TIMETZ", "'08:00:00+00'::TIMETZ"],
        ["'101'::BIT", "'0101'::BIT", "'111'::BIT"],
        ["1::BIGNUM", "2::BIGNUM"],
        ["1.5::DECIMAL(38, 2)", "1.51::DECIMAL(38, 2)", "-1.5::DECIMAL(38, 2)", "150::DECIMAL(38, 2)"],
        ["[1, 2]::INT[2]", "[2, 1]::INT[2]", "NULL::INT[2]", "[1, NULL]::INT[2]"],
        [f"union_value({v})::UNION(n INT, m INT)" for v in ("n := 1", "m := 1", "n := NULL", "m := NULL")],
        ["MAP {'a': 1}", "MAP {'a': 2}", "MAP {'b': 1}", "MAP {}::MAP(VARCHAR, INT)"],
        ["'{}'::JSON", "'{ }'::JSON"],
        ["['']", "[]::VARCHAR[]", "[NULL]::VARCHAR[]", "NULL::VARCHAR[]", "['', '']"],
        ["[[1], [2]]", "[[1, 2]]", "[[1, 2], []]", "[[2], [1]]", "[[], [1, 2]]", "[NULL, [1, 2]]"],
        [
            "[{'a': 1, 'b': [2]}]",
            "[{'a': 2, 'b': [1]}]",
            "[{'a': 1, 'b': []::INT[]}, NULL]",
            "[NULL, {'a': 1, 'b': []::INT[]}]",
        ],
        ["{'a': {'b': NULL::INT}}", "{'a': NULL::STRUCT(b INT)}", "NULL::STRUCT(a STRUCT(b INT))"],
    ],
    ids=lambda v: v[0],
)
def test_values_of_every_type_of_duckdb_are_told_apart(values: list[str]) -> None:
    found = [contents(f"SELECT {value} AS x") for value in values]
    assert len({f.data_version for f in found}) == len(values)
    assert len({f.schema["x"] for f in found}) == 1, "told apart by their type alone"


@pytest.mark.parametrize(
    "number", ["TINYINT", "SMALLINT", "BIGINT", "UTINYINT", "HUGEINT", "DOUBLE", "DECIMAL(9, 0)"]
)
def test_the_same_number_of_another_type_is_another_content(number: str) -> None:
    assert of_query(f"SELECT 5::{number} AS x") != of_query("SELECT 5::INTEGER AS x")
    assert of_query(f"SELECT [5::{number}] AS x") != of_query("SELECT [5::INTEGER] AS x")


@pytest.mark.parametrize("value", ["1::VARIANT", "[1::VARIANT]", "{'a': 'POINT(1 1)'::GEOMETRY}"])
def test_a_type_without_a_rule_is_refused_by_name(value: str) -> None:
    with duckdb.connect() as own:
        own.execute(f'CREATE VIEW odd AS SELECT 1 AS fine, {value} AS "my column"')
        with pytest.raises(UserError, match=r"column `my column` has the type (VARIANT|GEOMETRY)"):
            scan(own, "odd")
        assert scan(own, "odd", ["fine"]).rows == 1
