"""No original code leaves in a DuckDB file, at whatever depth of a column or corner of the catalogue it sits."""

from collections.abc import Iterator

import duckdb
import pytest
from private_codes import originals

from assets.inputs.privacy.originals import Finding
from assets.inputs.privacy.tables import in_tables, subject_codes

CODE = "QX-0042"


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE runs (id INTEGER, note VARCHAR); INSERT INTO runs VALUES (1, 'a'), (2, NULL)"
        )
        yield connection


def test_tables_without_codes_have_nothing_to_find(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(
        "CREATE VIEW shown AS SELECT note, id AS n, [id] AS l FROM runs; COMMENT ON TABLE runs IS 'QX-0043'"
    )
    assert not list(in_tables(tables, originals()))


@pytest.mark.parametrize(
    "value",
    [
        f"'{CODE}'",
        f"'metrics_{CODE}.pickle'",
        f"['a', '{CODE}']",
        f"[['a'], ['{CODE}']]",
        f"{{'a': {{'b': '{CODE}'}}}}",
        f"{{'{CODE}': 1}}",
        f"MAP {{'{CODE}': 1}}",
        f"MAP {{'a': ['{CODE}']}}",
        f"'{CODE}'::BLOB",
        f"'{CODE}'::ENUM ('a', '{CODE}')",
        f"union_value(word := '{CODE}')",
        f"['{CODE}', 'b']::VARCHAR[2]",
        '\'{"x": ["1001"]}\'::JSON',
        "'{\"1001\": 0.5}'::JSON",
        "'{\"patient\": 1001}'::JSON",
        "'1001'",
        "['12']",
    ],
)
def test_a_code_in_a_column_is_found_at_any_depth(tables: duckdb.DuckDBPyConnection, value: str) -> None:
    tables.execute(f"CREATE TABLE planted AS SELECT {value} AS bearer UNION ALL SELECT NULL")
    places = {finding.place for finding in in_tables(tables, originals())}
    assert any("`bearer` of `planted`" in place or "of `planted`" in place for place in places)
    assert not any(CODE in place for place in places)


@pytest.mark.parametrize(
    "value", ["1001", "12", "[1001, 12]", "{'n': 1001}", "'{\"seed\": 1001}'::JSON", "'1001 rows'", "1001.0"]
)
def test_a_number_that_is_the_same_as_a_code_is_not(tables: duckdb.DuckDBPyConnection, value: str) -> None:
    tables.execute(f"CREATE TABLE counts AS SELECT {value} AS n")
    assert not list(in_tables(tables, originals()))


def test_unless_its_column_says_that_it_tells_subjects_apart(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute("CREATE TABLE counts AS SELECT 1001 AS patient_id, 7 AS subject")
    assert list(in_tables(tables, originals())) == [Finding("column `patient_id` of `counts`", 1)]


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        (f'CREATE TABLE "{CODE}" (a INTEGER)', "the name or definition of table `…`"),
        (f'CREATE TABLE t ("{CODE}" INTEGER)', "the names of columns of `t`"),
        (f"CREATE TABLE t (a INTEGER DEFAULT (length('{CODE}')))", "the name or definition of table `t`"),
        (f"CREATE TABLE t (a VARCHAR CHECK (a <> '{CODE}'))", "the name or definition of table `t`"),
        (f"COMMENT ON TABLE runs IS 'but {CODE}'", "the comment on table `runs`"),
        (f"COMMENT ON COLUMN runs.note IS 'but {CODE}'", "the comments on columns of `runs`"),
        (f"CREATE VIEW v AS FROM runs WHERE note = '{CODE}'", "the name or definition of view `v`"),
        (f"CREATE VIEW v AS FROM runs; COMMENT ON VIEW v IS '{CODE}'", "the comment on view `v`"),
        (f"CREATE MACRO m(a) AS a = '{CODE}'", "the definition of function `m`"),
        (f"CREATE TYPE kind AS ENUM ('{CODE}')", "the labels of type `kind`"),
        (f"CREATE INDEX i ON runs (replace(note, '{CODE}', ''))", "the definition of index `i`"),
        (f'CREATE SEQUENCE "{CODE}"', "the name or comment of sequence `…`"),
        (f'CREATE SCHEMA "{CODE}"', "the name or comment of schema `…`"),
        (f"CREATE SCHEMA s; CREATE TABLE s.t AS SELECT '{CODE}' AS a", "column `a` of `t`"),
        ("CREATE TABLE \"main.t\" AS SELECT 'QX-42' AS a", "column `a` of `main.t`"),
        ("CREATE VIEW v AS SELECT 'QX-' || lpad('42', 4, '0') AS a", "column `a` of `v`"),
    ],
)
def test_a_code_in_the_catalogue_is_found(
    tables: duckdb.DuckDBPyConnection, statement: str, place: str
) -> None:
    tables.execute(statement)
    assert place in {finding.place for finding in in_tables(tables, originals())}


def test_codes_are_counted_once_each(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute("INSERT INTO runs VALUES (3, 'QX-0042 and QX-42'), (4, 'QX-0042'), (5, 'Q7')")
    assert list(in_tables(tables, originals())) == [Finding("column `note` of `runs`", 2)]


def test_the_runs_in_whose_rows_codes_stand_are_named_if_their_ids_are_none(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    rows = "('b2', 'QX-0042'), ('a1', '{\"for\": \"QX-42\"}'), ('c3', 'nothing')"
    tables.execute(f"CREATE TABLE named AS FROM (VALUES {rows}) AS v(run_id, run_name)")
    assert list(in_tables(tables, originals())) == [Finding("column `run_name` of `named`, run a1, b2", 1)]
    tables.execute("INSERT INTO named VALUES ('QX-0042', 'QX-0042'), ('d4', 'QX-0042'), ('e5', 'QX-0042')")
    assert [finding.place for finding in in_tables(tables, originals())] == [
        "column `run_id` of `named`, run …",
        "column `run_name` of `named`, run …, a1, b2 and 2 more",
    ]


def test_a_column_of_very_many_texts_is_looked_through_to_its_end(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(
        "CREATE TABLE many AS SELECT 'x' || range AS t FROM range(250000) UNION ALL SELECT 'QX-0042'"
    )
    assert list(in_tables(tables, originals())) == [Finding("column `t` of `many`", 1)]


def test_subject_codes_are_gathered_from_columns_and_lists(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(
        "CREATE TABLE a AS SELECT ['S1', 'S2'] AS subject_codes; CREATE TABLE b AS SELECT 'S3' AS subject_code"
    )
    tables.execute("CREATE VIEW c AS FROM b; INSERT INTO a VALUES (NULL)")
    tables.execute("CREATE SCHEMA mine; CREATE TABLE mine.c AS SELECT 'S4' AS subject_code")
    assert subject_codes(tables) == {"S1", "S2", "S3", "S4"}
