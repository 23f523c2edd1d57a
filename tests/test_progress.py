"""Progress: counted by a clock that the test moves, said as often as somebody can read it, seen from elsewhere."""

import io
import json
import os
import signal
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from assets.engine.heartbeat import Heartbeat, heard
from assets.engine.progress import TELL_SECONDS, Progress, duration, rate
from flows.logs import counted, logging_to
from tests.project_folders import Folder


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """A progress with what it told and showed, and its clock."""

    def __init__(self, total: int, kept: int = 0) -> None:
        self.told: list[str] = []
        self.shown: list[str] = []
        self.clock = Clock()
        self.progress = Progress(self.told.append, show=self.shown.append, clock=self.clock)
        self.progress.start(total, kept)

    def add(self, count: int, *, after: float) -> None:
        self.clock.now += after
        self.progress.add(count)


def test_it_says_how_many_of_how_many_how_fast_and_how_long_still() -> None:
    counted = Counted(10_000)
    counted.add(1_280, after=15)
    assert counted.told == ["1,280 of 10,000 runs (12 %), 85 a second, 1 min 42 s left"]


def test_what_an_earlier_attempt_read_is_done_but_tells_nothing_of_the_rate() -> None:
    counted = Counted(1_000, kept=900)
    counted.add(10, after=10)
    assert counted.told == ["910 of 1,000 runs (91 %), 1.0 a second, 1 min 30 s left"]
    counted.add(90, after=10)
    counted.progress.stop()
    assert counted.told[1:] == ["1,000 of 1,000 runs (900 of them before) in 20 s, 5.0 a second"]


def test_a_wait_for_another_attempt_slows_the_rate_and_is_forgotten_in_time() -> None:
    counted = Counted(100_000)
    counted.add(1_000, after=10)
    counted.add(0, after=60)  # a server was away
    slowed = counted.progress.standing()
    for _ in range(301):
        counted.add(100, after=1)
    assert slowed and slowed.per_second == pytest.approx(1_000 / 70)
    standing = counted.progress.standing()
    assert standing and standing.per_second == pytest.approx(100)
    assert standing.seconds_left == pytest.approx((100_000 - 31_100) / 100)


def test_nothing_is_foretold_while_nothing_was_read() -> None:
    counted = Counted(10, kept=4)
    counted.add(0, after=TELL_SECONDS)
    assert counted.told == ["4 of 10 runs (40 %)"]


def test_a_log_gets_a_line_every_few_seconds_and_a_terminal_a_few_in_a_second() -> None:
    counted = Counted(10_000)
    for _ in range(1_000):
        counted.add(1, after=0.01)
    assert len(counted.told) == 2
    assert 40 <= len(counted.shown) <= 50


def test_what_takes_no_longer_than_a_line_of_log_needs_none() -> None:
    counted = Counted(3)
    counted.add(3, after=TELL_SECONDS - 1)
    counted.progress.stop()
    assert counted.told == []
    assert counted.shown == ["3 of 3 runs (100 %), 45.0 a minute, 0.0 s left", ""]


def test_the_rewritten_line_goes_when_the_work_stops_half_way() -> None:
    counted = Counted(100)
    counted.add(7, after=14)
    counted.progress.stop()
    counted.progress.stop()
    assert counted.shown[-1] == "" and counted.shown.count("") == 1
    assert counted.told[-1] == "7 of 100 runs in 14 s, 30.0 a minute"
    assert counted.progress.standing() is None


def test_what_nobody_began_to_count_is_not_said() -> None:
    told: list[str] = []
    progress = Progress(told.append)
    progress.add(5)
    progress.stop()
    assert told == [] and progress.standing() is None


def test_threads_lose_no_count() -> None:
    counted = Counted(40_000)
    threads = [Thread(target=lambda: [counted.progress.add(1) for _ in range(10_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    standing = counted.progress.standing()
    assert standing and standing.done == 40_000


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 200)), max_size=30), st.integers(0, 100))
def test_the_time_left_at_the_rate_told_is_the_rest(steps: list[tuple[int, float]], kept: int) -> None:
    total = kept + sum(count for count, _ in steps) + 1
    counted = Counted(total, kept)
    for count, after in steps:
        counted.add(count, after=after)
    standing = counted.progress.standing()
    assert standing and standing.done == total - 1
    if standing.seconds_left is not None:
        assert standing.seconds_left * standing.per_second == pytest.approx(1)
    assert all("inf" not in line and "nan" not in line for line in (*counted.told, *counted.shown))


def test_durations_and_rates_are_said_in_units_that_fit() -> None:
    assert [duration(s) for s in (0.31, 42.2, 59.7, 102, 3600, 11_100)] == [
        "0.3 s", "42 s", "1 min 0 s", "1 min 42 s", "1 h 0 min", "3 h 5 min"
    ]  # fmt: skip
    assert [rate(r) for r in (1234.5, 12.34, 1.26, 0.05)] == [
        "1,234 a second", "12 a second", "1.3 a second", "3.0 a minute"
    ]  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_rewritten_below_what_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with logging_to(tmp_path, "extract") as log:
        progress = counted("runs")
        progress.start(2)
        progress.add(1)
        logger.info("something else")
        progress.add(1)
        logger.bind(progress=True).info("2 of 2 runs")
        progress.stop()
    *lines, last = [text.rpartition("\x1b[K")[2] for text in terminal.getvalue().split("\n")]
    assert len(lines) == 1 and lines[0].endswith("something else\x1b[0m")
    assert last == "", "it is cleared in the end"
    assert terminal.getvalue().count("1 of 2 runs (50 %)") == 2, "shown, and again below the line of log"
    assert "2 of 2 runs" not in lines[0] and "| 2 of 2 runs\n" in log.read_text("utf-8")


def test_without_a_terminal_progress_is_plain_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path, "extract"):
        progress = counted("runs")
        progress.start(2)
        progress.add(1)
        logger.bind(progress=True).info("1 of 2 runs")
        progress.stop()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("  1 of 2 runs") and "\x1b" not in line


SLOW = '''
@observable_source_asset
def lots():
    """Lots."""
    return Observation("1", None, {"a": "1", "b": "1"})


@asset(partitions_def="lots", primary_key="lot")
def weighed(lots, partition_keys) -> pa.Table:
    """One lot; the second comes through a pipe that nobody writes to."""
    yield pa.table({"lot": ["a"]})
    yield pa.table({"lot": [Path("pipe").read_text()]})
'''


def test_another_terminal_is_told_how_far_a_build_is_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(SLOW)
    os.mkfifo(tmp_path / "pipe")
    build = folder.start("materialize")
    heartbeat = tmp_path / ".assets" / "progress.json"
    said: dict[str, Any] = {}
    while said.get("done") != 1:
        assert build.poll() is None
        time.sleep(0.01)
        said = json.loads(heartbeat.read_text("utf-8")) if heartbeat.exists() else {}
    assert said["process"] == build.pid
    first, *_ = folder.command("status").stdout.splitlines()
    assert first.startswith("a build is running: 1 of 2 partitions")
    assert first.endswith(f"(process {build.pid})")
    build.send_signal(signal.SIGKILL)
    build.communicate()
    assert heartbeat.exists(), "it was killed"
    before = folder.files()
    said = json.loads(folder.command("status", "--json").stdout)
    left = (
        "an interrupted build left 1 partition computed and the tables that it finished: the next one goes on"
    )
    assert said["running"] is None and said["interrupted"].startswith(left)
    assert folder.files() == before, "looking writes nothing"


def test_a_build_that_ends_takes_its_heartbeat_with_it_also_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Heartbeat(tmp_path / "progress.json", Progress(print)) as heartbeat:
        heartbeat.beat()
        assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_a_killed_build_whose_number_another_process_has_by_now_does_not_run(tmp_path: Path) -> None:
    said, lock = tmp_path / "progress.json", tmp_path / "lock"
    lock.write_text(str(os.getpid()))
    with Heartbeat(said, Progress(print)) as heartbeat:
        heartbeat.beat()
        assert heard(said, lock) == f"a build is running (process {os.getpid()})"
        content = json.loads(said.read_text("utf-8"))
        said.write_text(json.dumps({**content, "at": content["at"] - 3600}), encoding="utf-8")
        assert heard(said, lock) is None


def test_a_heartbeat_that_finds_no_room_disturbs_nobody(tmp_path: Path) -> None:
    with Heartbeat(tmp_path / "gone" / "progress.json", Progress(print)) as heartbeat:
        heartbeat.beat()
    assert not (tmp_path / "gone").exists()
