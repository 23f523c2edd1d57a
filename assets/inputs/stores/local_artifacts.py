"""Artifacts on a local disk: found where they are now, read without leaving their folder."""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from assets.engine.errors import TransientError
from assets.inputs.artifacts.opening import open_regular
from assets.inputs.stores.pieces import PIECE_BYTES, at_most, sha256_of
from assets.inputs.stores.runs import Artifact, ArtifactError, Facts, Run, Stamp
from assets.inputs.stores.small_files import facts_of

# Paths are texts here: ten thousand runs have a hundred thousand of them, and a Path costs more than its stat.


class LocalArtifacts(ABC):
    """The artifact half of a store whose files lie on this machine."""

    connections = 1

    def __init__(self) -> None:
        """Nothing has been looked at yet."""
        self.seen: dict[str, Facts] = {}
        self._roots: dict[tuple[str, str], str] = {}

    @abstractmethod
    def places(self, run: Run) -> Iterator[str]:
        """Folders that may be the run's artifact root, the likeliest first; the disk is not asked."""

    def artifacts(self, run: Run, under: str = "", *, depth: int | None = None) -> list[Artifact]:
        """List the files below `under`, by path; links to folders are not followed."""
        root = self._root(run)
        if root is None:
            return []
        with said_plainly(under):
            start = f"{root}/{under}" if under else root
            self.look(start)
            if under and self.seen[start]:
                inside(root, under)
            return sorted(self._files(start, under, depth), key=lambda artifact: artifact.path)

    def stamp(self, run: Run, path: str) -> Stamp | None:
        """Return what is known of an artifact's inode.

        The time of its last change of status tells of what copying tools, which restore the time of
        modification, hide.
        """
        with said_plainly(path):
            file = inside(self._existing_root(run), path)
            found = os.stat(file)  # noqa: PTH116  see above
        self.seen.setdefault(file, facts_of(found))
        mark = f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_ino}"
        return Stamp(mark, max(found.st_mtime_ns, found.st_ctime_ns))

    def pieces(self, run: Run, path: str) -> Iterator[bytes]:
        """Yield an artifact's bytes, a MiB at a time."""
        with said_plainly(path), open_regular(self.artifact_places(run), path) as file:
            while piece := file.read(PIECE_BYTES):
                yield piece

    def digest(self, run: Run, path: str, max_bytes: int) -> str:
        """Return the sha256 of an artifact's bytes; ArtifactError if there are more than `max_bytes`."""
        return sha256_of(at_most(self.pieces(run, path), max_bytes))

    def artifact_places(self, run: Run) -> list[Path]:
        """Return the run's artifact root if it was found already, else all places for it, the likeliest first."""
        found = self._roots.get((run.run_id, run.artifact_uri))
        return [Path(place) for place in ([found] if found else self.places(run))]

    def look(self, path: str) -> None:
        """Keep what a path's statistics are before anything is concluded from it, if it is new."""
        if path not in self.seen:
            try:
                self.seen[path] = facts_of(os.stat(path))  # noqa: PTH116  see above
            except OSError:
                self.seen[path] = None

    def _root(self, run: Run) -> str | None:
        """Return the first place with something in it, else the first that is there."""
        asked = (run.run_id, run.artifact_uri)
        if asked in self._roots:
            return self._roots[asked]
        empty = None
        for place in self.places(run):
            self.look(place)
            if _has_entries(place):
                self._roots[asked] = place
                return place
            empty = empty or (place if self.seen[place] else None)
        return empty

    def _existing_root(self, run: Run) -> str:
        root = self._root(run)
        if root is None:
            raise ArtifactError("the run's artifact folder is gone")
        return root

    def _files(self, folder: str, path: str, depth: int | None) -> Iterator[Artifact]:
        self.look(folder)
        try:
            with os.scandir(folder) as listed:
                entries = list(listed)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            below = f"{path}/{entry.name}" if path else entry.name
            if entry.is_dir(follow_symlinks=False):
                if depth is None or depth > 1:
                    yield from self._files(entry.path, below, depth and depth - 1)
            elif entry.is_file():
                yield Artifact(below, entry.stat().st_size)


@contextmanager
def said_plainly(path: str) -> Iterator[None]:
    """Turn a disk's errors into ours: gone and forbidden will stay so, the rest may pass."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtifactError("is not there") from error
    except (PermissionError, IsADirectoryError) as error:
        raise ArtifactError(f"cannot be read: {error.strerror}") from error
    except OSError as error:
        raise TransientError(f"Reading artifact {path}: {error.strerror}.") from error


def inside(root: str, path: str) -> str:
    """Return `root/path`; ArtifactError if that, links resolved, lies outside `root`."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts:
        raise ArtifactError(_OUTSIDE)
    steps = ("/".join((root, *parts[:depth])) for depth in range(1, len(parts) + 1))
    # Links are resolved only where there are some, since that looks at every folder up to the disk's root.
    if any(map(_is_link, steps)) and not Path(root, path).resolve().is_relative_to(Path(root).resolve()):
        raise ArtifactError(_OUTSIDE)
    return f"{root}/{path}"


def _is_link(path: str) -> bool:
    return stat.S_ISLNK(os.lstat(path).st_mode)


_OUTSIDE = "lies outside the run's artifact folder"


def uri_path(uri: str) -> str | None:
    """Return the absolute local path that a plain path or `file:` address names, None for anything else.

    Relative ones (MLflow before 2 wrote them) meant the writer's working directory, which is not ours.
    """
    if uri.startswith("/"):
        return uri
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return unquote(parts.path)
    return None


def usual_places(folder: str, run: Run) -> Iterator[str]:
    """Yield where MLflow and its server keep a run's artifacts beside a store in `folder`."""
    for parent in ("mlruns", "mlartifacts"):
        yield f"{folder}/{parent}/{run.experiment_id}/{run.run_id}/artifacts"


def path_ends(folder: str, run: Run) -> Iterator[str]:
    """Yield the recorded place as it would be below `folder`, the longest end of its path first."""
    parts = PurePosixPath(unquote(urlsplit(run.artifact_uri).path)).parts
    if run.run_id in parts and ".." not in parts:
        for start in range(parts.index(run.run_id) + 1):
            yield "/".join((folder, *parts[start:]))


def _has_entries(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(True for _ in entries)
    except OSError:
        return False
