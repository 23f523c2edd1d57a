"""An incremental builder for DuckDB tables, figures and files; it knows nothing of the study that uses it."""

TYPE_CHECKING = False  # importing `typing` would double the cost of finding that there is nothing to do
if TYPE_CHECKING:
    from assets.engine.declarations import Absent, Observation
    from assets.engine.declaring import asset, observable_source_asset
    from assets.engine.errors import TransientError, UserError
    from assets.engine.lineage.entries import Lineage
    from assets.engine.observing import observed_files

_HOMES = {
    "Absent": "declarations",
    "Lineage": "lineage.entries",
    "Observation": "declarations",
    "TransientError": "errors",
    "UserError": "errors",
    "asset": "declaring",
    "observable_source_asset": "declaring",
    "observed_files": "observing",
}
"""Where each public name is; loaded when first asked for, since finding that all is fresh needs none of them."""

__all__ = [
    "Absent",
    "Lineage",
    "Observation",
    "TransientError",
    "UserError",
    "asset",
    "observable_source_asset",
    "observed_files",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
