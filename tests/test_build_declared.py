"""What a declaration says bears on what is built."""

import os
from pathlib import Path

import pytest

from tests.project_folders import EVERY, ROOT, Folder

TWO = """
@asset
def one() -> pa.Table:
    return pa.table({"v": [1]})

@asset
def two() -> pa.Table:
    return pa.table({"v": [2]})

@asset(ins={"x": "one", "y": "two"})
def plain(x: pa.Table, y: pa.Table) -> pa.Table:
    return pa.table({"v": [str(type(x)), str(x["v"])]})

@asset(ins={"x": "one", "y": "two"})
def expressed(x: ir.Table, y: ir.Table) -> ir.Table:
    return x.mutate(other=y.v.max().as_scalar())
"""


@pytest.fixture
def two(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.write(TWO)
    folder.build()
    return folder


def test_two_inputs_that_change_places_are_noticed(two: Folder) -> None:
    two.write(TWO.replace('{"x": "one", "y": "two"}', '{"x": "two", "y": "one"}'))
    assert two.ran() == {"plain", "expressed"}
    assert two.rows("expressed") == [(2, 1)]


def test_an_input_asked_for_in_another_form_is_noticed(two: Folder) -> None:
    two.edit("def plain(x: pa.Table", "def plain(x: pd.DataFrame")
    assert two.ran() == {"plain"} and "DataFrame" in str(two.rows("plain"))


def test_a_code_version_given_by_hand_is_heeded(two: Folder) -> None:
    two.edit("@asset\ndef one", '@asset(code_version="2")\ndef one')
    assert two.ran() == {"one"}
    two.edit('code_version="2"', 'code_version="3"')
    assert two.ran() == {"one"}


def test_two_assets_may_share_one_function(two: Folder) -> None:
    two.write(
        TWO + "def crossed(x: ir.Table, y: ir.Table) -> ir.Table:\n"
        "    return x.mutate(other=y.v.max().as_scalar())\n\n"
        'straight = asset(name="straight", ins={"x": "one", "y": "two"})(crossed)\n'
        'across = asset(name="across", ins={"x": "two", "y": "one"})(crossed)\n'
    )
    assert two.ran() == {"straight", "across"}
    assert two.rows("straight") == [(1, 2)] and two.rows("across") == [(2, 1)]


def test_an_asset_made_within_a_function_is_refused_since_its_code_cannot_be_followed(two: Folder) -> None:
    two.write(
        TWO + "def made(n):\n    @asset(name=f'made_{n}')\n    def inner() -> pa.Table:\n"
        "        return pa.table({'v': [n]})\n    return inner\n\nmade_1 = made(1)\n"
    )
    assert "not at the top level" in two.failures()["made_1"]


def test_an_expression_may_depend_on_a_source_without_reading_it(tmp_path: Path) -> None:
    folder = Folder.numbers(tmp_path)
    folder.edit('@asset(primary_key="odd")', '@asset(primary_key="odd", deps=["raw"])')
    assert folder.ran() == EVERY
    (folder.path / "raw.txt").write_text("1  2  3  4")
    assert folder.ran() == {"measured", "by_parity", "lines"}
    folder.edit("(measured.v % 2)", "(measured.v % 3)")
    assert "by_parity" in folder.ran()


def test_names_that_the_engine_uses_itself_may_be_used(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "@observable_source_asset\ndef raw():\n    text = Path('raw.txt').read_text()\n"
        "    return Observation(text, value=int(text))\n\n"
        "@asset\ndef computed(raw) -> pa.Table:\n    return pa.table({'v': [raw]})\n\n"
        "@asset\ndef standing(computed: pa.Table) -> pa.Table:\n    return computed\n\n"
        "@asset(name='select \"all\"')\ndef quoted(standing: pd.DataFrame) -> pd.DataFrame:\n    return standing\n\n"
        "@asset(ins={'x': 'select \"all\"'})\ndef order(x: ir.Table) -> ir.Table:\n    return x\n"
    )
    for value in (1, 2):
        (tmp_path / "raw.txt").write_text(str(value))
        assert folder.ran() == {"computed", "standing", 'select "all"', "order"}
        assert folder.rows("order") == folder.rows("computed") == [(value,)]


def test_a_named_index_is_kept_and_a_running_number_is_not(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "@asset\ndef grouped() -> pd.DataFrame:\n"
        "    return pd.DataFrame({'g': ['a', 'a', 'b'], 'v': [1, 2, 3]}).groupby('g').sum()\n\n"
        "@asset\ndef numbered() -> pd.DataFrame:\n    return pd.DataFrame({'v': [3, 1, 2]}).sort_values('v')\n"
    )
    folder.build()
    assert folder.sql("SELECT g, v FROM grouped ORDER BY g") == [("a", 3), ("b", 3)]
    assert folder.rows("numbered") == [(1,), (2,), (3,)]


def test_what_a_reader_sees_does_not_depend_on_the_order_in_which_rows_were_made(tmp_path: Path) -> None:
    """A table is a set of rows: two orders are one content, so they must be read in one order."""
    folder = Folder(tmp_path)
    folder.write(
        '@observable_source_asset\ndef raw():\n    text = Path("raw.txt").read_text()\n'
        "    return Observation(text, value=text.split())\n\n"
        '@asset\ndef loose(raw) -> pa.Table:\n    return pa.table({"v": raw})\n\n'
        "@asset\ndef first(loose: pa.Table) -> pa.Table:\n    return loose.slice(0, 1)\n"
    )
    (tmp_path / "raw.txt").write_text("b a c")
    folder.build()
    (tmp_path / "raw.txt").write_text("c b a")
    assert folder.ran() == {"loose"}
    incremental = folder.versions()
    folder.database.unlink()
    folder.build()
    assert folder.versions() == incremental


MOMENTS = """
@asset
def moments() -> pa.Table:
    return pa.table({"t": pa.array([0, 10**15], pa.timestamp("us", "UTC"))})

@asset
def days(moments: ir.Table) -> ir.Table:
    return moments.select(t=moments.t, h=moments.t.hour(), s=moments.t.cast("string"))

@asset
def hours(moments: pd.DataFrame) -> pd.DataFrame:
    return moments.assign(h=moments["t"].dt.hour)[["h"]]
"""


def test_times_with_a_zone_do_not_depend_on_the_zone_of_the_machine(tmp_path: Path) -> None:
    here, there = Folder(tmp_path / "here"), Folder(tmp_path / "there")
    for folder in (here, there):
        folder.write(MOMENTS)
    here.build()
    there.command(
        "materialize", check=True, env={**os.environ, "TZ": "Pacific/Chatham", "PYTHONPATH": str(ROOT)}
    )
    assert here.versions() == there.versions()


@pytest.mark.parametrize("declared", ['primary_key="v"', 'ranges={"v": (0, 9)}'])
@pytest.mark.parametrize("which", ["one", "expressed"])
def test_a_check_that_is_added_is_made(two: Folder, which: str, declared: str) -> None:
    head = (
        '@asset(ins={"x": "one", "y": "two"})\ndef expressed' if which == "expressed" else "@asset\ndef one"
    )
    said = head.replace("@asset(", f"@asset({declared}, ").replace("@asset\n", f"@asset({declared})\n")
    two.edit(head, said)
    resorted = which == "one" and "key" in declared  # what reads it may see its rows in another order
    assert two.ran() == ({which, "plain", "expressed"} if resorted else {which})
    two.edit(said, said.replace("(0, 9)", "(8, 9)").replace('primary_key="v"', 'primary_key="w"'))
    assert list(two.failures()) == [which]
