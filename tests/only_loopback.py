"""Processes that can connect to nothing beyond this machine, and that write down who tried."""

import os
from pathlib import Path

from tests.study_clones import ROOT

_SITE = """
import sys

def watched(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in (None, "", "localhost", "::1") and not str(host).startswith("127."):
        with open(LOG, "a") as log:
            log.write(f"{host}\\n")
        raise ConnectionRefusedError(f"{host} is beyond this machine")

sys.addaudithook(watched)
"""


class OnlyLoopback:
    """What to start a process with; those that it starts inherit it."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "beyond"
        self._log.touch()
        (folder / "sitecustomize.py").write_text(_SITE.replace("LOG", repr(str(self._log))), "utf-8")
        self.environment = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}

    def tried(self) -> list[str]:
        """The hosts beyond this machine that were looked up or connected to."""
        return self._log.read_text().split()
