"""How our steps appear in Prefect: which faults are tried again, and what a skip looks like."""

from collections.abc import Sequence
from threading import Event
from typing import Any

from loguru import logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from assets.engine.build import Build, Outcome, Result
from assets.engine.decide import Decision
from assets.engine.errors import TransientError, UserError

OPTIONS: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
"""What all tasks share. The ledger decides what is fresh: two truths would disagree some day. No tags: for each
tagged task Prefect asks its server for a slot, and a busy server's refusal ended the flow."""

_GLANCE_SECONDS = 0.2
"""Between two looks at whether the build was stopped."""


class BlockError(UserError):
    """Some assets of a block failed or were blocked; `results` says what became of each."""

    def __init__(self, results: Sequence[Result]) -> None:
        """Keep the results; the message names the culprits."""
        bad = [r for r in results if r.outcome is Outcome.FAILED]
        super().__init__("; ".join(f"{r.key}: {r.because}" for r in bad))
        self.results = list(results)


def patience(build: Build) -> dict[str, Any]:
    """Return the options of a step that is tried again after a fault that may pass by itself, as the settings ask."""
    settings = build.inventory.definitions.settings

    def may_pass(_task: Any, _run: Any, state: State[Any]) -> bool:
        """Tell whether another attempt is worth it, once the time for it has come."""
        error = state.result(raise_on_failure=False)
        if not isinstance(error, TransientError):
            return False
        delay = settings.retry_delay_seconds
        logger.warning("{}; trying again in {:g} s", str(error).rstrip("."), delay)
        return not build.stopped.wait(delay)  # waited for here: nothing can end a wait of Prefect's own

    return {"retries": settings.retries, "retry_delay_seconds": 0, "retry_condition_fn": may_pass}


def threads(jobs: int = 2) -> Any:
    """Return the runner of a flow's tasks: as many threads as jobs; DuckDB and numpy leave Python while they work."""
    return ThreadPoolTaskRunner(max_workers=jobs)


def submit(task: Any, build: Build, *arguments: Any, wait_for: Sequence[Any] = ()) -> PrefectFuture[Any]:
    """Submit a step with the retries that the settings ask for, to run when what it waits for is done."""
    patient = task.with_options(**patience(build))
    future: PrefectFuture[Any] = patient.submit(build, *arguments, wait_for=wait_for)
    return future


def skipped(key: str, decision: Decision, data: Any = None) -> State[Any]:
    """Return the state of a step that had nothing to do, visible as such with its reason."""
    because = decision.because() or "input hash unchanged"
    return Completed(name="Skipped", message=f"{key}: {because}", data=data)


def outcome(
    build: Build, key: str, steps: Sequence[PrefectFuture[Any]]
) -> tuple[Result, BaseException | None]:
    """Wait for the steps of an asset; return what became of it, and the error when that is a bug.

    Raises `Stopped` as soon as the build is stopped, whatever waits in the queue.
    """
    for step in steps:
        _wait(build, step)
        if step.state.is_failed() or step.state.is_crashed():
            error = step.state.result(raise_on_failure=False)
            bug = None if isinstance(error, UserError | TransientError) else error
            return Result(key, Outcome.FAILED, str(error)), bug
        if not step.state.is_completed():  # NotReady: something that it waits for failed
            return Result(key, Outcome.BLOCKED, "what it reads failed"), None
    return steps[-1].result(), None


def _wait(build: Build, step: PrefectFuture[Any]) -> None:
    ended = Event()
    step.add_done_callback(lambda _: ended.set())
    while not ended.wait(_GLANCE_SECONDS):
        build.go_on()
    step.wait()
    build.go_on()


def settled(found: Sequence[tuple[Result, BaseException | None]]) -> list[Result]:
    """Return the results of a block; raise the first bug, or `BlockError` when something failed."""
    for _, bug in found:
        if bug is not None:
            raise bug
    results = [result for result, _ in found]
    if any(r.outcome in (Outcome.FAILED, Outcome.BLOCKED) for r in results):
        raise BlockError(results)
    return results
