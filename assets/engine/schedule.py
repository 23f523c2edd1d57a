"""The plain scheduler: every selected asset in order, what is independent side by side, no Prefect.

It keeps going: a failed asset blocks only what reads it. The flows run the same steps under Prefect.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TypeVar

from assets.engine.build import Build, Outcome, Result
from assets.engine.decide import Decision, State
from assets.engine.definitions import Definitions
from assets.engine.errors import TransientError, UserError
from assets.engine.file_build import FileBuild
from assets.engine.progress import Progress
from assets.engine.project import Project
from assets.engine.table_build import TableBuild

T = TypeVar("T")


@dataclass(frozen=True)
class Attempts:
    """How often to try again after a fault that may pass, and how long to wait in between."""

    retries: int = 3
    delay_seconds: float = 60.0

    def run(self, step: Callable[[], T], tell: Callable[[str], None], stopped: Event) -> T:
        """Run the step; try again after a `TransientError`, and only then, until told to stop."""
        for left in range(self.retries, -1, -1):
            try:
                return step()
            except TransientError as error:
                if not left:
                    raise
                tell(f"{str(error).rstrip('.')}; trying again in {self.delay_seconds:g} s ({left} left)")
                if stopped.wait(self.delay_seconds):
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")


def build_one(build: TableBuild | FileBuild, key: str) -> Result:
    """Bring one asset up to date: compute and commit it, unless it is fresh by now."""
    staged = build.stage(key)
    if isinstance(staged, Decision):
        return Result(key, Outcome.SKIPPED, staged.because())
    if isinstance(build, FileBuild):
        build.export(staged)
    return build.commit(staged)


def build_all(
    build: TableBuild | FileBuild,
    keys: Sequence[str],
    *,
    jobs: int,
    attempts: Attempts,
    tell: Callable[[str], None],
    finished: Callable[[Result], None],
) -> dict[str, Result]:
    """Build the keys, upstream first, up to `jobs` at a time; return what became of each.

    An error fails its asset alone; one that is no `UserError` is kept in the result, to be shown whole.

    Raises `Stopped` when the build is stopped, once what is in hand is finished.
    """
    results = dict[str, Result]()
    for key in _fresh(build, keys):
        results[key] = Result(key, Outcome.SKIPPED)
        finished(results[key])
    queue = _Queue(build.inventory.definitions, [key for key in keys if key not in results])
    running: dict[Future[Result], str] = {}
    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        while queue.ready or running:
            build.go_on()
            while queue.ready and len(running) < jobs:
                key = queue.ready.popleft()
                running[pool.submit(attempts.run, partial(build_one, build, key), tell, build.stopped)] = key
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            build.go_on()
            for future in done:
                key = running.pop(future)
                for result in (
                    _result(future, key),
                    *queue.settle(key, failed=future.exception() is not None),
                ):
                    results[result.key] = result
                    finished(result)
    except BaseException:  # what runs comes to its next end, what waits is not begun
        build.stopped.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return results


def _fresh(build: TableBuild | FileBuild, keys: Sequence[str]) -> list[str]:
    """Return the keys that nothing can make stale in this build: one pass, where threads would cost more."""
    with suppress(UserError, TransientError):  # told, or tried again, when it is that asset's turn
        decisions = build.inventory.plan(keys, force=build.forced)
        return [key for key in keys if decisions[key].state is State.FRESH]
    return []


class _Queue:
    """Which of the keys can be built by now: those for which all that they come after is settled.

    What reads one that failed is blocked; what is only told of it is not.
    """

    def __init__(self, definitions: Definitions, keys: Sequence[str]) -> None:
        self._waiting: dict[str, list[str]] = {key: [] for key in keys}
        for key in keys:
            for awaited in self._waiting.keys() & definitions.awaited(key):
                self._waiting[awaited].append(key)
        self._readers = {key: set(definitions.downstream(key)) for key in keys}
        self._open = Counter(k for waiting in self._waiting.values() for k in waiting)
        self._blocked: set[str] = set()
        self.ready = deque(key for key in keys if not self._open[key])

    def settle(self, key: str, *, failed: bool) -> Iterator[Result]:
        """Take a key as done; yield a result for each that can never be built since this one failed."""
        waiting = [(key, failed)]
        while waiting:
            done, bad = waiting.pop()
            for other in self._waiting[done]:
                self._open[other] -= 1
                if bad and other in self._readers[done] and other not in self._blocked:
                    self._blocked.add(other)
                    waiting.append((other, True))
                    yield Result(other, Outcome.BLOCKED, f"`{done}` failed")
                elif not self._open[other] and other not in self._blocked:
                    self.ready.append(other)


def materialize(
    project: Project,
    keys: Sequence[str],
    *,
    forced: Sequence[str] = (),
    jobs: int = 2,
    attempts: Attempts = Attempts(),
    tell: Callable[[str], None] = print,
    finished: Callable[[Result], None] = lambda _: None,
    progress: Progress | None = None,
    watched: Callable[[Build], AbstractContextManager[object]] = nullcontext,
) -> dict[str, Result]:
    """Bring the selected assets up to date, and views that show them: tables first, published together, then files.

    `watched` is entered with a build when it is open, and left when what it made is in place.
    """
    tables = [key for key in keys if project.definitions.assets[key].kind == "table"]
    files = [key for key in keys if key not in set(tables)]
    bring = partial(build_all, jobs=jobs, attempts=attempts, tell=tell, finished=finished)
    results, published = dict[str, Result](), True
    if tables:
        with project.build_tables(forced=forced, tell=tell, progress=progress) as build, watched(build):
            tables = project.definitions.with_views(tables, build.inventory.tables_there)
            results |= bring(build, tables)
            published = close(build, results.values())
    blocked = blocked_files(project.definitions, files, results)
    for result in blocked.values():
        finished(result)
    makeable = [key for key in files if key not in blocked]
    if makeable and not forced:  # opening the tables costs more than finding that nobody needs them
        decisions = project.look(project.imported_code).plan(makeable)
        for key in [key for key in makeable if decisions[key].state is State.FRESH]:
            results[key] = Result(key, Outcome.SKIPPED)
            finished(results[key])
        makeable = [key for key in makeable if key not in results]
    if makeable and not published:
        held = held_back(project.definitions, makeable, results)
        for result in held.values():
            finished(result)
        blocked, makeable = blocked | held, [key for key in makeable if key not in held]
    if makeable:
        with project.build_files(forced=forced, tell=tell) as making, watched(making):
            making.check_tables(makeable)
            results |= bring(making, makeable)
    return results | blocked


def close(build: TableBuild, results: Iterable[Result]) -> bool:
    """Publish what a build of tables finished, if there is anything new; return whether it did.

    A table that failed and was never published is simply not there. One that is published as it was before
    would stand beside others that have moved on: then nothing is published, readers keep what they had, and
    the next build goes on from the working copy.
    """
    outcomes = {result.key: result.outcome for result in results}
    bad = {key for key, outcome in outcomes.items() if outcome in (Outcome.FAILED, Outcome.BLOCKED)}
    new = build.copy.resumed or set(outcomes.values()) - {Outcome.SKIPPED, Outcome.FAILED, Outcome.BLOCKED}
    if not new or bad & build.inventory.versions.keys():
        return False
    build.copy.drop_staging()
    build.before_publishing(build.copy.connection)
    build.copy.publish(build.inventory.definitions.assets)
    build.tidy(outcomes.keys() - bad)
    build.share()
    return True


def blocked_files(
    definitions: Definitions, figures: Iterable[str], results: Mapping[str, Result]
) -> dict[str, Result]:
    """Return a result for each figure that reads, directly or not, a table that failed."""
    bad = {key for key, result in results.items() if result.outcome in (Outcome.FAILED, Outcome.BLOCKED)}
    if not bad:
        return {}
    culprits = {figure: sorted(definitions.made_from([figure]) & bad) for figure in figures}
    return {f: Result(f, Outcome.BLOCKED, f"`{keys[0]}` failed") for f, keys in culprits.items() if keys}


def held_back(
    definitions: Definitions, files: Iterable[str], results: Mapping[str, Result]
) -> dict[str, Result]:
    """Return a result for each file that reads a table which was made, but not published since another failed."""
    failed = [key for key, result in results.items() if result.outcome is Outcome.FAILED]
    made = {
        r.key for r in results.values() if r.outcome in (Outcome.BUILT, Outcome.UNCHANGED, Outcome.RESTORED)
    }
    stuck = [file for file in files if failed and definitions.made_from([file]) & made]
    return {f: Result(f, Outcome.BLOCKED, f"`{failed[0]}` failed, so nothing was published") for f in stuck}


def _result(future: "Future[Result]", key: str) -> Result:
    try:
        return future.result()
    except (UserError, TransientError) as error:
        return Result(key, Outcome.FAILED, str(error), failed_checks=getattr(error, "checks", ()))
    except Exception as error:  # a bug of the asset's: the others go on, and it is shown whole at the end
        return Result(
            key, Outcome.FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}", bug=error
        )
