"""Logs: one loguru line says flow run, task and asset, on the terminal, in a file per run, and in Prefect."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from loguru import logger

from assets.engine.progress import Progress

if TYPE_CHECKING:
    from loguru import Message, Record

_FILE = "{time:YYYY-MM-DD HH:mm:ss.SSS} | {level:<7} | {extra[flow_run]} | {extra[task]} | {extra[asset]} | {message}"
_TERMINAL = "{time:HH:mm:ss}  <level>{extra[where]}{message}</level>"


class _Terminal:
    """Standard error; on a terminal its last line may be one that is rewritten, below all others."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = ""

    def isatty(self) -> bool:
        return sys.stderr.isatty()

    def wants(self, record: "Record") -> bool:
        """Leave out, on a terminal, what its last line says anyway, and of a worker what Prefect writes there."""
        if "PREFECT__FLOW_RUN_ID" in os.environ:
            return record["extra"]["flow_run"] == "-"
        return "progress" not in record["extra"] or not self.isatty()

    def write(self, lines: str) -> None:
        """Write whole lines above the last."""
        with self._lock:
            sys.stderr.write(f"{_CLEARED if self._last else ''}{lines}{self._last}")
            sys.stderr.flush()

    def show(self, text: str) -> None:
        """Write the last line anew, as much of it as there is room for."""
        with self._lock:
            self._last = text[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(_CLEARED + self._last)
            sys.stderr.flush()


_CLEARED = "\r\x1b[K"
_terminal = _Terminal()
_open: list[Path] = []
"""The file that is logged to, if any."""


def counted(unit: str) -> Progress:
    """Return what counts the work done: told in the log, and on a terminal in a line that is rewritten."""
    show = _terminal.show if _terminal.isatty() else None
    return Progress(logger.bind(progress=True).info, show=show, unit=unit)


@contextmanager
def logging_to(folder: Path, command: str) -> Iterator[Path]:
    """Log to the terminal, to a file of this run in `folder` and to the Prefect run; yield the file.

    Within another it is the other's file, and nothing changes: a flow logs by itself where no command does.
    """
    if _open:
        yield _open[-1]
        return
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{command}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    logger.remove()
    logger.configure(patcher=_located, extra={"asset": "-"})
    sinks = [
        logger.add(path, format=_FILE, level="DEBUG"),
        logger.add(_to_prefect, level="INFO", format="{message}"),
        logger.add(_terminal, format=_TERMINAL, level="INFO", colorize=None, filter=_terminal.wants),
    ]
    _open.append(path)
    try:
        yield path
    finally:
        _open.remove(path)
        for sink in sinks:
            logger.remove(sink)


def _located(record: "Record") -> None:
    """Say in the record which flow run and task it comes from; a dash where there is none."""
    flow_run, task = "-", "-"
    if "prefect.context" in sys.modules:  # not imported for a line of log: a plain build has no runs
        from prefect.context import FlowRunContext, TaskRunContext

        within = TaskRunContext.get()
        around = FlowRunContext.get()
        if around and around.flow_run:
            flow_run = around.flow_run.name
        if within:
            task = within.task_run.name if ":" in within.task_run.name else within.task.name
    extra: dict[str, Any] = record["extra"]
    extra |= {"flow_run": flow_run, "task": task, "asset": extra.get("asset", "-")}
    subject = extra["asset"] if extra["asset"] != "-" else extra["task"]
    extra["where"] = f"{subject}: " if subject != "-" else ""


def _to_prefect(message: "Message") -> None:
    """Hand a line to the Prefect run that it was logged in, if there is one."""
    if "prefect" not in sys.modules:
        return
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger

    record = message.record
    try:
        run_logger = get_run_logger()
    except MissingContextError:
        return  # outside a run: the file and the terminal have it
    run_logger.log(record["level"].no, "%s%s", record["extra"]["where"], record["message"])
