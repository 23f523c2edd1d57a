"""Where tables are built: alone among builds, in a place that was looked at before, guarded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine.guardrails import Guard
from assets.engine.heartbeat import Heartbeat
from assets.engine.lock import build_lock
from assets.engine.progress import Progress
from assets.engine.stamp import HEARTBEAT, LOCK, STATE
from assets.engine.warehouse import bound, spill_folder
from assets.engine.working_copy import WorkingCopy

if TYPE_CHECKING:
    from assets.engine.project import Project


@contextmanager
def workplace(
    project: "Project", tell: Callable[[str], None], progress: Progress
) -> Iterator[tuple[WorkingCopy, Guard]]:
    """Wait for other builds, prepare the place, open the copy that tables are built in, and watch."""
    with build_lock(Path(LOCK), tell):
        project.prepare()
        folders = (project.database.parent, Path(STATE))
        with (
            spill_folder(Path(STATE, "spill")) as spill,
            WorkingCopy(project.database) as copy,
            Heartbeat(Path(HEARTBEAT), progress) as heartbeat,
            Guard(project.limits, tell, folders=folders, beat=heartbeat.beat) as guard,
        ):
            bound(copy.connection, project.limits, spill)
            try:
                yield copy, guard
            finally:
                progress.stop()
