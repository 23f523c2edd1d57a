"""Files that assets read: their content counts, and is read again only when their statistics moved."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.engine import observing
from assets.engine.declarations import Absent, Observation
from assets.engine.observing import observed_files
from assets.engine.stamp import facts

READ: list[str] = []


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt"):
        Path(name).write_text(name)
    time.sleep(0.03)  # older than the clock's tick
    READ.clear()
    hashed = observing._sha256

    def counted(path: Path) -> str:
        READ.append(path.name)
        return hashed(path)

    monkeypatch.setattr(observing, "_sha256", counted)
    return tmp_path


def look(*names: str, memo: Any = None) -> Observation:
    found = observed_files(*names or ("a.txt", "b.txt"), memo=memo)
    assert isinstance(found, Observation)
    return found


def test_what_is_handed_on_are_the_paths_in_the_order_in_which_they_were_named() -> None:
    assert look("b.txt", "a.txt").value == [Path("b.txt"), Path("a.txt")]
    assert look("b.txt", "a.txt").data_version != look("a.txt", "b.txt").data_version
    assert look().summary == "a.txt, b.txt"


def test_files_that_did_not_move_are_not_read_again() -> None:
    first = look()
    assert READ == ["a.txt", "b.txt"]
    second = look(memo=first.memo)
    assert READ == ["a.txt", "b.txt"] and second == first


def test_a_file_that_was_only_touched_is_read_and_found_the_same() -> None:
    first = look()
    os.utime("a.txt")
    assert look(memo=first.memo).data_version == first.data_version
    assert READ == ["a.txt", "b.txt", "a.txt"]


def rewritten() -> None:
    before = Path("a.txt").stat()
    Path("a.txt").write_text("A.txt")
    os.utime("a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced() -> None:
    before = Path("a.txt").stat()
    Path("other").write_text("A.txt")
    os.utime("other", ns=(before.st_atime_ns, before.st_mtime_ns))
    Path("other").replace("a.txt")


@pytest.mark.parametrize("edit", [rewritten, replaced, lambda: Path("a.txt").write_text("longer")])
def test_an_edit_is_noticed_even_if_size_and_time_are_put_back(edit: Callable[[], object]) -> None:
    first = look()
    edit()
    assert look(memo=first.memo).data_version != first.data_version


def test_an_edit_within_the_clock_tick_of_the_last_look_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writes in one tick leave the same statistics; looking may take longer than a tick."""
    Path("a.txt").write_text("one")
    (coarse, hashed) = facts("a.txt"), observing._sha256

    def slow(path: Path) -> str:
        version = hashed(path)
        Path("a.txt").write_text("two")
        time.sleep(0.03)
        return version

    monkeypatch.setattr(observing, "facts", lambda path: coarse)
    with monkeypatch.context() as patched:
        patched.setattr(observing, "_sha256", slow)
        first = look("a.txt")
    assert look("a.txt", memo=first.memo).data_version != first.data_version


def test_a_young_file_is_not_remembered() -> None:
    Path("a.txt").write_text("young")
    seen = look()
    if time.time_ns() - Path("a.txt").stat().st_mtime_ns < 20_000_000:  # not when the machine was busy
        assert list(seen.memo) == ["b.txt"]


@pytest.mark.parametrize("memo", [None, [], "text", {"c.txt": [[1, 2, 3, 4], "x"]}])
def test_a_memo_of_another_make_is_as_good_as_none(memo: Any) -> None:
    assert look(memo=memo).data_version == look().data_version


def test_a_missing_file_makes_the_source_absent_and_is_watched_for() -> None:
    Path("a.txt").unlink()
    found = observed_files("a.txt", "b.txt")
    assert isinstance(found, Absent) and found.reason == "a.txt is not there"
    assert found.watched is not None and found.watched[str(Path("a.txt").absolute())] is None


def test_the_folder_that_it_all_lies_in_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = look().data_version
    (tmp_path / "other").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "other" / name).write_text(name)
    monkeypatch.chdir(tmp_path / "other")
    assert look().data_version == here


def test_contents_that_change_places_are_another_observation() -> None:
    before = look()
    Path("a.txt").write_text("b.txt")
    Path("b.txt").write_text("a.txt")
    assert look(memo=before.memo).data_version != before.data_version
