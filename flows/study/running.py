"""Running a study: what is missing is computed by worker processes and logged by this one."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine import workers
from assets.engine.errors import UserError
from flows.study.definition import Configuration, Study
from flows.study.store import RunLog, logged_runs, only_writer

if TYPE_CHECKING:
    from flows.study.evaluation import Evaluation

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class StudySummary:
    """done: runs computed now; skipped: runs found finished; seconds: wall clock."""

    done: int
    skipped: int
    seconds: float


def run_study(
    study: Study, store_dir: Path, *, jobs: int = 2, on_progress: Progress = lambda _done, _total: None
) -> StudySummary:
    """Bring the store to exactly one FINISHED run per configuration of the study; do only what is missing.

    It may be stopped at any point, by an error, Ctrl-C or kill -9, and called again. The numbers do not
    depend on `jobs`.

    Parameters
    ----------
    study
        What to run.
    store_dir
        Receives `mlflow.db` and `mlruns/`; nothing is written elsewhere.
    jobs
        Worker processes, each with one thread.
    on_progress
        Called with (finished configurations, all configurations) at the start and after each run.

    Raises
    ------
    UserError
        The store holds runs of another definition, another process is writing into it, or `jobs` is below 1.

    """
    if jobs < 1:
        raise UserError(f"jobs = {jobs}: at least one process has to work.")
    started = time.perf_counter()
    configurations = study.configurations()
    with only_writer(store_dir):
        found = logged_runs(study, store_dir)
        missing = [one for one in configurations if one.run_name not in found.finished]
        skipped = len(configurations) - len(missing)
        on_progress(skipped, len(configurations))
        if missing or found.left_over:
            with _evaluations(study, missing, jobs) as evaluations:
                log = RunLog(study, store_dir)  # imports MLflow while the workers import scikit-learn
                log.kill(found.left_over)
                for done, evaluation in enumerate(evaluations, start=skipped + 1):
                    log.log(evaluation)
                    on_progress(done, len(configurations))
    return StudySummary(done=len(missing), skipped=skipped, seconds=time.perf_counter() - started)


@contextmanager
def _evaluations(
    study: Study, configurations: list[Configuration], jobs: int
) -> Iterator[Iterator["Evaluation"]]:
    # spawn, not fork: a forked child would inherit locks held by MLflow's, Prefect's or BLAS' threads.
    pool = ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn"), initializer=_prepare_worker)
    try:
        # The list gets no name, so that each result (megabytes) can be forgotten once it is logged.
        finished = as_completed([pool.submit(_evaluate, study, one) for one in configurations])
        yield (future.result() for future in finished)
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare_worker() -> None:
    from threadpoolctl import threadpool_limits

    import flows.study.evaluation  # noqa: F401  (the libraries must be loaded before their threads can be limited)

    workers.prepare()
    threadpool_limits(limits=1)  # more threads than cores, and sums in another order, otherwise


def _evaluate(study: Study, configuration: Configuration) -> "Evaluation":
    from flows.study.evaluation import evaluate

    return evaluate(study, configuration)
