"""An incremental builder for DuckDB tables and figures; it knows nothing of the study that uses it."""

from assets.engine.asset import Absent, Observation, asset, observable_source_asset
from assets.engine.errors import TransientError, UserError

__all__ = ["Absent", "Observation", "TransientError", "UserError", "asset", "observable_source_asset"]
