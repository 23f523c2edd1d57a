"""The plain scheduler: every selected asset in order, what is independent side by side, no Prefect.

It keeps going: a failed asset blocks only what reads it. The flows run the same steps under Prefect.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from threading import Event

from assets.engine.build import Outcome, Result, TableBuild
from assets.engine.decide import Decision
from assets.engine.definitions import Definitions
from assets.engine.errors import TransientError, UserError
from assets.engine.figure_build import FigureBuild
from assets.engine.project import Project


@dataclass(frozen=True)
class Attempts:
    """How often to try again after a fault that may pass, and how long to wait in between."""

    retries: int = 3
    delay_seconds: float = 60.0

    def run(self, step: Callable[[], Result], tell: Callable[[str], None], stopped: Event) -> Result:
        """Run the step; try again after a `TransientError`, and only then, until told to stop."""
        for left in range(self.retries, -1, -1):
            try:
                return step()
            except TransientError as error:
                if not left:
                    raise
                tell(f"{error}; trying again in {self.delay_seconds:g} s ({left} left)")
                if stopped.wait(self.delay_seconds):
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")


def build_one(build: TableBuild | FigureBuild, key: str) -> Result:
    """Bring one asset up to date: compute and commit it, unless it is fresh by now."""
    staged = build.stage(key)
    if isinstance(staged, Decision):
        return Result(key, Outcome.SKIPPED, staged.because())
    if isinstance(build, FigureBuild):
        build.export(staged)
    return build.commit(staged)


def build_all(
    build: TableBuild | FigureBuild,
    keys: Sequence[str],
    *,
    jobs: int,
    attempts: Attempts,
    tell: Callable[[str], None],
    finished: Callable[[Result], None],
) -> dict[str, Result]:
    """Build the keys, upstream first, up to `jobs` at a time; return what became of each.

    An error fails its asset alone; one that is no `UserError` is kept in the result, to be shown whole.
    """
    definitions, results = build.inventory.definitions, dict[str, Result]()
    waiting, running, stopped = list(keys), dict[Future[Result], str](), Event()
    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        while waiting or running:
            for key in _ready(definitions, waiting, results, set(keys)):
                waiting.remove(key)
                blockers = _failed_upstream(definitions, key, results)
                if blockers:
                    results[key] = Result(key, Outcome.BLOCKED, f"`{blockers[0]}` failed")
                    finished(results[key])
                else:
                    running[pool.submit(attempts.run, partial(build_one, build, key), tell, stopped)] = key
            done, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), None)
            for future in done:
                key = running.pop(future)
                results[key] = _result(future, key)
                finished(results[key])
    finally:  # interrupted: what runs is finished, what waits is not begun
        stopped.set()
        pool.shutdown(cancel_futures=True)
    return results


def materialize(
    project: Project,
    keys: Sequence[str],
    *,
    forced: Sequence[str] = (),
    jobs: int = 2,
    attempts: Attempts = Attempts(),
    tell: Callable[[str], None] = print,
    finished: Callable[[Result], None] = lambda _: None,
) -> dict[str, Result]:
    """Bring the selected assets up to date: tables first, published together, then figures from them."""
    by_kind = {
        kind: [k for k in keys if project.definitions.assets[k].kind == kind] for kind in ("table", "figure")
    }
    bring = partial(build_all, jobs=jobs, attempts=attempts, tell=tell, finished=finished)
    results = dict[str, Result]()
    if by_kind["table"]:
        with project.build_tables(forced=forced, tell=tell) as build:
            results |= bring(build, by_kind["table"])
            close(build, results.values())
    blocked = blocked_figures(project.definitions, by_kind["figure"], results)
    for result in blocked.values():
        finished(result)
    drawable = [key for key in by_kind["figure"] if key not in blocked]
    if drawable:
        with project.build_figures(forced=forced, tell=tell) as drawing:
            drawing.check_tables()
            results |= bring(drawing, drawable)
    return results | blocked


def close(build: TableBuild, results: Iterable[Result]) -> bool:
    """Publish a build of tables if all of it went well and there is something new; return whether it did.

    What failed leaves the working copy: the next build goes on from it, and readers keep what they had.
    """
    outcomes = {result.outcome for result in results}
    if outcomes & {Outcome.FAILED, Outcome.BLOCKED} or not (
        build.copy.resumed or outcomes - {Outcome.SKIPPED}
    ):
        return False
    build.before_publishing(build.copy.connection)
    build.copy.publish(build.inventory.definitions.assets)
    return True


def blocked_figures(
    definitions: Definitions, figures: Iterable[str], results: Mapping[str, Result]
) -> dict[str, Result]:
    """Return a result for each figure that reads, directly or not, a table that failed."""
    bad = {key for key, result in results.items() if result.outcome in (Outcome.FAILED, Outcome.BLOCKED)}
    culprits = {figure: sorted(definitions.closure([figure], down=False) & bad) for figure in figures}
    return {f: Result(f, Outcome.BLOCKED, f"`{keys[0]}` failed") for f, keys in culprits.items() if keys}


def _ready(
    definitions: Definitions, waiting: Iterable[str], results: Mapping[str, Result], keys: set[str]
) -> list[str]:
    return [k for k in waiting if all(u in results for u in definitions.assets[k].upstream if u in keys)]


def _failed_upstream(definitions: Definitions, key: str, results: Mapping[str, Result]) -> list[str]:
    bad = (Outcome.FAILED, Outcome.BLOCKED)
    return [u for u in definitions.assets[key].upstream if u in results and results[u].outcome in bad]


def _result(future: "Future[Result]", key: str) -> Result:
    try:
        return future.result()
    except (UserError, TransientError) as error:
        return Result(key, Outcome.FAILED, str(error))
    except Exception as error:  # a bug of the asset's: the others go on, and it is shown whole at the end
        return Result(
            key, Outcome.FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}", bug=error
        )
