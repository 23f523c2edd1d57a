"""A table that is loaded part by part: what was loaded is never lost or loaded twice, and the whole is right."""

from pathlib import Path

import pytest

from assets.engine.schedule import Attempts, materialize
from tests.loading_folders import LoadingFolder, some_lots
from tests.project_folders import Folder
from tests.sudden_deaths import Died

LOTS = some_lots(9)


@pytest.fixture
def folder(tmp_path: Path) -> LoadingFolder:
    made = LoadingFolder(tmp_path)
    made.trouble("pass")
    made.lots(LOTS)
    return made


def test_a_function_may_yield_its_table_in_parts(folder: LoadingFolder) -> None:
    assert folder.build() == {"items": "built", "totals": "built"}
    assert folder.loaded() == dict.fromkeys(LOTS, 1)
    folder.holds(LOTS)
    assert folder.parts() == 0, "what is committed needs no parts"


def test_each_part_is_kept_before_the_next_is_asked_for(folder: LoadingFolder) -> None:
    folder.trouble(
        'open("seen", "a").write(str(len(list(Path(".assets/parts/items").glob("*.parquet")))) + " ")'
    )
    folder.build()
    assert (folder.path / "seen").read_text().split() == ["0", "1", "2", "3", "4"]


def test_what_was_loaded_before_an_error_is_not_loaded_again(folder: LoadingFolder) -> None:
    folder.trouble('if "lot0005" in names: raise UserError("the store is silent")')
    assert folder.failures() == {"items": "the store is silent"}
    assert folder.loaded() == dict.fromkeys([f"lot000{n}" for n in range(4)], 1) and folder.parts() == 2
    (folder.path / "lots.json").touch()
    assert folder.failures() == {"items": "the store is silent"}
    assert folder.loaded() == {}


def fails_in_passing(folder: LoadingFolder) -> None:
    """Let every second call to the source fail, the next attempt succeed."""
    folder.trouble(
        'mark = Path("mark-" + names[0]); first = not mark.exists(); mark.touch()\n'
        '    if first: raise TransientError("busy")'
    )


def test_another_attempt_goes_on_after_what_the_first_one_kept(folder: LoadingFolder) -> None:
    fails_in_passing(folder)
    with folder.open() as project:
        materialize(project, [*project.definitions.order], attempts=Attempts(9, 0), tell=lambda _: None)
    assert folder.loaded() == dict.fromkeys(LOTS, 1)
    folder.holds(LOTS)


def broken_off(folder: LoadingFolder) -> None:
    """Leave the parts of four lots behind."""
    marked = folder.path / "silent"
    folder.trouble(
        'if "lot0005" in names and Path("silent").exists(): raise UserError("the store is silent")'
    )
    marked.touch()
    folder.failures()
    marked.unlink()
    assert sum(folder.loaded().values()) == 4 and folder.parts() == 2


def test_the_next_build_loads_the_rest_and_equals_one_from_scratch(
    folder: LoadingFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken_off(folder)
    folder.build()
    assert folder.loaded() == dict.fromkeys([f"lot000{n}" for n in range(4, 9)], 1)
    folder.holds(LOTS)
    scratch = LoadingFolder(tmp_path_factory.mktemp("scratch"))
    scratch.write((folder.path / "my_assets.py").read_text(), header="")
    scratch.lots(LOTS)
    scratch.build()
    assert scratch.versions() == folder.versions()


@pytest.mark.parametrize("what", ["the source", "the code", "a damaged part", "no parts"])
def test_parts_count_as_long_as_they_are_what_would_be_loaded(folder: LoadingFolder, what: str) -> None:
    broken_off(folder)
    lots = dict(LOTS)
    if what == "the source":
        lots["lot0001"] = [6, 6]
        folder.lots(lots)
    elif what == "the code":
        folder.edit("float(v), [[v / 3]]", "float(v), [[v / 4]]")
    elif what == "a damaged part":
        first, *_ = sorted((folder.path / ".assets/parts/items").glob("*.parquet"))
        content = bytearray(first.read_bytes())
        content[4:80] = bytes(76)
        first.write_bytes(content)
    else:
        (folder.path / ".assets/parts/items").rename(folder.path / ".assets/parts/elsewhere")
    assert folder.failures() == {}
    loaded = folder.loaded()
    again = {"the source": 1, "the code": 4, "a damaged part": 2, "no parts": 4}[what]
    assert sum(loaded.values()) == 5 + again and max(loaded.values()) == 1
    folder.holds(lots)


def test_a_forced_build_loads_everything_itself_and_goes_on_with_its_own_parts(folder: LoadingFolder) -> None:
    broken_off(folder)
    folder.trouble(
        'if "lot0005" in names and Path("silent").exists(): raise UserError("the store is silent")'
    )
    (folder.path / "silent").touch()
    assert folder.build("items", force=True) == {"items": "failed"}
    assert sum(folder.loaded().values()) == 4, "the parts that were there were not asked for by force"
    (folder.path / "silent").unlink()
    folder.build("items", force=True)
    assert sum(folder.loaded().values()) == 5
    folder.build()
    folder.holds(LOTS)


def test_a_build_that_died_after_it_had_committed_leaves_no_parts_for_ever(folder: LoadingFolder) -> None:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(Died):
        patched.setattr("assets.engine.table_build.drop", dies)
        folder.build("items")
    assert folder.parts() == 5 and folder.working_copy.exists()
    folder.loaded()
    assert folder.build() == {"items": "skipped", "totals": "built"}
    assert folder.loaded() == {} and folder.parts() == 0


def dies(_: Path) -> None:
    raise Died


WRONG = {
    "a stranger": ("yield as_table({**lots, 'z': [1]}, ['z'])", "'z', which is no partition asked for"),
    "one twice": ("yield as_table(lots, names); yield as_table(lots, names)", "`lot0000`, `lot0001` in more than"),
    "not all": ("yield as_table(lots, names[:1])", "asked for `lot0001`, `lot0003`, `lot0005` and 1 more"),
    "no table": ("yield 5", "a int, not the table"),
    "no partition column": ("yield as_table(lots, names).drop_columns(['lot'])", "primary_key must begin with"),
    "other columns": ("yield as_table(lots, names).drop_columns(['place'])", "no column `place`"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_function_that_yields_what_was_not_asked_for_is_told_so(folder: LoadingFolder, wrong: str) -> None:
    code, says = WRONG[wrong]
    right = (folder.path / "my_assets.py").read_text()
    folder.edit("        yield as_table(lots, names)\n", f"        {code}\n")
    said = folder.failures()["items"]
    assert "`items`" in said and says in said
    assert not folder.database.exists() and not folder.working_copy.exists(), "nothing wrong is committed"
    folder.write(right, header="")
    folder.build()
    folder.holds(LOTS)


def test_a_partition_that_vanishes_between_listing_and_loading_commits_nothing(folder: LoadingFolder) -> None:
    folder.trouble('import my_assets; "lot0003" in names and lots_of_now().pop("lot0003")')
    folder.edit(
        "def trouble(names):",
        "LISTED = []\ndef lots_of_now():\n    return LISTED[0]\n\ndef trouble(names):",
    )
    folder.edit("    return Observation(hashlib", "    LISTED.append(lots)\n    return Observation(hashlib")
    assert "lot0003" in folder.failures()["items"]
    assert not folder.database.exists() and folder.parts() == 1


def test_a_source_without_any_lot_makes_an_empty_table(folder: LoadingFolder) -> None:
    folder.lots({})
    folder.build()
    folder.holds({})
    folder.edit("    if not partition_keys:\n        yield as_table(lots, [])\n", "")
    assert "yield one without rows" in folder.failures()["items"]


def test_a_run_that_is_gone_is_told_and_one_that_is_back_has_its_rows_again(folder: LoadingFolder) -> None:
    folder.build()
    folder.loaded()
    fewer = {name: values for name, values in LOTS.items() if name not in ("lot0002", "lot0007")}
    told: list[str] = []

    def build(lots: dict[str, list[int]]) -> None:
        folder.lots(lots)
        told.clear()
        with folder.open() as project:
            materialize(project, [*project.definitions.order], tell=told.append)
        folder.holds(lots)

    build(fewer)
    assert told == ["2 of the partitions of the last build are no longer in `lots`: lot0002, lot0007"]
    build(fewer)
    assert told == []
    build(LOTS)
    assert told == [] and folder.loaded() == {}, "the cache has what it was"
    build(fewer)
    assert len(told) == 1
    Folder.sql(folder, "SELECT 1")
    cache = folder.path / ".assets/cache"
    cache.rename(folder.path / "cache")
    build(LOTS)
    assert folder.loaded() == {"lot0002": 1, "lot0007": 1}


def test_a_part_that_an_annotation_does_not_promise_needs_one_that_does(folder: LoadingFolder) -> None:
    folder.edit("Iterator[pa.Table]:", "Iterator:")
    with pytest.raises(Exception, match=r"Iterator\[pa\.Table\] says that it yields several"):
        folder.build()
