"""The Prefect server of a run: the configured one if it answers, else a temporary one that ends with the run."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLError
from threading import Event
from types import SimpleNamespace
from typing import Any

from loguru import logger

from assets.engine.project import STATE
from flows import recording
from flows.recording import Page, RefusedError

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG in <sys/prctl.h>."""
_CONFIGURED = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")

away = Event()
"""Set for the rest of the process once the server that it used went away."""


@contextmanager
def lean_prefect() -> Iterator[None]:
    """Import Prefect and leave out what a run outside a deployment has no use for."""
    _forget_silent_server()
    logger.info("starting Prefect")
    make_home()
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    _keep_apart()
    # a sync flow ends by waiting out its heartbeat thread: a second for nothing
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def make_home() -> None:
    """Make the folder that Prefect is told to keep its things in, before it is imported."""
    if "PREFECT_HOME" in os.environ:
        Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)


def current_page() -> Page:
    """Return the server that Prefect's flows of this process use."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY, PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if not url:
        from prefect.server.api.server import SubprocessASGIServer

        url = SubprocessASGIServer().api_url
    return Page(url, PREFECT_API_KEY.value(), PREFECT_API_AUTH_STRING.value())


def _forget_silent_server() -> None:
    """Go on with a temporary server when the configured one does not answer; work must not wait for a page."""
    page = recording.page()
    trouble = page and recording.trouble_of(lambda: _knock(page))
    if page and trouble:
        logger.warning(
            "the Prefect server at {} is of no use ({}): this run is not recorded there", page.url, trouble
        )
        for name in _CONFIGURED:
            os.environ[name] = ""  # wins over what a profile says
        os.environ.setdefault("PREFECT_HOME", str((STATE / "prefect").absolute()))


def _knock(page: Page) -> None:
    """Raise OSError unless somebody is there; whether they let us in is for Prefect to say."""
    try:
        page.ask("GET", "/health")
    except RefusedError as error:
        if error.status >= 500:
            raise
    except SSLError:
        pass


def _keep_apart() -> None:
    """Let the server that Prefect starts for a run have a session of its own.

    Ctrl-C in a terminal reaches all processes of a group, and a flow whose server is gone would be without a page
    while it ends. Where the system can (Linux), the server ends with this process, even by `kill -9`.
    """
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        return  # a server that is there already
    from prefect.server.api import server

    own: Any = server
    own.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _started})


def _started(*arguments: Any, **options: Any) -> Any:
    popen: Any = subprocess.Popen
    return popen(*arguments, **options, start_new_session=True, preexec_fn=_in_the_child())


def _in_the_child() -> Any:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_DIE_WITH_PARENT, signal.SIGTERM)
