"""Where cached results lie: a folder of this machine, and one that is shared.

Both are laid out alike. A file appears under its name only when it is whole, by renaming, so any number
of processes may read and write at once and nobody ever waits for a lock.
"""

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

_OURS = re.compile(
    r"(results|versions)/[0-9a-f]{64}\.json|contents/[0-9a-f]{64}|(results|versions|contents)/[0-9a-f]{16}\.tmp"
)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Once:
    """Tells each thing once, however many threads find out."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._told, self._lock = tell, set[str](), Lock()

    def refused(self, what: str, error: Exception) -> None:
        """Tell what cannot be done, and why, unless that was told before."""
        with self._lock:
            new = what not in self._told
            self._told.add(what)
        if new:
            reason = (
                getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
            )
            self._tell(f"{what} ({reason}): going on without")


class Place(Protocol):
    """Keeps files by name; names are relative, with `/` in them."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file; None when it is not there."""

    def exists(self, name: str) -> bool:
        """Tell whether a file is there."""

    def fetch(self, name: str, target: Path) -> bool:
        """Copy a file to `target`; return whether it was there."""

    def put(self, name: str, source: Path) -> None:
        """Keep a copy of the file `source` under a name, in place of what was there."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""


class Folder:
    """A folder reached by its path; what cannot be read counts as not there."""

    def __init__(self, root: Path, *, private: bool) -> None:
        self.root, self._private = root, private

    def path(self, name: str) -> Path:
        """Return where the file of this name lies, or would."""
        return self.root / name

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file; None when it is not there."""
        try:
            return self.path(name).read_bytes()
        except OSError:
            return None

    def exists(self, name: str) -> bool:
        """Tell whether a file is there."""
        return self.path(name).is_file()

    def fetch(self, name: str, target: Path) -> bool:
        """Copy a file to `target`; return whether it was there."""
        try:
            shutil.copyfile(self.path(name), target)
        except FileNotFoundError:
            return False
        return True

    def put(self, name: str, source: Path) -> None:
        """Keep a copy of the file `source` under a name, in place of what was there."""
        with self.aside(_folder(name)) as aside:
            shutil.copyfile(source, aside)
            self.place(aside, name)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self.path(name).unlink(missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Keep a small file under a name, in place of what was there."""
        with self.aside(_folder(name)) as aside:
            aside.write_bytes(content)
            self.place(aside, name)

    def files(self) -> dict[str, os.stat_result]:
        """Return the files of a cache that are there, by name; what else lies in the folder is not ours to count."""
        found = {}
        for path in sorted(self.root.glob("*/*")):
            name = f"{path.parent.name}/{path.name}"
            if _OURS.fullmatch(name):
                with suppress(FileNotFoundError):  # another process may be removing it
                    found[name] = path.stat()
        return found

    @contextmanager
    def aside(self, folder: str) -> Iterator[Path]:
        """Give a new empty file in a folder; it is gone afterwards unless it was placed."""
        aside = self.path(f"{folder}/{_unique()}")
        try:
            self._create(aside)
        except FileNotFoundError:  # the first file, or somebody deleted the cache meanwhile
            self._make(aside.parent)
            self._create(aside)
        try:
            yield aside
        finally:
            aside.unlink(missing_ok=True)

    def place(self, aside: Path, name: str) -> None:
        """Give a file set aside its name."""
        aside.replace(self.path(name))

    def _create(self, path: Path) -> None:
        # private data may pass through; what is shared has the rights that the sharing group's umask gives
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if self._private else 0o666))

    def _make(self, folder: Path) -> None:
        if self._private:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        else:  # a shared folder that is away is not made anew: it may be a disk that is not mounted
            folder.mkdir(exist_ok=True)


class Bucket:
    """A folder behind a URL, reached by fsspec, such as an object store."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._system: Any
        self._system, self._root = fsspec.core.url_to_fs(url)

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file; None when it is not there."""
        try:
            return bytes(self._system.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def exists(self, name: str) -> bool:
        """Tell whether a file is there."""
        return bool(self._system.exists(self._path(name)))

    def fetch(self, name: str, target: Path) -> bool:
        """Copy a file to `target`; return whether it was there."""
        try:
            self._system.get_file(self._path(name), str(target))
        except FileNotFoundError:
            return False
        return True

    def put(self, name: str, source: Path) -> None:
        """Keep a copy of the file `source` under a name, in place of what was there."""
        aside = self._path(f"{_folder(name)}/{_unique()}")
        self._system.put_file(str(source), aside)
        self._system.mv(aside, self._path(name))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.exists(name):
            self._system.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"


class Shared:
    """A place that others use too, and that no build depends on.

    When it refuses to be read or written, that is told, and not tried again. `location` is a path, a URL
    that fsspec reaches (with `://`), or None for no such place.
    """

    def __init__(self, location: str | None, once: Once) -> None:
        self._location, self._once = location, once
        self._opened: Place | None = None
        self._refused = set[str]()

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file; None when it is not there."""
        return self._asked("read", lambda place: place.read(name), None)

    def exists(self, name: str) -> bool:
        """Tell whether a file is there."""
        return self._asked("read", lambda place: place.exists(name), False)

    def fetch(self, name: str, target: Path) -> bool:
        """Copy a file to `target`; return whether it was there."""
        return self._asked("read", lambda place: place.fetch(name, target), False)

    def put(self, name: str, source: Path) -> None:
        """Keep a copy of the file `source` under a name, if that has not been collected meanwhile."""

        def put(place: Place) -> None:
            try:
                place.put(name, source)
            except FileNotFoundError:
                if source.exists():
                    raise

        self._asked("written", put, None)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self._asked("written", lambda place: place.remove(name), None)

    def _asked(self, verb: str, action: Callable[[Place], T], otherwise: T) -> T:
        if self._location is None or self._refused & {"read", verb}:
            return otherwise
        try:
            self._opened = self._opened or _opened(self._location)
            return action(self._opened)
        except Exception as error:  # each library behind fsspec has its own, and none may fail a build
            self._refused.add(verb)
            self._once.refused(f"the shared cache {self._location} cannot be {verb}", error)
            return otherwise


def _opened(location: str) -> Place:
    if "://" in location:
        return Bucket(location)
    root = Path(location).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", location)
    return Folder(root, private=False)


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _unique() -> str:
    return f"{os.urandom(8).hex()}.tmp"  # process numbers repeat among machines that share a folder
