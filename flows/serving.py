"""Serve the flows: one process that runs them when a schedule, or somebody on Prefect's pages, asks for it.

It needs a Prefect server that stays, and no work pool.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from assets.engine.errors import UserError, told
from flows.server import make_home

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

_NAME = "served"
_AGAIN_SECONDS = 10.0
"""Between two questions to a server that is away."""
_CONSOLE = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.serving", description=__doc__)
    parser.add_argument(
        "--cron", help="when to run `reproduce_study`, such as '0 6 * * *'; without it, on demand"
    )
    options = parser.parse_args(arguments)
    return told(lambda: _serve(options.cron))


def _serve(cron: str | None) -> int:
    make_home()
    if os.environ.get(_CONSOLE) == "CRITICAL":  # our own default: here no command says how a run goes
        os.environ[_CONSOLE] = "INFO"
    from prefect import serve
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        raise UserError(
            "there is no Prefect server to serve: start one (`prefect server start`) and set PREFECT_API_URL to its "
            "address, such as http://127.0.0.1:4200/api"
        )
    if not PREFECT_API_URL.value().startswith(("http://", "https://")):
        raise UserError(
            "PREFECT_API_URL is no address: begin it with http:// or https://, as in http://127.0.0.1:4200/api"
        )
    _wait_for_the_server()
    serve(*deployments(cron), limit=1)
    return 0


def _wait_for_the_server() -> None:
    """Let this process ask a server that is away until it is back; Prefect would end, and the run below it too."""
    import httpx
    from prefect.client.base import PrefectHttpxAsyncClient

    ask = PrefectHttpxAsyncClient.send
    silent = False

    async def asked(
        client: PrefectHttpxAsyncClient, request: httpx.Request, *more: Any, **named: Any
    ) -> httpx.Response:
        nonlocal silent
        while True:
            try:
                answer = await ask(client, request, *more, **named)
            except httpx.TransportError:
                if not silent:
                    said = f"Prefect's server does not answer; asking again every {_AGAIN_SECONDS:g} s"
                    print(said, file=sys.stderr)
                silent = True
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                silent = False
                return answer

    PrefectHttpxAsyncClient.send = asked  # type: ignore[method-assign, assignment]


def deployments(cron: str | None) -> "list[RunnerDeployment]":
    """Return what is served: the whole study, at the times of the schedule if there is one, and each block.

    Raises UserError for a schedule that is none.
    """
    from flows.analysis_flow import generate_figures
    from flows.extraction_flow import extract_all_configs
    from flows.study_flow import reproduce_study

    try:
        made = [
            reproduce_study.to_deployment(_NAME, cron=cron),
            extract_all_configs.to_deployment(_NAME),
            generate_figures.to_deployment(_NAME),
        ]
    except ValueError as error:
        raise UserError(f"--cron {cron!r} is no schedule: five fields, such as '0 6 * * *'") from error
    return cast("list[RunnerDeployment]", made)  # no coroutines: nothing here is async


if __name__ == "__main__":
    sys.exit(main())
