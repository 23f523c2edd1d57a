"""Files: written aside and moved into place whole, each with its record beside it."""

import json
from pathlib import Path

import pytest

from assets.engine.errors import UserError
from assets.engine.schedule import Attempts, materialize
from tests.project_folders import Folder
from tests.test_build_forms import TABLES

FILES = (
    TABLES
    + """
@asset(path="out/report.txt")
def report(base: pa.Table, output) -> Path:
    output.write_text("largest: ")
    with output.open("a") as file:
        file.write(str(max(base["v"].to_pylist())))
    return output

@asset(path="out/deep/shouted.txt")
def shouted(report: Path, output) -> Path:
    output.write_text(report.read_text().upper())
    return output

"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write(FILES)
    (tmp_path / "raw.txt").write_text("10 20 30")
    return made


def read(folder: Folder, name: str) -> str:
    return (folder.path / "out" / name).read_text()


def test_a_file_is_written_whole_with_its_record_beside_it(folder: Folder) -> None:
    assert set(folder.build().values()) == {"built"}
    assert read(folder, "report.txt") == "largest: 30" and read(folder, "deep/shouted.txt") == "LARGEST: 30"
    assert [name for name in folder.files() if name.startswith("out/")] == [
        "out/deep/shouted.txt",
        "out/deep/shouted.txt.asset.json",
        "out/report.txt",
        "out/report.txt.asset.json",
    ]
    record = json.loads(read(folder, "report.txt.asset.json"))
    assert record["key"] == "report" and record["data_version"] == folder.versions()["report"]
    assert folder.ran() == set() and set(folder.states().values()) == {"fresh"}


def test_a_file_that_comes_out_the_same_wakes_no_file_that_reads_it(folder: Folder) -> None:
    folder.build()
    (folder.path / "raw.txt").write_text("30 1")
    assert folder.states() == {"base": "stale", "report": "unsure", "shouted": "unsure"}
    assert folder.build() == {"base": "built", "report": "unchanged", "shouted": "skipped"}
    (folder.path / "raw.txt").write_text("7")
    assert folder.ran() == {"base", "report", "shouted"} and read(folder, "deep/shouted.txt") == "LARGEST: 7"


def test_a_function_that_raises_leaves_the_old_file_as_it_was(folder: Folder) -> None:
    folder.build()
    before = folder.files()
    folder.edit("        file.write(str", '        raise ValueError("no more")\n        file.write(str')
    assert folder.failures() == {"report": "ValueError: no more"}
    assert read(folder, "report.txt") == "largest: 30" and folder.states()["report"] == "stale"
    assert {n: b for n, b in folder.files().items() if n in before and n != "my_assets.py"} == {
        n: b for n, b in before.items() if n != "my_assets.py"
    }
    folder.edit('        raise ValueError("no more")\n', "")
    assert folder.ran() == set()


WRITES_NOTHING = {
    "nothing_written": ("pass", "output", "nothing_written.txt"),
    "nothing_returned": ("output.write_text('x')", "None", "None"),
    "a_text_returned": ("output.write_text('x')", "str(output)", "a_text_returned.txt"),
    "a_folder_made": ("output.mkdir()", "output", "a_folder_made.txt"),
    "a_path_of_nothing_returned": ("output.write_text('x')", 'Path("nowhere")', "nowhere"),
}


def file_assets(cases: dict[str, tuple[str, str, str]]) -> str:
    text = '@asset(path="out/{0}.txt")\ndef {0}(output) -> Path:\n    {1}\n    return {2}\n\n'
    return "".join(text.format(name, does, returns) for name, (does, returns, _) in cases.items())


def test_a_function_that_writes_no_file_is_one_clear_line(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(file_assets(WRITES_NOTHING))
    for _ in range(2):
        failures = folder.failures()
        for name, (_, _, says) in WRITES_NOTHING.items():
            said = failures[name]
            assert said.startswith(f"`{name}` returned ") and says in said and "return `output`" in said
            assert "\n" not in said
    assert set(folder.states().values()) == {"missing"}
    folder.write(file_assets(dict.fromkeys(WRITES_NOTHING, ("output.write_text('x')", "output", ""))))
    assert folder.ran() == {*WRITES_NOTHING} and read(folder, "a_folder_made.txt") == "x"


def test_a_function_may_return_another_file_that_it_wrote_which_stays(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        '@asset(path="a.txt")\ndef a(output) -> Path:\n    other = Path("other.txt")\n'
        "    other.write_text('x')\n    return other\n"
    )
    folder.build()
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "other.txt").read_text() == "x"


@pytest.fixture
def several(tmp_path: Path) -> Folder:
    """Ten files, nine of them to be tampered with."""
    folder = Folder(tmp_path)
    folder.write(file_assets({f"f{n}": (f"output.write_text('{n}')", "output", "") for n in range(10)}))
    folder.build(seal=True)
    return folder


def test_files_that_were_tampered_with_are_noticed_and_made_again_alone(several: Folder) -> None:
    deleted, edited, cut, replaced = (several.path / "out" / f"f{n}.txt" for n in range(4))
    deleted.unlink()
    edited.write_text("9")
    cut.write_text("")
    replaced.unlink()
    replaced.mkdir()
    assert {key: several.reasons(key) for key in ("f0", "f1", "f2", "f3", "f4")} == {
        "f0": {("OUTPUT_GONE", "")},
        "f1": {("OUTPUT_EDITED", "")},
        "f2": {("OUTPUT_EDITED", "")},
        "f3": {("OUTPUT_GONE", "")},
        "f4": set(),
    }
    replaced.rmdir()
    assert several.ran() == {"f0", "f1", "f2", "f3"} and several.ran() == set()
    assert [read(several, f"f{n}.txt") for n in range(4)] == ["0", "1", "2", "3"]


GARBLED = ["", "{", "null", "[]", "{}", '{"key": "f5"}', '{"key": "f6", "ingredients": 3}', "\x00", None]


def test_files_whose_records_are_gone_or_garbled_count_as_never_made(several: Folder) -> None:
    for number, text in enumerate(GARBLED):
        record = several.path / "out" / f"f{number}.txt.asset.json"
        record.unlink()
        if text is not None:
            record.write_text(text)
    assert [key for key, state in several.states().items() if state == "missing"] == [
        f"f{n}" for n in range(9)
    ]
    assert several.ran() == {f"f{n}" for n in range(9)} and several.ran() == set()


def test_a_file_given_another_path_is_made_there_and_so_is_what_is_given_that_path(folder: Folder) -> None:
    folder.build(seal=True)
    folder.edit('path="out/report.txt"', 'path="out/told.txt"')
    assert folder.states()["report"] == "missing"
    assert folder.ran() == {"report", "shouted"} and read(folder, "told.txt") == "largest: 30"
    assert folder.ran() == set()


def test_files_that_exchange_their_paths_exchange_their_content(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "".join(
            f'@asset(path="{key}/x.txt")\ndef {key}(output) -> Path:\n    output.write_text("{key}")\n    return output\n\n'
            for key in ("a", "b")
        )
    )
    folder.build(seal=True)
    for old, new in [('"a/x.txt"', '"?"'), ('"b/x.txt"', '"a/x.txt"'), ('"?"', '"b/x.txt"')]:
        folder.edit(old, new)
    folder.build(seal=True)
    assert (tmp_path / "a/x.txt").read_text() == "b" and (tmp_path / "b/x.txt").read_text() == "a"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("def base(raw)", "def base(raw, report: Path)", "files are made from tables, not the other way round"),
        ("@asset(primary_key=\"id\")", "@asset(primary_key=\"id\", deps=\"report\")", "files are made from tables, not the other way round"),
        ("def shouted(report: Path", "def shouted(report", "annotate it with Path"),
        ('"out/deep/shouted.txt"', '"out/../out/report.txt"', "`report` and `shouted` have one path"),
        ('"out/deep/shouted.txt"', "None", "a file needs all of"),
        ("(report: Path, output)", "(report: Path)", "a file needs all of"),
        ("output) -> Path:\n    output.write_text(report", "output) -> pa.Table:\n    output.write_text(report", "a file needs all of"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrongly_declared_is_refused_at_once(
    folder: Folder, old: str, new: str, says: str
) -> None:
    folder.edit(old, new)
    with pytest.raises(UserError, match=says):
        folder.build()
    assert "out/report.txt" not in folder.files()


def test_files_of_tables_that_were_made_and_not_published_wait_for_the_one_that_failed(
    folder: Folder,
) -> None:
    folder.write(FILES + "@asset\ndef other(raw) -> pa.Table:\n    return pa.table({'v': [1]})\n")
    folder.build()
    folder.sql("DROP TABLE base")
    folder.edit("'v': [1]", "'v': [1 / 0]")
    folder.edit("largest: ", "greatest: ")
    with folder.open() as project:
        results = materialize(project, project.definitions.order, attempts=Attempts(0, 0))
    assert {
        key: (r.outcome.value, r.because) for key, r in results.items() if key not in ("base", "other")
    } == {
        "report": ("blocked", "`other` failed, so nothing was published"),
        "shouted": ("blocked", "`other` failed, so nothing was published"),
    }
    folder.edit("'v': [1 / 0]", "'v': [1]")
    assert folder.build()["report"] == "built" and read(folder, "report.txt") == "greatest: 30"


def test_a_project_of_files_alone_needs_no_tables(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        '@observable_source_asset\ndef raw():\n    return observed_files("raw.txt")\n\n'
        '@asset(path="copy.txt")\ndef copied(raw, output) -> Path:\n'
        "    output.write_text(raw[0].read_text())\n    return output\n"
    )
    (tmp_path / "raw.txt").write_text("1")
    assert folder.ran() == {"copied"} and (tmp_path / "copy.txt").read_text() == "1"
    assert folder.ran() == set() and not folder.database.exists()
