"""Looking through what git tracks, for what is committed leaves with the next push."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assets.engine.errors import UserError
from assets.inputs.privacy.files import in_file, understood
from assets.inputs.privacy.originals import Finding, Originals

_FILE, _LINK = "100", "120000"


@dataclass(frozen=True)
class Tracked:
    """A file of the index: its path in the folder, and the object that is staged for it."""

    path: str
    mode: str
    staged: str


def tracked(folder: Path) -> list[Tracked]:
    """Return the files in a folder that git has in its index; none outside of any work tree.

    Raises UserError when there is a repository that git cannot read: then nobody knows what it tracks.
    """
    above = (folder.absolute(), *folder.absolute().parents)
    if not any((parent / ".git").exists() for parent in above):
        return []
    found = list[Tracked]()
    for line in _names(folder, "ls-files", "-z", "--stage"):
        about, _, path = line.partition("\t")
        mode, staged, _ = about.split()
        found.append(Tracked(path, mode, staged))
    return found


def in_tracked(folder: Path, originals: Originals) -> Iterator[Finding]:
    """Yield where original codes stand in the files of a folder that git tracks, as they are and as they are staged."""
    files = tracked(folder)
    differing = {*_names(folder, "diff-files", "-z", "--name-only", "--relative")} if files else set()
    for file in files:
        path = folder / file.path
        if path.is_symlink():
            if found := originals.in_text(str(path.readlink())):
                yield Finding(f"where {originals.hidden(file.path)} points to", len(found))
        elif path.is_file():
            yield from in_file(path, originals, file.path)
        if file.path in differing and file.mode.startswith((_FILE, _LINK)):
            content = _git(folder, "cat-file", "blob", file.staged)
            if found := understood(content, originals, suffix=path.suffix):
                yield Finding(f"{originals.hidden(file.path)} as it is staged", len(found))


def _names(folder: Path, *command: str) -> list[str]:
    return _git(folder, *command).decode("utf-8", "surrogateescape").split("\0")[:-1]


def _git(folder: Path, *command: str) -> bytes:
    # whoever owns the folder: nothing of it is run
    try:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(folder), *command],
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        raise UserError(
            f"{folder.absolute()} is in a git repository, and git is not installed: what it tracks cannot be "
            "looked through for subject codes. Install git, then run again"
        ) from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        raise UserError(
            f"git cannot read the repository of {folder.absolute()} ({said[0]}), so what it tracks cannot "
            "be looked through for subject codes. Mend it, then run again"
        ) from error
    return done.stdout
