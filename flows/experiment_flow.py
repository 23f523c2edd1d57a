"""Block 0: the study's own experiment, logged to a local MLflow store; only missing runs are computed."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from loguru import logger
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from assets.engine.errors import told
from flows.logs import logging_to
from flows.study import Study, StudySummary, run_study
from flows.study.progress import log_progress


@task(cache_policy=NO_CACHE, persist_result=False)
def complete_study(study: Study, store_dir: Path, jobs: int) -> StudySummary:
    """Compute and log the configurations that have no finished run yet."""
    return run_study(study, store_dir, jobs=jobs, on_progress=log_progress())


@flow(name="run_experiment", persist_result=False)
def run_experiment(
    n_bootstrap: int = Study.n_bootstrap, jobs: int = 2, store_dir: Path = Path("data")
) -> StudySummary:
    """Bring the MLflow store in `store_dir` to one finished run per configuration of the default study."""
    summary = complete_study(Study(n_bootstrap=n_bootstrap), store_dir, jobs)
    logger.info("{0.done} runs computed, {0.skipped} found finished, {0.seconds:.0f} s", summary)
    return summary


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow from the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    return told(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    with logging_to(Path(".assets/logs"), "experiment"):
        run_experiment(n_bootstrap=options.n_bootstrap, jobs=options.jobs, store_dir=options.store_dir)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flows.experiment_flow", description=__doc__)
    parser.add_argument(
        "--n-bootstrap",
        type=int,
        default=Study.n_bootstrap,
        help="refits of each configuration (%(default)s)",
    )
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (%(default)s)")
    parser.add_argument(
        "--store-dir", type=Path, default=Path("data"), help="folder of mlflow.db and mlruns/ (%(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
