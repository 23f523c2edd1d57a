"""What a build makes, and what it leaves as it is."""

import os
from pathlib import Path

import pytest

from tests.project_folders import EVERY, FROM_MEASURED, NUMBERS, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.numbers(tmp_path)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder.numbers(tmp_path_factory.mktemp("original"))
    assert set(made.build().values()) == {"built"}
    return made


@pytest.fixture
def built(original: Folder, tmp_path: Path) -> Folder:
    return original.copy(tmp_path)


def test_a_first_build_makes_everything_and_a_second_nothing(folder: Folder) -> None:
    assert set(folder.states().values()) == {"missing"}
    assert folder.ran() == EVERY
    assert folder.rows("by_parity") == [(0, 4, 20)] and folder.rows("extremes") == [("high", 8), ("low", 2)]
    assert set(folder.states().values()) == {"fresh"}
    before = folder.database.stat()
    assert folder.ran() == set()
    assert folder.database.stat() == before and not folder.working_copy.exists()


def test_a_published_file_explains_itself(built: Folder) -> None:
    comments = dict(built.sql("SELECT table_name, comment FROM duckdb_tables()"))
    assert comments["measured"] == "One measurement.\n\nKey: id\nGroup: default"
    columns = dict(
        built.sql("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'measured'")
    )
    assert columns == {"id": None, "v": "what was measured, in 'units'"}
    (record,) = built.sql("SELECT n_rows, data_version FROM _materializations WHERE asset_key = 'measured'")
    assert record == (4, built.versions()["measured"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another"),
        ('"""One measurement."""', '"""One single measurement."""'),
        ('primary_key="id", ranges', "primary_key='id', tags={'a': 'b'}, ranges"),
        ("values = [helpers", "values: list[int] = [helpers"),
        ("measured.group_by(odd)", "(measured\n        .group_by(odd))"),
    ],
)
def test_an_edit_that_cannot_matter_rebuilds_nothing(built: Folder, old: str, new: str) -> None:
    built.edit(old, new)
    assert set(built.states().values()) == {"fresh"} and built.ran() == set()


def test_an_expression_written_otherwise_rebuilds_nothing(built: Folder) -> None:
    built.edit(
        'return measured.group_by(odd).agg(n=measured.count(), total=measured.v.sum().cast("int64"))',
        "total = measured.v.sum().cast('int64').name('total')\n"
        "    return measured.aggregate([measured.count().name('n'), total], by=[odd])",
    )
    assert set(built.states().values()) == {"fresh"} and built.ran() == set()


def test_an_expression_that_says_something_else_is_rebuilt(built: Folder) -> None:
    built.edit("n=measured.count()", "n=measured.count() + 1")
    assert built.reasons("by_parity") == {("CODE_CHANGED", "expression")}
    assert built.ran() == {"by_parity", "summary"} and built.rows("by_parity") == [(0, 5, 20)]


def test_a_touched_input_rebuilds_nothing(built: Folder) -> None:
    os.utime(built.path / "raw.txt")
    os.utime(built.path / "helpers.py")
    assert set(built.states().values()) == {"fresh"} and built.ran() == set()


def test_a_changed_helper_rebuilds_what_uses_it_and_what_follows(built: Folder) -> None:
    built.edit("FACTOR = 2", "FACTOR = 4", "helpers.py")
    assert built.reasons("measured") == {("CODE_CHANGED", "helpers:FACTOR")}
    assert built.states() == dict.fromkeys(EVERY, "unsure") | {"measured": "stale", "lines": "fresh"}
    assert built.build() == dict.fromkeys(EVERY, "built") | {"summary": "unchanged", "lines": "skipped"}
    assert built.rows("extremes") == [("high", 16), ("low", 4)]


def test_a_table_that_comes_out_the_same_wakes_nobody(built: Folder) -> None:
    (built.path / "raw.txt").write_text("1  2  3  4\n")
    assert built.reasons("measured") == {("INPUT_CHANGED", "raw")} == built.reasons("lines")
    assert built.reasons("by_parity") == {("UPSTREAM_PENDING", "measured")}
    assert built.build() == dict.fromkeys(EVERY, "skipped") | {"measured": "unchanged", "lines": "unchanged"}


def test_going_back_to_earlier_code_is_noticed_as_well(built: Folder) -> None:
    versions = built.versions()
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    assert "measured" in built.ran()
    built.edit("FACTOR = 3", "FACTOR = 2", "helpers.py")
    assert "measured" in built.ran()
    assert built.versions() == versions and built.ran() == set()


HAND_EDITS = {
    "a changed cell": "UPDATE measured SET v = v + 1 WHERE id = 2",
    "a deleted row": "DELETE FROM measured WHERE id = 2",
    "an added row": "INSERT INTO measured VALUES (99, 1)",
    "a doubled table": "INSERT INTO measured FROM measured",
    "a null": "UPDATE measured SET v = NULL WHERE id = 2",
    "a renamed column": "ALTER TABLE measured RENAME v TO w",
    "another type": "ALTER TABLE measured ALTER v TYPE DOUBLE",
    "an added column": "ALTER TABLE measured ADD COLUMN w INTEGER",
    "a swapped pair": "UPDATE measured SET v = CASE id WHEN 0 THEN 4 WHEN 1 THEN 2 ELSE v END",
}


@pytest.mark.parametrize("edit", HAND_EDITS)
def test_a_table_edited_by_hand_is_noticed_by_name_and_mended_alone(built: Folder, edit: str) -> None:
    versions = built.versions()
    built.sql(HAND_EDITS[edit])
    assert built.reasons("measured") == {("OUTPUT_EDITED", "")}
    assert built.ran() == {"measured"} and built.versions() == versions


@pytest.mark.parametrize("after", ["", "; CREATE VIEW extremes AS SELECT 1 AS v"])
def test_a_deleted_table_is_noticed_by_name_and_made_alone(built: Folder, after: str) -> None:
    versions = built.versions()
    built.sql("DROP TABLE extremes" + after)
    assert built.reasons("extremes") == {("OUTPUT_GONE", "")}
    assert built.ran() == {"extremes"}
    assert built.versions() == versions and built.ran() == set()


def test_an_asset_whose_name_changes_in_capitals_alone_is_made_under_its_new_name(built: Folder) -> None:
    built.edit("def lines(raw)", "def Lines(raw)")
    assert built.build(seal=True)["Lines"] in ("built", "restored")
    assert built.rows("Lines") == [(4,)] and set(built.states().values()) == {"fresh"}


def test_a_deleted_file_is_made_again(built: Folder) -> None:
    versions = built.versions()
    built.database.unlink()
    assert set(built.states().values()) == {"missing"}
    assert built.ran() == EVERY and built.versions() == versions


def test_tables_of_others_in_the_file_are_left_alone(built: Folder) -> None:
    built.sql(
        "CREATE TABLE notes AS SELECT 'mine' AS text; CREATE VIEW twice AS SELECT v * 2 AS v FROM measured"
    )
    assert set(built.states().values()) == {"fresh"}
    built.edit("FACTOR = 2", "FACTOR = 4", "helpers.py")
    built.build()
    assert built.rows("notes") == [("mine",)] and built.rows("twice") == [(8,), (16,), (24,), (32,)]


def test_force_rebuilds_the_selection_and_nothing_else(built: Folder) -> None:
    assert built.ran("extremes", force=True) == {"extremes"}
    assert built.ran("+by_parity", force=True) == {"measured", "by_parity"}
    assert built.ran() == set()


def test_what_is_not_selected_is_taken_as_it_stands(built: Folder) -> None:
    built.edit("FACTOR = 2", "FACTOR = 4", "helpers.py")
    assert built.ran("extremes", "lines") == set()
    assert built.ran("measured") == {"measured"}
    assert built.ran("by_parity") == {"by_parity"}
    assert built.states()["extremes"] == "stale"


def test_a_selection_without_what_it_reads_fails_by_name(folder: Folder) -> None:
    assert "`by_parity` reads `measured`, which is not built" in folder.failures("by_parity")["by_parity"]
    assert "`extremes` reads `measured`, which is not built" in folder.failures("extremes")["extremes"]
    assert not folder.database.exists()


def test_one_worker_or_several_make_the_same(built: Folder) -> None:
    versions = built.versions()
    for jobs in (1, 4):
        built.database.unlink()
        built.build(jobs=jobs)
        assert built.versions() == versions


def test_another_version_of_a_library_rebuilds_what_uses_it(
    built: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets.engine import libraries

    known = libraries.version
    monkeypatch.setattr(libraries, "version", lambda name: "99" if name == "pyarrow" else known(name))
    assert built.reasons("measured") == {("LIBRARY_CHANGED", "pyarrow")} == built.reasons("lines")
    assert built.ran() == {"measured", "lines", "summary"}


def test_a_library_that_only_works_on_what_is_handed_in_counts_too(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that only calls methods of the frame it is given never names pandas."""
    from assets.engine import libraries

    tail = "\n\n@asset\ndef tail(measured: pd.DataFrame) -> pd.DataFrame:\n    return measured.tail(1)\n"
    folder.write(NUMBERS + tail)
    folder.build()
    known = libraries.version
    monkeypatch.setattr(libraries, "version", lambda name: "99" if name == "pandas" else known(name))
    assert folder.reasons("tail") == {("LIBRARY_CHANGED", "pandas")}


SETTINGS = """
class Settings:
    limit = 3
    other = 1.5
    names = ("a", "b")

SETTINGS = Settings()

@asset
def limited(settings: Settings) -> pa.Table:
    return pa.table({"n": [int(settings.limit)]})

@asset
def counted(limited: ir.Table, settings: Settings) -> ir.Table:
    return limited.mutate(m=ibis.literal(len(settings.names)))
"""


def test_a_setting_wakes_those_who_read_it(folder: Folder) -> None:
    folder.write(SETTINGS)
    assert folder.ran() == {"limited", "counted"}
    folder.edit("other = 1.5", "other = 2.5")
    assert folder.ran() == set()
    folder.edit("limit = 3", "limit = 4")
    assert folder.reasons("limited") == {("SETTING_CHANGED", "limit")}
    assert folder.ran() == {"limited", "counted"} and folder.rows("counted") == [(4, 2)]
    folder.edit('names = ("a", "b")', 'names = ("a",)')
    assert ("SETTING_CHANGED", "names") in folder.reasons("counted")
    assert folder.ran() == {"counted"} and folder.rows("counted") == [(4, 1)]


def test_what_a_source_remembers_is_handed_back_at_the_next_look(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        '@observable_source_asset\ndef raw(memo):\n    Path("memos").open("a").write(f"{memo};")\n'
        '    return Observation("1", memo=["seen"], watched={})\n\n'
        '@asset\ndef one(raw) -> pa.Table:\n    return pa.table({"v": [1]})\n'
    )
    folder.build()
    with folder.open() as project:
        project.seal()
    folder.states()
    assert (tmp_path / "memos").read_text().split(";")[-2] == "['seen']"


def test_looking_writes_nothing(built: Folder) -> None:
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    built.sql("UPDATE extremes SET v = 1")
    before = built.files()
    assert set(built.states().values()) == {"stale", "unsure", "fresh"}
    assert built.files() == before
    assert built.ran() == FROM_MEASURED
