"""A few declared assets, and ways to declare more."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from assets.engine import Observation, asset, observable_source_asset
from assets.engine.declarations import Asset, Source
from assets.engine.definitions import Definitions


@observable_source_asset
def raw() -> Observation:
    """A file."""
    return Observation("1")


@asset(primary_key="id", owners=["team:eyes"], tags={"area": "eyes"})
def measured(raw: object) -> pa.Table:  # noqa: F821
    """One measurement.

    And more of it.
    """


@asset(group_name="summary", kinds={"sql"}, tags={"slow": ""})
def by_group(measured: ir.Table) -> ir.Table:  # noqa: F821
    """One group."""


@asset(group_name="summary", deps=["by_group"])
def by_site(measured: pd.DataFrame) -> pd.DataFrame:  # noqa: F821
    """One site,
    of several."""


@asset(name="picture")
def drawn(by_group: pa.Table, by_site: pandas.DataFrame) -> altair.LayerChart:  # noqa: F821
    """A figure."""


def definitions(*things: Asset | Source) -> Definitions:
    module = ModuleType("my_assets")
    module.__dict__.update({f"thing_{number}": thing for number, thing in enumerate(things)})
    return Definitions.load(Path(), [module])


ALL = definitions(raw, measured, by_group, by_site, drawn)


def declared(
    key: str, /, *inputs: str, form: str = "ir.Table", returns: str = "ir.Table", **said: Any
) -> Asset:
    namespace: dict[str, Any] = {}
    exec(f"def {key}({', '.join(f'{i}: {form!r}' for i in inputs)}) -> {returns!r}: 'One row.'", namespace)
    made: Asset = asset(**said)(namespace[key])
    return made
