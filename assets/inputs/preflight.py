"""Before anything is read: can the results be written, is there room, and does what is private stay so."""

import os
import stat
import subprocess
import tempfile
from pathlib import Path

from assets.engine import stamp
from assets.engine.errors import UserError
from assets.engine.guardrails import GuardLimits, lack_of_disk

# A repository may belong to somebody else, such as that on a mounted disk; it must not make git run anything.
_GIT = ("git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false")
_HARMLESS = (":(exclude).gitignore", ":(exclude).gitkeep", ":(exclude)README.md")
_OURS = ("subject_key", "subject_lookup.csv", ".subject_lookup.csv-new")


def check(database: Path, private_dir: Path, limits: GuardLimits) -> None:
    """Raise UserError if a build would fail for its folders, or would leave what is private open to others.

    Folders that are missing are made, the private one for its owner alone.
    """
    _writable(database.parent, "database", mode=0o777)
    _writable(private_dir, "private_dir", mode=0o700)
    _closed(private_dir)
    _outside_git(private_dir)
    for folder in (database.parent, Path(stamp.STATE)):
        if lack := lack_of_disk(folder, limits.disk_reserve_bytes):
            raise UserError(f"{lack}; nothing was begun: make room, then run the same command again")


def _writable(folder: Path, setting: str, *, mode: int) -> None:
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"nothing can be written in {folder}: {error.strerror}; mend that, or choose another place with the "
            f"setting `{setting}`"
        ) from error


def _closed(private_dir: Path) -> None:
    mode = stat.S_IMODE(private_dir.stat().st_mode)
    if mode & 0o077:
        raise UserError(
            f"{private_dir} is open to others (mode {mode:o}); it will tell who the subjects are. "
            f"Run: chmod 700 {private_dir}"
        )


def _outside_git(private_dir: Path) -> None:
    """Raise UserError if git tracks what is in the folder, or would with the next `git add`."""
    folder = private_dir.resolve()  # where it is, not where a link to it is
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return
    if _git(folder, "ls-files", "--", ".", *_HARMLESS):
        raise UserError(
            f"git tracks files in {private_dir}, which tells who the subjects are. Run: git rm -r --cached "
            f"{private_dir}; what was committed before is in the history still"
        )
    if len(_git(folder, "check-ignore", "--", *_OURS)) < len(_OURS):
        raise UserError(
            f"git does not ignore {private_dir}, which tells who the subjects are: add a line for it to .gitignore, "
            "or set `private_dir` to a folder outside of the repository"
        )


def _git(folder: Path, *arguments: str) -> list[str]:
    """Return what git prints, line by line; UserError if it cannot tell."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run([*_GIT, *arguments], cwd=folder, env=outside, capture_output=True, text=True)
    except FileNotFoundError:
        trouble = "git is not installed"
    else:
        if done.returncode in (0, 1):  # 1: none of them is ignored
            return done.stdout.splitlines()
        trouble = done.stderr.strip().partition("\n")[0]
    raise UserError(
        f"whether git would publish {folder}, which tells who the subjects are, cannot be told: {trouble}; mend "
        "that, or set `private_dir` to a folder outside of the repository"
    )
