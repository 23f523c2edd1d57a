"""A pipeline written for a tool in a folder of its own, and what can be done with it there."""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.incremental import processes
from tests.incremental.pipelines import SCALE, Pipeline, Step, answers, write_raw
from tests.incremental.processes import Run
from tests.incremental.tool import Tool

_AGE = 60.0
_TOUCHED = ("raw", "steps", "tasks", "pipeline.py")


@dataclass(frozen=True)
class Build(Run):
    """A build, and the steps that ran in it."""

    ran: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workplace:
    """One tool, one pipeline, one folder."""

    tool: Tool
    steps: Pipeline
    folder: Path
    inherited: bool = False
    """Whether this process inherits what a command leaves running, and so may count and end it."""
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def log(self) -> Path:
        """Where steps write that they run."""
        return self.folder / "runs.log"

    def fresh(self) -> None:
        """Write the project anew, with nothing built.

        Its files are a minute old: Python takes bytecode for current when time (in seconds) and size agree,
        so that an edit in the second of the first build could go unseen in every tool.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.tool.generate(self.folder, self.steps)
        then = time.time() - _AGE
        for path in self.folder.rglob("*"):
            os.utime(path, (then, then))
        for command in self.tool.prepare():
            self.run(command)

    def settled(self) -> None:
        """Write the project anew and build it, twice."""
        self.fresh()
        self.build()
        self.build()

    def run(self, command: Sequence[str], variables: Mapping[str, str] | None = None) -> Run:
        """Run a command of the tool."""
        self.log.unlink(missing_ok=True)
        return processes.run(command, self.folder, self._variables(variables), inherited=self.inherited)

    def build(self, variables: Mapping[str, str] | None = None, *, keep_going: bool = False) -> Build:
        """Bring everything up to date."""
        done = self.run(self.tool.build(keep_going=keep_going), variables)
        return Build(**vars(done), ran=tuple(self.tool.ran(self.folder, done.output)))

    def start_build(self, variables: Mapping[str, str], output: str) -> "subprocess.Popen[bytes]":
        """Start a build and return at once; it prints to the file `output`."""
        return processes.start(
            self.tool.build(), self.folder, self._variables(variables), self.folder / output
        )

    def edit_raw(self, *, note: int = 1, bump: int = 0) -> None:
        """Edit one raw file: `note` is a column that nothing reads, `bump` is added to the values."""
        write_raw(self.folder, self.steps.by_name[self.steps.edited], note=note, bump=bump)

    def touch(self) -> None:
        """Give raw files and code the time of now."""
        for name in _TOUCHED:
            path = self.folder / name
            for file in path.iterdir() if path.is_dir() else [path]:
                if file.is_file():
                    os.utime(file)

    def wrong(self, scale: int = SCALE) -> list[str]:
        """Return the steps whose output is not what a build from nothing would have made."""
        made, right = self.tool.outputs(self.folder, self.steps), answers(self.folder, self.steps, scale)
        return [step.name for step in self.steps.steps if made.get(step.name) != right[step.name]]

    def step(self, name: str) -> Step:
        """Return a step by its name."""
        return self.steps.by_name[name]

    def end(self) -> None:
        """End what the tool left running."""
        if self.inherited:
            processes.end_marked(self.mark)

    def _variables(self, more: Mapping[str, str] | None) -> dict[str, str]:
        mine = {"BENCH_LOG": str(self.log), processes.MARK: self.mark}
        return {**mine, **self.tool.variables(self.folder), **(more or {})}
