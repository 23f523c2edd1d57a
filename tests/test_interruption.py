"""Ctrl-C and SIGTERM, sent to real processes: what is in hand is kept, one line tells how to go on."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from assets.engine.build import Build
from assets.engine.errors import Stopped, Terminated, TransientError, UserError, told
from assets.engine.schedule import materialize
from tests.loading_folders import ArrowFolder, some_lots
from tests.project_folders import Folder

LOTS = some_lots(30)
SIGNALS = pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


@pytest.fixture
def folder(tmp_path: Path) -> ArrowFolder:
    made = ArrowFolder(tmp_path)
    made.trouble("time.sleep(0.1)")
    made.lots(LOTS)
    return made


def until(file: Path, lines: int = 1) -> None:
    """Wait until a file has so many lines."""
    end = time.monotonic() + 30
    while not (file.exists() and file.read_text().count("\n") >= lines):
        assert time.monotonic() < end, f"{file.name} does not come"
        time.sleep(0.01)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, error = process.communicate(timeout=60)
    assert "Traceback" not in error, error
    return process.returncode, error.splitlines()[-1]


@SIGNALS
def test_what_is_in_hand_is_kept_and_the_same_command_goes_on(
    folder: ArrowFolder, signum: signal.Signals
) -> None:
    process = folder.start("materialize")
    until(folder.path / "loaded", 4)
    process.send_signal(signum)
    code, said = ended(process)
    loaded = folder.loaded()
    assert code == 128 + signum
    assert said == (
        f"Interrupted: {len(loaded)} of 30 partitions are read and kept; run the same command again to go on."
    )
    assert 4 <= len(loaded) < 30 and len(loaded) == 2 * folder.parts()
    folder.trouble("pass")  # the same function does the same, a little faster
    assert folder.command("materialize").returncode == 0
    folder.holds(LOTS)


def test_a_function_that_yields_ends_after_the_part_in_hand(folder: ArrowFolder) -> None:
    folder.trouble('print("x", file=open("begun", "a"), flush=True); time.sleep(0.3)')
    process = folder.start("materialize")
    until(folder.path / "begun")
    process.send_signal(signal.SIGINT)
    code, _ = ended(process)
    assert (code, folder.parts()) == (130, 1)
    assert (folder.path / "begun").read_text() == "x\n", "the next part was not asked for"


def test_a_generator_is_closed_so_that_it_can_tidy_up(folder: ArrowFolder) -> None:
    folder.edit(
        "    for start in range(0, len(partition_keys), 2):",
        "    try:\n     for start in range(0, len(partition_keys), 2):",
    )
    folder.edit(
        "        yield as_table(lots, names)\n",
        '        yield as_table(lots, names)\n    finally: Path("tidied").touch()\n',
    )
    process = folder.start("materialize")
    until(folder.path / "loaded", 2)
    process.send_signal(signal.SIGINT)
    ended(process)
    assert (folder.path / "tidied").exists()


@SIGNALS
def test_a_second_signal_ends_it_at_once(folder: ArrowFolder, signum: signal.Signals) -> None:
    folder.trouble('print("x", file=open("begun", "a"), flush=True); time.sleep(60)')
    process = folder.start("materialize")
    until(folder.path / "begun")
    process.send_signal(signum)
    assert process.stderr is not None
    while "Stopping" not in process.stderr.readline():
        pass
    process.send_signal(signum)
    assert process.wait(timeout=30) == -signum, "which a shell shows as 128 more than the signal"
    assert folder.loaded() == {}


def test_a_wait_between_two_attempts_is_not_waited_out(folder: ArrowFolder) -> None:
    folder.trouble('if len(names) and "lot0004" in names: raise TransientError("the store is busy")')
    folder.write(
        (folder.path / "my_assets.py").read_text()
        + "\nclass Chosen:\n    retry_delay_seconds = 600\n\nSETTINGS = Chosen()\n",
        header="",
    )
    process = folder.start("materialize")
    assert process.stderr is not None
    assert "the store is busy; trying again in" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    code, said = ended(process)
    assert code == 143 and said.startswith("Interrupted: 4 of 30 partitions are read and kept;")


def test_an_interruption_while_something_else_is_computed_keeps_what_was_finished(tmp_path: Path) -> None:
    folder = Folder.numbers(tmp_path)
    folder.edit(
        '    """One extreme value."""\n',
        '    """One extreme value."""\n    import time\n    Path("begun").write_text("x\\n"); time.sleep(0.5)\n',
    )
    process = folder.start("materialize")
    until(tmp_path / "begun")
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert (code, said) == (
        130, "Interrupted: what was finished is kept; run the same command again to go on."
    )  # fmt: skip
    assert folder.ran() <= {"summary", "lines", "by_parity"} and set(folder.states().values()) == {"fresh"}


def test_an_interruption_within_an_asset_comes_out_as_a_stop(folder: ArrowFolder) -> None:
    folder.trouble('if "lot0004" in names: raise KeyboardInterrupt')
    with folder.open() as project, pytest.raises(Stopped, match="4 of 30 partitions are read and kept"):
        materialize(project, [*project.definitions.order], tell=lambda _: None)


def test_handlers_are_put_back_after_a_build_that_nobody_interrupted(folder: ArrowFolder) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    folder.build()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def raising(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "Interrupted: what was finished is kept; run the same command again"),
        (Terminated(), 143, "Interrupted: what was finished is kept; run the same command again"),
        (Stopped("3 of 4 runs are read and kept", signal.SIGTERM), 143, "Interrupted: 3 of 4 runs are read"),
        (UserError("no"), 1, "Error: no"),
        (TransientError("busy"), 1, "Error: busy"),
    ],
    ids=str,
)
def test_a_command_ends_with_one_line_and_the_code_that_a_shell_expects(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(lambda: raising(error)) == code
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_nothing_can_be_begun_once_a_build_has_ended(folder: ArrowFolder) -> None:
    kept: list[Build] = []
    with folder.open() as project:
        with project.build_tables(forced=(), tell=lambda _: None) as build:
            kept.append(build)
        with pytest.raises(Stopped):
            build.load_partitions("items", ["lot0000"])
        with pytest.raises(Stopped):
            build.stage("totals")
