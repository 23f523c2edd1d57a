"""Before anything is read it is seen whether results can be kept and what is private stays so: by the real things."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from study_clones import Clone

from assets.engine.errors import UserError
from assets.engine.guardrails import GuardLimits
from assets.inputs.preflight import check

pytest_plugins = ["small_disks"]
NO_LIMITS = GuardLimits()
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Path:
    git(folder, "init", "--quiet")
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments], cwd=folder, check=True)


def checked(private: str = "data/private", database: str = "data/public/results.db") -> None:
    check(Path(database), Path(private), NO_LIMITS)


@contextmanager
def as_nobody() -> Iterator[Path]:
    """Be a user without privileges, whom permissions hold back, in a folder of the user's own."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
            os.seteuid(NOBODY)
            try:
                yield Path(name)
            finally:
                os.seteuid(0)
        else:
            yield Path(name)


def test_missing_folders_are_made_the_private_one_for_its_owner_alone(folder: Path) -> None:
    checked()
    assert (folder / "data" / "public").is_dir()
    assert (folder / "data" / "private").stat().st_mode & 0o777 == 0o700
    assert not [path for path in folder.rglob("*") if path.is_file()]
    checked()


@pytest.mark.parametrize(("setting", "name"), [("database", "public"), ("private_dir", "private")])
def test_a_folder_that_cannot_be_written_is_named_with_its_setting(setting: str, name: str) -> None:
    with as_nobody() as folder:
        for other in ("public", "private"):
            (folder / other).mkdir(mode=0o700)
        (folder / name).chmod(0o500)
        with pytest.raises(UserError, match=f"nothing can be written in .*/{name}: .*`{setting}`"):
            check(folder / "public" / "results.db", folder / "private", NO_LIMITS)


def test_a_folder_below_one_that_cannot_be_written_is_refused() -> None:
    with as_nobody() as folder:
        folder.chmod(0o500)
        with pytest.raises(UserError, match=r"nothing can be written in .*/data/public"):
            check(folder / "data" / "public" / "results.db", folder / "private", NO_LIMITS)
        folder.chmod(0o700)


def test_a_file_where_the_folder_should_be_is_refused(folder: Path) -> None:
    (folder / "data").write_text("not a folder")
    with pytest.raises(UserError, match="nothing can be written in data/public"):
        checked()


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o711, 0o777])
def test_a_private_folder_that_is_open_to_others_is_refused(folder: Path, mode: int) -> None:
    private = folder / "data" / "private"
    private.mkdir(parents=True)
    private.chmod(mode)
    with pytest.raises(UserError, match=f"mode {mode:o}.*chmod 700 data/private"):
        checked()
    private.chmod(0o700)
    checked()


def test_a_private_folder_that_git_tracks_is_refused_even_if_it_is_ignored(repository: Path) -> None:
    (repository / "data" / "private").mkdir(mode=0o700, parents=True)
    (repository / "data" / "private" / "patients.txt").write_text("")
    git(repository, "add", "data/private/patients.txt")
    (repository / ".gitignore").write_text("data/private/\n")
    with pytest.raises(UserError, match=r"git tracks files in data/private.*git rm -r --cached data/private"):
        checked()
    git(repository, "rm", "-r", "--cached", "--quiet", "data/private")
    checked()


def test_a_private_folder_within_a_repository_must_be_ignored(repository: Path) -> None:
    with pytest.raises(UserError, match=r"git does not ignore data/private.*\.gitignore.*`private_dir`"):
        checked()
    (repository / ".gitignore").write_text("data/*\n!data/README.md\n")
    checked()


def test_a_rule_that_covers_only_some_private_files_is_not_enough(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.csv\n")
    with pytest.raises(UserError, match="git does not ignore data/private"):
        checked()
    (repository / ".gitignore").write_text("data/private/*\n!data/private/.gitkeep\n")
    (repository / "data" / "private" / ".gitkeep").touch()
    git(repository, "add", "data/private/.gitkeep")
    checked()


def test_a_private_folder_outside_of_the_repository_needs_no_rule(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "private"
    checked(str(outside))


def test_a_private_folder_counts_where_it_is_not_where_a_link_to_it_is(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "ours").mkdir(mode=0o700)
    (repository / "ours").symlink_to(outside / "ours")
    checked("ours")
    (repository / "data" / "private").mkdir(mode=0o700, parents=True)
    monkeypatch.chdir(outside)
    Path("link").symlink_to(repository / "data" / "private")
    with pytest.raises(UserError, match="git does not ignore link"):
        checked("link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to somebody else")
def test_a_repository_of_somebody_else_is_asked_as_well(repository: Path) -> None:
    (repository / ".gitignore").write_text("data/private/\n")
    for path in (repository, *repository.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    checked()
    (repository / ".gitignore").write_text("")
    with pytest.raises(UserError, match="git does not ignore data/private"):
        checked()


def test_nothing_that_a_repository_names_is_run(repository: Path) -> None:
    (repository / ".gitignore").write_text("data/private/\n")
    (repository / "README.md").write_text("nothing")
    script, canary = repository / "monitor", repository / "ran"
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    git(repository, "add", "README.md")
    git(repository, "config", "core.fsmonitor", str(script))
    checked()
    assert not canary.exists()
    git(repository, "status", "--short")
    assert canary.exists(), "git runs it when it is not forbidden"


def test_where_git_cannot_tell_the_build_is_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".gitignore").write_text("data/private/\n")
    with monkeypatch.context() as patch, pytest.raises(UserError, match="git is not installed"):
        patch.setenv("PATH", str(repository))
        checked()
    (repository / ".git" / "HEAD").write_text("damaged")
    with pytest.raises(UserError, match="cannot be told: fatal: not a git repository"):
        checked()


def test_a_git_hook_that_runs_us_does_not_mislead_us(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "--quiet")
    (other / ".git" / "info" / "exclude").write_text("*\n")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    with pytest.raises(UserError, match="git does not ignore"):
        checked()


def test_a_disk_without_room_is_refused_before_anything_is_written(folder: Path) -> None:
    with pytest.raises(
        UserError, match=r"the disk of data/public has .* GB free.*`disk_reserve_gb`.*nothing was begun"
    ):
        check(Path("data/public/results.db"), Path("data/private"), GuardLimits(disk_reserve_bytes=10**18))
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_the_disk_of_what_is_kept_on_the_way_needs_its_reserve_too(
    folder: Path, small_disk: Callable[[int], Path]
) -> None:
    (folder / ".assets").symlink_to(small_disk(8))
    with pytest.raises(UserError, match=r"the disk of \.assets has . MB free"):
        check(Path("data/public/results.db"), Path("data/private"), GuardLimits(disk_reserve_bytes=10**8))


def test_a_build_says_it_in_one_line_and_a_look_says_nothing(folder: Path) -> None:
    (folder / "data" / "private").mkdir(parents=True)
    (folder / "data" / "private").chmod(0o755)
    clone = Clone(
        folder, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    )  # as long as nothing is read, it may be silent
    assert "private" not in clone.run("assets", "status", "extracted_runs", check=False).stderr
    refused = clone.run("assets", "materialize", "extracted_runs", check=False)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("Error: data/private is open to others (mode 755)")
    assert not (folder / "data" / "public").exists() or not any((folder / "data" / "public").iterdir())
