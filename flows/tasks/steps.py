"""How our steps appear in Prefect: which faults are tried again, and what a skip looks like."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event
from typing import Any

from loguru import logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.states import AwaitingRetry, Completed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.types._datetime import now
from prefect.utilities.engine import emit_task_run_state_change_event

from assets import settings
from assets.engine.build import Build, Outcome, Result
from assets.engine.declarations import Kind
from assets.engine.definitions import Definitions
from assets.engine.errors import TransientError, UserError

OPTIONS: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
"""What all tasks share. The ledger decides what is fresh: two truths would disagree some day. No tags: for each
tagged task Prefect asks its server for a slot, and a busy server's refusal ended the flow."""

_GLANCE_SECONDS = 0.2
"""Between two looks at whether the build was stopped."""


Ended = tuple[Result, BaseException | None]
"""What became of an asset, and the error when that is a bug."""


class BlockError(UserError):
    """Some assets of a block failed or were blocked; `results` says what became of each."""

    def __init__(self, results: Sequence[Result]) -> None:
        """Keep the results; the message names the culprits."""
        bad = [r for r in results if r.outcome is Outcome.FAILED]
        super().__init__("; ".join(f"{r.key}: {r.because}" for r in bad))
        self.results = list(results)


def patience(build: Build) -> dict[str, Any]:
    """Return the options of a step that is tried again after a fault that may pass by itself, as the settings ask."""
    asked = build.inventory.definitions.settings

    def may_pass(_task: Any, run: TaskRun, state: State[Any]) -> bool:
        """Tell whether another attempt is worth it, once the time for it has come."""
        error = state.result(raise_on_failure=False)
        if not isinstance(error, TransientError):
            return False
        delay = asked.retry_delay_seconds
        logger.warning("{}; trying again in {:g} s", str(error).rstrip("."), delay)
        _show_waiting(run, delay)
        return not build.stopped.wait(delay)  # waited for here: nothing can end a wait of Prefect's own

    return {"retries": asked.retries, "retry_delay_seconds": 0, "retry_condition_fn": may_pass}


def _show_waiting(run: TaskRun, seconds: float) -> None:
    """Let the page of a task run show until when it waits, as it does during a wait of Prefect's own."""
    before: State[Any] | None = run.state
    state: State[Any] = AwaitingRetry(scheduled_time=now("UTC") + timedelta(seconds=seconds))
    state.state_details.task_run_id, state.state_details.flow_run_id = run.id, run.flow_run_id
    run.state, run.state_id, run.state_type, run.state_name = state, state.id, state.type, state.name
    if before is not None:
        run.total_run_time += state.timestamp - before.timestamp
    emit_task_run_state_change_event(run, before, state)


class _Threads(ThreadPoolTaskRunner[Any]):
    def duplicate(self) -> "_Threads":
        """Return the runner of one flow run."""
        return _Threads(max_workers=settings.load().jobs)


THREADS: Any = _Threads()
"""Runs a flow's tasks in as many threads as the setting `jobs` says when the flow begins, whoever starts it.

DuckDB and numpy leave Python while they work.
"""


def submit(task: Any, build: Build, *arguments: Any, wait_for: Sequence[Any] = ()) -> PrefectFuture[Any]:
    """Submit a step with the retries that the settings ask for, to run when what it waits for is done."""
    patient = task.with_options(**patience(build))
    future: PrefectFuture[Any] = patient.submit(build, *arguments, wait_for=wait_for)
    return future


def chosen(definitions: Definitions, selection: Sequence[str] | None, *kinds: Kind) -> list[str]:
    """Return the selected assets of these kinds, in building order; all of them when nothing is selected.

    Raises UserError for a selection that names what is not there, or nothing of these kinds.
    """
    keys = [key for key in definitions.select(selection or []) if definitions.assets[key].kind in kinds]
    if not keys:
        raise UserError(
            f"{', '.join(selection or ['*'])} selects no {' or '.join(kinds)}: name some, or none for all"
        )
    return keys


def made(result: Result) -> State[Any]:
    """Return the state of a step that put an asset in place, with what became of it and why."""
    rows = "" if result.rows is None else f", {result.rows:,} rows"
    return Completed(message=f"{result.key}: {result.outcome.value}{rows}; {result.because}", data=result)


def skipped(build: Build, key: str, data: Any = None) -> State[Any]:
    """Return the state of a step that had nothing to do, visible as such with its reason."""
    return Completed(name="Skipped", message=f"{key}: {unchanged(build, key)}", data=data)


def unchanged(build: Build, key: str) -> str:
    """Say why an asset was skipped."""
    return f"input hash {build.inventory.records[key].input_hash[:8]} unchanged"


def outcome(
    build: Build, key: str, steps: Sequence[PrefectFuture[Any]], glance: Callable[[], None] = lambda: None
) -> Ended:
    """Wait for the steps of an asset; return what became of it, and the error when that is a bug.

    Calls `glance` meanwhile, every now and then. Raises `Stopped` as soon as the build is stopped, whatever waits in
    the queue.
    """
    for step in steps:
        _wait(build, step, glance)
        if step.state.is_failed() or step.state.is_crashed():
            error = step.state.result(raise_on_failure=False)
            bug = None if isinstance(error, UserError | TransientError) else error
            because = str(error) if bug is None else f"{type(error).__name__}, which is a bug: see the log"
            return Result(key, Outcome.FAILED, because), bug
        if not step.state.is_completed():  # NotReady: something that it waits for failed
            return Result(key, Outcome.BLOCKED, "what it reads failed"), None
    return steps[-1].result(), None


def _wait(build: Build, step: PrefectFuture[Any], glance: Callable[[], None]) -> None:
    ended = Event()
    step.add_done_callback(lambda _: ended.set())
    while not ended.wait(_GLANCE_SECONDS):
        build.go_on()
        glance()
    step.wait()
    build.go_on()


def settled(found: Sequence[Ended]) -> list[Result]:
    """Return the results of a block; raise the first bug, or `BlockError` when something failed."""
    for _, bug in found:
        if bug is not None:
            raise bug
    results = [result for result, _ in found]
    if any(r.outcome in (Outcome.FAILED, Outcome.BLOCKED) for r in results):
        raise BlockError(results)
    return results
