"""A partitioned table put together from what stands and what is new is the one that is made from scratch, row for row."""

import json
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assets.engine import ledger
from tests.loading_folders import LoadingFolder, some_lots
from tests.test_build_partitions import lots_folder, write


def rows_as_they_lie(folder: LoadingFolder, key: str) -> list[tuple[object, ...]]:
    return folder.sql(f"FROM {key}")


LOTS = st.dictionaries(
    st.sampled_from("abcdefg"), st.lists(st.integers(0, 3), max_size=2), min_size=1, max_size=7
)


@settings(max_examples=4, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(st.lists(LOTS, min_size=2, max_size=4))
def test_rows_lie_in_the_order_of_the_key_whatever_came_before(history: list[dict[str, list[int]]]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        folder, scratch = lots_folder(Path(one)), lots_folder(Path(other))
        for lots in history:
            write(folder, lots)
            folder.build()
        write(scratch, history[-1])
        scratch.build()
        assert folder.sql("FROM items") == scratch.sql("FROM items")
        assert folder.versions() == scratch.versions()


def test_numbered_partitions_lie_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = lots_folder(tmp_path)
    folder.edit("[(lot, place, kind(v))", "[(int(lot), place, kind(v))")
    folder.edit('"lot": pa.string()', '"lot": pa.int64()')
    write(folder, {"9": [5], "10": [6], "100": [7]})
    folder.build()
    write(folder, {"9": [5], "11": [8], "100": [7], "2": [1]})
    folder.build()
    assert folder.sql("FROM items") == [(2, 0, 1), (9, 0, 5), (11, 0, 8), (100, 0, 7)]


def test_a_type_that_only_later_partitions_need_holds_for_all(tmp_path: Path) -> None:
    folder = lots_folder(tmp_path, form="pd.DataFrame")
    folder.edit(
        "    table = pa.table",
        '    kinds = {"lot": pa.string(), "place": pa.int64(), "v": pa.float64() if any(\n        isinstance(v, float) for *_, v in rows) else pa.int64()}\n    table = pa.table',
    )
    folder.edit(
        'schema=pa.schema({"lot": pa.string(), "place": pa.int64(), "v": pa.int64()})',
        "schema=pa.schema(kinds)",
    )
    write(folder, {"a": [1], "b": [3]})
    folder.build()
    (folder.path / "lots.json").write_text(json.dumps({"a": [1], "b": [3], "c": [0.5]}))
    assert folder.build()["items"] == "built"
    assert folder.sql("FROM items") == [("a", 0, 1.0), ("b", 0, 3.0), ("c", 0, 0.5)]
    with folder.open() as project:
        look = project.look()
        assert look.records["items"].data_version == look.versions["items"]


def test_a_table_that_somebody_sorted_otherwise_is_put_in_order_again(tmp_path: Path) -> None:
    folder = lots_folder(tmp_path)
    write(folder, {"a": [1, 2], "b": [3, 4], "d": [5]})
    folder.build()
    folder.sql("CREATE OR REPLACE TABLE items AS FROM items ORDER BY place DESC, lot DESC")
    assert folder.states()["items"] == "fresh", "the same rows"
    write(folder, {"a": [1, 2], "b": [3, 4], "c": [0], "d": [5]})
    folder.build()
    assert folder.sql("FROM items") == [
        ("a", 0, 1),
        ("a", 1, 2),
        ("b", 0, 3),
        ("b", 1, 4),
        ("c", 0, 0),
        ("d", 0, 5),
    ]


def test_one_more_partition_loads_and_hashes_that_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets.engine import contents

    folder = LoadingFolder(tmp_path)
    folder.trouble("pass")
    lots = some_lots(12)
    folder.lots(lots)
    folder.build()
    folder.loaded()
    hashed: list[int] = []
    whole = contents.partition_versions

    def noting(cursor: duckdb.DuckDBPyConnection, name: str, column: str) -> dict[str, str]:
        found = whole(cursor, name, column)
        if "items" in name or name == "_given":
            hashed.append(len(found))
        return found

    monkeypatch.setattr(contents, "partition_versions", noting)
    lots["new"] = [3]
    folder.lots(lots)
    folder.build()
    assert folder.loaded() == {"new": 1} and hashed == [1]
    folder.holds(lots)


def test_only_the_newest_record_of_a_table_holds_its_partitions(tmp_path: Path) -> None:
    folder = LoadingFolder(tmp_path)
    folder.trouble("pass")
    for number in range(3):
        folder.lots(some_lots(4 + number))
        folder.build()
    with duckdb.connect(str(folder.database), read_only=True) as connection:
        sizes = [len(record.partitions) for record in ledger.history(connection, "items")]
    assert sizes == [6, 0, 0]


def test_parts_of_one_load_may_differ_in_the_type_of_a_column(tmp_path: Path) -> None:
    folder = LoadingFolder(tmp_path)
    folder.trouble("pass")
    folder.edit('"v": pa.float64()', '"v": pa.float64() if names and int(names[0][3:]) % 4 else pa.int64()')
    lots = some_lots(9)
    folder.lots(lots)
    folder.build()
    folder.holds(lots)
    folder.lots({**lots, "lot0002": [5]})
    folder.build()
    folder.holds({**lots, "lot0002": [5]})
    with folder.open() as project:
        look = project.look()
        assert look.records["items"].data_version == look.versions["items"]
