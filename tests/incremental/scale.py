"""What our engine costs as projects grow: by the thousand assets, and by the thousand partitions of one."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.incremental import partitioned
from tests.incremental.ours import Ours
from tests.incremental.pipelines import pipeline
from tests.incremental.processes import Run
from tests.incremental.timings import PYTHON, Samples, measure, sample, start_python
from tests.incremental.workplace import Workplace

ASSETS = (200, 1_000, 10_000)
PARTITIONS = (100, 1_000)
After = Callable[[str, Samples], None]
"""What is told of each thing that was measured, with all samples so far."""

_PYTHON = Path(sys.executable)


def of_assets(folder: Path, count: int, *, rounds: int, after: After) -> None:
    """Measure ours alone on a pipeline of this many steps."""
    place = Workplace(Ours(_PYTHON.parent), pipeline(count), folder / f"assets-{count}", inherited=True)
    measure([place], rounds=rounds, full_rounds=1, after=after)


def of_partitions(folder: Path, count: int, *, rounds: int, after: After) -> None:
    """Measure ours on tables of this many partitions: built, with nothing to do, and with one added.

    Raises
    ------
    RuntimeError
        A build failed or came out wrong.
    """
    runs = partitioned.some_runs(count)
    place = partitioned.workplace(_PYTHON, folder / f"partitions-{count}", runs, inherited=True)
    taken: Samples = {place.tool.name: {}, PYTHON: {}}

    def keep(phase: str, run: Run) -> None:
        if run.exit_code or partitioned.totals(place) != partitioned.right_totals(runs):
            raise RuntimeError(f"{count} partitions: `{phase}` failed or is wrong:\n{run.output[-3000:]}")
        taken[place.tool.name].setdefault(phase, []).append(sample(run))
        taken[PYTHON].setdefault(phase, []).append(sample(start_python(place.folder)))

    place.fresh()
    keep("full", place.build())
    place.build()
    for _ in range(rounds):
        keep("noop", place.build())
    for turn in range(rounds):
        runs[f"run9999{turn}"] = [turn] * 20
        partitioned.write_runs(place.folder, runs)
        keep("one added", place.build())
    after("all", taken)
