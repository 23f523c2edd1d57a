"""Early cutoff by columns: an expression is rebuilt for what it reads of a table, and for nothing else."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.project_folders import Folder

PROJECT = """
from columns import COLUMNS

@asset(primary_key="id")
def base() -> pa.Table:
    return pa.table(COLUMNS)

@asset(primary_key="grp")
def totals(base: ir.Table) -> ir.Table:
    return base.filter(base.keep).group_by("grp").agg(total=base.v.sum().cast("int64"))

@asset
def notes(base: ir.Table) -> ir.Table:
    return base.select("id", "note")

@asset
def counted(base: ir.Table) -> ir.Table:
    return base.aggregate(n=base.count())

@asset
def joined(totals: ir.Table, base: ir.Table) -> ir.Table:
    return base.join(totals, "grp").select("id", "total")

@asset
def whole(base: pa.Table) -> pa.Table:
    return pa.table({"columns": [", ".join(base.column_names)], "rows": [base.num_rows]})

@asset
def after(totals: pd.DataFrame) -> pd.DataFrame:
    return totals
"""
COLUMNS: dict[str, list[object]] = {
    "id": [0, 1, 2],
    "grp": ["a", "a", "b"],
    "v": [1, 2, 3],
    "keep": [True, True, True],
    "note": ["x", "y", "z"],
    "unread": [1.5, 2.5, 3.5],
}
EXPRESSIONS = {"totals", "notes", "counted", "joined"}
READERS = EXPRESSIONS | {"whole"}


def write(folder: Folder, **changes: list[object] | None) -> None:
    columns = {name: values for name, values in (COLUMNS | changes).items() if values is not None}
    folder.write(f"COLUMNS = {columns!r}\n", "columns.py")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("original"))
    made.write(PROJECT)
    write(made)
    made.build()
    return made


@pytest.fixture
def folder(original: Folder, tmp_path: Path) -> Folder:
    return original.copy(tmp_path)


def is_as_from_scratch(folder: Folder) -> None:
    assert set(folder.states().values()) == {"fresh"} and folder.ran() == set()
    incremental = folder.versions()
    folder.database.unlink()
    shutil.rmtree(folder.path / ".assets")
    folder.build()
    assert folder.versions() == incremental


def holds_what_it_must(folder: Folder, columns: dict[str, Any]) -> None:
    rows = [
        dict(zip(("id", "grp", "v", "keep", "note"), row, strict=True))
        for row in zip(*(columns[name] for name in ("id", "grp", "v", "keep", "note")), strict=True)
    ]
    totals = {
        r["grp"]: sum(s["v"] for s in rows if s["grp"] == r["grp"] and s["keep"]) for r in rows if r["keep"]
    }
    assert folder.rows("totals") == sorted(totals.items()) == folder.rows("after")
    assert folder.rows("notes") == [(r["id"], r["note"]) for r in rows]
    assert folder.rows("counted") == [(len(rows),)]
    assert folder.rows("joined") == [(r["id"], totals[r["grp"]]) for r in rows if r["grp"] in totals]


CHANGES: dict[str, tuple[dict[str, list[object] | None], set[str]]] = {
    "a column that nobody reads": ({"unread": [9.5, 2.5, 3.5]}, set()),
    "a column that one reads": ({"note": ["x", "y", "?"]}, {"notes"}),
    "a column that others read": ({"v": [1, 2, 4]}, {"totals"}),
    "a column that groups and joins": ({"grp": ["a", "b", "b"]}, {"totals", "joined"}),
    "an added column": ({"more": [1, 2, 3]}, set()),
    "a dropped column": ({"unread": None}, set()),
    "an unread column of another type": ({"unread": [1, 2, 3]}, set()),
    "a read column of another type": ({"v": [1.0, 2.0, 3.0]}, {"totals"}),
    "an added row": ({name: [*values, values[-1]] for name, values in COLUMNS.items()} | {"id": [0, 1, 2, 3]}, EXPRESSIONS),
    "two columns that change places": ({"note": ["y", "x", "z"], "unread": [2.5, 1.5, 3.5]}, {"notes"}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_an_expression_is_rebuilt_for_what_it_reads(folder: Folder, what: str) -> None:
    changes, concerned = CHANGES[what]
    write(folder, **changes)
    states = folder.states()
    assert states.pop("base") == "stale" and set(states.values()) == {"unsure"}
    outcomes = folder.build()
    ran = {key for key, outcome in outcomes.items() if outcome != "skipped"}
    beyond = {"after", "joined"} if outcomes["totals"] == "built" else set()
    assert ran - beyond == concerned - beyond | {"base", "whole"}
    assert set(folder.states().values()) == {"fresh"}, (
        "afterwards all is well, though a version upstream differs"
    )
    holds_what_it_must(folder, {**COLUMNS, **changes})


def test_what_was_spared_stays_spared_in_later_builds(folder: Folder) -> None:
    for value in (7.5, 8.5):
        write(folder, unread=[value, 2.5, 3.5])
        assert folder.build(seal=True)["totals"] == "skipped"
        assert folder.ran() == set()
    shutil.rmtree(folder.path / ".assets")
    assert set(folder.states().values()) == {"fresh"} and folder.ran() == set()
    write(folder, unread=[8.5, 2.5, 3.5], v=[1, 2, 4])
    assert folder.build()["totals"] == "built" and folder.rows("totals") == [("a", 3), ("b", 4)]


def test_going_back_where_nobody_reads_spares_them_as_well(folder: Folder) -> None:
    write(folder, unread=[7.5, 2.5, 3.5])
    folder.build()
    write(folder)
    assert folder.build() == dict.fromkeys(folder.states(), "skipped") | {
        "base": "restored",
        "whole": "restored",
    }


def test_what_was_spared_is_still_noticed_when_it_changes_by_hand(folder: Folder) -> None:
    write(folder, unread=[7.5, 2.5, 3.5])
    folder.build()
    folder.sql("UPDATE totals SET total = 0")
    assert folder.reasons("totals") == {("OUTPUT_EDITED", "")}
    assert folder.ran() == {"totals"} and folder.rows("totals") == [("a", 3), ("b", 3)]


def test_an_edit_by_hand_where_nobody_reads_concerns_the_table_alone(folder: Folder) -> None:
    folder.sql("UPDATE base SET unread = 0")
    states = folder.states()
    assert states["base"] == "stale" and {states[key] for key in READERS} == {"unsure"}
    assert folder.build() == dict.fromkeys(states, "skipped") | {"base": "restored"}
    folder.sql("UPDATE base SET unread = 0")
    shutil.rmtree(folder.path / ".assets")
    assert folder.ran() == {"base"}


def test_an_expression_that_comes_to_read_more_is_rebuilt_for_it(folder: Folder) -> None:
    write(folder, unread=[7.5, 2.5, 3.5])
    folder.build()
    folder.edit("base.v.sum()", "base.unread.sum()")
    assert folder.reasons("totals") == {("CODE_CHANGED", "expression"), ("INPUT_CHANGED", "base")}
    folder.build()
    assert folder.rows("totals") == [("a", 10), ("b", 4)]
    write(folder, unread=[1.5, 2.5, 3.5])
    folder.build()
    assert folder.rows("totals") == [("a", 4), ("b", 4)]
    is_as_from_scratch(folder)


def test_an_input_that_is_named_and_not_read_counts_by_its_rows(folder: Folder) -> None:
    folder.edit("return base.aggregate(n=base.count())", "return base.aggregate(n=base.count() * 2)")
    assert folder.ran() == {"counted"}
    write(folder, **{name: list(reversed(values)) for name, values in COLUMNS.items() if name != "id"})
    assert folder.build()["counted"] == "skipped" and folder.rows("counted") == [(6,)]


def test_dropping_a_column_that_is_read_fails_and_names_it(folder: Folder) -> None:
    write(folder, note=None)
    said = folder.failures()
    assert list(said) == ["notes"] and "note" in said["notes"]
    write(folder)
    folder.build()
    holds_what_it_must(folder, COLUMNS)


def test_reading_everything_is_reading_columns_that_come_later_too(folder: Folder) -> None:
    folder.edit('return base.select("id", "note")', "return base")
    folder.build()
    write(folder, more=[1, 2, 3])
    assert folder.build()["notes"] == "built" and len(folder.rows("notes")[0]) == len(COLUMNS) + 1


ORDER = """
@asset(primary_key={key!r})
def base() -> pa.Table:
    return pa.table({{"id": [1, 2], "name": ["z", "a"]}})

@asset
def first(base: pa.Table) -> pa.Table:
    return base.slice(0, 1)

@asset
def shown(base: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return base.limit(1)

@asset
def top(base: ir.Table) -> ir.Table:
    return base.limit(1)
"""


def test_a_table_that_is_sorted_otherwise_wakes_those_who_may_see_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(ORDER.format(key="id"))
    folder.build()
    folder.write(ORDER.format(key="name"))
    assert folder.build()["base"] == "unchanged"
    assert [folder.rows(key) for key in ("first", "shown", "top")] == [[(2, "a")]] * 3
    is_as_from_scratch(folder)
