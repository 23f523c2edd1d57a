"""What a file that speaks of the whole project is told: every source and asset, as they are when it is made.

All that is said here is part of the file's input hash, so nothing is that moves by itself: no times, no seconds,
nothing about where a store is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assets.engine.hashing import digest
from assets.engine.lineage.graph import Graph, Node


@dataclass(frozen=True)
class ColumnEntry:
    """A column of a table: its DuckDB type, and what is declared that it means."""

    name: str
    type: str
    meaning: str = ""


@dataclass(frozen=True)
class Entry:
    """One source or asset of the project."""

    key: str
    kind: str
    """`source`, or how the asset is kept: `table`, `figure`, `file`."""
    group_name: str = ""
    """Empty for a source."""
    description: str = ""
    upstream: tuple[str, ...] = ()
    """Keys of what it reads directly, in the order of its parameters."""
    data_version: str | None = None
    """Of what is there; None if nothing is. A source's is the one that the assets made from it were made from."""
    state: str = ""
    """`fresh`, `stale`, `missing`, or `unsure`: something that it reads is not fresh; empty for a source."""
    because: str = ""
    """Why it is not fresh, in a line."""
    n_rows: int | None = None
    """Number of rows of a table."""
    columns: tuple[ColumnEntry, ...] = ()
    """Columns of a table, in order."""
    files: tuple[Path, ...] = ()
    """Files of a figure or file that are in place, relative to the working directory; its record last."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Library -> the version that it was made with."""

    @property
    def digest(self) -> str:
        """Hash of all that is said here."""
        columns = [(column.name, column.type, column.meaning) for column in self.columns]
        paths = [path.as_posix() for path in self.files]
        return digest("entry", {**vars(self), "columns": columns, "files": paths})


@dataclass(frozen=True)
class Lineage:
    """Every source, and every asset but those that are told after this one; each after all that it reads."""

    entries: Mapping[str, Entry]

    def __getitem__(self, key: str) -> Entry:
        """Return the entry of a source or asset; KeyError if there is none."""
        return self.entries[key]

    def of_kind(self, kind: str) -> Sequence[Entry]:
        """Return the entries of a kind (`source`, `table`, `figure`, `file`), in order."""
        return [entry for entry in self.entries.values() if entry.kind == kind]

    def graph(self) -> Graph:
        """Return who reads whom, for drawings and pages."""
        nodes = {}
        for key, entry in self.entries.items():
            rows = f"{entry.n_rows:,}" if entry.n_rows is not None else ""
            said = {"description": entry.description, "why": entry.because, "rows": rows}
            said["group"] = entry.group_name
            reads = tuple(dict.fromkeys(u for u in entry.upstream if u in self.entries))
            facts = {label: text for label, text in said.items() if text}
            nodes[key] = Node(key, entry.kind, reads, entry.state, facts)
        return Graph(nodes)
