"""The commands that compare what is there with what was: verify and diff."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assets.commands import proving
from assets.commands.loading import project_of
from assets.engine.errors import UserError
from assets.engine.index import Index, facts_of
from tests.command_runs import run
from tests.project_folders import Folder

NOTES = '''

@asset(path="notes.txt")
def notes(summary: pa.Table, output: Path) -> Path:
    """What came out."""
    output.write_text(str(summary.num_rows))
    return output
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Built twice, with another factor each time."""
    from tests.project_folders import NUMBERS

    folder = Folder.numbers(tmp_path_factory.mktemp("made"))
    folder.write(NUMBERS + NOTES)
    folder.ran()
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    folder.ran()
    return folder


@pytest.fixture
def folder(made: Folder, tmp_path: Path) -> Folder:
    return made.copy(tmp_path)


def test_what_was_built_holds_what_its_records_say(folder: Folder) -> None:
    told = run(folder, "verify")
    assert (told.out, told.code) == ("6 of 6 tables and files hold what their records say\n", 0)


def test_each_thing_that_does_not_is_named(folder: Folder) -> None:
    folder.sql("UPDATE lines SET n = 7; DROP TABLE extremes")
    (folder.path / "notes.txt").write_text("edited")
    told = run(folder, "verify")
    assert told.code == 1
    assert {tuple(line.split()[:2]) for line in told.lines[:-1]} == {
        ("differs", "lines"),
        ("gone", "extremes"),
        ("differs", "notes"),
    }
    assert told.lines[-1] == "3 of 6 tables and files hold what their records say"


FORGERIES = {
    "rows on record": (
        "UPDATE _materializations SET n_rows = 5 WHERE asset_key = 'lines'",
        "unproven lines its record was edited: it counts 5 rows, the table has 1",
    ),
    "what it was made from": (
        'UPDATE _materializations SET ingredients = replace(ingredients, \'"settings": {}\', \'"settings": {"a": 1}\') '
        "WHERE asset_key = 'lines'",
        "unproven lines its record was edited: the input hash is not that of its ingredients",
    ),
    "a view of other rows, the true ones in another schema": (
        "CREATE SCHEMA aside; CREATE TABLE aside.lines AS FROM lines; DROP TABLE main.lines; "
        "CREATE VIEW main.lines AS SELECT if(now() < '2100-01-01', n, 7) AS n FROM aside.lines",
        "gone lines",
    ),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_record_that_was_edited_proves_nothing(folder: Folder, what: str) -> None:
    forge, says = FORGERIES[what]
    folder.sql(forge)
    told = run(folder, "verify")
    assert told.code == 1 and " ".join(told.lines[0].split()).startswith(says)


def test_a_table_forged_with_its_record_is_betrayed_by_what_was_made_from_it(folder: Folder) -> None:
    """Also where the readers' records are told that the columns that they read are as before."""
    genuine = folder.versions()["measured"]
    folder.sql("UPDATE measured SET v = v + 1")
    forged = folder.versions()["measured"]
    folder.sql(
        f"UPDATE _materializations SET data_version = '{forged}' WHERE data_version = '{genuine}'; "
        f"UPDATE _materializations SET upstream_versions = replace(upstream_versions, '{genuine}', '{forged}')"
    )
    assert folder.states()["by_parity"] == "fresh"
    told = run(folder, "verify")
    assert told.code == 1
    assert [" ".join(line.split()) for line in told.lines] == [
        "unproven by_parity made from `measured` as it no longer is",
        "unproven extremes made from `measured` as it no longer is",
        "4 of 6 tables and files hold what their records say",
    ]


def test_what_was_never_built_proves_nothing(tmp_path: Path) -> None:
    folder = Folder.numbers(tmp_path)
    told = run(folder, "verify")
    assert told.code == 1 and told.lines[-1] == "0 of 5 tables hold what their records say"


def test_verify_trusts_no_index(folder: Folder) -> None:
    """An index that is taken for current hides a change from status, and not from verify."""
    run(folder, "materialize")
    index = folder.path / ".assets" / "index" / "my_assets.json"
    known = json.loads(index.read_text().partition("\n")[2])
    folder.sql("UPDATE lines SET n = 7")
    known["tables"]["seen"] = facts_of([folder.database, folder.database.with_name("my_assets.duckdb.wal")])
    Index(index, changes=known).write()
    assert "6 fresh" in run(folder, "status").out
    told = run(folder, "verify")
    assert told.code == 1 and told.lines[0].startswith("differs lines ")


def test_a_manifest_proves_that_a_copy_has_the_same_content(folder: Folder, tmp_path: Path) -> None:
    written = run(folder, "verify", "--write", "manifest.txt")
    assert written.code == 0 and "manifest.txt: written" in written.err
    assert run(folder, "verify", "--write", "manifest.txt").err == "manifest.txt: says the same already\n"
    folder.ran("measured", force=True)
    told = run(folder, "verify", "--manifest", "manifest.txt")
    assert (told.out, told.code) == ("same content as published: 6 of 6\n", 0)
    folder.edit("FACTOR = 3", "FACTOR = 5", "helpers.py")
    folder.ran("measured")
    told = run(folder, "verify", "--manifest", "manifest.txt")
    assert told.code == 1
    assert told.lines[-1] == "same content as published: 5 of 6; different: measured"


def test_what_is_no_longer_declared_is_neither_proved_nor_published(folder: Folder) -> None:
    folder.edit(NOTES, "")
    assert run(folder, "verify", "--write", "manifest.txt").out.startswith("5 of 5 tables hold")
    assert "notes" not in (folder.path / "manifest.txt").read_text()
    folder.edit("def lines(raw)", "def counted(raw)")
    folder.ran()
    run(folder, "verify", "--write", "manifest.txt")
    keys = [line.split()[-1] for line in (folder.path / "manifest.txt").read_text().splitlines()[1:]]
    assert keys == ["by_parity", "counted", "extremes", "measured", "summary"]


def test_nothing_is_published_that_does_not_hold(folder: Folder) -> None:
    folder.sql("UPDATE lines SET n = 7")
    assert run(folder, "verify", "--write", "manifest.txt").code == 1
    assert not (folder.path / "manifest.txt").exists()
    assert "give one of them" in run(folder, "verify", "--write", "a", "--manifest", "b").err


def refuse() -> str:
    raise UserError("it is not so")


def test_what_a_project_audits_is_told_and_counts(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    audits = {"first": lambda: "all is well"}
    monkeypatch.setattr(proving, "project_of", lambda module: replace(project_of(module), audits=audits))
    told = run(folder, "verify")
    assert (told.lines[-1], told.code) == ("all is well", 0)
    audits["second"] = refuse
    told = run(folder, "verify", "--write", "manifest.txt")
    assert told.lines[-2:] == ["all is well", "second does not hold: it is not so"]
    assert told.code == 1 and not (folder.path / "manifest.txt").exists()
    assert run(folder, "verify", "--json").json["audits"] == [
        {"name": "first", "holds": True, "told": "all is well"},
        {"name": "second", "holds": False, "told": "it is not so"},
    ]


def test_diff_shows_the_last_change_of_a_table(folder: Folder) -> None:
    told = run(folder, "diff", "measured")
    assert told.code == 0
    assert told.lines[1:] == [
        "4 of 4 rows changed, column v",
        "v 4 rows",
        "id=0 v 2 -> 3",
        "id=1 v 4 -> 6",
        "id=2 v 6 -> 9",
        "id=3 v 8 -> 12",
    ]


def test_diff_takes_versions_by_how_they_begin(folder: Folder) -> None:
    versions = [
        m["data_version"] for m in run(folder, "history", "measured", "--json").json["materializations"]
    ]
    new, old = versions
    forth = run(folder, "diff", "measured", old[:8], new[:8], "--json").json
    back = run(folder, "diff", "measured", new[:8], old[:8], "--json").json
    assert (forth["old"], forth["new"]) == (old, new) == (back["new"], back["old"])
    assert [e["new"] for e in forth["examples"]] == [e["old"] for e in back["examples"]]
    assert run(folder, "diff", "measured", new[:8], new[:8]).lines[1] == "no difference"


def test_a_table_changed_by_hand_is_compared_with_what_was_built(folder: Folder) -> None:
    folder.sql("DELETE FROM measured WHERE id = 3")
    assert run(folder, "diff", "measured").lines[1:] == ["1 row removed"]


def test_a_value_that_is_null_long_or_of_several_lines_is_shown_in_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "@asset(primary_key='id')\ndef notes() -> pa.Table:\n    '''A note.'''\n"
        "    return pa.table({'id': [1, 2, 3], 'v': [None, 'a\\nb', 'x' * 99]})\n"
    )
    folder.ran()
    folder.sql("UPDATE notes SET v = 'new'")
    assert run(folder, "diff", "notes").lines[3:] == [
        "id=1 v NULL -> new",
        "id=2 v a\\nb -> new",
        f"id=3 v {'x' * 59}… -> new",
    ]


def test_diff_compares_with_another_file(folder: Folder) -> None:
    (folder.path / "other.duckdb").write_bytes(folder.database.read_bytes())
    assert run(folder, "diff", "lines", "--with", "other.duckdb").lines[1] == "no difference"
    folder.sql("INSERT INTO lines VALUES (9)")
    assert run(folder, "diff", "lines", "--with", "other.duckdb").lines[1] == "1 row added"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("diff lines", "`lines` has one version on record: there is nothing to compare it with"),
        ("diff measured 0123456789", "0123456789 is none of the data versions of `measured`: "),
        ("diff notes", "`notes` is a file: only tables can be compared row by row"),
        ("diff lines --with absent.duckdb", "absent.duckdb is not there"),
        ("diff lines --with notes.txt", "notes.txt is not a DuckDB file"),
        ("verify --manifest absent.txt", "there is no manifest absent.txt"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_line(folder: Folder, typed: str, says: str) -> None:
    told = run(folder, *typed.split())
    assert told.code == 1 and says in told.err and told.err.count("\n") == 1


def test_what_the_cache_no_longer_has_cannot_be_compared(folder: Folder) -> None:
    run(folder, "gc", "--keep", "0")
    assert "is no longer in the cache" in run(folder, "diff", "measured").err
