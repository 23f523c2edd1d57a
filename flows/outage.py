"""A Prefect server that goes away while a flow works: the work goes on without its page, and waits for nothing.

Prefect's tasks run without their server, but the end of a flow does not; and what a process still has to tell holds up
its exit, by seconds for each of hundreds of events.
"""

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import httpx
from loguru import logger
from prefect import Flow
from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient
from prefect.client.orchestration import SyncPrefectClient
from prefect.context import FlowRunContext
from prefect.events.schemas.events import Event
from prefect.events.worker import EventsWorker
from prefect.exceptions import Abort
from prefect.runtime import flow_run
from rich.console import Console

from flows.server import away, current_page
from flows.unfinished_runs import Mark, tell

P = ParamSpec("P")
R = TypeVar("R")
_PATIENCE_SECONDS = 10.0
"""So long an event may take, connecting anew included, before the server counts as gone."""


class PageLostError(Exception):
    """The server went away before a flow had begun to work."""


@dataclass
class _Ending:
    """What the function of a flow came to."""

    entered: bool = False
    value: Any = None
    error: BaseException | None = None


def run(flow: Flow[Any, Any], **parameters: Any) -> Any:
    """Run a flow; return what its function returned, or raise what it raised, whatever became of its page.

    Raises PageLostError when the function was not entered because the server was not to be had.
    """
    ending, mark = _Ending(), Mark()
    watched: Any = flow.with_options()
    watched.fn = _keeping(flow.fn, ending, mark)
    _need_no_server()
    try:
        watched(**parameters)
    except Exception as error:
        if ending.error is error or not is_outage(error):
            mark.remove()
            raise
        give_up(error)
        _tell_later(mark, ending)
        if not ending.entered:
            raise PageLostError from error
    except KeyboardInterrupt:
        mark.remove()
        raise
    else:
        mark.remove()
    if ending.error is not None:
        raise ending.error
    return ending.value


def guarded(function: Callable[P, R]) -> Callable[P, R]:
    """Let the function of a flow come to its end without a server where nobody called `run`: in a run of a deployment.

    Such a run ends by Prefect's own Abort when its server is gone, so that whoever started it does not report a crash.
    """

    @wraps(function)
    def watched(*arguments: P.args, **named: P.kwargs) -> R:
        context = FlowRunContext.get()
        if context is None or context.flow_run is None or context.flow_run.deployment_id is None:
            return function(*arguments, **named)
        ending, mark = _Ending(), Mark()
        _need_no_server()
        try:
            value: R = _keeping(function, ending, mark)(*arguments, **named)
            return value
        finally:
            _leave(context.client, mark, ending)

    return watched


def _leave(client: Any, mark: Mark, ending: _Ending) -> None:
    """Let Prefect tell its server how a flow ended; where that is gone, keep it for later and end here."""
    assert isinstance(client, SyncPrefectClient), "our flows are no coroutines"
    if away.is_set() or client.api_healthcheck() is not None:
        _tell_later(mark, ending)
        if ending.error is not None:  # Prefect says of an Abort only that there was one
            with suppress(BrokenPipeError):
                traceback.print_exception(ending.error)
        _write_only_what_is_read()
        raise Abort("the server is gone")
    mark.remove()


def _tell_later(mark: Mark, ending: _Ending) -> None:
    """Keep what a flow came to for whoever can tell the server, and tell it at once if it is there again."""
    mark.end(failed=ending.error is not None)
    tell(current_page())


def _keeping(function: Callable[..., Any], ending: _Ending, mark: Mark) -> Callable[..., Any]:
    """Return the function of a flow, made to keep what it comes to where no outage reaches."""

    @wraps(function)
    def kept(*arguments: Any, **named: Any) -> Any:
        ending.entered = True
        mark.set(current_page(), str(flow_run.get_id()))
        try:
            ending.value, ending.error = function(*arguments, **named), None
        except BaseException as error:
            ending.error = error
            raise
        return ending.value

    return kept


def is_outage(error: Exception) -> bool:
    """Tell Prefect's ways of saying that its server is not there, or of no use, from everything else."""
    silent = isinstance(error, RuntimeError) and ("reach API" in str(error) or "ephemeral" in str(error))
    return silent or isinstance(error, httpx.HTTPError)


def give_up(error: Exception) -> None:
    """Say once that there is no page any more, and from then on expect nothing of the server in this process."""
    if not away.is_set():
        away.set()
        said = partial(logger.warning, "the work goes on without a page: Prefect's server {}")
        # in nobody's name: the threads in which Prefect reports borrow that of a task
        Context().run(said, _what_is_wrong(error))


def _what_is_wrong(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    if isinstance(cause, httpx.HTTPStatusError):  # its text has the address, and maybe a password in it
        return f"answers {cause.response.status_code}"
    return f"is not to be had ({type(cause).__name__})"


def _need_no_server() -> None:
    """Let nothing in this process ask a server again that did not answer once, nor complain of that."""
    for owner, name, own in (
        (PrefectHttpxSyncClient, "send", _asked),
        (PrefectHttpxAsyncClient, "send", _asked_in_loop),
        (EventsWorker, "_handle", _told),
        (Console, "on_broken_pipe", _unheard),
    ):
        setattr(owner, name, own)
    # or Prefect writes past every log for each batch of lines that it cannot send
    logging.raiseExceptions = False


def _unheard(console: Console) -> None:
    """Write no more where nobody reads; rich would end the process, and with it a run whose worker was killed."""
    console.quiet = True
    _write_only_what_is_read()


def _write_only_what_is_read() -> None:
    """Let go what was written to nobody: Python would try again at its end, and end with an exit code for that."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


_ask, _ask_in_loop, _tell = PrefectHttpxSyncClient.send, PrefectHttpxAsyncClient.send, EventsWorker._handle


def _asked(
    client: PrefectHttpxSyncClient, request: httpx.Request, *more: Any, **named: Any
) -> httpx.Response:
    """Ask the server as Prefect does, its own attempts included, while there is one."""
    with _while_there(request):
        return _ask(client, request, *more, **named)


async def _asked_in_loop(
    client: PrefectHttpxAsyncClient, request: httpx.Request, *more: Any, **named: Any
) -> httpx.Response:
    """The same in Prefect's own loop of events."""
    with _while_there(request):
        return await _ask_in_loop(client, request, *more, **named)


@contextmanager
def _while_there(request: httpx.Request) -> Iterator[None]:
    if away.is_set():
        raise httpx.ConnectError("the server went away before", request=request)
    try:
        yield
    except httpx.TransportError as error:
        give_up(error)
        raise


async def _told(worker: EventsWorker, event: Event) -> None:
    """Send an event as Prefect does, over a connection of its own, while there is a server to send it to."""
    if away.is_set():
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _tell(worker, event)
    except Exception as error:  # lost, refused, stalled: no report is worth the work
        give_up(error)
