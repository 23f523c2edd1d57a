"""The stamp holds while nothing it watches has moved, and gives way to anything it does not recognise."""

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from assets.engine import stamp

ROOT = Path(__file__).resolve().parent.parent
PREFIXES = ("OURS_", "THEIRS_URI")
SUMMARY = "Everything is fresh: 1 table; nothing to do."
REPORT = {"assets": [{"key": "a", "state": "fresh", "because": "\n\n"}]}
CONTENT = (SUMMARY, REPORT)


class Watch:
    """A stamp over two files and a third that is not there."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "stamps" / "mine-all")
        self.files = [folder / "one.txt", folder / "two.txt", folder / "absent.txt"]
        for file in self.files[:2]:
            file.write_text("as it was")
            self.age(file)

    def age(self, file: Path, seconds: float = 10) -> None:
        """Wait until the file's change time is old enough; its modification time can simply be set."""
        os.utime(file, ns=(time.time_ns(), time.time_ns() - int(seconds * 1e9)))
        time.sleep(0.025)

    def write(self) -> bool:
        seen = {str(file): stamp.facts(str(file)) for file in self.files}
        return stamp.write(self.path, seen, PREFIXES, SUMMARY, json.dumps(REPORT))

    def read(self) -> tuple[str, Any] | None:
        found = stamp.read(self.path, PREFIXES)
        return (found.summary, json.loads(found.report)) if found else None


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    made = Watch(tmp_path)
    assert made.write()
    return made


def test_what_was_stamped_comes_back_while_nothing_moved(watch: Watch) -> None:
    assert watch.read() == CONTENT and watch.read() == CONTENT


def test_reading_writes_nothing(watch: Watch, tmp_path: Path) -> None:
    before = {path: stamp.facts(str(path)) for path in tmp_path.rglob("*")}
    watch.read()
    assert {path: stamp.facts(str(path)) for path in tmp_path.rglob("*")} == before


def test_an_edited_file_ends_it(watch: Watch) -> None:
    watch.files[0].write_text("as it is")
    assert watch.read() is None


def test_an_edit_that_keeps_size_and_modification_time_ends_it(watch: Watch) -> None:
    before = watch.files[0].stat()
    watch.files[0].write_text("As it was")
    os.utime(watch.files[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watch.read() is None


def test_a_touched_file_ends_it(watch: Watch) -> None:
    os.utime(watch.files[1])
    assert watch.read() is None


def test_a_file_replaced_by_another_ends_it(watch: Watch, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("as it was")
    before = watch.files[0].stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(watch.files[0])
    assert watch.read() is None


def test_a_deleted_file_ends_it(watch: Watch) -> None:
    watch.files[1].unlink()
    assert watch.read() is None


def test_a_file_that_appears_ends_it(watch: Watch) -> None:
    watch.files[2].write_text("")
    assert watch.read() is None


@pytest.mark.parametrize("name", ["OURS_DATABASE", "THEIRS_URI"])
def test_a_variable_that_is_set_changed_or_unset_ends_it(
    watch: Watch, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    assert watch.read() is None
    assert watch.write() and watch.read() == CONTENT
    monkeypatch.setenv(name, "2")
    assert watch.read() is None
    monkeypatch.delenv(name)
    assert watch.read() is None


def test_other_variables_do_not_matter(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    monkeypatch.setenv("NOT_OURS_", "1")
    assert watch.read() == CONTENT


@pytest.mark.parametrize("name", ["version", "prefix"])
def test_another_python_ends_it(watch: Watch, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamp.sys, name, "another")
    assert watch.read() is None


def test_a_copy_of_the_folder_does_not_bring_the_stamp_along(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert watch.read() is None
    assert watch.write() and watch.read() == CONTENT


GARBLED = ["", "{", "null", "\n\n", "\n\n{}", "\n\n{}\n", "\n" * 9, "\x00\xff"]


@pytest.mark.parametrize("text", GARBLED, ids=lambda text: repr(text[:20]))
def test_a_garbled_stamp_is_as_good_as_none(watch: Watch, text: str) -> None:
    Path(watch.path).write_bytes(text.encode("latin1"))
    assert watch.read() is None


@pytest.mark.parametrize("line", [0, 1, 3, 4, 5])
@pytest.mark.parametrize("text", ["", "7", "1,2,3,4 ", "None"])
def test_a_stamp_of_another_make_is_as_good_as_none(watch: Watch, line: int, text: str) -> None:
    lines = Path(watch.path).read_text().split("\n")
    Path(watch.path).write_text("\n".join([*lines[:line], text, *lines[line + 1 :]]))
    assert not watch.read()


def test_a_cut_off_stamp_is_as_good_as_none(watch: Watch) -> None:
    text = Path(watch.path).read_text()
    for length in range(0, len(text), 7):
        Path(watch.path).write_text(text[:length])
        assert watch.read() is None


def test_without_a_stamp_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert stamp.read(str(tmp_path / "none.json"), PREFIXES) is None
    assert stamp.read(str(tmp_path), PREFIXES) is None


def test_a_file_so_young_that_it_could_change_unseen_is_not_stamped(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    os.utime(watch.files[0], ns=(0, time.time_ns() + 10**9))
    assert not watch.write() and not Path(watch.path).exists()
    watch.age(watch.files[0])
    assert watch.write()


def test_a_file_whose_change_time_is_young_is_not_stamped_however_old_it_claims_to_be(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    os.utime(watch.files[0], ns=(0, 0))
    seen = {str(watch.files[0]): stamp.facts(str(watch.files[0]))}
    if (
        time.time_ns() - watch.files[0].stat().st_ctime_ns < 15_000_000
    ):  # not when the machine was busy meanwhile
        assert not stamp.write(watch.path, seen, PREFIXES, SUMMARY, "{}")


def test_what_cannot_be_stamped_leaves_the_last_stamp_alone(watch: Watch) -> None:
    before = Path(watch.path).read_bytes()
    os.utime(watch.files[0], ns=(0, time.time_ns() + 10**9))
    assert not watch.write()
    assert Path(watch.path).read_bytes() == before and watch.read() is None


def test_a_path_that_a_line_cannot_hold_is_not_stamped(tmp_path: Path) -> None:
    assert not stamp.write(str(tmp_path / "stamp"), {"a\nb": None}, PREFIXES, SUMMARY, "{}")
    odd = str(tmp_path / "two  words, \udcff")
    assert stamp.write(str(tmp_path / "stamp"), {odd: None}, PREFIXES, SUMMARY, "{}")
    assert stamp.read(str(tmp_path / "stamp"), PREFIXES)


def test_writing_leaves_nothing_but_the_stamp(watch: Watch) -> None:
    assert [path.name for path in Path(watch.path).parent.iterdir()] == ["mine-all"]


def test_its_module_imports_little_of_the_standard_library() -> None:
    tree = ast.parse(Path(stamp.__file__).read_text("utf-8"))
    imported = {a.name for node in tree.body if isinstance(node, ast.Import) for a in node.names}
    imported |= {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported <= {"__future__", "os", "sys", "time"}


def modules_after(code: str, folder: Path) -> set[str]:
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('all modules:', *sys.modules)"],
        cwd=folder,
        env={**{k: v for k, v in os.environ.items() if "COV" not in k}, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(said.stdout.rpartition("all modules: ")[2].split())


def test_status_imports_nothing_but_the_standard_library_when_its_stamp_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets.environment import PREFIXES as OURS

    row = {
        "key": "a",
        "kind": "table",
        "state": "fresh",
        "rows": 1,
        "built_at": None,
        "because": "",
        "partitions": None,
    }
    monkeypatch.chdir(tmp_path)
    report = {"database": "a.duckdb", "sources": {"raw": "one file"}, "assets": [row]}
    seen = {str(tmp_path / "absent"): None}
    assert stamp.write(stamp.path_of("study", "all"), seen, OURS, SUMMARY, json.dumps(report))
    started = modules_after("", tmp_path)
    used = (
        modules_after("from assets.cli import main\nassert main(['status', '--check']) == 0", tmp_path)
        - started
    )
    strangers = {name for name in used if name.split(".")[0] not in {*sys.stdlib_module_names, "assets"}}
    assert not strangers
    ours = {name for name in used if name.startswith("assets")}
    assert (
        not {"assets.engine.inventory", "assets.engine.warehouse", "assets.tables", "assets.settings"} & ours
    )
    assert not {"asyncio", "multiprocessing", "concurrent", "sqlite3", "unittest"} & used


def test_with_nothing_to_do_hardly_anything_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets.environment import PREFIXES as OURS

    monkeypatch.chdir(tmp_path)
    path = stamp.path_of("study", "all")
    assert stamp.write(path, {str(tmp_path / "absent"): None}, OURS, SUMMARY, "{}")
    code = "import sys; sys.argv = ['assets', 'materialize']\nfrom assets.__main__ import main\nassert main() == 0"
    used = modules_after(code, tmp_path) - modules_after("", tmp_path)
    assert used == {
        "assets",
        "assets.__main__",
        "assets.engine",
        "assets.engine.stamp",
        "assets.environment",
        "time",
        "__future__",
    } - {"time"} | (used & {"time"})


def test_status_looks_properly_when_its_stamp_does_not_hold(tmp_path: Path) -> None:
    """The counterpart of the test above: without a stamp the same command does import what looking takes."""
    (tmp_path / "data").mkdir()
    used = modules_after("from assets.cli import main\nassert main(['status']) == 0", tmp_path)
    assert {"assets.tables", "assets.engine.inventory"} <= used
