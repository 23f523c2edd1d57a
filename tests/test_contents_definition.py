"""The data version of a table is what its definition says, and known tables keep theirs."""

from datetime import UTC, date, datetime, time
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings

from assets.engine.contents import scan
from tests.content_definition import data_version
from tests.table_versions import INF, NAN, registered, tables

MOVED = (
    "the data version of a known table changed, so every table ever built counts as edited: either that was "
    "meant (then bump SCHEME in assets/engine/hashing.py and renew these values) or find the cause"
)

END = 2**63 - 1  # infinity, to DuckDB
# type -> values of it in SQL, and the same in Python's types, or as text where DuckDB's spelling is hashed
VALUES: dict[str, tuple[list[str], list[Any]]] = {
    "BOOLEAN": (["true", "false"], [True, False]),
    "TINYINT": (["-128", "0", "127"], [-128, 0, 127]),
    "SMALLINT": (["-1", "1"], [-1, 1]),
    "INTEGER": (["-1", "1"], [-1, 1]),
    "BIGINT": ([str(-(2**63)), "-1", "0", str(END)], [-(2**63), -1, 0, END]),
    "UTINYINT": (["255"], [255]),
    "USMALLINT": (["255"], [255]),
    "UINTEGER": (["255"], [255]),
    "UBIGINT": (["0", str(2**64 - 1)], [0, 2**64 - 1]),
    "HUGEINT": ([str(-(2**127)), "5"], [str(-(2**127)), "5"]),
    "UHUGEINT": ([str(2**128 - 1)], [str(2**128 - 1)]),
    "BIGNUM": ([f"'{10**50}'"], [str(10**50)]),
    "FLOAT": (["'1.5'", "'nan'", "'-0.0'"], [1.5, NAN, 0.0]),
    "DOUBLE": (
        ["'0.1'", "'nan'", "'-nan'", "'-0.0'", "'inf'", "'-inf'", "'5e-324'"],
        [0.1, NAN, NAN, 0.0, INF, -INF, 5e-324],
    ),
    "DECIMAL(9,3)": (["'1.5'", "'-0.001'", "'0'"], ["1.500", "-0.001", "0.000"]),
    "DECIMAL(38,0)": ([str(10**37)], [str(10**37)]),
    "VARCHAR": (["''", "'a'", "'\u00e9'", "repeat('ab', 99)"], ["", "a", "\u00e9", "ab" * 99]),
    "JSON": (["'{\"a\": [1]}'"], ['{"a": [1]}']),
    "BLOB": (["''", "'\\x00\\xFF'"], [b"", b"\x00\xff"]),
    "BIT": (["'0101'"], ["0101"]),
    "UUID": (["'ae3c1a2b-0000-4000-8000-00000000000f'"], ["ae3c1a2b-0000-4000-8000-00000000000f"]),
    "ENUM('b', 'a')": (["'a'", "'b'"], ["a", "b"]),
    "DATE": (
        ["'2024-02-29'", "'1969-12-31'", "'infinity'", "'-infinity'"],
        [date(2024, 2, 29), date(1969, 12, 31), 2**31 - 1, 1 - 2**31],
    ),
    "TIME": (["'00:00:00.000001'"], [time(0, 0, 0, 1)]),
    "TIME_NS": (["'00:00:00.000001001'"], [1001]),
    "TIME WITH TIME ZONE": (["'12:00:00+02'"], ["12:00:00+02"]),
    "TIMESTAMP": (
        ["'2024-01-01 00:00:00.000001'", "'1960-01-01'", "'infinity'", "'-infinity'"],
        [datetime(2024, 1, 1, 0, 0, 0, 1), datetime(1960, 1, 1), END, -END],
    ),
    "TIMESTAMP_S": (["'2024-01-01 00:00:01'", "'infinity'"], [datetime(2024, 1, 1, 0, 0, 1), END]),
    "TIMESTAMP_MS": (["'2024-01-01'", "'-infinity'"], [datetime(2024, 1, 1), -END]),
    "TIMESTAMP_NS": (["'1970-01-01 00:00:00.000000001'", "'infinity'"], [1, END]),
    "TIMESTAMP WITH TIME ZONE": (
        ["'2024-01-01 02:00:00+02'", "'infinity'"],
        [datetime(2024, 1, 1, tzinfo=UTC), END],
    ),
    "INTERVAL": (
        ["'14 months'", "'30 days'", "'-1 second'", "'100 hours'"],
        ["1 year 2 months", "30 days", "-00:00:01", "100:00:00"],
    ),
    "DOUBLE[]": (["[0.5, NULL, '-0.0']", "[]"], [[0.5, None, 0.0], []]),
    "INTEGER[][]": (["[[1], [2]]", "[[1, 2]]", "[NULL, []]"], [[[1], [2]], [[1, 2]], [None, []]]),
    "INTEGER[3]": (["[1, NULL, 3]"], [[1, None, 3]]),
    "STRUCT(a INTEGER, b VARCHAR[])": (
        ["{'a': 1, 'b': ['x']}", "{'a': NULL, 'b': NULL}"],
        [{"a": 1, "b": ["x"]}, {"a": None, "b": None}],
    ),
    "STRUCT(a INTEGER)[]": (["[{'a': 1}, NULL, {'a': NULL}]"], [[{"a": 1}, None, {"a": None}]]),
    "MAP(VARCHAR, DOUBLE)": (["MAP {'a': 0.5, 'b': NULL}"], [[("a", 0.5), ("b", None)]]),
    "UNION(n INTEGER, m VARCHAR)": (
        ["union_value(n := 1)", "union_value(m := 'x')", "union_value(m := NULL::VARCHAR)"],
        [("n", 1), ("m", "x"), ("m", None)],
    ),
}

KNOWN = {
    "BOOLEAN": "d8f807dfd8a1ef4b2da89afc8f3e854947e8e2a8b53b9f7a623fc62ab0fd81fd",
    "TINYINT": "57c5a9b6922adca48611f716ec1ea0412e7604c0b874adfdd36918c24611d091",
    "SMALLINT": "45ea6f083b082b4696f807ef9139a98aa824a01921427b8cb2af6980ac21e76e",
    "INTEGER": "d9aefc3a66119e360934705544e34e0be1cf8ac487b65cf1b8e9a42e62606963",
    "BIGINT": "255e1ce3de110720c09e4e0c0efac9edfd5b7072638df12db8f976f5309b73ed",
    "UTINYINT": "6943288ccc25927df15dde98e996b6e985415243c4e6069a9836096899c6f68b",
    "USMALLINT": "5c24c4839877d3e05ce94d3509a69a90d32ee957017d7b09dcc903685d81b83c",
    "UINTEGER": "f5f80a8195eead275b8153eb1c880699fe8d4977c6e9eaa3f0e774d7015359da",
    "UBIGINT": "35e11dc9e3fe2c390dcb5963bad697138ea15aa90ff71a2d0375b8ebcde4cc8e",
    "HUGEINT": "96f0953af92c3f129bfe4dc1019f68b1608c621d6b21c3f9e537cd6308b842b9",
    "UHUGEINT": "a5d4725620d1312ae5b299432ca9d86b0200cc0aad929422b0c467cbb02bd4c3",
    "BIGNUM": "e3f4c3f9543c14c513c961b7b475cc0e9c14a8357f5ef14cfa9b4992e57e5899",
    "FLOAT": "d55204c787388d86cbec0c9d83ef6faaf24ce32378ef6c7566681967c50ddd39",
    "DOUBLE": "8f0bec724725f5f5b57f13be623adb999537ad398d8b807620ff1bf4aa345042",
    "DECIMAL(9,3)": "23772b0909e4d4f33bfbc1def58ae8a3d505a1cb0b28c13ee88ccdd7e28b6f96",
    "DECIMAL(38,0)": "54abe1805bc78a95ef9dc1cdc4458a7db0eac6e856d72b8b368e991ad558bd38",
    "VARCHAR": "dff847e3bb20101c71d2c91ce95d19597f81acb1630ccf61bcc428b1ebacc1ea",
    "JSON": "f4edaaed4666c7a0230842c5ea434cabbb28e33917583f8de04fb8096baf65d6",
    "BLOB": "77f4157321596b14974d5e515a4b615245dc9e021c0fee17a654afa95eee1734",
    "BIT": "1425b1eecd08685f091fb50a5468eda49520fb394f368b1439261113013ed396",
    "UUID": "fb30e5bcef4a1256256d95699d13462425f81a8296b53c9ad273261534f289ca",
    "ENUM('b', 'a')": "2842628e4e50052c4e24ce07a30af6e51c923b98dd4f7cd377f5bbbde282f9ee",
    "DATE": "c8df295a77760ef0f92e0983781d37c3574b20b41c7e538539a82672d0d66e1d",
    "TIME": "8a1f3e20bb1174478066c11fe854b3b739f10afe881cb2046e56fff13b6eb079",
    "TIME_NS": "9c2a61f7c05dc02496780098c4ede59263569f4fc353294a4761875eaa2c54c7",
    "TIME WITH TIME ZONE": "096f21e0d5d2866722661de9d2d484cf12731ea431849567b50d60a7d8cfed6f",
    "TIMESTAMP": "0e33013f64c446c0061a480e4aaf2f54e4f41f2494ce557814a0432f03c7c8ad",
    "TIMESTAMP_S": "41f1a92bc4026c4f2c9b04daaa10fd0a38e094bb8415baba6582e4212892bb36",
    "TIMESTAMP_MS": "782678c7349dfec76d07f6af5164a043c868377fc09658b99ec814b669cb535e",
    "TIMESTAMP_NS": "0085ed5f91e7b1f68e359f078fdc2ecbd9a6c135a618b8c6f952cb67999ceabf",
    "TIMESTAMP WITH TIME ZONE": "35279895a37bc1d04af1b6a9dc3dd67f66cf0e12333ee578d59bcb09aba0648c",
    "INTERVAL": "a813dea15beec6c1429f72e3ab41e0aa7a12059afd58e1ea0f465184369a3c42",
    "DOUBLE[]": "810adb946c794358034927314f3cc4b3ff2d28e7a89eacb90c97ed828d32ba35",
    "INTEGER[][]": "aa4241a7166779bd94c6557293d6cd225216355e9e4494040bf3053590161e55",
    "INTEGER[3]": "d69f9ed7d02b18bffc9a9e0c27330a8cdcaab496e27ea0e78b08a9627766791d",
    "STRUCT(a INTEGER, b VARCHAR[])": "454b8afabc459b44eb607b3b0ec32952b49cbcc83333a8854d529700cabb22d2",
    "STRUCT(a INTEGER)[]": "dc8ee46d04f8a4b7aaa13129fa17eba5ca91f8b288c109e5459b8abefca4963d",
    "MAP(VARCHAR, DOUBLE)": "fbac912662564b13c7e2e8e4847a8ee811798e6608bfd14c59c5c2fb9573f06a",
    "UNION(n INTEGER, m VARCHAR)": "99c9cd7a2e12683840066aaf68e1b726481fb361fb1e2ff8e88217c993e719b5",
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_known_table_of_each_type_keeps_the_version_that_its_definition_gives_it(kind: str) -> None:
    spelled, values = VALUES[kind]
    with duckdb.connect() as own:
        own.execute(f"CREATE TABLE given (place INTEGER, x {kind})")
        for place, value in enumerate([*spelled, spelled[0], "NULL"]):
            own.execute(f"INSERT INTO given VALUES ({place}, CAST({value} AS {kind}))")
        described = own.execute("FROM given").description or []
        kinds = {name: of for name, of, *_ in described}
        assert str(kinds["x"]) == kind
        found = scan(own, "given").data_version
    assert found == data_version(kinds, list(enumerate([*values, values[0], None]))), "not as defined"
    assert found == KNOWN[kind], MOVED


@settings(deadline=None)
@given(tables())
def test_any_table_has_the_version_that_its_definition_gives_it(table: pa.Table) -> None:
    with registered(table) as cursor:
        kinds = {name: of for name, of, *_ in cursor.execute("FROM given").description or []}
        found = scan(cursor, "given")
    assert found.data_version == data_version(kinds, [tuple(row.values()) for row in table.to_pylist()])
    assert found.rows == table.num_rows
    assert found.schema == {name: str(kind) for name, kind in kinds.items()}
