"""Tables as Parquet files: whatever the types, what comes back is exactly what was there, or it is refused."""

import itertools
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.cache import parquet

_NUMBER = itertools.count()

Value = tuple[str, list[Any]]
"""An SQL expression with its parameters."""


def texts(*odd: str, of: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return st.sampled_from(odd) | of.map(str) if odd else of.map(str)


def whole(bits: int, *, signed: bool = True) -> st.SearchStrategy[str]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return texts(str(low), str(high), of=st.integers(low, high))


def moments(first: int = 1, last: int = 9999) -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime(first, 1, 1), datetime(last, 12, 31))


JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=4,
)

LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "BOOLEAN": st.sampled_from(["true", "false"]),
    "TINYINT": whole(8),
    "SMALLINT": whole(16),
    "INTEGER": whole(32),
    "BIGINT": whole(64),
    "HUGEINT": whole(128),
    "UTINYINT": whole(8, signed=False),
    "USMALLINT": whole(16, signed=False),
    "UINTEGER": whole(32, signed=False),
    "UBIGINT": whole(64, signed=False),
    "UHUGEINT": whole(128, signed=False),
    "BIGNUM": whole(600),
    "FLOAT": texts("-0.0", "nan", "-inf", of=st.floats(width=32)),
    "DOUBLE": texts("-0.0", "nan", "-inf", "5e-324", of=st.floats()),
    "DECIMAL(4,1)": st.decimals(-999, 999, places=1).map(str),
    "DECIMAL(18,3)": st.decimals(-(10**14), 10**14, places=3).map(str),
    "DECIMAL(38,10)": st.integers(0, 10**38 - 1).map(lambda n: f"-{n // 10**10}.{n % 10**10:010}"),
    "VARCHAR": st.sampled_from(["", "NULL", "a\0b", "é", "é", "'", '"', "[x, y]"])
    | st.text(st.characters(codec="utf-8")),
    "BLOB": st.binary(max_size=20),
    "UUID": texts(of=st.uuids()),
    "JSON": JSONS.map(json.dumps),
    "BIT": st.text("01", min_size=1, max_size=80),
    "DATE": texts("infinity", "-infinity", "5877642-06-25 (BC)", of=st.dates(date(1, 1, 1))),
    "TIME": texts("24:00:00", of=st.times()),
    "TIME WITH TIME ZONE": st.tuples(st.times(), st.integers(-15, 15)).map(lambda t: f"{t[0]}{t[1]:+03}"),
    "TIMESTAMP": texts("infinity", "-infinity", "290309-12-22 (BC) 00:00:00", of=moments()),
    "TIMESTAMP_S": texts("infinity", of=moments()),
    "TIMESTAMP_MS": texts("infinity", of=moments()),
    "TIMESTAMP_NS": texts("infinity", "2024-01-01 00:00:00.123456789", of=moments(1700, 2200)),
    "TIMESTAMP WITH TIME ZONE": moments().map(lambda m: f"{m}+05:30"),
    "INTERVAL": st.tuples(*[st.integers(-(10**4), 10**4)] * 2, st.integers(-(10**15), 10**15)).map(
        lambda t: f"{t[0]} months {t[1]} days {t[2]} microseconds"
    ),
    "ENUM('it''s', '', 'NULL', 'a, b', '[')": st.sampled_from(["it's", "", "NULL", "a, b", "["]),
}
REFUSED = ["UNION(a INTEGER, b VARCHAR)", "TIME_NS", "VARIANT", "UNION(n INTEGER)[]", "STRUCT(a TIME_NS)"]

Kind = str | tuple[Any, ...]
KINDS: st.SearchStrategy[Kind] = st.recursive(
    st.sampled_from(sorted(LEAVES)),
    lambda inner: (
        st.tuples(st.just("list"), inner)
        | st.tuples(st.just("array"), inner)
        | st.tuples(st.just("struct"), inner, inner)
        | st.tuples(st.just("map"), st.sampled_from(["VARCHAR", "INTEGER", "DATE"]), inner)
    ),
    max_leaves=4,
)


def spelled(kind: Kind) -> str:
    match kind:
        case ("list", inner):
            return f"{spelled(inner)}[]"
        case ("array", inner):
            return f"{spelled(inner)}[2]"
        case ("struct", one, other):
            return f'STRUCT("the one" {spelled(one)}, size {spelled(other)})'
        case ("map", key, inner):
            return f"MAP({spelled(key)}, {spelled(inner)})"
    return str(kind)


def values(kind: Kind) -> st.SearchStrategy[Value]:
    return st.just((f"CAST(NULL AS {spelled(kind)})", list[Any]())) | present(kind)


def present(kind: Kind) -> st.SearchStrategy[Value]:
    match kind:
        case ("list", inner):
            return st.lists(values(inner), max_size=3).map(lambda v: joined("[", v, "]", kind))
        case ("array", inner):
            return st.tuples(values(inner), values(inner)).map(lambda v: joined("[", v, "]", kind))
        case ("struct", one, other):
            return st.tuples(values(one), values(other)).map(lambda v: joined("ROW(", v, ")", kind))
        case ("map", key, inner):
            keys = st.lists(present(key), max_size=2, unique_by=str)
            entries = keys.flatmap(lambda k: st.tuples(st.just(k), st.tuples(*[values(inner)] * len(k))))
            return entries.map(lambda e: mapping(e[0], e[1], kind))
    return LEAVES[str(kind)].map(lambda value: (f"CAST(? AS {spelled(kind)})", [value]))


def joined(opening: str, parts: Any, closing: str, kind: Kind) -> Value:
    expressions = ", ".join(expression for expression, _ in parts)
    parameters = [p for _, given_values in parts for p in given_values]
    return f"CAST({opening}{expressions}{closing} AS {spelled(kind)})", parameters


def mapping(keys: Any, inner: Any, kind: Kind) -> Value:
    parts = [
        (f"[{', '.join(e for e, _ in side)}]", [p for _, ps in side for p in ps]) for side in (keys, inner)
    ]
    return joined("MAP(", parts, ")", kind)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[Any]]:
    kinds = draw(st.lists(KINDS, min_size=1, max_size=3))
    rows = draw(st.lists(st.tuples(*map(values, kinds)), max_size=4))
    names = ", ".join(f'"c {number}"' for number in range(len(kinds)))
    nothing = ", ".join(f"CAST(NULL AS {spelled(kind)})" for kind in kinds)
    lines = [f"SELECT {nothing} WHERE false", *("SELECT " + ", ".join(e for e, _ in row) for row in rows)]
    return f"WITH t({names}) AS ({' UNION ALL '.join(lines)}) FROM t", [
        p for row in rows for _, ps in row for p in ps
    ]


@pytest.fixture(scope="module")
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def schema(cursor: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {name: str(kind) for name, kind, *_ in cursor.execute(f"FROM {table} LIMIT 0").description or []}


def there_and_back(cursor: duckdb.DuckDBPyConnection, folder: Path) -> bool:
    """Write `original` and read it into `back`; another path each time, since DuckDB remembers what it read."""
    path = folder / str(next(_NUMBER))
    if not parquet.write(cursor, "original", schema(cursor, "original"), path):
        return False
    query = parquet.reading(path, schema(cursor, "original"))
    cursor.execute(f"CREATE OR REPLACE TABLE back AS {query}")
    return True


@settings(max_examples=100, deadline=None)
@given(table=tables())
def test_a_table_of_any_types_comes_back_exactly(
    cursor: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, table: tuple[str, list[Any]]
) -> None:
    query, parameters = table
    cursor.execute(f"CREATE OR REPLACE TABLE original AS {query}", parameters)
    assert there_and_back(cursor, tmp_path_factory.getbasetemp())
    assert schema(cursor, "back") == schema(cursor, "original")
    printed = "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {}"  # every digit, and -0.0; rows in their order
    assert (
        cursor.execute(printed.format("back")).fetchall()
        == cursor.execute(printed.format("original")).fetchall()
    )
    for one, other in (("original", "back"), ("back", "original")):  # NULL and 'NULL' in a list print alike
        assert cursor.execute(f"FROM {one} EXCEPT ALL FROM {other}").fetchall() == []


@pytest.mark.parametrize("kind", sorted(LEAVES))
def test_every_type_that_is_claimed_to_come_back_does(cursor: duckdb.DuckDBPyConnection, kind: str) -> None:
    assert parquet.stored_type(cursor, str(cursor.sqltype(kind))) is not None


@pytest.mark.parametrize("kind", REFUSED)
def test_types_that_are_not_known_to_come_back_are_refused(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    cursor.execute(f"CREATE OR REPLACE TABLE original AS SELECT 1 AS id, CAST(NULL AS {kind}) AS x")
    assert not there_and_back(cursor, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_minus_zero_comes_back_beside_zero(cursor: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    cursor.execute(
        "CREATE OR REPLACE TABLE original AS SELECT i, if(i % 2 = 0, -0.0::DOUBLE, 0.0::DOUBLE) AS x, [x] AS y "
        "FROM range(3000) AS r(i)"
    )
    assert there_and_back(cursor, tmp_path)
    assert cursor.execute("SELECT count(*) FROM back WHERE signbit(x) AND signbit(y[1])").fetchall() == [
        (1500,)
    ]


def test_rows_of_a_large_table_keep_their_order(cursor: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    cursor.execute(
        "CREATE OR REPLACE TABLE original AS SELECT hash(i) AS x, 'g' || i % 7 AS g FROM range(300_000) AS r(i)"
    )
    assert there_and_back(cursor, tmp_path)
    moved = "SELECT count(*) FROM original AS o JOIN back AS b ON o.rowid = b.rowid WHERE o.x <> b.x OR o.g <> b.g"
    assert cursor.execute(moved).fetchall() == [(0,)]


def test_an_enum_that_has_a_name_comes_back_with_its_words_in_their_order(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    cursor.execute("CREATE TYPE mood AS ENUM('sad', 'glad')")
    cursor.execute("CREATE OR REPLACE TABLE original AS SELECT unnest(['glad', 'sad'])::mood AS m")
    assert there_and_back(cursor, tmp_path)
    assert cursor.execute("SELECT m FROM back ORDER BY m").fetchall() == [("sad",), ("glad",)]


def test_a_file_that_is_not_whole_is_refused_by_the_reader(
    cursor: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "half").write_bytes(b"PAR1")
    with pytest.raises(duckdb.Error):
        cursor.execute(parquet.reading(tmp_path / "half", {"x": "INTEGER"}))
