"""Parts: what was computed and is not committed survives, and what is damaged or of something else does not count."""

import decimal
from pathlib import Path

import pyarrow as pa
import pytest

from assets.engine.errors import UserError
from assets.engine.parts import LostPartError, Parts, drop

NOW = {"a": "1", "b": "2", "c": "3"}


def rows(*lots: str) -> pa.Table:
    return pa.table({"lot": list(lots), "v": [float(len(lots))] * len(lots)})


def kept(folder: Path) -> Parts:
    parts = Parts(folder, "origin", NOW)
    parts.keep(rows("a", "a"), ["a"], {"a": "version a"}, seconds=2.0)
    parts.keep(rows("b"), ["b", "c"], {"b": "version b"}, seconds=1.0)
    return parts


def test_what_is_kept_is_found_again_by_a_later_build(tmp_path: Path) -> None:
    kept(tmp_path)
    found = Parts(tmp_path, "origin", NOW)
    assert found.kept == {"a", "b", "c"}
    assert found.versions == {"a": "version a", "b": "version b"}, "`c` has no rows"
    assert found.seconds == 3.0
    ((table, names),) = found.rows(["a"])
    assert table.to_pydict() == rows("a", "a").to_pydict() and names is None, (
        "there are no others in its file"
    )


def test_what_was_made_from_something_else_does_not_count(tmp_path: Path) -> None:
    kept(tmp_path)
    assert Parts(tmp_path, "another", NOW).kept == frozenset()
    assert Parts(tmp_path, "origin", {"a": "1", "b": "changed", "d": "4"}).kept == {"a"}


def test_a_file_cut_short_anywhere_is_as_good_as_none(tmp_path: Path) -> None:
    kept(tmp_path)
    (path,) = [path for path in tmp_path.iterdir() if b"version a" in path.read_bytes()]
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        assert Parts(tmp_path, "origin", NOW).kept == {"b", "c"}


def test_a_damage_that_only_reading_finds_makes_its_partitions_missing_again(tmp_path: Path) -> None:
    kept(tmp_path)
    (path,) = [path for path in tmp_path.iterdir() if b"version a" in path.read_bytes()]
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 50 + 20] ^= 1  # in the rows: the metadata come last
    path.write_bytes(damaged)
    found = Parts(tmp_path, "origin", NOW)
    assert found.kept == {"a", "b", "c"}
    with pytest.raises(LostPartError):
        found.rows(["a", "b"])
    assert found.kept == {"b", "c"} and not path.exists()


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "half.tmp").write_bytes(b"PAR1")
    Parts(tmp_path, "origin", NOW)
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_can_look_into_the_folder(tmp_path: Path) -> None:
    kept(tmp_path / "items")
    assert (tmp_path / "items").stat().st_mode & 0o077 == 0


def test_partitions_are_cut_into_slices_of_a_bounded_size(tmp_path: Path) -> None:
    parts = Parts(tmp_path, "origin", dict.fromkeys("abcdefgh", "x"))
    for name in "abcdefgh":
        parts.keep(rows(*[name] * 100), [name], {})
    size = rows(*["a"] * 100).nbytes
    assert [*parts.slices(list("abcdefgh"), 3 * size + 10)] == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]
    assert [*parts.slices(list("abc"), 1)] == [["a"], ["b"], ["c"]], "one that is larger is a slice by itself"


TYPES = {
    "seconds": pa.array([1, None], pa.timestamp("s")),
    "nanoseconds": pa.array([1, None], pa.timestamp("ns")),
    "with a zone": pa.array([1, None], pa.timestamp("us", "Europe/Helsinki")),
    "categories": pa.array(["a", "b"]).dictionary_encode(),
    "half": pa.array([1.5, None], pa.float16()),
    "small": pa.array([1, 255], pa.uint8()),
    "time": pa.array([1, None], pa.time32("s")),
    "date": pa.array([86_400_000, None], pa.date64()),
    "nothing": pa.nulls(2),
    "decimal": pa.array([decimal.Decimal("1.10"), None], pa.decimal128(10, 2)),
    "struct": pa.array([{"a": 1, "b": [None, "x"]}, None]),
    "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
    "nested": pa.array([[[0.0, -0.0], [float("nan")]], []]),
    "blob": pa.array([b"\0", b""]),
    "duration": pa.array([1, None], pa.duration("us")),
}


@pytest.mark.parametrize("kind", TYPES)
def test_rows_come_back_with_the_types_and_values_they_had(tmp_path: Path, kind: str) -> None:
    table = pa.table({"lot": ["a", "a"], "v": TYPES[kind]})
    Parts(tmp_path, "origin", NOW).keep(table, ["a"], {})
    ((back, _),) = Parts(tmp_path, "origin", NOW).rows(["a"])
    assert back.schema == table.schema
    assert str(back.to_pydict()) == str(table.to_pydict())


def test_a_type_that_no_file_holds_is_refused_with_its_name(tmp_path: Path) -> None:
    interval = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    with pytest.raises(UserError, match="month_day_nano_interval"):
        Parts(tmp_path, "origin", NOW).keep(pa.table({"v": interval}), ["a"], {})
    assert list(tmp_path.iterdir()) == []


def test_parts_of_different_columns_are_told_apart(tmp_path: Path) -> None:
    parts = kept(tmp_path)
    parts.keep(pa.table({"lot": ["c"], "v": pa.array([1], pa.int64())}), ["c"], {})
    assert len(parts.schemas()) == 2
    assert sorted((table.num_rows, names) for table, names in parts.rows(["a", "b", "c"]) if names) == [
        (1, ["b"])
    ]
    assert sorted(table.num_rows for table, names in parts.rows(["a", "b", "c"]) if not names) == [1, 2]


def test_a_partition_that_two_files_have_is_taken_from_the_one_of_what_it_is_now(tmp_path: Path) -> None:
    Parts(tmp_path, "origin", NOW).keep(rows("a", "b"), ["a", "b"], {})
    now = {**NOW, "b": "changed"}
    Parts(tmp_path, "origin", now).keep(rows("b", "c", "c"), ["b", "c"], {})
    found = Parts(tmp_path, "origin", now)
    of_some, of_all = found.rows(["a", "b", "c"])
    assert (of_some[0].num_rows, of_some[1]) == (2, ["a"])
    assert (of_all[0]["lot"].to_pylist(), of_all[1]) == (["b", "c", "c"], None)


def test_committed_parts_are_dropped(tmp_path: Path) -> None:
    kept(tmp_path / "items")
    drop(tmp_path / "items")
    drop(tmp_path / "items")
    assert not (tmp_path / "items").exists()
