"""Several processes, and processes that die: through the command line, as its users run it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from assets.cli import main
from tests.project_folders import Folder

# Arrow only: without ibis and pandas a process starts in a third of the time.
PROJECT = """
import time
from pathlib import Path

import pyarrow as pa
from assets.engine import Observation, asset, observable_source_asset

@observable_source_asset
def raw():
    text = Path("raw.txt").read_text()
    return Observation(text, value=int(text), summary="a number")

def waiting(step):
    with Path("ran").open("a") as ran:
        ran.write(step + " ")
    if Path(f"hold_{step}").exists():
        Path(f"{step}_waits").touch()
        while Path(f"hold_{step}").exists():
            time.sleep(0.01)

@asset
def first(raw) -> pa.Table:
    waiting("first")
    return pa.table({"v": [raw]})

@asset
def second(first: pa.Table) -> pa.Table:
    waiting("second")
    return pa.table({"v": [first["v"][0].as_py() * 2]})

@asset
def third(second: pa.Table) -> pa.Table:
    waiting("third")
    return pa.table({"v": [second["v"][0].as_py() + 1]})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write(PROJECT, header="from __future__ import annotations\n")
    (tmp_path / "raw.txt").write_text("1")
    return made


def ran(folder: Folder) -> list[str]:
    """Which steps ran since last time."""
    file = folder.path / "ran"
    steps = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return steps


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"{path.name} did not come"
        time.sleep(0.01)


def test_from_the_command_line_a_build_is_made_once_and_explained(folder: Folder) -> None:
    ended = folder.command("materialize")
    assert ended.returncode == 0, ended.stderr
    assert [line.split()[:2] for line in ended.stdout.splitlines()] == [
        ["built", k] for k in ("first", "second", "third")
    ]
    before = folder.files()
    ended = folder.command("status", "--check")
    assert ended.returncode == 0 and "3 assets, 3 fresh" in ended.stdout
    assert folder.files() == before, "status wrote something"
    (folder.path / "raw.txt").write_text("2")
    ended = folder.command("status", "--check")
    assert (
        ended.returncode == 1 and "input changed: raw" in ended.stdout and "waits for first" in ended.stdout
    )
    ended = folder.command("why", "first")
    assert ended.returncode == 0 and "raw: 1 -> 2" in ended.stdout


def test_a_killed_build_keeps_what_it_finished_and_the_next_goes_on(folder: Folder) -> None:
    (folder.path / "hold_second").touch()
    process = folder.start("materialize")
    wait_for(folder.path / "second_waits", process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    (folder.path / "hold_second").unlink()
    assert ran(folder) == ["first", "second"] and not folder.database.exists()
    ended = folder.command("materialize")
    assert ended.returncode == 0 and "going on from a build that was interrupted" in ended.stderr
    assert ran(folder) == ["second", "third"] and folder.rows("third") == [(3,)]


def test_a_second_build_waits_for_the_first_and_finds_nothing_left_to_do(folder: Folder) -> None:
    (folder.path / "hold_first").touch()
    one = folder.start("materialize")
    wait_for(folder.path / "first_waits", one)
    other = folder.start("materialize")
    assert other.stderr is not None
    said = other.stderr.readline()
    assert f"another build is running (process {one.pid}): waiting for it to end" in said
    status = folder.command("status")
    assert status.returncode == 0 and "3 missing" in status.stdout, "status must neither wait nor fail"
    (folder.path / "hold_first").unlink()
    assert one.wait(30) == 0 and other.wait(30) == 0
    assert ran(folder) == ["first", "second", "third"]
    assert other.stdout is not None and other.stdout.read().count("skipped") == 3
    one.communicate()
    other.communicate()


def test_what_is_edited_while_a_build_waits_for_another_is_stale_afterwards(folder: Folder) -> None:
    """The one that waits has read its code already; taking the edited one down as what ran would hide the edit."""
    (folder.path / "hold_first").touch()
    one = folder.start("materialize")
    wait_for(folder.path / "first_waits", one)
    other = folder.start("materialize")
    assert other.stderr is not None and "waiting for it to end" in other.stderr.readline()
    folder.edit('["v"][0].as_py() * 2', '["v"][0].as_py() * 3')
    (folder.path / "hold_first").unlink()
    for process in (one, other):
        process.communicate(timeout=30)
    assert ran(folder) == ["first", "second", "third"]
    assert folder.rows("second") == [(2,)] and folder.states()["second"] == "stale"


READER = """
import duckdb, sys
connection = duckdb.connect("my_assets.duckdb", read_only=True)
for _ in sys.stdin:
    print(connection.execute("SELECT v FROM third").fetchall(), flush=True)
"""


def test_a_reader_keeps_the_old_file_and_the_next_one_sees_the_new(folder: Folder) -> None:
    folder.command("materialize", check=True)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER],
        cwd=folder.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin is not None and reader.stdout is not None

    def asks() -> str:
        assert reader.stdin is not None and reader.stdout is not None
        reader.stdin.write("\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    assert asks() == "[(3,)]"
    (folder.path / "raw.txt").write_text("2")
    ended = folder.command("materialize")
    assert ended.returncode == 0, ended.stderr
    assert asks() == "[(3,)]" and folder.rows("third") == [(5,)]
    reader.communicate()


def test_a_file_that_another_program_holds_is_one_clear_line(folder: Folder) -> None:
    folder.command("materialize", check=True)
    before = folder.database.read_bytes()
    shutil.rmtree(folder.path / ".assets")  # what was found before would do, as long as the file stands
    with duckdb.connect(str(folder.database)):
        for command in ("status", "materialize"):
            ended = folder.command(command)
            assert ended.returncode == 1 and ended.stdout == ""
            assert ended.stderr == (
                f"Error: my_assets.duckdb is locked by process {os.getpid()}: close the program that has it open "
                "for writing, then run again\n"
            )
    assert folder.database.read_bytes() == before
    assert folder.command("status", "--check").returncode == 0


def test_the_published_file_is_free_for_others_while_its_builder_still_runs(folder: Folder) -> None:
    """An ibis table that an asset was given holds a connection; a later figure may take minutes."""
    folder.write(
        "@asset\ndef base() -> pa.Table:\n    return pa.table({'v': [1]})\n\n"
        "@asset\ndef frame(base: ir.Table) -> pd.DataFrame:\n    return base.to_pandas()\n"
    )
    folder.build()
    reader = subprocess.run(
        [
            sys.executable,
            "-c",
            "import duckdb; print(duckdb.connect('my_assets.duckdb').sql('FROM frame').fetchall())",
        ],
        cwd=folder.path,
        capture_output=True,
        text=True,
    )
    assert reader.stdout == "[(1,)]\n", reader.stderr


MISTAKES = {
    "no such module": ("no_assets", ["status"], "no_assets"),
    "an unknown asset": ("my_assets", ["status", "frist"], "Did you mean `first`?"),
    "an unknown asset to explain": ("my_assets", ["why", "frist"], "Did you mean `first`?"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_on_standard_error(
    folder: Folder, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module, arguments, says = MISTAKES[mistake]
    is_one_line(folder, ["-m", module, *arguments], says, capsys)


def is_one_line(folder: Folder, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with folder.inside():
        assert main(arguments) == 1
    out, error = capsys.readouterr()
    assert out == "" and error.startswith("Error: ") and error.count("\n") == 1 and says in error


BROKEN = {
    "a syntax error": ("def f(:\n", "my_assets.py:1"),
    "a syntax error in a helper": ("import helpers\n", "helpers.py:2"),
    "an import that fails": ("import nothing_of_that_name\n", "nothing_of_that_name"),
    "a declaration that fails": ("from assets.engine import asset\n@asset\ndef f(): pass\n", "`f`"),
    "no assets at all": ("x = 1\n", "declares no assets"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_module_that_cannot_be_used_is_one_line_on_standard_error(
    folder: Folder, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text, says = BROKEN[what]
    folder.write(text, header="")
    folder.write("x = 1\ny = = 2\n", "helpers.py")
    is_one_line(folder, ["-m", "my_assets", "list"], says, capsys)


def test_why_explains_an_asset_that_was_never_built(folder: Folder) -> None:
    folder.write(
        "@asset\ndef base() -> pa.Table:\n    return pa.table({'v': [1]})\n\n"
        "@asset\ndef more(base: ir.Table) -> ir.Table:\n    return base\n"
    )
    ended = folder.command("why", "more")
    assert ended.returncode == 0 and "more is missing: never built" in ended.stdout, ended.stderr


def test_a_module_within_a_package_can_be_named(folder: Folder) -> None:
    (folder.path / "study").mkdir()
    (folder.path / "study" / "__init__.py").touch()
    (folder.path / "my_assets.py").rename(folder.path / "study" / "tables.py")
    ended = folder.command("materialize", module="study.tables")
    assert ended.returncode == 0 and ended.stdout.count("built ") == 3, ended.stdout + ended.stderr
