"""What tools cost, measured in turn (A B C A B C ...), so that every ratio is of neighbours in time."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.incremental import processes
from tests.incremental.processes import Run
from tests.incremental.workplace import Build, Workplace

PYTHON = "python -c pass"
"""Measured beside the tools: what starting Python costs."""


@dataclass(frozen=True)
class Sample:
    """What one run cost: seconds, MB and steps."""

    wall: float
    cpu: float
    peak_mb: float | None
    ran: int
    exit_code: int


Samples = dict[str, dict[str, list[Sample]]]
"""Tool -> phase -> samples, those of one place in the lists taken one after another."""


def measure(
    places: Sequence[Workplace], *, rounds: int, full_rounds: int, after: Callable[[str, Samples], None]
) -> Samples:
    """Measure a full build, a build with nothing to do, one with an edited raw file, and a status.

    `after` is told of each of the four, with all that was measured so far.

    Raises
    ------
    RuntimeError
        A tool failed, or did not build what it should.
    """
    taken: Samples = {name: {} for name in (*(place.tool.name for place in places), PYTHON)}

    def phase(name: str, count: int, act: Callable[[Workplace, int], Run | None]) -> None:
        for turn in range(count):
            for place in places:
                done = act(place, turn)
                if done is not None:
                    _refuse_failure(place, name, done)
                    taken[place.tool.name].setdefault(name, []).append(sample(done))
            taken[PYTHON].setdefault(name, []).append(sample(start_python(places[0].folder)))
        after(name, taken)

    phase("full", full_rounds, _full)
    _refuse_wrong(places)
    for place in places:
        place.build()
    phase("noop", rounds, lambda place, _: place.build())
    phase("edit", rounds, _edit)
    _refuse_wrong(places)
    for place in places:
        place.edit_raw(bump=7)
    phase("status", rounds, _status)
    for place in places:
        place.end()
    return taken


def median(samples: Mapping[str, list[Sample]], phase: str, what: str) -> float | None:
    """Return the median of `wall`, `cpu`, `peak_mb` or `ran` in a phase, None where it was not measured."""
    values = [getattr(sample, what) for sample in samples.get(phase, [])]
    return statistics.median(values) if values and None not in values else None


def ratio(taken: Samples, phase: str, one: str, other: str) -> float | None:
    """Return the median over the rounds of how much more CPU one tool took than another."""
    pairs = zip(taken.get(one, {}).get(phase, []), taken.get(other, {}).get(phase, []), strict=False)
    ratios = [a.cpu / b.cpu for a, b in pairs if b.cpu]
    return statistics.median(ratios) if ratios else None


def _full(place: Workplace, turn: int) -> Build:
    place.fresh()
    return place.build()


def _edit(place: Workplace, turn: int) -> Build:
    place.edit_raw(note=2 + turn)
    return place.build()


def _status(place: Workplace, turn: int) -> Run | None:
    command = place.tool.status()
    return place.run(command) if command else None


def start_python(folder: Path) -> Run:
    """Start Python, do nothing, end."""
    return processes.run([sys.executable, "-c", "pass"], folder, {})


def sample(run: Run) -> Sample:
    """Return what a run cost."""
    ran = len(run.ran) if isinstance(run, Build) else 0
    return Sample(round(run.wall, 4), round(run.cpu, 4), run.peak_mb, ran, run.exit_code)


def _refuse_failure(place: Workplace, phase: str, run: Run) -> None:
    if run.exit_code and phase != "status":  # some say by their exit code that there is something to do
        raise RuntimeError(f"{place.tool.name} failed in `{phase}`:\n{run.output[-3000:]}")


def _refuse_wrong(places: Sequence[Workplace]) -> None:
    for place in places:
        if wrong := place.wrong():
            raise RuntimeError(f"{place.tool.name} built {len(wrong)} outputs wrong: {', '.join(wrong[:5])}")
