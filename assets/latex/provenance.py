"""What stands at the head of a file for LaTeX: what it is, how to use it, what it was made from and by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine import ledger
from assets.latex.texts import comment

if TYPE_CHECKING:
    import duckdb

_SHORT = 12


@dataclass(frozen=True)
class Origins:
    """The tables that a file is made from: the file they are in, its layout, and the data version of each."""

    database: str
    layout: str
    versions: Mapping[str, str]

    def of(self, table: str, column: str, where: Sequence[str] = ()) -> str:
        """Where one number is from, for a comment; `where` says which row."""
        return ", ".join([f"{table}.{column}", *where, f"data version {self.versions[table][:_SHORT]}"])


def origins(tables: "duckdb.DuckDBPyConnection", read: Sequence[str], database: str) -> Origins:
    """Where the numbers of these tables are from; they are recorded in the file that the tables are in."""
    records = ledger.read(tables)
    (layout,) = tables.execute("SELECT version FROM schema_version").fetchall()[0]
    return Origins(Path(database).name, layout, {table: records[table].data_version for table in read})


def header(made_from: Origins, use: Sequence[str], *, asset: str, notes: str = "") -> str:
    """The comment at the head of the file that `asset` is: how to use it, notes, what it was made from and by."""
    lines = [*use, *([notes] if notes else [])]
    lines += [f"Made by `assets materialize {asset}` or `make analyze`; edited by hand, it is made anew."]
    lines += [f"From {made_from.database}, layout {made_from.layout} of its tables, with the data versions"]
    lines += [f"{table} {version}" for table, version in sorted(made_from.versions.items())]
    return "\n".join(map(comment, lines)) + "\n"
