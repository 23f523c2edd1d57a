"""How far a long piece of work has come: done, of how many, how fast, and how long it may still take."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

TELL_SECONDS = 5.0
"""Between two lines of log; work that is done sooner needs none."""
SHOW_SECONDS = 0.2
"""Between two states of a line that is rewritten."""
_RECENT_SECONDS = 300.0  # longer than the wait before another attempt, or nothing could be foretold after it


@dataclass(frozen=True)
class Standing:
    """How far the work is at a moment."""

    done: int
    total: int
    unit: str
    per_second: float
    """Over the last five minutes; what an earlier attempt had done is not counted."""

    @property
    def seconds_left(self) -> float | None:
        """What the rest takes at this rate, None as long as nothing was done."""
        return (self.total - self.done) / self.per_second if self.per_second else None

    def __str__(self) -> str:
        """Say it in a line."""
        share = 100 * self.done // self.total if self.total else 100
        told = f"{self.done:,} of {self.total:,} {self.unit} ({share} %)"
        if self.seconds_left is None:
            return told
        return f"{told}, {rate(self.per_second)}, {duration(self.seconds_left)} left"


class Progress:
    """Counts what is done and says so from time to time; may be told from several threads.

    `tell` gets lines for a log, `show`, if given, the text of a line that is rewritten, empty at the end.
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        *,
        show: Callable[[str], None] | None = None,
        unit: str = "runs",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unit = unit
        self._tell, self._show, self._clock = tell, show or (lambda _: None), clock
        self._lock = threading.RLock()
        self._marks: deque[tuple[float, int]] = deque()
        self._done = self._total = self._kept = 0
        self._began: float | None = None
        self._told = self._shown = 0.0

    def start(self, total: int, kept: int = 0) -> None:
        """Begin to count: `kept` of the total were done by an earlier attempt."""
        with self._lock:
            now = self._clock()
            self._began, self._told, self._shown = now, now, now - SHOW_SECONDS
            self._done, self._total, self._kept = kept, total, kept
            self._marks = deque([(now, kept)])

    def add(self, count: int) -> None:
        """Count what was just done."""
        with self._lock:
            if self._began is None:
                return
            now = self._clock()
            self._done += count
            self._marks.append((now, self._done))
            while len(self._marks) > 2 and now - self._marks[1][0] >= _RECENT_SECONDS:
                self._marks.popleft()
            self._say(now)

    def stop(self) -> None:
        """End: say how much was done and how fast, if it took long enough for anybody to wonder."""
        with self._lock:
            if self._began is None:
                return
            taken, new = self._clock() - self._began, self._done - self._kept
            self._began = None
            self._show("")
            if taken >= TELL_SECONDS:
                before = f" ({self._kept:,} of them before)" if self._kept else ""
                count = f"{self._done:,} of {self._total:,} {self.unit}{before}"
                self._tell(f"{count} in {duration(taken)}, {rate(new / taken)}")

    def standing(self) -> Standing | None:
        """Return how far it is; None when nothing is being counted."""
        with self._lock:
            return None if self._began is None else self._standing(self._clock())

    def _standing(self, now: float) -> Standing:
        since, before = self._marks[0]
        passed = now - since
        per_second = (self._done - before) / passed if passed else 0.0
        return Standing(self._done, self._total, self.unit, per_second)

    def _say(self, now: float) -> None:
        if now - self._shown >= SHOW_SECONDS:
            self._shown = now
            self._show(str(self._standing(now)))
        if now - self._told >= TELL_SECONDS and self._done < self._total:
            self._told = now
            self._tell(str(self._standing(now)))


def rate(per_second: float) -> str:
    """Say how many in a second, or in a minute where that is less than one."""
    if per_second >= 10:
        return f"{per_second:,.0f} a second"
    return f"{per_second:.1f} a second" if per_second >= 1 else f"{60 * per_second:.1f} a minute"


def duration(seconds: float) -> str:
    """Say how long that is in the two largest units that fit: 42 s, 1 min 42 s, 3 h 5 min."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
