"""Loading a table's partitions from a source: one part after the other, each kept before the next is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb

from assets.engine import contents
from assets.engine.arguments import arrow
from assets.engine.decide import Decision
from assets.engine.declarations import Asset
from assets.engine.errors import UserError
from assets.engine.hashing import digest
from assets.engine.inventory import Inventory
from assets.engine.partitions import Work, work
from assets.engine.parts import Parts
from assets.engine.sql import quoted
from assets.engine.staging import partitions_in

if TYPE_CHECKING:
    import pyarrow as pa

_GIVEN = "_given"
_LARGEST = 64 * 2**20
"""Bytes of one part: what is read at a time when the table is put together."""


class Loading:
    """A table on its way whose partitions come from a source; several threads may load some of them each."""

    def __init__(self, asset: Asset, todo: Work, parts: Parts) -> None:
        self.asset, self.todo, self.parts = asset, todo, parts
        self.names = frozenset(todo.missing)
        self.blank: pa.Table | None = None
        """A table without rows that tells the columns, where there is no partition at all."""
        self.lock = Lock()
        self.begun = False
        self.seconds_before = 0.0
        """What the parts took that were there when it was staged."""

    def missing(self, names: Collection[str] | None = None) -> list[str]:
        """Return the partitions, or those among `names`, that neither stand nor are kept."""
        missing = self.todo.missing if names is None else names
        kept = self.parts.kept
        return [name for name in missing if name not in kept]

    def load(
        self,
        function: Callable[[tuple[str, ...]], Any],
        names: Sequence[str],
        cursor: duckdb.DuckDBPyConnection,
        between: Callable[[int], None],
    ) -> int:
        """Have these partitions computed and keep them; return how many.

        The function returns one table, or an iterator of tables each of which speaks for the partitions that it has
        rows of. `between` is called after each part with the number of partitions in it; what it raises ends the
        loading.

        Raises
        ------
        UserError
            Rows of a partition that was not asked for, a partition twice, or one that never came.
        """
        started = time.monotonic()
        returned = function(tuple(names))
        if isinstance(returned, Iterator):
            self._take(returned, names, cursor, between)
        else:
            table = arrow(self.asset.key, returned)
            self._partitions(table, cursor, names)
            self._keep(table, names, cursor, time.monotonic() - started)
            between(len(names))
        return len(names)

    def _take(
        self,
        tables: Iterator[Any],
        names: Sequence[str],
        cursor: duckdb.DuckDBPyConnection,
        between: Callable[[int], None],
    ) -> None:
        """Keep what is yielded, table by table."""
        left, started = set(names), time.monotonic()
        with ExitStack() as stack:
            if isinstance(tables, Generator):  # whatever ends it, it can tidy up
                stack.callback(tables.close)
            for given in tables:
                table = arrow(self.asset.key, given)
                found = self._partitions(table, cursor, names)
                self._refuse_twice(found - left)
                self._keep(table, found, cursor, time.monotonic() - started)
                left -= found
                between(len(found))
                started = time.monotonic()
        self._refuse_none(left)
        if not names and self.blank is None:
            raise UserError(
                f"`{self.asset.key}` has no partitions and yielded no table: yield one without rows, for its columns"
            )

    def _partitions(
        self, table: pa.Table, cursor: duckdb.DuckDBPyConnection, asked: Collection[str]
    ) -> set[str]:
        """Return the partitions that there are rows of, all of which must have been asked for."""
        cursor.register(_GIVEN, table)
        return partitions_in(cursor, _GIVEN, self.asset.key, self.todo.column, asked)

    def _keep(
        self, table: pa.Table, names: Collection[str], cursor: duckdb.DuckDBPyConnection, seconds: float
    ) -> None:
        if not names:
            self.blank = table
            return
        for rows, some in self._pieces(table, sorted(names), cursor):
            cursor.register(_GIVEN, rows)
            versions = contents.partition_versions(cursor, _GIVEN, self.todo.column)
            self.parts.keep(rows, some, versions, seconds=seconds * len(some) / len(names))
        cursor.unregister(_GIVEN)

    def _pieces(
        self, table: pa.Table, names: list[str], cursor: duckdb.DuckDBPyConnection
    ) -> Iterator[tuple[pa.Table, list[str]]]:
        """Cut a table so large that it could only be read back as a whole."""
        count = max(1, min(len(names), table.nbytes // _LARGEST))
        if count == 1:
            yield table, names
            return
        import pyarrow as pa
        import pyarrow.compute as pc

        labels = self.labels(table, cursor)
        for number in range(count):
            some = names[len(names) * number // count : len(names) * (number + 1) // count]
            yield table.filter(pc.is_in(labels, pa.array(some, pa.string()))), some

    def labels(self, given: pa.Table, cursor: duckdb.DuckDBPyConnection) -> pa.ChunkedArray:
        """Return the partition of each row, as DuckDB spells it, which finds the rows by the name `given`."""
        labels = cursor.execute(f"SELECT {quoted(self.todo.column)}::VARCHAR AS name FROM given")
        return labels.to_arrow_table()["name"]

    def _refuse_twice(self, names: Collection[str]) -> None:
        if names:
            raise UserError(
                f"`{self.asset.key}` yielded rows of {_listed(names)} in more than one table: each partition belongs "
                "into one, mend the function"
            )

    def _refuse_none(self, names: Collection[str]) -> None:
        if names:
            raise UserError(
                f"`{self.asset.key}` was asked for {_listed(names)} and ended without a row of that: a function that "
                "yields has rows for every partition, or raises; mend it, what it did yield is kept"
            )


def begin(inventory: Inventory, asset: Asset, decision: Decision, folder: Path, *, forced: bool) -> Loading:
    """Return what there is to load of an asset, less what an earlier build kept in the folder.

    What a forced build kept serves a forced one only, and the other way round.
    """
    todo = work(inventory, asset, decision)
    ingredients = inventory.ingredients(asset)
    rest = {k: v for k, v in ingredients.inputs.items() if k not in {*todo.inputs, asset.partitions_def}}
    origin = digest("parts", replace(ingredients, inputs=rest).input_hash(asset.key), forced)
    return Loading(asset, todo, Parts(folder, origin, todo.now))


def _listed(names: Collection[str]) -> str:
    """Name a few partitions and count the others."""
    first, rest = sorted(names)[:3], len(names) - 3
    return ", ".join(f"`{name}`" for name in first) + (f" and {rest:,} more" if rest > 0 else "")
