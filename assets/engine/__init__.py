"""An incremental builder for DuckDB tables, figures and files; it knows nothing of the study that uses it."""

TYPE_CHECKING = False  # importing `typing` would double the cost of finding that there is nothing to do
if TYPE_CHECKING:
    from assets.engine.dagster_words import AssetDep, AssetExecutionContext, AssetIn, AssetKey
    from assets.engine.declarations import Absent, Observation
    from assets.engine.declaring import asset, observable_source_asset
    from assets.engine.errors import TransientError, UserError
    from assets.engine.lineage.entries import Lineage
    from assets.engine.observing import observed_files

_HOMES = {
    "Absent": "declarations",
    "AssetDep": "dagster_words",
    "AssetExecutionContext": "dagster_words",
    "AssetIn": "dagster_words",
    "AssetKey": "dagster_words",
    "Lineage": "lineage.entries",
    "Observation": "declarations",
    "TransientError": "errors",
    "UserError": "errors",
    "asset": "declaring",
    "observable_source_asset": "declaring",
    "observed_files": "observing",
}
"""Where each public name is; loaded when first asked for, since finding that all is fresh needs none of them."""

_ONLY_IN_DAGSTER = {
    "asset_check",
    "define_asset_job",
    "graph_asset",
    "job",
    "materialize",
    "multi_asset",
    "op",
}
"""Names that a file may ask for whose import was changed; they and all with a capital are refused with a hint."""

__all__ = [
    "Absent",
    "AssetDep",
    "AssetExecutionContext",
    "AssetIn",
    "AssetKey",
    "Lineage",
    "Observation",
    "TransientError",
    "UserError",
    "asset",
    "observable_source_asset",
    "observed_files",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES and not name[0].isupper() and name not in _ONLY_IN_DAGSTER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'dagster_words')}"), name)
    globals()[name] = found
    return found
