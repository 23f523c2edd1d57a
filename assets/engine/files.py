"""Where files are kept: each at the path that its asset declares, with its record beside it.

A file is written aside and renamed into place, then its record; until that is in place the file counts as
not there, so a build that is cut off leaves either the old file or the new one.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assets.engine.declarations import Asset
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.records import Record, now


@dataclass(frozen=True)
class Written:
    """A file set aside, with its record."""

    key: str
    aside: Path
    record: Record


class Files:
    """Keeps the assets whose functions return a path."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._paths = {key: Path(asset.path) for key, asset in assets.items() if asset.path is not None}

    def look(self, keys: Iterable[str]) -> tuple[dict[str, Record], dict[str, str]]:
        """Return the records of the files that are there, and their data versions as they really are."""
        records, versions = dict[str, Record](), dict[str, str]()
        for key in keys:
            path, beside = self.files(key)
            try:
                record = Record.from_dict(json.loads(beside.read_bytes()))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # no record, or none of ours: the file counts as never made
            if record.key == key:
                records[key] = record
                if path.is_file():
                    versions[key] = _version(path)
        return records, versions

    def files(self, key: str) -> Sequence[Path]:
        """Return the file and, last, its record."""
        path = self._paths[key]
        return path, path.with_name(path.name + ".asset.json")

    def arguments(self, asset: Asset) -> dict[str, Any]:
        """Return the path that the function is to write to."""
        aside = self._aside(asset.key)
        aside.parent.mkdir(parents=True, exist_ok=True)
        if aside.is_dir():  # a function that does not keep to it made one
            shutil.rmtree(aside)
        aside.unlink(missing_ok=True)  # a build that was cut off may have left half of one
        return {"output": aside}

    def stage(self, asset: Asset, value: Any, record: Record) -> tuple[Record, Written]:
        """Take the file that the function wrote; raises UserError when it wrote none."""
        aside = self._aside(asset.key)
        if not isinstance(value, Path) or not value.is_file():
            raise UserError(
                f"`{asset.key}` returned {value!r}, which is not a file that it wrote: return `output`"
            )
        if value != aside:
            shutil.copyfile(value, aside)
        record = replace(record, data_version=_version(aside), built_at=now())
        return record, Written(asset.key, aside, record)

    def export(self, staged: Written) -> None:
        """Write the record, still aside."""
        text = json.dumps(staged.record.as_dict(), indent=1, sort_keys=True)
        staged.aside.with_name(staged.aside.name + ".asset.json").write_text(text + "\n", encoding="utf-8")

    def aside(self, staged: Written) -> Sequence[Path]:
        """Name where the file and, last, its record are."""
        return [staged.aside.parent / path.name for path in self.files(staged.key)]

    def check(self, staged: Written, versions: Mapping[str, str]) -> None:
        """Accept it: nothing is known of what is in it."""

    def commit(self, staged: Written) -> None:
        """Rename the file into place, then its record."""
        for aside, path in zip(self.aside(staged), self.files(staged.key), strict=True):
            aside.replace(path)

    def close(self) -> None:
        """Nothing is held open."""

    def _aside(self, key: str) -> Path:
        path = self._paths[key]
        return path.parent / ".aside" / path.name  # beside: a rename does not cross file systems


def _version(path: Path) -> str:
    return digest("file", hashlib.sha256(path.read_bytes()).digest())
