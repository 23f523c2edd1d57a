"""One build of all that a Dagster run selects, in a thread of its own, watched by the steps of the run.

What became of an asset is certain once it is in place: of a table when the build is published, of a file at once.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from assets.engine import schedule
from assets.engine.build import Build, Outcome, Result
from assets.engine.decide import State
from assets.engine.inventory import Inventory
from assets.engine.progress import Progress
from assets.engine.project import Project
from assets.engine.table_build import TableBuild

FORCE = "assets/force"
"""Tag of a run: `true` builds all that it selects, fresh or not."""
BAD = (Outcome.FAILED, Outcome.BLOCKED)
"""What became of an asset that is not up to date."""

_GLANCE_SECONDS = 0.5
"""Between two looks at what is to be logged."""


class Building:
    """One build of what a run selects: begun by whichever step comes first, watched by all."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._asked: frozenset[str] = frozenset()
        self._results: dict[str, Result] = {}
        self._final: set[str] = set()
        """Keys of which nothing more is to come."""
        self._changed = threading.Condition()
        self._said: deque[tuple[int, str]] = deque()
        self._thread: threading.Thread | None = None
        self._build: Build | None = None
        self._stopped = False
        self._error: BaseException | None = None
        self.inventory: Inventory
        """What is in place, kept up to date while the build goes on."""

    def result(self, key: str, context: dg.AssetExecutionContext) -> Result:
        """Return what became of an asset, once that is certain; log meanwhile what is done.

        Raises what ended the build before its end, such as a gate that refused to publish.
        """
        try:
            self._begin(context)
            while not self._is_final(key):
                self.log(context.log)
        except BaseException:  # Dagster cancels a run by raising within its step
            self.stop()
            context.log.warning("Stopping as soon as what is in hand is done; what is finished is kept.")
            raise
        self.log(context.log)
        if key in self._final:
            return self._results[key]
        raise self._error or AssertionError(f"unreachable: `{key}` is selected, so something became of it")

    @property
    def began(self) -> bool:
        """Whether any step asked for a result."""
        return self._thread is not None

    def stop(self) -> None:
        """Let what runs come to its next end, and begin nothing more."""
        self._stopped = True
        if self._build is not None:
            self._build.stop()

    def end(self) -> None:
        """Wait until nothing is built any more; what no step can ask for any more is not begun.

        A run that is cancelled between two steps, while Dagster keeps an event, raises in neither.
        """
        if not self._asked <= self._final:
            self.stop()
        self.wait()

    def wait(self) -> None:
        """Wait until nothing is built any more; at once when it was stopped before anything was open."""
        if self._thread is not None and not (self._stopped and self._build is None):
            self._thread.join()

    def log(self, log: logging.Logger) -> None:
        """Log what was said since the last time."""
        while self._said:
            log.log(*self._said.popleft())

    def _begin(self, context: dg.AssetExecutionContext) -> None:
        if self._thread is None:
            keys = _keys(self._project.definitions.order, context)
            self._asked = frozenset(keys)
            forced = keys if context.run.tags.get(FORCE, "").lower() == "true" else []
            self._thread = threading.Thread(
                target=self._work, args=(keys, forced), name="assets", daemon=True
            )
            self._thread.start()

    def _is_final(self, key: str) -> bool:
        """Wait a moment for something to happen; tell whether nothing more will become of the asset."""
        assert self._thread is not None, "begun before"
        with self._changed:
            if key not in self._final and self._thread.is_alive():
                self._changed.wait(_GLANCE_SECONDS)
            return key in self._final or not self._thread.is_alive()

    def _work(self, keys: Sequence[str], forced: Sequence[str]) -> None:
        try:
            with _heard(self._say):
                self._bring(keys, forced)
        except BaseException as error:  # the steps raise it, in the thread that Dagster watches
            self._error = error
        finally:
            with self._changed:
                self._changed.notify_all()

    def _bring(self, keys: Sequence[str], forced: Sequence[str]) -> None:
        self.inventory = self._project.look(self._project.imported_code)
        decisions = self.inventory.plan(keys, force=forced)
        if all(decision.state is State.FRESH for decision in decisions.values()):
            for key in keys:
                self._settle(Result(key, Outcome.SKIPPED))
            return
        settings = self._project.definitions.settings
        results = schedule.materialize(
            self._project,
            keys,
            forced=forced,
            jobs=getattr(settings, "jobs", 2),
            attempts=schedule.Attempts(
                getattr(settings, "retries", 3), getattr(settings, "retry_delay_seconds", 60.0)
            ),
            tell=self._warn,
            finished=self._finished,
            progress=Progress(self._say, unit=self._project.unit),
            watched=self._watched,
        )
        if not any(result.outcome in BAD for result in results.values()):
            self._project.seal()

    @contextmanager
    def _watched(self, build: Build) -> Iterator[None]:
        """Be able to stop a build while it is open; when what it made is in place, look at that."""
        self._build = build
        if self._stopped:
            build.stop()
        if not isinstance(build, TableBuild):
            # while this run waited for the lock, another may have made files
            self.inventory = self._project.look(self._project.imported_code)
        try:
            yield
        finally:
            self._build = None
        if isinstance(build, TableBuild):
            self.inventory = self._project.look(self._project.imported_code)
            for result in [*self._results.values()]:
                self._settle(result if build.copy.published else self._unpublished(result, build))

    def _unpublished(self, result: Result, build: TableBuild) -> Result:
        """Return what became of a table of a build that was not published: blocked, if readers still see another."""
        made, there = (held.records.get(result.key) for held in (build.inventory, self.inventory))
        same = (
            made and there and (made.input_hash, made.data_version) == (there.input_hash, there.data_version)
        )
        if same or result.outcome in BAD:
            return result
        failed = next(r.key for r in self._results.values() if r.outcome is Outcome.FAILED)
        kept = "what was made is kept, and the next build goes on from it"
        return Result(result.key, Outcome.BLOCKED, f"`{failed}` failed, so nothing was published; {kept}")

    def _finished(self, result: Result) -> None:
        """Take a result: at once that of a file or of what failed, that of a table when all are published."""
        self._results[result.key] = result
        if result.outcome is not Outcome.SKIPPED:
            self._say(f"{result.outcome.value} {result.key}: {result.because}")
        is_table = self._project.definitions.assets[result.key].kind == "table"
        if not is_table and result.record is not None:
            self.inventory.records[result.key] = result.record
            self.inventory.versions[result.key] = result.record.data_version
        if not is_table or result.outcome in BAD:
            self._settle(result)

    def _settle(self, result: Result) -> None:
        with self._changed:
            self._results[result.key] = result
            self._final.add(result.key)
            self._changed.notify_all()

    def _say(self, line: str) -> None:
        self._said.append((logging.INFO, line))

    def _warn(self, line: str) -> None:
        self._said.append((logging.WARNING, line))


def _keys(order: Sequence[str], context: dg.AssetExecutionContext) -> list[str]:
    """Return what a run is to bring up to date: of one that goes on from a failure, what is left to do."""
    selected = context.op_execution_context.job_def.asset_layer.selected_asset_keys
    steps = context.run.step_keys_to_execute
    return [
        key
        for key in order
        if (asset := dg.AssetKey([key])) in selected
        and (steps is None or asset.to_python_identifier() in steps)
    ]


@contextmanager
def _heard(say: Callable[[str], None]) -> Iterator[None]:
    """Let what assets log with the standard library be said, too."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(f"{record.name.partition('.')[2]}: {self.format(record)}")

    logger, handler = logging.getLogger("assets"), Handler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
