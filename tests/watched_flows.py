"""A small project that the command `flows` runs, in a process of its own or in this one, and that waits when asked to."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.prefect_servers import eventually
from tests.project_folders import ROOT, Folder

PROJECT = '''
import os
import time
from assets.settings import Settings

SETTINGS = Settings(retries=1, retry_delay_seconds=0.2)


@observable_source_asset
def raw():
    """Whole numbers, one a word."""
    return observed_files("raw.txt")


@asset
def doubled(raw) -> pa.Table:
    """One number."""
    open("ran", "a").write("doubled ")
    return pa.table({"n": [2 * int(word) for word in raw[0].read_text().split()]})


@asset
def total(doubled: pa.Table) -> pa.Table:
    """The sum."""
    open("ran", "a").write("total ")
    while os.environ.get("WAIT") and not Path("go").exists():
        time.sleep(0.02)
    return pa.table({"total": [sum(doubled["n"].to_pylist())]})
'''
DRIVER = """
import sys
from pathlib import Path
from tests.watched_flows import WatchedFolder
sys.exit(WatchedFolder(Path.cwd()).command(*sys.argv[1:]))
"""


class WatchedFolder(Folder):
    """The folder of that project."""

    @classmethod
    def written(cls, path: Path) -> "WatchedFolder":
        made = cls(path)
        made.write(PROJECT)
        (path / "raw.txt").write_text("1 2 3")
        return made

    def command(self, *arguments: str) -> int:
        """Run the command in this process; return its exit code."""
        from flows.__main__ import main

        with self.open() as project, patch("assets.study.load", lambda: project):
            return main(arguments)

    def started(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start the command in a process of its own; what it says goes to the file `said`."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        given = {"PYTHONPATH": str(ROOT), "HOME": str(self.path), "DO_NOT_TRACK": "1"}
        options: dict[str, Any] = {"cwd": self.path, "env": outside | given | environment, "text": True}
        with (self.path / "said").open("a") as said:
            command = [sys.executable, "-c", DRIVER, *arguments]
            return subprocess.Popen(command, **options, stdout=said, stderr=said)

    def until_it_waits(self, process: "subprocess.Popen[str]") -> None:
        """Wait until a process that was started with WAIT works on the second table."""
        eventually(lambda: self.ran()["total"] or process.poll() is not None, 120)
        assert process.poll() is None, self.said()

    def ran(self) -> Counter[str]:
        """How often each table was computed."""
        file = self.path / "ran"
        return Counter(file.read_text().split()) if file.exists() else Counter()

    def logged(self) -> str:
        """What the logs of all runs say."""
        return "".join(path.read_text() for path in (self.path / ".assets/logs").glob("*"))

    def said(self) -> str:
        return (self.path / "said").read_text()


def ended(process: "subprocess.Popen[str]", folder: WatchedFolder, seconds: float = 120) -> int:
    """Wait for a process; return its exit code."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise AssertionError(folder.said()) from error
