"""Materialise the whole study by Dagster's Python API, in one process and without its command line."""

import sys

import dagster as dg

from assets.definitions import defs


def main() -> int:
    """Run all assets once; return 0 if all went well."""
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        return 0 if job.execute_in_process(instance=instance, raise_on_error=False).success else 1


if __name__ == "__main__":
    sys.exit(main())
