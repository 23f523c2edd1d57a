"""Three assets of a stranger's: a file, a table from it, and a summary of that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine import asset, observable_source_asset, observed_files

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir

GRAMS = 1000


@observable_source_asset
def measurements(memo: object) -> object:
    """Penguins on the scales."""
    return observed_files("penguins.csv", memo=memo)


@asset(primary_key="id", columns={"grams": "weight in grams"})
def weights(measurements: list[Path], tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One penguin and its weight in grams."""
    return tables.read_csv(str(measurements[0])).select(
        f"id, species, round(kilograms * {GRAMS})::INT AS grams"
    )


@asset(primary_key="species")
def by_species(weights: ir.Table) -> ir.Table:
    """One species and the mean weight of its penguins."""
    return weights.group_by("species").agg(grams=weights.grams.mean())
