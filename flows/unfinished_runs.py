"""Flow runs whose end their server has not heard of, since a process was killed or the server was away.

Each running flow holds a small locked file. What a dead process left is told to the server when the next run begins,
so that none is shown as running for ever.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from assets.engine.project import STATE
from flows import recording
from flows.recording import Page, RefusedError

_FOLDER = STATE / "flow-runs"
_KILLED = (
    "CRASHED",
    "its process was killed: what was finished is kept, and the next run went on from there",
)
_FAILED = (
    "FAILED",
    "it failed while the server was away; its log in .assets/logs, or the terminal of its worker, says why",
)
_GOING_ON = ("RUNNING", "CANCELLING")
_COMPLETED = ("COMPLETED", "it came to its end while the server was away")


class Mark:
    """The file of a flow run of this process: there from its beginning until the server was told of its end."""

    def __init__(self) -> None:
        """Write nothing yet."""
        self._file: TextIO | None = None

    def set(self, page: Page, run_id: str) -> None:
        """Say that this run has begun, once the server was told of earlier ones that came to no end."""
        if self._file is not None:
            return  # another attempt of the same run
        tell(page, begun=run_id)
        _FOLDER.mkdir(parents=True, exist_ok=True)
        self._file = (_FOLDER / run_id).open("w", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._write(_KILLED)

    def end(self, *, failed: bool) -> None:
        """Say what the run came to, for whoever can tell the server later."""
        if self._file is not None:
            self._write(_FAILED if failed else _COMPLETED)
            self._file.close()

    def remove(self) -> None:
        """Take the file away: the server knows."""
        if self._file is not None:
            Path(self._file.name).unlink(missing_ok=True)
            self._file.close()

    def _write(self, state: tuple[str, str]) -> None:
        assert self._file is not None, "a mark is set before it is written"
        self._file.seek(0)
        self._file.truncate()
        json.dump({"server": _name(), "state": state}, self._file)
        self._file.flush()


def _name() -> str:
    """Return the address of the configured server; temporary ones share one database, and have many addresses."""
    configured = recording.page()
    return configured.url if configured else ""


def tell(page: Page, *, begun: str = "") -> None:
    """Tell a server of the runs that were its own and came to no end; those of a silent one are kept for later.

    Of the one that was begun anew only the tasks of the earlier attempt are told.
    """
    for path in sorted(_FOLDER.glob("*")):
        with suppress(BlockingIOError, FileNotFoundError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its process lives
            if _is_settled(page, path.name, file.read(), begun):
                path.unlink()


def _is_settled(page: Page, run_id: str, written: bytes, begun: str) -> bool:
    """Tell the server what a file says of a run; return whether the file has served its purpose."""
    try:
        said = json.loads(written)
        server, (kind, message) = said["server"], said["state"]
    except (ValueError, KeyError):
        return True  # its process was killed while it wrote
    if server != _name():
        return False
    try:
        _settle(page, run_id, kind, message, begun)
    except RefusedError as error:
        return error.status == 404  # not in the server's database any more
    except (OSError, LookupError, TypeError):
        return False  # nobody there, or no Prefect
    return True


def _settle(page: Page, run_id: str, kind: str, message: str, begun: str) -> None:
    """End a run that is shown as running, and the tasks of it that are.

    Whoever started its process, or cancelled the run, may have ended it before.
    """
    state = {"type": kind, "name": kind.capitalize(), "message": message}
    shown = page.ask("GET", f"/flow_runs/{run_id}")["state_type"]
    if shown in _GOING_ON and run_id != begun:
        page.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})
    for task in _unfinished_tasks(page, run_id):
        page.ask("POST", f"/task_runs/{task}/set_state", {"state": state, "force": True})


def _unfinished_tasks(page: Page, run_id: str) -> Iterator[str]:
    unfinished = {"state": {"type": {"any_": ["RUNNING", "PENDING", "SCHEDULED"]}}}
    asked: dict[str, Any] = {"flow_runs": {"id": {"any_": [run_id]}}, "task_runs": unfinished, "limit": 200}
    yield from (task["id"] for task in page.ask("POST", "/task_runs/filter", asked))
