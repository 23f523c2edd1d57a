"""Three assets of a stranger's: a file, a table from it, and a summary of that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from assets.engine import Observation, asset, observable_source_asset

if TYPE_CHECKING:
    import ibis.expr.types as ir

GRAMS = 1000


@observable_source_asset
def measurements() -> Observation:
    """Penguins on the scales."""
    path = Path("penguins.csv")
    return Observation(path.read_text(), value=path, summary=str(path))


@asset(primary_key="id")
def weights(measurements: Path) -> pd.DataFrame:
    """One penguin and its weight in grams."""
    frame = pd.read_csv(measurements)
    return frame.assign(grams=(frame.kilograms * GRAMS).round().astype(int)).drop(columns="kilograms")


@asset(primary_key="species")
def by_species(weights: ir.Table) -> ir.Table:
    """One species and the mean weight of its penguins."""
    return weights.group_by("species").agg(grams=weights.grams.mean())
