"""What git tracks is looked through before anything is published: as it is, and as it is staged."""

import re
import subprocess
from pathlib import Path

import pytest
from private_codes import originals

from assets.engine.errors import UserError
from assets.inputs.privacy.originals import Finding
from assets.inputs.privacy.tracked import in_tracked, tracked

ROOT = Path(__file__).resolve().parent.parent
CODE = "QX-0042"


def git(folder: Path, *command: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e")
    subprocess.run(["git", *identity, "-C", str(folder), *command], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "notes.md").write_text("nothing")
    git(tmp_path, "add", ".")
    return tmp_path


def places(folder: Path) -> list[str]:
    return [finding.place for finding in in_tracked(folder, originals())]


def test_a_repository_that_names_nobody_has_nothing_to_find(repository: Path) -> None:
    (repository / "untracked.txt").write_text(CODE)
    assert places(repository) == []


def test_a_code_in_a_tracked_file_is_found_if_it_is_in_the_folder_of_the_project(repository: Path) -> None:
    (repository / "configs").mkdir()
    (repository / "configs" / "demo.yaml").write_text(f"- code: {CODE}\n  outlier: 12.3\n")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "m")
    assert list(in_tracked(repository, originals())) == [Finding("configs/demo.yaml", 1)]
    assert places(repository / "configs") == ["demo.yaml"]
    (repository / "other").mkdir()
    assert places(repository / "other") == []


def test_a_code_in_the_name_of_a_tracked_file_is_found(repository: Path) -> None:
    (repository / f"metrics_{CODE}.txt").touch()
    git(repository, "add", ".")
    assert places(repository) == ["the name of …"]


def test_what_is_staged_counts_when_the_file_is_another_by_now(repository: Path) -> None:
    (repository / "notes.md").write_text(CODE)
    git(repository, "add", ".")
    (repository / "notes.md").write_text("mended")
    assert places(repository) == ["notes.md as it is staged"]
    (repository / "notes.md").unlink()
    assert places(repository) == ["notes.md as it is staged"]


def test_what_is_not_staged_yet_counts_too(repository: Path) -> None:
    (repository / "notes.md").write_text(CODE)
    assert places(repository) == ["notes.md"]


def test_binary_files_are_looked_through_and_links_are_not_followed(repository: Path) -> None:
    (repository / "a.db").write_bytes(b"\0\1" + CODE.encode() + b"Anna")
    (repository / "link").symlink_to(f"/nowhere/{CODE}")
    git(repository, "add", ".")
    assert places(repository) == ["a.db", "where link points to"]


def test_outside_of_a_repository_nothing_is_tracked(tmp_path: Path) -> None:
    assert tracked(tmp_path) == [] and places(tmp_path) == []


def test_a_repository_that_git_cannot_read_stops_everything(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".git" / "index").write_bytes(b"no index")
    with pytest.raises(UserError, match="git cannot read the repository of "):
        places(repository)
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(UserError, match="git is not installed"):
        places(repository)


def test_no_file_of_this_project_is_written_as_the_original_study_writes_its_subjects() -> None:
    found = tracked(ROOT)
    if not found:
        pytest.skip("not a clone")
    like = re.compile(rb"\b(PLR|WDBC-)[0-9]")
    named = [
        file.path
        for file in found
        if (ROOT / file.path).is_file() and like.search((ROOT / file.path).read_bytes())
    ]
    assert not named, "somebody whose subjects are called so could not publish"
