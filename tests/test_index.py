"""Index and stamps are caches: they may go at any time, and are never believed once something moved."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.engine import stamp
from assets.engine.index import Index
from assets.engine.records import Look
from tests.form_folders import KEYS, RAW, Forms
from tests.project_folders import MODULE, Folder

Edit = Callable[[Forms], object]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    return sealed(Forms.made(tmp_path_factory.mktemp("original")))


@pytest.fixture
def folder(original: Forms, tmp_path: Path) -> Forms:
    """A sealed copy; what was sealed elsewhere does not hold here, so it is sealed once more."""
    return sealed(original.copy(tmp_path))  # type: ignore[arg-type]


def sealed(folder: Forms) -> Forms:
    folder.build(seal=True)
    folder.log()
    assert stamped(folder)
    return folder


def stamped(folder: Folder, scope: str = "all") -> bool:
    with folder.inside():
        return stamp.read(stamp.path_of(MODULE, scope), ()) is not None


def stealthily(path: Path, edit: Callable[[Path], object]) -> None:
    """Edit a file so that its modification time stays what it was."""
    before = path.stat()
    edit(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(old: str, new: str) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


EDITS: dict[str, tuple[Edit, set[str]]] = {
    "the module": (lambda f: stealthily(f.path / "my_assets.py", replaced("v > 15", "v > 25")), {"large"}),
    "a helper": (lambda f: stealthily(f.path / "helpers.py", replaced("1.5", "2.5")), {"measured"}),
    "an input": (lambda f: stealthily(f.path / "raw.txt", replaced("43", "44")), {"measured"}),
    "a table": (lambda f: stealthily(f.database, lambda _: f.sql("UPDATE measured SET v = 44 WHERE v = 43")), {"measured"}),
    "a file": (lambda f: stealthily(f.path / "out/report.txt", replaced("lines: 8", "lines: 9")), {"report"}),
    "a figure": (lambda f: stealthily(f.path / "figures/curve.json", replaced("43", "44")), {"curve"}),
    "a file's record": (lambda f: stealthily(f.path / "out/report.txt.asset.json", replaced('"report"', '"reporT"')), {"report"}),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_that_leaves_size_and_time_is_noticed(folder: Forms, what: str) -> None:
    edit, concerned = EDITS[what]
    edit(folder)
    assert not stamped(folder)
    states = folder.states()
    assert {key for key, state in states.items() if state in ("stale", "missing")} == concerned


def test_with_stamp_and_index_looking_writes_nothing(folder: Forms) -> None:
    before = {p: (p.stat(), p.read_bytes()) for p in folder.path.rglob("*") if p.is_file()}
    assert set(folder.states().values()) == {"fresh"} and set(folder.plan().values()) == {"keep"}
    folder.edit("1.5", "2.5", "helpers.py")
    before[folder.path / "helpers.py"] = (
        (folder.path / "helpers.py").stat(),
        b"def scale():\n    return 2.5\n",
    )
    assert folder.states()["measured"] == "stale" and folder.plan()["measured"] == "run"
    after = {p: (p.stat(), p.read_bytes()) for p in folder.path.rglob("*") if p.is_file()}
    assert [(p, s.st_mtime_ns, s.st_ino, b) for p, (s, b) in before.items()] == [
        (p, s.st_mtime_ns, s.st_ino, b) for p, (s, b) in after.items()
    ]


def test_state_that_is_deleted_or_garbled_costs_time_alone(folder: Forms) -> None:
    files = [p for p in sorted((folder.path / ".assets").rglob("*")) if p.is_file()]
    assert {p.relative_to(folder.path).parts[1] for p in files} >= {"cache", "index", "stamps", "build.lock"}
    whole = {path: path.read_bytes() for path in files}
    for garble in (
        lambda b: b"",
        lambda b: b[:-9],
        lambda b: b"\xff\x00" * 40,
        lambda b: b.replace(b"e", b"3"),
    ):
        for path, content in whole.items():
            path.write_bytes(garble(content))
        assert set(folder.states().values()) == {"fresh"}
        assert set(folder.build().values()) == {"skipped"} and folder.log() == []
    shutil.rmtree(folder.path / ".assets")
    folder.raw("1 2")
    assert set(folder.build(seal=True).values()) <= {"built", "unchanged", "skipped"}
    assert set(folder.states().values()) == {"fresh"} and stamped(folder)


def test_an_index_of_another_make_is_as_good_as_none(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.json")
    index.remember("tables", {"/nowhere": None}, Look({}, {"a": "1"}, {"a": {"v": "BIGINT"}}))
    index.changes["memos"] = {"raw": 1}
    index.write()
    assert Index(index.path).look("tables", {"/nowhere": None}) == Look(
        {}, {"a": "1"}, {"a": {"v": "BIGINT"}}
    )
    assert Index(index.path).memos() == {"raw": 1}
    assert Index(index.path).look("tables", {"/elsewhere": None}) is None
    text = index.path.read_text()
    for other in (
        text[:-1],
        text.replace("BIGINT", "DOUBLE"),
        text.partition("\n")[2],
        "",
        "\n",
        "{}",
        "\n{}",
    ):
        index.path.write_text(other)
        assert (
            Index(index.path).look("tables", {"/nowhere": None}) is None and Index(index.path).memos() == {}
        )


def test_a_young_file_is_not_indexed(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.json")
    (tmp_path / "young").touch()
    os.utime(tmp_path / "young", ns=(0, 2**62))
    index.remember("tables", {"/young": stamp.facts(str(tmp_path / "young"))}, Look())
    assert index.changes == {}


SOURCE_CODE = """
from elsewhere import NAME, raw

@asset
def read(raw) -> pa.Table:
    return pa.table({"text": [raw[0].read_text()]})
"""


@pytest.fixture
def sourced(tmp_path: Path) -> Folder:
    """A project whose source is declared in another module, and uses a third."""
    folder = Folder(tmp_path)
    folder.write(SOURCE_CODE)
    folder.write(
        "from assets.engine import observable_source_asset, observed_files\nfrom names import NAME\n\n"
        "@observable_source_asset\ndef raw():\n    return observed_files(NAME)\n",
        "elsewhere.py",
    )
    folder.write("NAME = 'one.txt'\n", "names.py")
    (tmp_path / "one.txt").write_text("1")
    (tmp_path / "two.txt").write_text("2")
    folder.build(seal=True)
    assert stamped(folder)
    return folder


def test_code_that_only_a_source_uses_is_watched(sourced: Folder) -> None:
    sourced.write("NAME = 'two.txt'\n", "names.py")
    assert not stamped(sourced) and sourced.reasons("read") == {("INPUT_CHANGED", "raw")}
    assert sourced.ran() == {"read"} and sourced.rows("read") == [("2",)]


def test_a_module_that_only_imports_what_others_declare_is_watched(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "import pyarrow as pa\nfrom assets.engine import asset\n\n"
        + "".join(
            f"@asset\ndef {key}() -> pa.Table:\n    return pa.table({{'v': [1]}})\n\n" for key in ("a", "b")
        ),
        "tables.py",
    )
    folder.write("from tables import a\n", header="")
    folder.build(seal=True)
    folder.write("from tables import a, b\n", header="")
    assert not stamped(folder) and folder.states() == {"a": "fresh", "b": "missing"}


def test_a_file_beside_the_code_that_bears_on_the_declarations_is_watched(folder: Forms) -> None:
    from dataclasses import replace

    (folder.path / "settings.toml").write_text("a = 1")
    for _ in range(2):
        with folder.open() as project:
            replace(project, declared_in=[Path("settings.toml")]).seal()
        assert stamped(folder)
        (folder.path / "settings.toml").write_text("a = 2")
        assert not stamped(folder)


def test_what_is_edited_while_a_build_runs_is_not_stamped(sourced: Folder) -> None:
    """The build observed by the old code; stamped by the statistics of the new, that would never be noticed."""
    with sourced.open() as project:
        _ = project.imported_code
        sourced.write("NAME = 'two.txt'\n", "names.py")
        project.seal()
    assert not stamped(sourced) and sourced.states() == {"read": "stale"}


def test_scopes_are_stamped_apart(folder: Forms) -> None:
    (folder.path / "out/report.txt").write_text("edited")
    assert not stamped(folder) and not stamped(folder, "files") and stamped(folder, "tables")
    folder.raw(RAW + " 5")
    assert not stamped(folder, "tables")


def test_a_copied_folder_is_looked_at_anew(folder: Forms, tmp_path_factory: pytest.TempPathFactory) -> None:
    copied = folder.copy(tmp_path_factory.mktemp("copy"))
    assert not stamped(copied) and set(copied.states().values()) == {"fresh"}
    copied.sql("UPDATE measured SET v = 0")
    assert copied.states()["measured"] == "stale" and set(folder.states()) == KEYS
