"""Artifacts on a local disk: found where they are now, read without leaving their folder."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from assets.engine.errors import TransientError
from assets.inputs.runs import Artifact, ArtifactError, Run, Stamp, joined

CHUNK_BYTES = 1 << 20


class LocalArtifacts(ABC):
    """The artifact half of a store whose files lie on this machine."""

    @abstractmethod
    def artifact_places(self, run: Run) -> list[Path]:
        """Folders that may be the run's artifact root, the likeliest first."""

    def artifacts(self, run: Run, under: str = "") -> list[Artifact]:
        """List the files below `under`, by path; none if the run has no artifact folder."""
        root = self._root(run)
        with said_plainly(under):
            return list_files(root, under) if root else []

    def stamp(self, run: Run, path: str) -> Stamp | None:
        """Return size, modification time and inode of an artifact."""
        with said_plainly(path):
            status = self._file(run, path).stat()
        return Stamp(f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}", status.st_mtime_ns)

    def chunks(self, run: Run, path: str) -> Iterator[bytes]:
        """Yield an artifact's bytes, a MiB at a time."""
        with said_plainly(path), self._file(run, path).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def read(self, run: Run, path: str, max_bytes: int) -> bytes:
        """Return an artifact's bytes; ArtifactError if there are more than `max_bytes`."""
        return joined(self.chunks(run, path), max_bytes)

    def watched_artifact(self, run: Run, path: str | None) -> list[Path]:
        """Return the artifact and its folders up to the root, or those in which a missing one may appear."""
        root = self._root(run)
        if root is None:
            return [_nearest_existing(place) for place in self.artifact_places(run)]
        if path is None:
            return [root, *(folder for folder in root.rglob("*") if folder.is_dir())]
        parts = Path(path).parts
        return [root.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]

    def _root(self, run: Run) -> Path | None:
        return next((place for place in self.artifact_places(run) if place.is_dir()), None)

    def _file(self, run: Run, path: str) -> Path:
        root = self._root(run)
        if root is None:
            raise ArtifactError("the run's artifact folder is gone")
        return inside(root, path)


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


def list_files(root: Path, under: str) -> list[Artifact]:
    """List the files below `root/under`, by path relative to `root`; links to folders are not followed."""
    found = []
    for folder, _, names in os.walk(inside(root, under)):
        for name in names:
            path = Path(folder, name)
            if path.is_file():
                found.append(Artifact(path.relative_to(root).as_posix(), path.stat().st_size))
    return sorted(found, key=lambda artifact: artifact.path)


def inside(root: Path, path: str) -> Path:
    """Return `root/path`; ArtifactError if that, links resolved, lies outside `root`."""
    target = root / path
    if not target.resolve().is_relative_to(root.resolve()):
        raise ArtifactError("lies outside the run's artifact folder")
    return target


def uri_path(uri: str) -> Path | None:
    """Return the absolute local path that a plain path or `file:` address names, None for anything else.

    Relative ones (MLflow before 2 wrote them) meant the writer's working directory, which is not ours.
    """
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        path = Path(unquote(parts.path))
    elif parts.scheme == "":
        path = Path(uri)
    else:
        return None
    return path if path.is_absolute() else None


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())
