"""The command that compares two states of a table: `diff`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.commands import screen
from assets.commands.loading import project_of
from assets.engine import contents, ledger
from assets.engine.compare import TableDelta, compare
from assets.engine.errors import UserError
from assets.engine.sql import literal, quoted
from assets.engine.warehouse import open_read_only

if TYPE_CHECKING:
    import duckdb

    from assets.engine.cache.results import ResultCache

_OLD, _NEW = "_old", "_new"
_LONGEST = 60  # letters of a value that are shown


def diff_command(options: argparse.Namespace) -> int:
    """Show what changed between two versions of a table, or between two files."""
    project = project_of(options.module)
    asset = project.definitions.named(options.asset)
    if asset.kind != "table":
        raise UserError(f"`{asset.key}` is a {asset.kind}: only tables can be compared row by row")
    with open_read_only(project.database) as connection:
        sides = _Sides(connection, project.cache, asset.key)
        old, new = (
            sides.of_files(options.other) if options.other else sides.of_versions(options.old, options.new)
        )
        delta = compare(connection, _OLD, _NEW, asset.primary_key)
    if options.json:
        screen.as_json(
            {"key": asset.key, "old": old, "new": new, "summary": delta.summary(), **delta.as_dict()}
        )
    else:
        print(f"{asset.key}: {screen.short(old)} -> {screen.short(new)}\n{delta.summary()}")
        _print_values(delta)
    return 0


@dataclass(frozen=True)
class _Sides:
    """Makes views of the two states of a table that are compared."""

    connection: "duckdb.DuckDBPyConnection"
    cache: "ResultCache"
    key: str

    def of_versions(self, old: str | None, new: str | None) -> tuple[str, str]:
        """View two data versions, by default the table as it is and the one before; return which they are."""
        there = contents.scan(self.connection, self.key).data_version
        recorded = [record.data_version for record in ledger.history(self.connection, self.key)]
        known = list(dict.fromkeys([there, *recorded]))
        after = self._version(new, known) if new else there
        others = [version for version in known if version != after]
        if not (old or others):
            raise UserError(f"`{self.key}` has one version on record: there is nothing to compare it with")
        before = self._version(old, known) if old else others[0]
        for version, name in ((before, _OLD), (after, _NEW)):
            if version == there:
                self._view(name, quoted(self.key))
            elif not self.cache.view(self.connection, version, name):
                raise UserError(f"the content of `{self.key}` at {version[:8]} is no longer in the cache")
        return before, after

    def of_files(self, other: str) -> tuple[str, str]:
        """View the table of another DuckDB file, and ours as the new one; return their data versions."""
        with open_read_only(Path(other)):
            pass  # what is no file of ours is told as such
        self.connection.execute(f"ATTACH {literal(other)} AS _other (READ_ONLY)")
        theirs = f"_other.{quoted(self.key)}"
        tables = self.connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = '_other' "
            "UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = '_other'"
        )
        if (self.key,) not in tables.fetchall():
            raise UserError(f"{other} has no table `{self.key}`")
        self._view(_OLD, theirs)
        self._view(_NEW, quoted(self.key))
        old, new = (contents.scan(self.connection, name).data_version for name in (_OLD, _NEW))
        return old, new

    def _version(self, start: str, known: Sequence[str]) -> str:
        """Return the data version that begins so."""
        found = [version for version in known if version.startswith(start)]
        if len(found) != 1:
            problem = "is the beginning of several" if found else "is none"
            listed = ", ".join(version[:8] for version in found or known)
            raise UserError(f"{start} {problem} of the data versions of `{self.key}`: {listed}")
        return found[0]

    def _view(self, name: str, table: str) -> None:
        self.connection.execute(f"CREATE TEMPORARY VIEW {name} AS FROM {table}")


def _print_values(delta: TableDelta) -> None:
    """Print in how many rows each column changed, and some of the values."""
    screen.table([(column, screen.counted(rows, "row")) for column, rows in delta.changed.items()], right={1})
    screen.table(
        [
            (
                ", ".join(f"{name}={_in_line(value)}" for name, value in example.key.items()),
                example.column,
                f"{_in_line(example.old)} -> {_in_line(example.new)}",
            )
            for example in delta.examples
        ]
    )


def _in_line(value: str | None) -> str:
    """Spell a value in a line that is not too long."""
    text = "NULL" if value is None else value.replace("\n", "\\n")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
