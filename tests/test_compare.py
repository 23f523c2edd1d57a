"""Comparing two states of a table: what is counted, by key and without one, and how it is said."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.compare import Example, TableDelta, compare


@pytest.fixture(scope="module")
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def delta(cursor: duckdb.DuckDBPyConnection, old: str, new: str, *key: str) -> TableDelta:
    cursor.execute(f"CREATE OR REPLACE TABLE old AS {old}")
    cursor.execute(f"CREATE OR REPLACE TABLE new AS {new}")
    return compare(cursor, "old", "new", key)


FIFTY = "SELECT i AS id, i * 1.5::DOUBLE AS val, 'g' || i % 3 AS grp FROM range(50) AS r(i)"
EDITED = f"SELECT id, if(id IN (7, 3, 40), val + 1, val) AS val, grp FROM ({FIFTY})"


def test_rows_that_changed_are_counted_by_column_and_shown_with_old_and_new(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    found = delta(cursor, FIFTY, f"{EDITED} UNION ALL SELECT 90 + i, 0, 'new' FROM range(2) AS r(i)", "id")
    assert found.summary() == "3 of 50 rows changed, column val; 2 rows added"
    assert (found.rows_before, found.rows_after, found.rows_removed) == (50, 52, 0)
    assert found.changed == {"val": 3} and found.matched_by == ("id",)
    assert found.examples == [
        Example({"id": "3"}, "val", "4.5", "5.5"),
        Example({"id": "7"}, "val", "10.5", "11.5"),
        Example({"id": "40"}, "val", "60.0", "61.0"),
    ]


def test_without_a_key_as_few_rows_as_possible_are_taken_to_have_changed(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    found = delta(cursor, FIFTY, f"{EDITED} UNION ALL SELECT 90, 0, 'new'")
    assert found.summary() == "3 of 50 rows changed, column val; 1 row added"
    assert found.matched_by == () and found.examples == ()


@pytest.mark.parametrize("key", [[], ["id"]])
def test_the_same_rows_in_another_order_are_no_difference(
    cursor: duckdb.DuckDBPyConnection, key: Sequence[str]
) -> None:
    found = delta(cursor, FIFTY, f"{FIFTY} ORDER BY hash(i)", *key)
    assert found.summary() == "no difference" and found.changed == {} and list(found.examples) == []


@pytest.mark.parametrize("key", [[], ["id"]])
@pytest.mark.parametrize(
    "value",
    [
        "NULL::INTEGER",
        "'nan'::DOUBLE",
        "[NULL, 1]",
        "{'a': NULL}",
        "['nan'::DOUBLE]",
        "-0.0::DOUBLE",
        "MAP{1: NULL}",
    ],
)
def test_null_equals_null_and_nan_equals_nan(
    cursor: duckdb.DuckDBPyConnection, key: Sequence[str], value: str
) -> None:
    other = "0.0::DOUBLE" if value.startswith("-0") else value
    assert delta(cursor, f"SELECT 1 AS id, {value} AS x", f"SELECT 1 AS id, {other} AS x", *key).changed == {}


@pytest.mark.parametrize("key", [[], ["id"]])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NULL::INTEGER", "0"),
        ("'nan'::DOUBLE", "NULL::DOUBLE"),
        ("NULL::VARCHAR", "''"),
        ("[1]", "[1, NULL]"),
        ("INTERVAL '1 month'", "INTERVAL '30 days'"),
    ],
)
def test_what_is_not_the_same_differs(
    cursor: duckdb.DuckDBPyConnection, key: Sequence[str], old: str, new: str
) -> None:
    found = delta(cursor, f"SELECT 1 AS id, {old} AS x", f"SELECT 1 AS id, {new} AS x", *key)
    assert found.changed == {"x": 1} and found.rows_changed == 1


def test_a_null_in_a_key_matches_a_null(cursor: duckdb.DuckDBPyConnection) -> None:
    table = "SELECT a, b, {} AS x FROM (VALUES (1, NULL), (1, 2), (NULL, NULL)) AS t(a, b)"
    found = delta(cursor, table.format("0"), table.format("(a = 1 AND b IS NULL)::INTEGER"), "a", "b")
    assert found.summary() == "2 of 3 rows changed, column x"
    assert Example({"a": "1", "b": None}, "x", "0", "1") in found.examples
    alone = "SELECT unnest([1, NULL]) AS id, {} AS x"
    assert delta(cursor, alone.format("0"), alone.format("1"), "id").matched_by == ("id",)


def test_keys_of_several_columns_name_the_row(cursor: duckdb.DuckDBPyConnection) -> None:
    table = "SELECT a, b, {} AS x FROM range(2) AS r(a), range(2) AS s(b)"
    found = delta(cursor, table.format("0"), table.format("(a = 1 AND b = 0)::INTEGER"), "b", "a")
    assert found.examples == [Example({"b": "0", "a": "1"}, "x", "0", "1")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SELECT 1 AS id, 5 AS x UNION ALL SELECT 1, 6", "SELECT 1 AS id, 5 AS x UNION ALL SELECT 2, 6"),
        ("SELECT 1 AS id, 5 AS x", "SELECT 5 AS x"),
    ],
    ids=["repeated", "absent"],
)
def test_a_key_that_does_not_identify_rows_on_both_sides_is_not_used(
    cursor: duckdb.DuckDBPyConnection, old: str, new: str
) -> None:
    assert delta(cursor, old, new, "id").matched_by == ()


def test_columns_that_came_went_moved_or_changed_their_type_are_named(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    found = delta(
        cursor,
        "SELECT 1 AS id, 2 AS a, 'x' AS gone, 3 AS b",
        "SELECT 3::DOUBLE AS b, 1 AS id, 2 AS a, 0 AS come, 0 AS too",
        "id",
    )
    assert found.summary() == (
        "columns come, too added; column gone removed; column b is DOUBLE, was INTEGER; columns in another order"
    )
    assert (found.columns_added, found.columns_removed) == (["come", "too"], ["gone"])
    assert found.rows_changed == 0, "a number is the same number whatever its type"


@pytest.mark.parametrize("key", [[], ["id"]])
def test_values_of_types_that_cannot_be_compared_are_compared_as_text(
    cursor: duckdb.DuckDBPyConnection, key: Sequence[str]
) -> None:
    found = delta(
        cursor,
        "SELECT i AS id, 'n' || i AS a, i::VARCHAR AS b FROM range(4) AS r(i)",
        "SELECT i AS id, [i] AS a, i AS b FROM range(4) AS r(i)",
        *key,
    )
    assert found.changed == {"a": 4}


@pytest.mark.parametrize("key", [[], ["id"]])
def test_rows_are_compared_in_the_columns_that_both_have(
    cursor: duckdb.DuckDBPyConnection, key: Sequence[str]
) -> None:
    found = delta(cursor, "SELECT 1 AS a UNION ALL SELECT 2", "SELECT 1 AS b", *key)
    assert (found.rows_before, found.rows_after) == (2, 1)
    assert found.summary() == "column b added; column a removed; 1 row removed"


def test_many_columns_are_counted_after_the_first_ones(cursor: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(f"{{}} AS c{number}" for number in range(6))
    found = delta(
        cursor,
        f"SELECT 1 AS id, {columns.format(*'000000')}",
        f"SELECT 1 AS id, {columns.format(*'111111')}",
        "id",
    )
    assert found.summary() == "1 of 1 rows changed, columns c0, c1, c2 and 3 more"
    assert len(found.examples) == 5


def test_names_of_any_kind_are_names(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute('CREATE OR REPLACE TABLE "old one" AS SELECT 1 AS "i""d", 2 AS here, 3 AS c0')
    cursor.execute('CREATE OR REPLACE TEMP VIEW "new" AS SELECT 1 AS "i""d", 5 AS here, 3 AS c0')
    try:
        assert compare(cursor, "old one", "new", ['i"d']).changed == {"here": 1}
        assert compare(cursor, "old one", "new").changed == {"here": 1}
    finally:
        cursor.execute("DROP VIEW temp.new")


def test_a_table_that_is_only_a_key_can_be_compared(cursor: duckdb.DuckDBPyConnection) -> None:
    found = delta(cursor, "SELECT 1 AS id", "SELECT 2 AS id", "id")
    assert found.summary() == "1 row added; 1 row removed"


def test_empty_tables_can_be_compared(cursor: duckdb.DuckDBPyConnection) -> None:
    assert delta(cursor, f"{FIFTY} LIMIT 0", FIFTY, "id").summary() == "50 rows added"
    assert delta(cursor, FIFTY, f"{FIFTY} LIMIT 0").summary() == "50 rows removed"


def test_as_json_it_says_the_same(cursor: duckdb.DuckDBPyConnection) -> None:
    found = delta(cursor, FIFTY, EDITED, "id")
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["rows_changed"] == 3 and plain["changed"] == {"val": 3}
    assert plain["examples"][0] == {"key": {"id": "3"}, "column": "val", "old": "4.5", "new": "5.5"}
    assert plain["columns_retyped"] == {}


ROWS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([None, 1.0, 2.0, float("nan")])), max_size=8)


def listed(rows: list[tuple[int, float | None]]) -> str:
    values = ", ".join(f"({k}, {'NULL' if v is None else repr(str(v))}::DOUBLE)" for k, v in rows)
    return (
        f"SELECT * FROM (VALUES {values}) AS t(k, v)" if rows else "SELECT 0 AS k, 0::DOUBLE AS v WHERE false"
    )


def plain(rows: list[tuple[int, float | None]]) -> list[tuple[int, str]]:
    return [(k, str(v)) for k, v in rows]  # as text, NaN equals NaN in Python too


@settings(max_examples=60, deadline=None)
@given(old=ROWS, new=ROWS)
def test_the_counts_are_those_of_counting_by_hand(
    cursor: duckdb.DuckDBPyConnection,
    old: list[tuple[int, float | None]],
    new: list[tuple[int, float | None]],
) -> None:
    found = delta(cursor, listed(old), listed(new), "k")
    before, after = dict(plain(old)), dict(plain(new))
    if len(before) == len(old) and len(after) == len(new):
        assert found.matched_by == ("k",)
        assert found.rows_changed == sum(before[k] != after[k] for k in before.keys() & after.keys())
        assert (found.rows_added, found.rows_removed) == (
            len(after.keys() - before),
            len(before.keys() - after),
        )
    else:
        gone = (Counter(plain(old)) - Counter(plain(new))).total()
        come = (Counter(plain(new)) - Counter(plain(old))).total()
        assert found.matched_by == ()
        assert (found.rows_changed + found.rows_removed, found.rows_changed + found.rows_added) == (
            gone,
            come,
        )
    assert found.rows_after - found.rows_before == found.rows_added - found.rows_removed
