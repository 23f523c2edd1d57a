"""How tables are shown: their columns and number of rows, and the checks that they declare."""

from collections.abc import Iterable, Sequence

import dagster as dg

from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.engine.staging import broken, row_checks
from assets.on_dagster.bridge import Check, Found, Metadata


class Tables:
    """Shows the tables of a project."""

    def __init__(self, database: str) -> None:
        self._database = database

    def checks(self, asset: Asset) -> Sequence[Check]:
        """Return what the declaration promises of the table's rows."""
        return [Check(check.name, check.promise) for check in row_checks(asset)]

    def metadata(self, inventory: Inventory, asset: Asset) -> Metadata:
        """Return its name, its columns as Dagster shows them, and how many rows it has."""
        record, schema = inventory.records.get(asset.key), inventory.schemas.get(asset.key, {})
        found: Metadata = {"dagster/table_name": f"{self._database}.main.{asset.key}"}
        if schema:
            found["dagster/column_schema"] = _columns(asset, schema.items())
        if record is not None and record.rows is not None:
            found["dagster/row_count"] = record.rows
        return found

    def kept(self, asset: Asset) -> Found:
        """Return that every check passed: a table that fails one is not kept."""
        return [check.found(asset, passed=True) for check in self.checks(asset)]

    def refused(self, asset: Asset, checks: Iterable[str]) -> Found:
        """Return the checks that failed; what would have been asked after them is not known."""
        failed = set(checks)
        return [check.found(asset, passed=False) for check in self.checks(asset) if check.name in failed]

    def judged(self, inventory: Inventory, asset: Asset) -> Found:
        """Count the rows in the published table that break each promise."""
        assert inventory.tables is not None, "a project's inventory can open its tables"
        with inventory.tables() as connection:
            counts = [broken(connection, check, asset.key) for check in row_checks(asset)]
        checks = zip(self.checks(asset), counts, strict=True)
        return [check.found(asset, passed=not count, failing_rows=count) for check, count in checks]


def _columns(asset: Asset, columns: Iterable[tuple[str, str]]) -> dg.TableSchema:
    shown = [
        dg.TableColumn(
            name,
            type=kind,
            description=asset.columns.get(name),
            constraints=dg.TableColumnConstraints(
                nullable=name not in asset.primary_key,
                unique=asset.primary_key == (name,),
                other=[_range(*asset.ranges[name])] if name in asset.ranges else None,
            ),
        )
        for name, kind in columns
    ]
    key = [f"primary key: {', '.join(asset.primary_key)}"] if asset.primary_key else []
    return dg.TableSchema(shown, constraints=dg.TableConstraints(other=key))


def _range(low: float, high: float) -> str:
    return f"from {low:g} to {high:g}"
