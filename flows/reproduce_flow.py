"""All blocks in their order: the default study when there is nothing to read, then tables, then figures.

Each block is looked at first; Prefect is imported only for one that has something to do.
"""

import fcntl
import hashlib
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

from loguru import logger

from assets import inputs, settings, study
from assets.engine.build import Outcome, Result
from assets.engine.decide import State
from assets.engine.declarations import Absent
from assets.engine.errors import TransientError, UserError
from assets.engine.leftovers import working_copy
from assets.engine.project import SCOPES, STATE, Project
from assets.engine.report import counted_kinds, everything_fresh, report
from assets.engine.schedule import Attempts, blocked_files
from flows import recording
from flows.blocks import by_prefect, plainly
from flows.logs import logging_to
from flows.server import away, lean_prefect
from flows.summary import FAILURES, summary

_BLOCKS = {"tables": "Block 1, extraction", "files": "Block 2, analysis"}
"""By what is stamped apart (`SCOPES`)."""
_COMMANDS = {"reproduce": ("tables", "files"), "extract": ("tables",), "analyze": ("files",)}
_OF_SCOPE = {"tables": "extract", "files": "analyze"}
_UNFINISHED = STATE / "experiment-unfinished"


def run(command: str, *, force: bool = False, engine: str = "prefect") -> int:
    """Run `reproduce`, `experiment`, `extract` or `analyze`; return 0 if all of it is fresh at the end, else 1."""
    started = time.monotonic()
    with logging_to(STATE / "logs", command) as log:
        if command == "experiment":
            experiment(engine)
            return 0
        if command == "reproduce":
            _experiment_if_needed(engine)
        project, results = study.load(), dict[str, Result]()
        _await_writers(project)
        if command == "extract" or (command == "reproduce" and project.definitions.settings.tracking_uri):
            _refuse_absent_sources(project)
        for scope in _COMMANDS[command]:
            results |= _block(project, scope, results, force=force, engine=engine)
        if not _failures(results.values()):
            project.seal(SCOPES if command == "reproduce" else _COMMANDS[command])
    print(summary(project, results, time.monotonic() - started, log))
    return 1 if _failures(results.values()) else 0


def _experiment_if_needed(engine: str) -> None:
    """Run the default study when no MLflow store is configured or present; go on with one that was cut off."""
    chosen = settings.load()
    if chosen.tracking_uri is not None:
        return
    if _UNFINISHED.exists():
        logger.info("Block 0: the default study was interrupted; going on with it")
    elif inputs.evidence.default_store() is not None:
        return
    elif Path(chosen.database).exists():
        logger.info(
            "Block 0: no MLflow store, but {} is there: its tables stand as they are", chosen.database
        )
        return
    else:
        logger.info("Block 0: no MLflow store is configured or present: running the default study into data/")
    experiment(engine)


def experiment(engine: str) -> None:
    """Run the default study, or what is left of it, into `data/mlflow.db`; its patients are public data."""
    from flows.study import SUBJECT_KEY, Study

    chosen = settings.load()
    study.prepare(chosen)  # hours of work must not end at a folder that cannot be written
    key = hashlib.sha256(SUBJECT_KEY).digest()
    inputs.subjects.ensure_key(Path(chosen.private_dir) / inputs.evidence.DEFAULT_STUDY, declared=key)
    _UNFINISHED.parent.mkdir(parents=True, exist_ok=True)
    _UNFINISHED.touch()
    refits = chosen.n_bootstrap or Study.n_bootstrap
    if engine != "prefect" or not _experiment_with_prefect(refits, chosen.jobs):
        from flows.study import run_study
        from flows.study.progress import log_progress

        run_study(Study(n_bootstrap=refits), Path("data"), jobs=chosen.jobs, on_progress=log_progress())
    _UNFINISHED.unlink()


def _experiment_with_prefect(refits: int, jobs: int) -> bool:
    """Run the default study as a flow; return False when there is no server for it."""
    with lean_prefect():
        from flows import outage
        from flows.experiment_flow import run_experiment

        try:
            outage.run(run_experiment, n_bootstrap=refits, jobs=jobs, store_dir=Path("data"))
        except outage.PageLostError:
            return False
    return True


def _await_writers(project: Project) -> None:
    """Wait, as often and as long as the settings say, for another program to let go of the DuckDB file.

    Raises TransientError, which says who holds it, when that does not help.
    """
    chosen = project.definitions.settings
    attempts = Attempts(chosen.retries, chosen.retry_delay_seconds)
    attempts.run(lambda: _refuse_a_writer(project.database), logger.warning, Event())


def _refuse_a_writer(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # needs no DuckDB, unlike the reason
        except OSError:
            from assets.engine.warehouse import open_read_only

            with open_read_only(path):
                pass


def _refuse_absent_sources(project: Project) -> None:
    """Raise when what was asked to be read is not there; a server that is silent may come back."""
    inventory = project.look()
    for source in project.definitions.sources:
        with suppress(TransientError):
            seen = inventory.observation(source)
            if isinstance(seen, Absent):
                raise UserError(seen.reason)


def _block(
    project: Project, scope: str, earlier: dict[str, Result], *, force: bool, engine: str
) -> dict[str, Result]:
    """Bring all assets of a block up to date, unless they are."""
    keys = project.of_kinds(*SCOPES[scope])
    blocked = blocked_files(project.definitions, keys, earlier) if earlier else {}
    keys = [key for key in keys if key not in blocked]
    stale = _stale(project, keys, force=force)
    unfinished = scope == "tables" and working_copy(project.database).exists()
    what = counted_kinds([project.definitions.assets[key].kind for key in keys])
    if not stale and not unfinished:
        logger.info("{}: {}, all fresh", _BLOCKS[scope], what)
        if engine == "prefect" and recording.page():
            _record_idle(project, scope, keys)
        return {key: Result(key, Outcome.SKIPPED) for key in keys} | blocked
    logger.info("{}: {}, {} to look at", _BLOCKS[scope], what, len(stale))
    build = _with_prefect if engine == "prefect" and not away.is_set() else plainly
    return {result.key: result for result in build(project, scope, keys, force=force)} | blocked


def _record_idle(project: Project, scope: str, keys: Sequence[str]) -> None:
    """Let a block that is skipped as a whole be seen on the configured server, without starting Prefect for it."""
    try:
        inventory = project.look()
        rows = report(inventory, inventory.plan(keys), project.database)["assets"]
    except TransientError as error:  # no page is worth the run
        logger.warning("the Prefect server was not told of this run: {}", error)
        return
    recording.record_idle(_OF_SCOPE[scope], everything_fresh([row["kind"] for row in rows]), rows)


def _stale(project: Project, keys: Sequence[str], *, force: bool) -> list[str]:
    """Return the keys that are not fresh; all of them when a server does not answer, and may yet."""
    try:
        decisions = project.look().plan(keys, force=keys if force else ())
    except TransientError as error:
        logger.warning("{}", error)
        return list(keys)
    return [key for key, decision in decisions.items() if decision.state is not State.FRESH]


def _with_prefect(project: Project, scope: str, keys: Sequence[str], *, force: bool) -> list[Result]:
    with lean_prefect():
        return by_prefect(project, scope, keys, force=force)


def _failures(results: Iterable[Result]) -> list[Result]:
    return [r for r in results if r.outcome in FAILURES]


if __name__ == "__main__":
    from flows.__main__ import main

    sys.exit(main(["reproduce", *sys.argv[1:]]))
