"""What tables are cut by."""

PER_RUN = "mlflow_runs"
"""Partitions of what is computed run by run: one more run costs about one run."""
