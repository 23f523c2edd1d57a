"""The data version of a table: layouts and types, DuckDB's own among them, and known values."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from tests.table_versions import LEAVES, column, of_query, version

ROOT = Path(__file__).resolve().parent.parent
MOVED = (
    "the data version of a known table changed, so every table ever built counts as edited: either that was "
    "meant (then bump SCHEME in assets/engine/hashing.py and renew these values) or find the cause"
)

GOLDEN = {
    "double": "7db248ab453d2c2be9b2c99afa0d20118f3083b04bfbd9ff29b562288f3a65b7",
    "float": "e4494c0da84004af8e12745f4c3cc450cde8fded1db0c7ef8a05f470ca94845f",
    "whole": "37a91c375f386aa95ee0ba32e5d1370bd4dbe14ba03470f9518362da947ef930",
    "unsigned": "2cec459b04bb763307f2dff30feb3980558a13ba272386870b17099eb7aa6243",
    "tiny": "35a6047edeca53c70ce1b565e3273ffed6f5db577a95f56ddb518d2ccfc5ef4d",
    "boolean": "9bcdffa407e211dee7da3b4bf6150c9a498da879de854a2e17695d38f644a6ad",
    "text": "5795337397da96dc5a29b1187c5392d5b94e7316971888fad95eed051c37c069",
    "blob": "82bc3c1964457201edab8aaad06749addf8041cef2dab483bcdeb27fd2b695e1",
    "date": "79d394f7258c895fdb1f4952fac13a95e98ebc968abdff2acf3cd37a93837a7c",
    "time": "dbe91fccf7fd5709f0395aabf8c20bc1b55b55c59b4cdd2d20f678e36a790e01",
    "moment": "8917210ffbb36fadafb890a2861d26f67cd0b5afebbcf2738cf1306f3e464160",
    "instant": "7044294119ed277f31a01591793ea80fa7c4ff3bde3f562ab4c44bf8ac0cffe2",
    "duration": "5fadec6a99a6103ad84cfa268faca6739bcfbbb92fd8432bba4bf632d5e81b92",
    "decimal": "c114ed7ec59a5b1d4f551e6a4da7273a271cf22b713926c99557a609dc1c4483",
    "lists": "e3512373c981308ab8aaae2ec32eba65b498e2c317512e248b75450a6f80d821",
    "structs": "c13fef4fd830fc1e711d81be53a63ff198b18a6dfe8ee0d6b930e1e781d9bedf",
    "two columns": "7851322787e6c5b27c1871c8c99a942ef9a3069903e27520981e2038f137b4bf",
}


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


def test_an_enum_is_the_text_it_spells() -> None:
    assert of_query("SELECT 'b'::ENUM('a', 'b') AS x") == of_query("SELECT 'b' AS x")
    assert of_query("SELECT ['b'::ENUM('a', 'b')] AS x") == of_query("SELECT ['b'] AS x")


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


def test_a_time_without_a_zone_is_not_one_with_a_zone() -> None:
    assert of_query("SELECT TIMESTAMP '2024-07-01' AS x") != of_query(
        "SELECT TIMESTAMPTZ '2024-07-01 00:00:00+00' AS x", "SET TimeZone = 'UTC'"
    )


@pytest.mark.parametrize(
    "values",
    [
        [
            "'infinity'::DATE",
            "'-infinity'::DATE",
            "'0044-03-15 (BC)'::DATE",
            "NULL::DATE",
            "'9999-12-31'::DATE",
        ],
        ["'infinity'::TIMESTAMP", "'-infinity'::TIMESTAMP", "'290000-01-01'::TIMESTAMP"],
        ["['infinity'::DATE]", "['-infinity'::DATE]"],
        ["INTERVAL 1 MONTH", "INTERVAL 30 DAYS", "INTERVAL 720 HOURS", "NULL::INTERVAL"],
        ["(2::HUGEINT ** 120)::HUGEINT", "1::HUGEINT", "-1::HUGEINT"],
        ["'00000000-0000-0000-0000-000000000001'::UUID", "'00000000-0000-0000-0000-000000000002'::UUID"],
        ["TIMESTAMP_NS '2024-01-01 00:00:00.000000001'", "TIMESTAMP_NS '2024-01-01'"],
        ["'101'::BIT", "'0101'::BIT", "'111'::BIT"],
        ["1::BIGNUM", "2::BIGNUM"],
        ["[1, 2]::INT[2]", "[2, 1]::INT[2]", "NULL::INT[2]", "[1, NULL]::INT[2]"],
        [f"union_value({v})::UNION(n INT, m INT)" for v in ("n := 1", "m := 1", "n := NULL", "m := NULL")],
        ["MAP {'a': 1}", "MAP {'a': 2}", "MAP {'b': 1}", "MAP {}::MAP(VARCHAR, INT)"],
        ["'{}'::JSON", "'{ }'::JSON"],
    ],
    ids=lambda v: v[0],
)
def test_every_type_of_duckdb_has_a_version(values: list[str]) -> None:
    assert len({of_query(f"SELECT {value} AS x") for value in values}) == len(values)


def test_the_version_does_not_depend_on_the_threads_of_duckdb() -> None:
    query = "SELECT i, i % 7 AS g, 'k' || i AS name, [i, i % 3] AS both FROM range(50_000) AS t(i) WHERE i % 5 > 0"
    versions = {of_query(query, f"SET threads = {n}", "SET preserve_insertion_order = false") for n in (1, 4)}
    assert len(versions) == 1


ALL_KINDS = {name: pa.array([*values, None, values[0]], kind) for name, (kind, values) in LEAVES.items()}


def test_known_tables_have_known_versions() -> None:
    found = {name: version(pa.table({"x": values})) for name, values in ALL_KINDS.items()}
    found["lists"] = column([[1.5, None], [], None, [-0.0]])
    found["structs"] = column([{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}])
    found["two columns"] = version(pa.table({"a": [1, 2], "b": ["x", None]}))
    assert found == GOLDEN, MOVED


def test_another_process_with_another_hash_seed_and_zone_finds_the_same_version() -> None:
    script = (
        "import pyarrow as pa, duckdb\n"
        "from assets.engine.contents import table_version\n"
        "t = pa.table({'a': ['x', None, 'y'], 'b': [[1.5], [], None], 'c': [{'k': 1}, None, {'k': 2}]})\n"
        f"r = duckdb.connect().execute({INSTANTS!r}).to_arrow_reader(10)\n"
        "print(table_version(t.schema, t.to_batches())[0], table_version(r.schema, r)[0])\n"
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
    assert len(said) == 1
