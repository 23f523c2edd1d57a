"""Building: compute an asset and set it aside, then commit it with its record.

The two steps are apart so that whoever schedules (the plain scheduler here, Prefect in `flows`) can
compute in parallel and write one at a time. Each step decides anew, with the same function that status
and plan use: work done meanwhile, or an upstream that came out the same, is never done twice.
"""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache
from assets.engine.decide import Decision
from assets.engine.errors import Stopped
from assets.engine.inventory import Inventory
from assets.engine.records import Ingredients, Record


class Outcome(Enum):
    """What became of an asset in a build."""

    BUILT = "built"
    UNCHANGED = "unchanged"
    """Rebuilt, and the same came out: nobody downstream wakes."""
    RESTORED = "restored"
    """Taken from the cache: it had been made from the very same before."""
    SKIPPED = "skipped"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Result:
    """What a build did with one asset, and why."""

    key: str
    outcome: Outcome
    because: str = ""
    rows: int | None = None
    seconds: float = 0.0
    bug: Exception | None = None
    """The error that failed it, when that is no mistake of the user's: shown whole at the end."""
    record: Record | None = None
    """What was written of it, if it was built or restored."""
    failed_checks: tuple[str, ...] = ()
    """Its own checks that kept it out."""


@dataclass(frozen=True)
class Staged:
    """An asset computed or restored and set aside, with the record to commit it under."""

    record: Record
    because: str
    output: Any
    """What the store that keeps it set aside: a `StagedTable`, or a figure's files."""
    restored: bool = False


class Build:
    """What building tables and making files have in common: deciding, and keeping count of what is done."""

    def __init__(self, inventory: Inventory, cache: ResultCache, forced: Sequence[str]) -> None:
        self.inventory, self.cache, self.forced = inventory, cache, frozenset(forced)
        self.staged: dict[str, Staged] = {}
        """What was computed and not committed yet, for schedulers whose steps hand on only names."""
        self.stopped = threading.Event()
        """Set when nothing more is to be begun: because somebody asked for that, or because of an error."""
        self.asked: int | None = None
        """The signal with which somebody asked for it."""
        self._planning = threading.RLock()
        self._done: set[str] = set()
        self._idle = threading.Condition()
        self._busy, self._over = 0, False

    def stop(self, signum: int = signal.SIGINT) -> None:
        """Let what runs come to its next end, and begin nothing more."""
        self.asked = self.asked or signum
        self.stopped.set()

    def go_on(self) -> None:
        """Raise `Stopped` once the build was asked to stop."""
        if self.stopped.is_set():
            raise self._stopped()

    def _stopped(self) -> Stopped:
        return Stopped(self._so_far(), self.asked or signal.SIGINT)

    def _so_far(self) -> str:
        """Say what is kept of an unfinished build."""
        return "what was finished is kept"

    @contextmanager
    def working(self) -> Iterator[None]:
        """Within the block the build is not ended, whoever calls; refused once it is."""
        with self._idle:
            if self._over:
                raise self._stopped()
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def end(self) -> None:
        """Wait until nothing is worked on any more; from then on nothing can be, in whatever thread."""
        with self._idle:
            self._over = True
            self._idle.wait_for(lambda: not self._busy)

    def decide(self, key: str) -> Decision:
        """Decide about an asset now; what this build has made already is not forced again."""
        with self._planning:
            return self.inventory.decide(key, forced=self._is_forced(key))

    def _is_forced(self, key: str) -> bool:
        return key in self.forced and key not in self._done

    def _cached(self, key: str, ingredients: Ingredients) -> CachedResult | None:
        """Return what came out of these ingredients before, unless the asset is to be built whatever is found."""
        return None if self._is_forced(key) else self.cache.find(ingredients.input_hash(key))

    def _settle(self, staged: Staged) -> Result:
        """Take a committed asset into the inventory and say what became of it."""
        record, key = staged.record, staged.record.key
        with self._planning:
            before = self.inventory.versions.get(key)
            self.inventory.records[key] = record
            self.inventory.versions[key] = record.data_version
            self._done.add(key)
        outcome = Outcome.UNCHANGED if before == record.data_version else Outcome.BUILT
        if staged.restored:
            outcome = Outcome.RESTORED
        return Result(key, outcome, staged.because, record.rows, record.seconds or 0.0, record=record)
