"""The index: what earlier looks found, so that the next one needs no database, parser or package list.

A cache in one JSON file: every part of it holds only while the files that it was read from have the
statistics they had then. Looking reads it, builds write it, and deleting it costs time alone.
"""

import hashlib
import json
import os
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.engine.hashing import SCHEME
from assets.engine.records import Closure, Look, Record
from assets.engine.stamp import facts, settled

if TYPE_CHECKING:
    from assets.engine.code import CodeBase

Facts = Mapping[str, list[int] | None]
"""Path -> its statistics as `stamp.facts` gives them."""

_FORMAT = [1, SCHEME]


def facts_of(paths: Iterable[Path]) -> dict[str, list[int] | None]:
    """Return the statistics of files as they are now, by absolute path."""
    return {str(path.absolute()): facts(str(path)) for path in paths}


def _proof(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def hold(seen: Facts | None) -> bool:
    """Tell whether every file is as it was when these statistics were taken."""
    return seen is not None and all(facts(path) == found for path, found in seen.items())


@dataclass
class Index:
    """One index file, read when first asked and written whole."""

    path: Path
    changes: dict[str, Any] = field(default_factory=dict)
    """What was found since, to be written."""

    @cached_property
    def content(self) -> dict[str, Any]:
        """What is in the file; nothing when it is absent, garbled or of another make."""
        try:
            proof, _, body = self.path.read_bytes().partition(b"\n")
            content = json.loads(body) if proof == _proof(body) else {}
            return content if content["format"] == _FORMAT else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def look(self, part: str, seen: Facts) -> Look | None:
        """Return what was found of a store whose files had these very statistics, else None."""
        kept = self.changes.get(part) or self.content.get(part) or {}
        if kept.get("seen") != dict(seen):
            return None
        records = {key: Record.from_dict(record) for key, record in kept["records"].items()}
        return Look(records, kept["versions"], kept["schemas"])

    def remember(self, part: str, seen: Facts, look: Look) -> None:
        """Keep what was found of a store, unless its files are so young that they could change unseen."""
        if all(settled(found) for found in seen.values()):
            records = {key: record.as_dict() for key, record in look.records.items()}
            schemas = {key: dict(schema) for key, schema in look.schemas.items()}
            self.changes[part] = {
                "seen": dict(seen),
                "records": records,
                "versions": dict(look.versions),
                "schemas": schemas,
            }

    def memos(self) -> dict[str, Any]:
        """Return what the sources asked to have remembered."""
        return dict(self.changes.get("memos") or self.content.get("memos") or {})

    def write(self) -> None:
        """Write what is known by now, whole."""
        kept = {name: part for name, part in self.content.items() if name not in self.changes}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        body = json.dumps({"format": _FORMAT, **kept, **self.changes}).encode()
        partial.write_bytes(_proof(body) + b"\n" + body)
        partial.replace(self.path)


class Code:
    """The code below one root, and the libraries it uses: from the index while no file of it moved, else read."""

    def __init__(self, root: Path, index: Index | None = None) -> None:
        self.root, self._index = root, index
        kept = index.content.get("code", {}) if index else {}
        held = kept.get("root") == str(root) and hold(kept.get("seen"))
        self._kept: dict[str, Any] = (
            dict(kept) if held else {"closures": {}, "attributes": {}, "versions": {}}
        )
        self._libraries = facts_of([Path(sysconfig.get_path("purelib"))])

    @cached_property
    def base(self) -> "CodeBase":
        """The code as parsed from the files."""
        from assets.engine.code import CodeBase

        return CodeBase(self.root)

    @property
    def was_read(self) -> bool:
        """Whether any code had to be read, the index not knowing it."""
        return "base" in vars(self)

    @property
    def seen(self) -> dict[str, list[int] | None]:
        """Statistics of every file that the answers rest on, taken before it was read."""
        read = self.base.seen if self.was_read else {}
        return {**self._libraries, **self._kept.get("seen", {}), **read}

    def holds(self) -> bool:
        """Tell whether every file that the answers rest on is as it was."""
        return hold(self.seen)

    def closure(self, *references: str, caption: bool = False) -> Closure:
        """Return all that the `module:name` references reach; see `CodeBase.closure`."""
        name = " ".join([*references, "caption" if caption else ""])
        kept = self._kept["closures"].get(name)
        if kept is not None:
            return Closure(kept["fragments"], frozenset(kept["libraries"]))
        found = self.base.closure(*references, caption=caption)
        self._kept["closures"][name] = {"fragments": found.fragments, "libraries": sorted(found.libraries)}
        return found

    def attributes_read(self, reference: str, parameter: str) -> set[str]:
        """Return the attributes of `parameter` that the function reads; see `CodeBase.attributes_read`."""
        name = f"{reference} {parameter}"
        if name not in self._kept["attributes"]:
            self._kept["attributes"][name] = sorted(self.base.attributes_read(reference, parameter))
        return set(self._kept["attributes"][name])

    def versions(self, modules: Iterable[str]) -> dict[str, str]:
        """Return the installed version of each library, by the name it is imported under."""
        known: dict[str, str] = self._kept["versions"]
        for module in modules:
            if module not in known:
                from assets.engine.libraries import version

                known[module] = version(module)
        return {module: known[module] for module in sorted(modules)}

    def remember(self) -> None:
        """Keep what was found in the index, unless a file is so young that it could change unseen."""
        if self._index is not None and all(settled(found) for found in self.seen.values()):
            self._index.changes["code"] = {**self._kept, "root": str(self.root), "seen": self.seen}
