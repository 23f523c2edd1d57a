"""The manifest beside a published DuckDB file: what whoever has these two alone can hold the file to."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assets.engine import file_manifest
from assets.engine.errors import UserError
from assets.engine.schedule import materialize
from tests.project_folders import Folder


class Death(BaseException):
    """The end of a process, as far as Python can show it."""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder.numbers(tmp_path)
    published(folder)
    return folder


def published(folder: Folder) -> None:
    with folder.open() as project:
        materialize(replace(project, manifest=True), project.definitions.order, tell=lambda _: None)


def manifest(folder: Folder) -> Path:
    return folder.path / "my_assets.manifest.json"


def test_it_says_what_the_file_is(folder: Folder) -> None:
    told = json.loads(manifest(folder).read_text())
    hashed = subprocess.run(["sha256sum", folder.database], capture_output=True, text=True, check=True).stdout
    assert told["sha256"] == hashed.split()[0] and told["bytes"] == folder.database.stat().st_size
    assert told["file"] == "my_assets.duckdb" and told["schema_version"] == 2 and told["code"] is None
    assert told["tables"]["measured"] == {
        "rows": 4,
        "columns": 2,
        "data_version": folder.versions()["measured"],
    }
    assert told["tables"].keys() == folder.versions().keys()
    assert str(folder.path) not in manifest(folder).read_text()


def test_it_is_derived_from_the_file_alone(folder: Folder) -> None:
    told = json.loads(manifest(folder).read_text())
    assert {**file_manifest.describe(folder.database), "code": None} == told


def test_it_says_the_revision_of_the_code_and_whether_that_was_edited(folder: Folder) -> None:
    for command in (
        ["init", "-q"],
        ["add", "*.py"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "m"],
    ):
        subprocess.run(["git", *command], cwd=folder.path, check=True)
    file_manifest.write(folder.database, folder.path)
    revision = json.loads(manifest(folder).read_text())["code"]
    assert len(revision["git_revision"]) == 40 and revision["edited"] is False
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    file_manifest.write(folder.database, folder.path)
    assert json.loads(manifest(folder).read_text())["code"] == {**revision, "edited": True}


def test_the_two_hold_wherever_they_are_taken(folder: Folder, tmp_path: Path) -> None:
    reviewer = tmp_path / "reviewer"
    reviewer.mkdir()
    for path in (folder.database, manifest(folder)):
        (reviewer / path.name).write_bytes(path.read_bytes())
    assert file_manifest.check(reviewer / folder.database.name) == (
        "the file has the sha256, and its 5 tables the rows, of my_assets.manifest.json"
    )


def a_byte(folder: Folder) -> None:
    content = bytearray(folder.database.read_bytes())
    content[-1] ^= 1
    folder.database.write_bytes(content)


def a_row(folder: Folder) -> None:
    folder.sql("INSERT INTO lines VALUES (9)")


def the_manifest(folder: Folder) -> None:
    manifest(folder).write_text(manifest(folder).read_text().replace('"rows": 4', '"rows": 5'))


@pytest.mark.parametrize("change", [a_byte, a_row, the_manifest])
def test_any_difference_is_noticed(folder: Folder, change: Callable[[Folder], None]) -> None:
    change(folder)
    with pytest.raises(UserError, match=r"is not the file that .* describes"):
        file_manifest.check(folder.database)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sha256": 1}'])
def test_what_is_no_manifest_is_said_to_be_none(folder: Folder, text: str) -> None:
    manifest(folder).write_text(text)
    with pytest.raises(UserError, match="is no manifest of a DuckDB file"):
        file_manifest.check(folder.database)


def test_a_file_without_one_proves_nothing_and_fails_nothing(folder: Folder) -> None:
    manifest(folder).unlink()
    assert file_manifest.check(folder.database).startswith("not checked against a manifest: there is no ")


def test_a_project_that_wants_none_has_none(tmp_path: Path) -> None:
    folder = Folder.numbers(tmp_path)
    folder.ran()
    assert not manifest(folder).exists()


def test_a_build_that_does_nothing_leaves_it_alone(folder: Folder) -> None:
    before = manifest(folder).stat().st_mtime_ns
    published(folder)
    assert manifest(folder).stat().st_mtime_ns == before


def test_a_build_that_dies_before_or_after_the_rename_leaves_no_manifest_of_another_file(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise Death

    for name in ("describe", "withdraw"):
        folder.edit("FACTOR = ", "FACTOR = 1", "helpers.py")
        with monkeypatch.context() as patch:
            patch.setattr(file_manifest, name, dies)
            with pytest.raises(Death):
                published(folder)
        assert file_manifest.check(folder.database)  # it would raise for a manifest of another file
        published(folder)
    assert "sha256" in file_manifest.check(folder.database)
