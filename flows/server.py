"""The temporary Prefect server of a run: it outlasts a Ctrl-C, and not the run itself."""

import ctypes
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG in <sys/prctl.h>."""


def keep_apart() -> None:
    """Let the server that Prefect starts for a run have a session of its own.

    Ctrl-C in a terminal reaches all processes of a group, and a flow whose server is gone hangs in Prefect's retries
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
