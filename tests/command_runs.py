"""Commands run in this process, in a project's folder, with what they said."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from assets.cli import main
from tests.project_folders import MODULE, Folder


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int

    @property
    def lines(self) -> list[str]:
        """Its output, each run of blanks as one."""
        return [" ".join(line.split()) for line in self.out.splitlines() if line.strip()]

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(folder: Folder, *arguments: str) -> Said:
    """Run a command on the folder's project."""
    with folder.inside():
        return said("-m", MODULE, *arguments)


def said(*arguments: str) -> Said:
    """Run a command where we are."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
    return Said(out.getvalue(), err.getvalue(), code)
