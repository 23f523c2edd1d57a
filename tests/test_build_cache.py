"""Going back restores instead of running; whatever is wrong with the cache, the result is right."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assets.engine.errors import UserError
from assets.engine.schedule import materialize
from tests.form_folders import KEYS, LOTS, RAW, Forms
from tests.sudden_deaths import Died, dying

Edit = Callable[[Forms], None]

RESTORED = dict.fromkeys(KEYS, "restored")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    made = Forms.made(tmp_path_factory.mktemp("original"))
    assert made.build() == dict.fromkeys(KEYS, "built")
    assert {line.split()[0] for line in made.log()} == KEYS - {"per_lot", "parity"}
    return made


@pytest.fixture
def folder(original: Forms, tmp_path: Path) -> Forms:
    return original.copy(tmp_path)  # type: ignore[return-value]


def same_as(folder: Forms, original: Forms) -> None:
    folder.log()
    assert folder.versions() == original.versions() and folder.outputs() == original.outputs()
    assert set(folder.build().values()) == {"skipped"} and folder.log() == []


BACK_AND_FORTH: dict[str, tuple[Edit, Edit]] = {
    "an input": (lambda f: f.raw("1 2"), lambda f: f.raw(RAW)),
    "partitions": (lambda f: f.lots({"a": [5], "d": [6]}), lambda f: f.lots(LOTS)),
    "a helper": (lambda f: f.edit("1.5", "2.5", "helpers.py"), lambda f: f.edit("2.5", "1.5", "helpers.py")),
    "a setting": (lambda f: f.edit("limit = 25", "limit = 35"), lambda f: f.edit("limit = 35", "limit = 25")),
    "an expression": (lambda f: f.edit("measured.w.mean()", "measured.w.max()"), lambda f: f.edit("measured.w.max()", "measured.w.mean()")),
    "a key": (lambda f: f.edit('primary_key="odd"', 'primary_key="total"'), lambda f: f.edit('primary_key="total"', 'primary_key="odd"')),
}  # fmt: skip


@pytest.mark.parametrize("what", BACK_AND_FORTH)
def test_going_back_restores_and_runs_nothing(folder: Forms, original: Forms, what: str) -> None:
    forth, back = BACK_AND_FORTH[what]
    forth(folder)
    assert {"built", "unchanged"} & set(folder.build().values())
    folder.log()
    back(folder)
    outcomes = folder.build()
    assert set(outcomes.values()) <= {"restored", "skipped"} and folder.log() == []
    assert "restored" in outcomes.values()
    same_as(folder, original)


@pytest.mark.parametrize("point", ["after a commit", "after a file"])
def test_what_a_killed_build_put_in_place_can_be_gone_back_to(folder: Forms, point: str) -> None:
    """The next build finds it fresh: it must be in the cache by then, or nobody ever puts it there."""
    folder.raw("1 2")
    with pytest.raises(Died), dying(point, 0):
        folder.build(jobs=1)
    folder.build()
    folder.raw("3 4 5")
    folder.build()
    folder.log()
    folder.raw("1 2")
    assert set(folder.build().values()) <= {"restored", "skipped"} and folder.log() == []


DAMAGES: dict[str, tuple[Edit, set[str]]] = {
    "the tables are deleted": (lambda f: f.database.unlink(), KEYS - {"report", "shouted", "curve"}),
    "a table is dropped": (lambda f: void(f.sql("DROP TABLE measured")), {"measured"}),
    "a table is edited": (lambda f: void(f.sql("UPDATE parity SET n = 9")), {"parity"}),
    "a partitioned table is edited": (lambda f: void(f.sql("DELETE FROM items WHERE lot = 'a'")), {"items"}),
    "a file is deleted": (lambda f: (f.path / "out/report.txt").unlink(), {"report"}),
    "a file is edited": (lambda f: void((f.path / "out/report.txt").write_text("x")), {"report"}),
    "a record is deleted": (lambda f: (f.path / "out/report.txt.asset.json").unlink(), {"report"}),
    "a figure is deleted": (lambda f: (f.path / "figures/curve.json").unlink(), {"curve"}),
    "all files are deleted": (lambda f: shutil.rmtree(f.path / "out"), {"report", "shouted"}),
}


def void(_: object) -> None:
    """Take a value and hand none on."""


def test_what_was_damaged_is_restored_and_nothing_runs(folder: Forms, original: Forms) -> None:
    for what, (damage, concerned) in DAMAGES.items():
        damage(folder)
        restored = dict.fromkeys(KEYS, "skipped") | dict.fromkeys(concerned, "restored")
        assert (folder.build(), folder.log()) == (restored, []), what
    same_as(folder, original)


def test_what_is_forced_runs_whatever_is_cached(folder: Forms, original: Forms) -> None:
    assert folder.build(force=True) == dict.fromkeys(KEYS, "unchanged")
    assert folder.log() == original_log()
    folder.database.unlink()
    assert folder.build("measured", "scaled", force=True) == {"measured": "built", "scaled": "built"}
    assert folder.log() == ["measured", "scaled"]
    folder.build()
    same_as(folder, original)


def original_log() -> list[str]:
    return sorted([*(KEYS - {"per_lot", "parity", "items"}), "items a b c"])


def test_without_the_cache_everything_runs_again(folder: Forms, original: Forms) -> None:
    shutil.rmtree(folder.path / ".assets")
    folder.database.unlink()
    shutil.rmtree(folder.path / "out")
    shutil.rmtree(folder.path / "figures")
    assert folder.build() == dict.fromkeys(KEYS, "built") and folder.log() == original_log()
    same_as(folder, original)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def swapped(path: Path) -> None:
    path.write_bytes(max(path.parent.iterdir()).read_bytes())


CORRUPTIONS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "descriptions cut short": ("results", lambda p: p.write_bytes(p.read_bytes()[:-3])),
    "descriptions of something else": ("results", swapped),
    "contents with a bit flipped": ("contents", flipped),
    "contents emptied": ("contents", lambda p: p.write_bytes(b"")),
    "contents deleted": ("contents", Path.unlink),
    "contents of something else": ("contents", swapped),
    "versions with a bit flipped": ("versions", flipped),
}


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_corrupt_entries_are_noticed_and_made_anew(folder: Forms, original: Forms, what: str) -> None:
    part, corrupt = CORRUPTIONS[what]
    for path in sorted((folder.path / ".assets" / "cache" / part).iterdir()):
        corrupt(path)
    folder.database.unlink()
    shutil.rmtree(folder.path / "out")
    assert set(folder.build().values()) <= {"built", "unchanged", "restored", "skipped"}
    assert folder.versions() == original.versions() and folder.outputs() == original.outputs()
    assert (folder.log() == []) == (part == "versions"), "versions serve comparisons alone"
    folder.database.unlink()
    assert set(folder.build().values()) == {"restored", "skipped"} and folder.log() == []


def test_a_restored_table_goes_on_partition_by_partition(folder: Forms) -> None:
    folder.lots({"a": [5]})
    folder.build()
    folder.lots(LOTS)
    assert folder.build()["items"] == "restored"
    folder.log()
    folder.lots({**LOTS, "d": [4]})
    folder.build("items", "per_lot")
    assert folder.log() == ["items d"] and dict(folder.sql("SELECT lot, n FROM per_lot"))["d"] == 1


def test_a_partitioned_table_is_restored_though_its_source_is_away(folder: Forms) -> None:
    """Whoever has the results without the raw data can still mend them."""
    folder.edit(
        "    watched = observed",
        '    if not Path("lots.json").exists():\n        return Absent("gone")\n    watched = observed',
    )
    (folder.path / "lots.json").unlink()
    folder.sql("DELETE FROM items WHERE lot = 'a'")
    assert folder.build()["items"] == "restored" and len(folder.rows("items")) == 6
    folder.sql("DELETE FROM items WHERE lot = 'a'")
    shutil.rmtree(folder.path / ".assets")
    assert folder.failures() == {"items": "`items` cannot be built: gone"}


@pytest.fixture
def shared(tmp_path: Path) -> str:
    (tmp_path / "shared").mkdir()
    return str(tmp_path / "shared")


def test_a_second_clone_restores_everything_from_the_shared_folder(tmp_path: Path, shared: str) -> None:
    one, other = Forms.made(tmp_path / "one", shared), Forms.made(tmp_path / "other", shared)
    one.build()
    assert other.plan() == planned_afar()
    assert other.build() == RESTORED and other.log() == []
    same_as(other, one)
    other.raw("1 2")
    other.build()
    one.raw("1 2")
    one.log()
    assert set(one.build().values()) == {"restored", "skipped"} and one.log() == []


def planned_afar() -> dict[str, str]:
    """What can be told of a clone that holds nothing: whether an expression reads what changed, it cannot."""
    behind_expressions = dict.fromkeys(("per_lot", "parity", "summary", "report", "shouted"), "run")
    return dict.fromkeys(KEYS, "restore") | behind_expressions


def test_what_is_kept_back_from_publishing_is_not_shared(tmp_path: Path, shared: str) -> None:
    folder = Forms.made(tmp_path / "one", shared)

    def refuse(_: object) -> None:
        raise UserError("it has an original code")

    with folder.open() as project, pytest.raises(UserError, match="original code"):
        tables = project.definitions.select(["kind:table"])
        materialize(replace(project, before_publishing=refuse), tables, tell=lambda _: None)
    assert not [path for path in Path(shared).rglob("*") if path.is_file()]
    folder.build()
    assert [path for path in Path(shared).rglob("*") if path.is_file()]


def test_what_a_clone_restored_is_its_own_from_then_on(tmp_path: Path, shared: str) -> None:
    one, other = Forms.made(tmp_path / "one", shared), Forms.made(tmp_path / "other", shared)
    one.build()
    other.build()
    shutil.rmtree(shared)
    other.database.unlink()
    assert set(other.build().values()) == {"restored", "skipped"} and other.log() == []


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "gone": lambda p: p.rmdir(),
    "within a file": lambda p: (p.rmdir(), p.parent.joinpath("x").touch(), p.symlink_to(p.parent / "x" / "y")),
    "full of rubbish": lambda p: [(p / name).write_text("rubbish") for name in ("results", "contents", "versions")],
}  # fmt: skip


@pytest.mark.parametrize("how", UNUSABLE)
def test_a_shared_folder_that_cannot_be_used_fails_no_build(tmp_path: Path, shared: str, how: str) -> None:
    folder = Forms.made(tmp_path / "one", shared)
    UNUSABLE[how](Path(shared))
    assert folder.build() == dict.fromkeys(KEYS, "built")


def test_a_shared_folder_that_cannot_be_written_is_read_all_the_same(
    tmp_path: Path, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Forms.made(tmp_path / "one", shared).build()
    other = Forms.made(tmp_path / "other", shared)
    Path(shared).chmod(0o500)
    if os.access(shared, os.W_OK):  # an administrator may write where nobody else may

        def refused(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("assets.engine.cache.places.Folder.put", refused)
    assert other.build() == RESTORED and other.log() == []
    other.raw("1 2")
    assert "failed" not in other.build().values()
    Path(shared).chmod(0o700)


def test_rubbish_in_the_shared_folder_is_never_believed(tmp_path: Path, shared: str) -> None:
    one, other = Forms.made(tmp_path / "one", shared), Forms.made(tmp_path / "other", shared)
    one.build()
    for path in sorted(Path(shared).glob("contents/*")):
        flipped(path)
    assert other.build() == dict.fromkeys(KEYS, "built")
    assert other.versions() == one.versions() and other.outputs() == one.outputs()
