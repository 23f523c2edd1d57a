"""Parts: rows of partitions that were computed and are not committed yet, each kept as a file until they are.

    .assets/parts/<key>/<digest>.parquet     rows; its metadata says which partitions of what

A build that was killed or interrupted leaves its parts, and the next one takes from them what is still of use. All
of it may be deleted at any time: then it is computed again.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.writing import writing

if TYPE_CHECKING:
    import pyarrow as pa

_ABOUT = b"assets.part"


@dataclass(frozen=True)
class Part:
    """What the metadata of a file of rows say of it."""

    origin: str
    """Digest of all that the rows are made from, but for the partitions of what they are made from."""
    partitions: Mapping[str, str]
    """Partition -> hash of what it was made from."""
    versions: Mapping[str, str]
    """Partition -> data version of its rows; those without rows have none."""
    size: int
    """Bytes that the rows take in memory."""
    seconds: float
    """What it took to compute them."""
    schema: str
    """Their Arrow schema, which Parquet does not bring back in every detail."""

    @property
    def share(self) -> int:
        """Bytes of one partition, on average."""
        return self.size // max(1, len(self.partitions)) + 1


class LostPartError(Exception):
    """A part that was there cannot be read; its partitions count as not computed."""


class Parts:
    """The parts of one table on its way; safe to use from several threads, and by one build at a time."""

    def __init__(self, folder: Path, origin: str, now: Mapping[str, str]) -> None:
        """Find what is kept in the folder of what is made from `origin`, and per partition from `now`."""
        self.folder, self._origin, self._now = folder, origin, now
        self._lock = Lock()
        self._parts: dict[Path, Part] = {}
        self._places: dict[str, Path] = {}
        for leftover in folder.glob("*.tmp"):
            leftover.unlink(missing_ok=True)
        for path in sorted(folder.glob("*.parquet")):
            part = about(path)
            if part is not None and part.origin == origin:
                self._take(path, part)

    def _take(self, path: Path, part: Part) -> None:
        with self._lock:
            self._parts[path] = part
            of_use = [name for name, made_from in part.partitions.items() if self._now.get(name) == made_from]
            self._places |= dict.fromkeys(of_use, path)

    @property
    def kept(self) -> frozenset[str]:
        """The partitions whose rows are here."""
        with self._lock:
            return frozenset(self._places)

    @property
    def versions(self) -> dict[str, str]:
        """Data version of each partition that has rows here."""
        with self._lock:
            found = {name: self._parts[path].versions.get(name) for name, path in self._places.items()}
        return {name: version for name, version in found.items() if version is not None}

    @property
    def seconds(self) -> float:
        """What it took to compute what is here."""
        with self._lock:
            return sum(self._parts[path].seconds for path in set(self._places.values()))

    def keep(
        self, rows: pa.Table, names: Iterable[str], versions: Mapping[str, str], *, seconds: float = 0.0
    ) -> None:
        """Keep the rows of some partitions, all of them that there are; when this returns, a kill cannot lose them.

        Raises
        ------
        UserError
            The rows have a column of a type that no file can hold.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        partitions = {name: self._now[name] for name in sorted(names)}
        schema = base64.b64encode(rows.schema.remove_metadata().serialize()).decode()
        part = Part(self._origin, partitions, dict(versions), rows.nbytes, seconds, schema)
        path = self.folder / f"{digest('part', self._origin, partitions)[:32]}.parquet"
        aside = path.with_suffix(".tmp")
        # what is not published yet is its owner's alone
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with writing(aside), aside.open("wb") as file:
                about = rows.replace_schema_metadata({_ABOUT: json.dumps(asdict(part))})
                # without dictionaries, in which 0.0 and -0.0 would be one
                pq.write_table(about, file, compression="lz4", use_dictionary=False, write_page_checksum=True)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except UserError:
            aside.unlink(missing_ok=True)
            raise
        except pa.ArrowNotImplementedError as error:
            aside.unlink()
            raise UserError(
                f"rows of `{self.folder.name}` cannot be kept: {error}; give that column another type"
            ) from error
        self._take(path, part)

    def schemas(self) -> list[pa.Schema]:
        """Return the different schemas of the rows that are here."""
        with self._lock:
            spelled = dict.fromkeys(self._parts[path].schema for path in self._places.values())
        return [_schema(text) for text in spelled]

    def slices(self, names: Sequence[str], size: int) -> Iterable[Sequence[str]]:
        """Cut partitions, in their order, so that no slice takes much more than `size` bytes."""
        begun: list[str] = []
        total = 0
        for name in names:
            share = self._parts[self._places[name]].share
            if begun and total + share > size:
                yield begun
                begun, total = [], 0
            begun.append(name)
            total += share
        if begun:
            yield begun

    def rows(self, names: Sequence[str]) -> list[tuple[pa.Table, list[str] | None]]:
        """Return tables with the rows of these partitions, and which are to be taken from each; None: all of them.

        A file may have rows of others too, even of one that another file has in a newer state.

        Raises
        ------
        LostPartError
            A file is gone or damaged; it is forgotten.
        """
        import pyarrow as pa

        of_file: dict[Path, list[str]] = {}
        with self._lock:
            for name in names:
                of_file.setdefault(self._places[name], []).append(name)
        whole: dict[str, list[pa.Table]] = {}
        found: list[tuple[pa.Table, list[str] | None]] = []
        for path, wanted in of_file.items():
            part, rows = self._parts[path], self._read(path)
            if len(wanted) == len(part.partitions):
                whole.setdefault(part.schema, []).append(rows)
            else:
                found.append((rows, wanted))
        return [*found, *((pa.concat_tables(alike), None) for alike in whole.values())]

    def _read(self, path: Path) -> pa.Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                return file.read().cast(_schema(self._parts[path].schema))
        except (OSError, pa.ArrowException) as error:
            self._forget(path)
            raise LostPartError(str(path)) from error

    def _forget(self, path: Path) -> None:
        with self._lock:
            self._places = {name: place for name, place in self._places.items() if place != path}
            path.unlink(missing_ok=True)


def drop(folder: Path) -> None:
    """Delete the parts of a table, of whatever origin, if there are any: it is committed."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def about(path: Path) -> Part | None:
    """Return what a file of rows says of itself; None when it is cut short or of another make."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return Part(**json.loads((pq.read_schema(path).metadata or {})[_ABOUT]))
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
        return None


def _schema(spelled: str) -> pa.Schema:
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(spelled)))
