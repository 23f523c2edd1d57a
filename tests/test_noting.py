"""What a stranger's module and its sources read is watched, so that nothing to do is never said wrongly."""

import contextlib
from pathlib import Path

import pytest

from assets.engine import stamp
from assets.engine.noting import noting
from tests.command_runs import run
from tests.project_folders import MODULE, Folder

STUDY = '''
import json
import os


class Settings:
    factor = json.loads(Path("params.json").read_text())["factor"]
    words = [name for name in sorted(os.listdir("words"))]

SETTINGS = Settings()


@observable_source_asset
def raw(memo):
    """Numbers, one a file, in any folder."""
    return observed_files(*sorted(Path("raw").rglob("*.txt")), memo=memo)


@asset
def told(raw, settings: Settings) -> pa.Table:
    """One number, with all words."""
    numbers = [int(path.read_text()) * settings.factor for path in raw]
    return pa.table({"n": numbers, "words": [" ".join(settings.words)] * len(numbers)})
'''


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("noted"))
    folder.write(STUDY)
    for name, text in {"params.json": '{"factor": 2}', "words/one": "", "raw/a/1.txt": "1"}.items():
        (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / name).write_text(text)
    assert run(folder, "materialize").code == 0
    return folder


@pytest.fixture
def folder(built: Folder, tmp_path: Path) -> Folder:
    copy = built.copy(tmp_path)
    assert run(copy, "materialize").code == 0  # a stamp is of its place
    assert says_fresh(copy)
    return copy


def says_fresh(folder: Folder) -> bool:
    with contextlib.chdir(folder.path):
        return stamp.read(stamp.path_of(MODULE, "all"), ()) is not None


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        pytest.param("params.json", '{"factor": 3}', [(3, "one")], id="a file read at import changes"),
        pytest.param("words/two", "", [(2, "one two")], id="a folder listed at import gets a file"),
        pytest.param(
            "raw/a/2.txt", "5", [(2, "one"), (10, "one")], id="a folder listed by a source gets a file"
        ),
        pytest.param("raw/b/2.txt", "5", [(2, "one"), (10, "one")], id="it gets a folder"),
    ],
)
def test_what_is_read_without_being_declared_is_noticed(
    folder: Folder, name: str, text: str, rows: list[tuple[int, str]]
) -> None:
    (folder.path / name).parent.mkdir(exist_ok=True)
    (folder.path / name).write_text(text)
    assert not says_fresh(folder)
    assert run(folder, "materialize").code == 0
    assert folder.rows("told") == rows and says_fresh(folder)


def test_a_second_load_in_one_process_knows_what_the_first_import_read(folder: Folder) -> None:
    from assets.commands.loading import project_of

    with folder.inside():
        first, second = project_of(MODULE), project_of(MODULE)
    assert [path.name for path in second.declared_in] == ["params.json", "words"]
    assert second.declared_in == first.declared_in


def test_only_what_is_read_here_is_noted_as_it_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").write_text("not ours")
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    (here / "read").write_text("as it was")
    was = stamp.facts("read")
    with noting() as found:
        assert not Path("absent").exists()
        with contextlib.suppress(FileNotFoundError):
            Path("missing").read_text()
        Path("read").read_text()
        Path("read").write_text("and is no more")
        Path("written").write_text("a result")
        (tmp_path / "elsewhere").read_text()
    Path("written").read_text()
    assert found == {str(here / "missing"): None, str(here / "read"): was}


def test_results_are_shared_through_the_folder_that_a_strangers_settings_name(tmp_path: Path) -> None:
    text = (
        "import pyarrow as pa\nfrom assets.engine import asset\n\nclass SETTINGS:\n"
        f"    shared_cache = {str(tmp_path / 'shared')!r}\n\n"
        "@asset\ndef one() -> pa.Table:\n    return pa.table({'v': [1]})\n"
    )
    (tmp_path / "shared").mkdir()
    for name, outcome in (("mine", "built"), ("yours", "restored")):
        (tmp_path / name).mkdir()
        folder = Folder(tmp_path / name)
        folder.write(text, header="")
        (made,) = run(folder, "materialize", "--json").json["assets"]
        assert made["outcome"] == outcome
