"""What fails fails alone, says so in a line, publishes nothing, and loses nothing."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.engine.errors import UserError
from assets.engine.schedule import Attempts, materialize
from assets.engine.working_copy import WorkingCopy
from tests.project_folders import EVERY, FROM_MEASURED, Folder


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


IDS, VALUES = "pa.array(range(len(values)), pa.int64())", "pa.array(values, pa.int64())"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (IDS, "pa.array([0, 0, 1, 2])", '`measured` has a key ("id") more than once: 1 rows'),
        (IDS, "pa.array([None, 1, 2, 3])", '`measured` has a null in its key ("id"): 1 rows'),
        (VALUES, "pa.array([1, 2, 3, 1001])", "`measured` has `v` outside 0 to 1000: 1 rows"),
        (VALUES, "pa.array([1, float('nan'), -1, None])", "`measured` has `v` outside 0 to 1000: 2 rows"),
        ('primary_key="id"', 'primary_key="idd"', "`measured` has no column `idd`"),
        ('ranges={"v"', 'ranges={"w"', "`measured` has no column `w`"),
    ],
)
def test_a_table_that_fails_a_check_publishes_nothing(built: Folder, old: str, new: str, says: str) -> None:
    before = built.database.read_bytes()
    built.edit(old, new)
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    said = built.failures()
    assert list(said) == ["measured"] and says in said["measured"] and "\n" not in said["measured"]
    assert built.database.read_bytes() == before
    built.edit(new, old)
    assert built.ran() == FROM_MEASURED


def test_nulls_pass_a_range(built: Folder) -> None:
    built.edit(VALUES, "pa.array([None, 0, 1000, 1], pa.int64())")
    assert built.ran("measured") == {"measured"}


FAULTS = {
    "a user's mistake": 'raise UserError("no such value")',
    "a fault that may pass": 'raise TransientError("no connection")',
    "an error of its own": 'raise ValueError("cannot take\\nthe minimum")',
    "a key that is not there": 'measured["nothing"]',
    "a result of another kind": "return [1, 2]",
    "no result": "return None",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_asset_blocks_only_what_reads_it_and_the_rest_is_kept(folder: Folder, fault: str) -> None:
    folder.edit('    return pd.DataFrame({"what"', f'    {FAULTS[fault]}\n    return pd.DataFrame({{"what"')
    assert folder.build() == dict.fromkeys(EVERY, "built") | {"extremes": "failed", "summary": "blocked"}
    assert set(folder.versions()) == EVERY - {"extremes", "summary"}
    folder.edit(f"    {FAULTS[fault]}\n", "")
    assert folder.ran() == {"extremes", "summary"}
    assert folder.rows("summary") == [(3,)]


def test_what_failed_and_is_published_as_it_was_keeps_the_others_back(built: Folder) -> None:
    """A reader must not find tables that moved on beside one that did not."""
    before = built.database.read_bytes()
    (built.path / "raw.txt").write_text("5 6 7")
    built.edit('    return pd.DataFrame({"what"', '    raise ValueError\n    return pd.DataFrame({"what"')
    assert built.build()["lines"] == "built" and built.database.read_bytes() == before
    built.edit("    raise ValueError\n", "")
    assert built.ran() == {"extremes", "summary"} and built.rows("lines") == [(3,)]


def test_a_query_that_fails_fails_its_asset_alone(folder: Folder) -> None:
    folder.edit("odd = (measured.v % 2)", 'odd = (measured.v.cast("string") + "x").cast("int64")')
    assert folder.build() == dict.fromkeys(EVERY, "built") | {"by_parity": "failed", "summary": "blocked"}


def test_a_fault_that_passes_is_tried_again(folder: Folder) -> None:
    folder.edit(
        '    return pa.table({"n": [len(raw)]})',
        '    with Path("tries").open("a") as tries:\n        tries.write("x")\n'
        '    if Path("tries").stat().st_size < 3:\n        raise TransientError("busy")\n'
        '    return pa.table({"n": [len(raw)]})',
    )
    told: list[str] = []
    with folder.open() as project:
        results = materialize(project, ["lines"], attempts=Attempts(2, 0), tell=told.append)
    assert results["lines"].outcome.value == "built"
    assert told == ["busy; trying again in 0 s (2 left)", "busy; trying again in 0 s (1 left)"]


def test_an_absent_source_leaves_standing_what_was_made_from_it(built: Folder) -> None:
    (built.path / "raw.txt").unlink()
    assert set(built.states().values()) == {"fresh"} and built.ran() == set()
    built.sql("DROP TABLE by_parity")
    assert built.ran() == {"by_parity"}
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    assert built.states()["measured"] == "stale" and built.states()["lines"] == "fresh"
    assert built.failures() == {"measured": "`measured` cannot be built: raw.txt is not there"}
    (built.path / "raw.txt").write_text("1 2 3 4")
    assert built.ran() == FROM_MEASURED


def test_a_file_edited_while_a_build_runs_is_stale_afterwards(folder: Folder) -> None:
    """The build ran the code as it was when it began; recording the code as it is now would hide the edit."""
    folder.edit(
        'return pa.table({"n": [len(raw)]})',
        'Path("helpers.py").write_text(Path("helpers.py").read_text().replace("FACTOR = 2", "FACTOR = 5"))\n'
        '    return pa.table({"n": [len(raw)]})',
    )
    folder.edit("def measured(raw)", "def measured(raw, lines: pa.Table)")
    assert folder.ran() == EVERY
    assert folder.rows("extremes") == [("high", 8), ("low", 2)]
    assert folder.reasons("measured") == {("CODE_CHANGED", "helpers:FACTOR")}


class Crash(BaseException):
    """As if the process had died here."""


def crash_in(monkeypatch: pytest.MonkeyPatch, step: str, key: str | None = None) -> None:
    whole = getattr(WorkingCopy, step)

    def crashing(self: WorkingCopy, *given: Any) -> Any:
        if key is None or given[0].key == key:
            raise Crash
        return whole(self, *given)

    monkeypatch.setattr(WorkingCopy, step, crashing)


@pytest.mark.parametrize("key", ["measured", "by_parity", "summary"])
def test_a_crash_between_computing_and_committing_keeps_what_was_finished(
    folder: Folder, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        crash_in(patched, "commit", key)
        with pytest.raises(Crash):
            folder.build(jobs=1)
    assert not folder.database.exists() and folder.working_copy.exists() == (key != "measured")
    upstream = {"measured": set(), "by_parity": {"measured"}, "summary": FROM_MEASURED - {"summary"}}[key]
    ran = folder.ran()
    assert key in ran and not ran & upstream
    assert set(folder.states().values()) == {"fresh"}
    assert "_staging" not in str(folder.sql("SELECT table_name FROM duckdb_tables()"))


@pytest.mark.parametrize("again", [True, False])
def test_a_crash_between_committing_and_publishing_loses_nothing(
    built: Folder, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.database.read_bytes()
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    with monkeypatch.context() as patched:
        crash_in(patched, "publish")
        with pytest.raises(Crash):
            built.build()
    assert built.database.read_bytes() == before and built.states()["measured"] == "stale"
    if again:  # what was made no longer fits by the time that the build goes on
        built.edit("FACTOR = 3", "FACTOR = 4", "helpers.py")
    assert built.ran() == (FROM_MEASURED if again else set())
    assert set(built.states().values()) == {"fresh"}
    assert built.rows("extremes") == [("high", 16 if again else 12), ("low", 4 if again else 3)]


@pytest.mark.parametrize("rubbish", [b"", b"not a database" * 1000])
def test_a_broken_working_copy_is_thrown_away(built: Folder, rubbish: bytes) -> None:
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    built.working_copy.write_bytes(rubbish)
    assert built.ran() >= {"measured"} and set(built.states().values()) == {"fresh"}


def test_a_working_copy_of_another_schema_version_is_thrown_away(built: Folder) -> None:
    shutil.copyfile(built.database, built.working_copy)
    with duckdb.connect(str(built.working_copy)) as connection:
        connection.execute("UPDATE _file_format SET schema_version = 99")
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    assert built.ran() == FROM_MEASURED and set(built.states().values()) == {"fresh"}


def test_where_nothing_can_be_written_the_build_says_so(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def refused(*_: object, **__: object) -> None:
        nonlocal tried
        tried += 1
        if tried > 5:
            raise Crash  # it would go on until the stack is full
        raise duckdb.IOException("IO Error: Cannot open file: Permission denied")

    monkeypatch.setattr(duckdb, "connect", refused)
    with pytest.raises(UserError, match="Permission denied"):
        folder.build()


LEAVE_A_LOG = """
import duckdb, os
connection = duckdb.connect("my_assets.duckdb")
connection.execute("SET checkpoint_threshold = '1TB'; PRAGMA disable_checkpoint_on_shutdown")
connection.execute("UPDATE extremes SET v = 77")
os._exit(0)
"""


def test_an_edit_left_in_the_log_of_a_program_that_died_is_noticed_and_mended(built: Folder) -> None:
    import subprocess
    import sys

    versions, log = built.versions(), Path(f"{built.database}.wal")
    subprocess.run([sys.executable, "-c", LEAVE_A_LOG], cwd=built.path, check=True)
    assert log.exists()
    assert built.reasons("extremes") == {("OUTPUT_EDITED", "")}
    assert built.ran() == {"extremes"}
    assert built.versions() == versions and built.ran() == set() and not log.exists()


UNUSABLE = {
    "rubbish": (b"not a database" * 1000, "is not a DuckDB file: move it away"),
    "a file of somebody else": (None, "not one that this project made"),
    "another schema version": (None, "has schema version 99, this program reads 2: update the program"),
    "an older schema version": (None, "has schema version 0, this program reads 2: move the file away"),
}


@pytest.mark.parametrize("which", UNUSABLE)
@pytest.mark.parametrize(
    "name", ["plain", "clock"]
)  # DuckDB says "lock" of other troubles with such a path too
def test_a_file_that_cannot_be_used_is_one_clear_line_and_is_left_as_it_is(
    tmp_path: Path, which: str, name: str
) -> None:
    (tmp_path / name).mkdir()
    folder = Folder.numbers(tmp_path / name)
    content, says = UNUSABLE[which]
    if content:
        folder.database.write_bytes(content)
    elif which == "a file of somebody else":
        folder.sql("CREATE TABLE measured AS SELECT 1 AS v")
    else:
        folder.build()
        folder.sql(f"UPDATE _file_format SET schema_version = {99 if 'another' in which else 0}")
    before = folder.files()
    for attempt in (folder.states, folder.build):
        with pytest.raises(UserError) as caught:
            attempt()
        assert says in str(caught.value) and "\n" not in str(caught.value)
    after = folder.files()
    assert {name: after[name] for name in before} == before


def test_an_expression_that_fails_is_told_among_the_others(built: Folder) -> None:
    built.edit("odd = (measured.v % 2)", "odd = (measured.nowhere % 2)")
    assert built.states() == {**dict.fromkeys(EVERY, "fresh"), "by_parity": "stale", "summary": "unsure"}
    ((cause, _),) = built.reasons("by_parity")
    assert cause == "CODE_FAILS"
    assert "nowhere" in built.failures()["by_parity"]
