"""Serve the flows: one process that runs them when a schedule, or somebody on Prefect's pages, asks for it.

It needs a Prefect server that stays, and no work pool.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import cast

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.settings import PREFECT_API_URL

from assets.engine.errors import UserError, told
from flows.analysis_flow import generate_figures
from flows.extraction_flow import extract_all_configs
from flows.study_flow import reproduce_study

_NAME = "served"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.serving", description=__doc__)
    parser.add_argument(
        "--cron", help="when to run `reproduce_study`, such as '0 6 * * *'; without it, on demand"
    )
    options = parser.parse_args(arguments)
    return told(lambda: _serve(options.cron))


def _serve(cron: str | None) -> int:
    if not PREFECT_API_URL.value():
        raise UserError(
            "there is no Prefect server to serve: start one (`prefect server start`) and set PREFECT_API_URL to its "
            "address, such as http://127.0.0.1:4200/api"
        )
    serve(*deployments(cron), limit=1)
    return 0


def deployments(cron: str | None) -> list[RunnerDeployment]:
    """Return what is served: the whole study, at the times of the schedule if there is one, and each block.

    Raises UserError for a schedule that is none.
    """
    try:
        made = [
            reproduce_study.to_deployment(_NAME, cron=cron),
            extract_all_configs.to_deployment(_NAME),
            generate_figures.to_deployment(_NAME),
        ]
    except ValueError as error:
        raise UserError(f"--cron {cron!r} is no schedule: five fields, such as '0 6 * * *'") from error
    return [cast(RunnerDeployment, one) for one in made]  # no coroutines: nothing here is async


if __name__ == "__main__":
    sys.exit(main())
