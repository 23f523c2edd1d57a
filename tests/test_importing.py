"""Code is never run from bytecode that may be of another text, and from bytecode all the same where that is sure."""

import os
import py_compile
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assets.engine.importing import import_warily
from tests.project_folders import ROOT, Folder

LONG_AGO = 1_600_000_000


def imported(folder: Path, expression: str, *, root: Path | None = None) -> str:
    """Return what an expression is in a process that imports from a folder warily."""
    code = (
        "import sys, importlib; from pathlib import Path; from assets.engine.importing import import_warily\n"
        f"sys.path.insert(0, ''); import_warily(Path({str(root or folder)!r}))\nprint(eval({expression!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def value(name: str) -> str:
    return f"importlib.import_module({name!r}).VALUE"


def write(file: Path, number: int, edited: int) -> None:
    """Write a module that says a number, as if it had been edited at a time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"VALUE = {number}\n")
    os.utime(file, (edited, edited))


def compiled(file: Path, written: int) -> Path:
    """Compile a module as it is, as if that had been done at a time; return its bytecode."""
    bytecode = Path(str(py_compile.compile(str(file), doraise=True)))
    os.utime(bytecode, (written, written))
    return bytecode


@pytest.mark.parametrize("name", ["helper", "package/__init__", "package/part", "space/part"])
def test_bytecode_written_in_the_second_of_the_edit_is_not_run(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.py"
    if name == "package/part":
        write(tmp_path / "package/__init__.py", 0, LONG_AGO)
    write(file, 4, LONG_AGO)
    compiled(file, LONG_AGO)
    write(file, 5, LONG_AGO)  # the same size and second
    module = name.removesuffix("/__init__").replace("/", ".")
    assert imported(tmp_path, value(module)) == "5"
    assert imported(tmp_path, value(module)) == "5"


def test_bytecode_written_in_a_later_second_is_run(tmp_path: Path) -> None:
    write(tmp_path / "helper.py", 4, LONG_AGO)
    compiled(tmp_path / "helper.py", LONG_AGO + 1)
    write(
        tmp_path / "helper.py", 5, LONG_AGO
    )  # by somebody who forges times; it tells where the value is from
    assert imported(tmp_path, value("helper")) == "4"


def test_a_file_that_may_be_edited_again_within_the_second_leaves_no_bytecode(tmp_path: Path) -> None:
    now = int(time.time()) + 60
    write(tmp_path / "helper.py", 4, now)
    assert imported(tmp_path, value("helper")) == "4"
    assert not list(tmp_path.rglob("*.pyc"))
    write(tmp_path / "helper.py", 5, now)
    assert imported(tmp_path, value("helper")) == "5"


def test_a_settled_file_is_compiled_once(tmp_path: Path) -> None:
    write(tmp_path / "helper.py", 4, LONG_AGO)
    assert imported(tmp_path, value("helper")) == "4"
    (bytecode,) = tmp_path.rglob("*.pyc")
    before = bytecode.stat()  # not all of it: reading may move the time of the last access
    assert imported(tmp_path, value("helper")) == "4"
    assert (bytecode.stat().st_ino, bytecode.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_lies_elsewhere_or_is_installed_is_imported_as_ever(tmp_path: Path) -> None:
    for place in ("elsewhere", "root/site-packages"):
        file = tmp_path / place / "helper.py"
        write(file, 4, LONG_AGO)
        compiled(file, LONG_AGO)
        write(file, 5, LONG_AGO)
        assert imported(file.parent, value("helper"), root=tmp_path / "root") == "4"


def test_an_edit_within_the_second_of_the_last_build_is_what_the_next_one_runs(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "import helper\nimport pyarrow as pa\nfrom assets.engine import asset\n\n"
        "@asset\ndef one() -> pa.Table:\n    return pa.table({'v': [helper.VALUE]})\n",
        header="",
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for number in range(3, 7):
        (tmp_path / "helper.py").write_text(f"VALUE = {number}\n")
        ended = folder.command("materialize", env={**environment, "PYTHONPATH": str(ROOT)})
        assert ended.returncode == 0 and folder.rows("one") == [(number,)]


def test_modules_that_are_found_already_are_looked_for_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path_hooks", [*sys.path_hooks])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write(tmp_path / "found_before_that.py", 1, LONG_AGO)
    write(tmp_path / "found_after_that.py", 4, LONG_AGO)
    compiled(tmp_path / "found_after_that.py", LONG_AGO)
    write(tmp_path / "found_after_that.py", 5, LONG_AGO)
    import found_before_that  # type: ignore[import-not-found]

    import_warily(tmp_path)
    import found_after_that  # type: ignore[import-not-found]

    assert (found_before_that.VALUE, found_after_that.VALUE) == (1, 5)
