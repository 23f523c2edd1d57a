"""Which environment variables matter; on its own, so that asking costs no import."""

PREFIXES: tuple[str, ...] = ("FOUNDATION_PLR_", "MLFLOW_TRACKING_", "MLFLOW_EXPERIMENT_")
"""How the names of the variables begin that settings come from."""
