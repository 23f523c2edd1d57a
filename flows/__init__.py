"""The Prefect flows: what must be fresh, in which order.

Importing this package sets, where the user has not, the environment that Prefect reads when it is
imported: a home inside the project, no telemetry, no waiting for a server that does not answer.
"""

import os

from flows.recording import page, profiles_path

_LEAN = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    # the default of 20 s is too short on a busy machine: one start in five failed
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # a server that is there and does not answer must not hold up finished work for minutes
    "PREFECT_API_REQUEST_TIMEOUT": "10",
    # the ledger is the truth; Prefect's cache does not know what is on disk
    "PREFECT_TASKS_DEFAULT_NO_CACHE": "true",
    # its console would print tracebacks beside our one-line errors; its pages still get every line
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL": "CRITICAL",
}


def _prepare_prefect() -> None:
    for name, value in _LEAN.items():
        os.environ.setdefault(name, value)
    if page() is None:  # a server of the project's own; what else the user's profile says still holds
        if os.path.exists(profiles_path()):
            os.environ.setdefault("PREFECT_PROFILES_PATH", profiles_path())
        os.environ.setdefault("PREFECT_HOME", os.path.abspath(".assets/prefect"))


_prepare_prefect()
