"""Drawing figures: from published tables that nobody writes meanwhile, into a store that checks them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import duckdb

from assets.engine.asset import Asset
from assets.engine.build import Build, Result, Staged, read_inputs
from assets.engine.decide import Decision, Record, State
from assets.engine.errors import UserError
from assets.engine.inventory import Inventory


class FigureStore(Protocol):
    """Keeps figures: sets the drawing of one aside, and commits it when its checks pass."""

    def stage(self, asset: Asset, chart: Any, record: Record) -> tuple[Record, Any]:
        """Draw the chart, set its files aside; return the record completed with its data version."""

    def export(self, staged: Any) -> None:
        """Write the figure's sidecar beside its files, still aside."""

    def commit(self, staged: Any, versions: Mapping[str, str]) -> None:
        """Check the figure against the tables as they are and put its files in place, the sidecar last."""

    def close(self) -> None:
        """End what drawing needed, such as processes; called when a build is over."""


class FigureBuild(Build):
    """Draws figures from the tables of a DuckDB file that is open for reading only."""

    def __init__(
        self,
        inventory: Inventory,
        connection: duckdb.DuckDBPyConnection,
        store: FigureStore,
        *,
        forced: Sequence[str] = (),
    ) -> None:
        super().__init__(inventory, forced)
        self.connection, self.store = connection, store

    def check_tables(self) -> int:
        """Return the number of tables, each of which is what its record says.

        Raises UserError for one that is missing or was changed by hand: a figure of it would prove nothing.
        """
        tables = [key for key, asset in self.inventory.definitions.assets.items() if asset.kind == "table"]
        for key in tables:
            record, there = self.inventory.records.get(key), self.inventory.versions.get(key)
            if record is None or there is None:
                raise UserError(f"the DuckDB file has no table `{key}`: run `make extract` to complete it")
            if record.data_version != there:
                raise UserError(
                    f"table `{key}` was changed after it was published: run `make extract` to rebuild it"
                )
        return len(tables)

    def stage(self, key: str) -> Staged | Decision:
        """Draw a figure and set its files aside; return the decision instead when it is fresh."""
        asset, decision = self.inventory.definitions.named(key), self.decide(key)
        if decision.state is State.FRESH:
            return decision
        started = time.monotonic()
        with self._planning:
            ingredients = self.inventory.ingredients(asset)
        inputs = read_inputs(self.inventory, asset, self.connection.cursor())
        chart = asset.function(**inputs, **self.inventory.settings_argument(asset))
        record, output = self.store.stage(
            asset, chart, Record(key, ingredients.input_hash(key), "", ingredients)
        )
        return Staged(
            replace(record, seconds=round(time.monotonic() - started, 3)), decision.because(), output
        )

    def export(self, staged: Staged) -> None:
        """Write the sidecar of a drawn figure, still aside."""
        self.store.export(staged.output)

    def commit(self, staged: Staged) -> Result:
        """Check a drawn figure and put it in place."""
        self.store.commit(staged.output, self.inventory.versions)
        return self._settle(staged)
