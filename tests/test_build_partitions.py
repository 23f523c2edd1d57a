"""Partitioned assets: only what changed is computed, and the whole equals a build from scratch."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.project_folders import Folder

PROJECT = """
import json

@observable_source_asset
def lots():
    \"\"\"Lots of measurements: name -> numbers.\"\"\"
    text = Path("lots.json").read_text()
    lots = json.loads(text)
    partitions = {name: hashlib.sha256(repr(values).encode()).hexdigest() for name, values in lots.items()}
    return Observation(hashlib.sha256(repr(sorted(partitions.items())).encode()).hexdigest(), lots, partitions)

def kind(value):
    return value

@asset(partitions_def="lots", primary_key=["lot", "place"])
def items(lots, partition_keys) -> FORM:
    \"\"\"One number of one lot.\"\"\"
    with Path("asked").open("a") as asked:
        asked.write(json.dumps(list(partition_keys)) + "\\n")
    rows = [(lot, place, kind(v)) for lot in partition_keys for place, v in enumerate(lots[lot])]
    columns = [list(column) for column in zip(*rows)] or [[], [], []]
    table = pa.table(columns, schema=pa.schema({"lot": pa.string(), "place": pa.int64(), "v": pa.int64()}))
    return table RESULT

@asset(primary_key="lot")
def totals(items: ir.Table) -> ir.Table:
    return items.group_by("lot").agg(total=items.v.sum().cast("int64"))
"""


def lots_folder(path: Path, *, form: str = "pa.Table") -> Folder:
    folder = Folder(path)
    result = "" if form == "pa.Table" else ".to_pandas()"
    folder.write(PROJECT.replace("FORM", form).replace(" RESULT", result))
    write(folder, {"a": [1, 2], "b": [3], "c": []})
    return folder


def write(folder: Folder, lots: dict[str, list[int]]) -> None:
    (folder.path / "lots.json").write_text(json.dumps(lots))


def asked(folder: Folder) -> list[list[str]]:
    """Which partitions the function was asked for since last time, call by call."""
    file = folder.path / "asked"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = lots_folder(tmp_path_factory.mktemp("original"))
    made.build()
    assert asked(made) == [["a", "b", "c"]]
    return made


@pytest.fixture
def folder(original: Folder, tmp_path: Path) -> Folder:
    return original.copy(tmp_path)


CHANGES = {
    "an added lot": ({"a": [1, 2], "b": [3], "c": [], "d": [4]}, [["d"]]),
    "a changed lot": ({"a": [1, 2], "b": [5, 6], "c": []}, [["b"]]),
    "an emptied lot": ({"a": [], "b": [3], "c": []}, [["a"]]),
    "a filled lot": ({"a": [1, 2], "b": [3], "c": [7]}, [["c"]]),
    "a lot gone": ({"a": [1, 2], "c": []}, []),
    "a renamed lot": ({"a": [1, 2], "B": [3], "c": []}, [["B"]]),
    "lots in another order": ({"c": [], "b": [3], "a": [1, 2]}, []),
    "all at once": ({"a": [9], "d": [3]}, [["a", "d"]]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_changed_is_computed_and_the_whole_is_right(folder: Folder, change: str) -> None:
    lots, expected = CHANGES[change]
    write(folder, lots)
    folder.build()
    assert asked(folder) == expected
    assert folder.rows("items") == sorted(
        (lot, n, v) for lot, values in lots.items() for n, v in enumerate(values)
    )
    assert folder.rows("totals") == sorted((lot, sum(values)) for lot, values in lots.items() if values)
    assert folder.ran() == set() and asked(folder) == []


def test_without_any_lot_left_the_table_is_empty(folder: Folder) -> None:
    write(folder, {})
    assert folder.ran() == {"items", "totals"}
    assert folder.rows("items") == []


@pytest.mark.parametrize("why", ["code", "edited", "deleted", "forced"])
def test_everything_is_computed_when_what_stands_cannot_be_trusted(folder: Folder, why: str) -> None:
    if why == "code":
        folder.edit("    return value\n", "    return value * 2\n")
    elif why == "edited":
        folder.sql("UPDATE items SET v = 99 WHERE lot = 'b'")
    elif why == "deleted":
        folder.sql("DROP TABLE items")
    write(folder, {"a": [1, 2], "b": [3], "c": [], "d": [4]})
    folder.build("items", force=why == "forced")
    assert asked(folder) == [["a", "b", "c", "d"]]
    doubled = 2 if why == "code" else 1
    assert folder.rows("items") == [
        (lot, n, v * doubled) for lot, n, v in [("a", 0, 1), ("a", 1, 2), ("b", 0, 3), ("d", 0, 4)]
    ]


def test_a_frame_has_partitions_too(tmp_path: Path) -> None:
    folder = lots_folder(tmp_path, form="pd.DataFrame")
    folder.build()
    write(folder, {"a": [1, 2], "b": [4], "d": [5]})
    assert folder.ran() == {"items", "totals"}
    assert asked(folder)[1:] == [["b", "d"]]
    assert folder.rows("items") == [("a", 0, 1), ("a", 1, 2), ("b", 0, 4), ("d", 0, 5)]


def test_partitions_may_be_numbered(tmp_path: Path) -> None:
    folder = lots_folder(tmp_path)
    folder.edit("[(lot, place, kind(v))", "[(int(lot), place, kind(v))")
    folder.edit('"lot": pa.string()', '"lot": pa.int64()')
    write(folder, {"1": [5], "2": [6]})
    folder.build()
    write(folder, {"1": [5], "2": [7], "10": [8]})
    assert folder.ran() == {"items", "totals"}
    assert asked(folder) == [["1", "2"], ["10", "2"]]
    assert folder.rows("items") == [(1, 0, 5), (2, 0, 7), (10, 0, 8)]


def test_rows_that_do_not_say_whose_they_are_are_refused(tmp_path: Path) -> None:
    """The first column of the key tells which rows stand; were it something else, rows would be lost."""
    folder = lots_folder(tmp_path)
    folder.edit('primary_key=["lot", "place"]', 'primary_key=["v"]')
    said = folder.failures()
    assert "`items`" in said["items"] and "`v`" in said["items"] and "partition" in said["items"]


def test_a_change_of_content_that_comes_out_the_same_wakes_nobody(folder: Folder) -> None:
    folder.edit("return value\n", "return value // 10\n")
    folder.build()
    write(folder, {"a": [2, 1], "b": [3], "c": []})
    assert folder.build() == {"items": "unchanged", "totals": "skipped"}


LOTS = st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 3), max_size=2), max_size=4)


@settings(max_examples=4, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(st.lists(LOTS, min_size=2, max_size=4))
def test_after_any_changes_the_table_is_what_a_build_from_scratch_makes(
    history: list[dict[str, list[int]]],
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        folder, scratch = lots_folder(Path(one)), lots_folder(Path(other))
        seen: list[dict[str, list[int]]] = [{}]
        for lots in history:
            write(folder, lots)
            folder.build()
            moved = sorted(lot for lot in lots if lot not in seen[-1] or lots[lot] != seen[-1][lot])
            restored = lots in seen[1:]
            assert [lot for call in asked(folder) for lot in call] == ([] if restored else moved)
            seen.append(lots)
        write(scratch, history[-1])
        scratch.build()
        assert folder.versions() == scratch.versions()
