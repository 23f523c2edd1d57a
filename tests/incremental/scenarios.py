"""Twelve things that happen to a pipeline, and whether a tool gets each right.

Right means: every output equals a recomputation from nothing, exit codes tell the truth, and no step ran
that need not.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from tests.incremental.pipelines import EDITED_SCALE
from tests.incremental.workplace import Build, Workplace

_HANG_SECONDS = 240
_PATIENCE = 300


@dataclass(frozen=True)
class Outcome:
    """How a scenario went."""

    shown: str
    """Steps that ran, and what was wrong: a cell of the table."""
    right: bool
    wrong: Sequence[str] = ()
    """Steps with an output that is not what it should be."""
    said: str = field(default="", compare=False)
    """The end of what the tool printed."""


@dataclass(frozen=True)
class Scenario:
    """One of the twelve."""

    title: str
    ideal: str
    """The cell of a tool that runs no step in vain."""
    play: Callable[[Workplace], Outcome]


def cutoff(place: Workplace) -> Outcome:
    """A raw file changes, the table made from it does not."""
    place.settled()
    place.edit_raw(note=2)
    return _judged(place, place.build(), {1})


def comment(place: Workplace) -> Outcome:
    """A comment in one step's code changes."""
    place.settled()
    place.tool.edit_comment(place.folder, place.step(place.steps.caller))
    return _judged(place, place.build(), {0})


def helper(place: Workplace) -> Outcome:
    """A value changes in a function that one step calls."""
    place.settled()
    place.tool.edit_helper(place.folder)
    return _judged(
        place, place.build(), {len(place.steps.downstream(place.steps.caller))}, scale=EDITED_SCALE
    )


def delete_figure(place: Workplace) -> Outcome:
    """A figure is deleted."""
    place.settled()
    place.tool.delete(place.folder, place.step(place.steps.leaf))
    return _judged(place, place.build(), {0, 1})


def delete_table(place: Workplace) -> Outcome:
    """A table between others is deleted."""
    place.settled()
    place.tool.delete(place.folder, place.step(place.steps.middle))
    return _judged(place, place.build(), {0, 1})


def tamper_figure(place: Workplace) -> Outcome:
    """A figure is edited by hand."""
    place.settled()
    place.tool.tamper(place.folder, place.step(place.steps.leaf))
    return _judged(place, place.build(), {0, 1})


def tamper_table(place: Workplace) -> Outcome:
    """A table between others is edited by hand."""
    place.settled()
    place.tool.tamper(place.folder, place.step(place.steps.middle))
    return _judged(place, place.build(), {0, 1})


def touch(place: Workplace) -> Outcome:
    """Raw files and code get a new time, and nothing else."""
    place.settled()
    place.touch()
    return _judged(place, place.build(), {0})


def kill(place: Workplace) -> Outcome:
    """The build and all its processes are killed while a step is half way; then it is built again."""
    place.fresh()
    process = place.start_build({"BENCH_PARTIAL": place.tool.victim(place.steps)}, ".bench-killed")
    began = time.monotonic()
    while process.poll() is None and not _half_way(place) and time.monotonic() - began < _HANG_SECONDS:
        time.sleep(0.01)
    reached = _half_way(place)
    time.sleep(0.1)
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    place.end()
    outcome = _judged(place, place.build(), range(len(place.steps.steps) + 1))
    return outcome if reached else Outcome("never half way", False, outcome.wrong, outcome.said)


def switch_back(place: Workplace) -> Outcome:
    """An input changes and is built; then it changes back and is built."""
    place.settled()
    place.edit_raw(bump=100)
    there = _judged(place, place.build(), {len(place.steps.downstream(place.steps.edited))})
    place.edit_raw(bump=0)
    back = _judged(place, place.build(), {0})
    right = back.right and not there.wrong
    return Outcome(f"{there.shown} / {back.shown}", right, [*there.wrong, *back.wrong], back.said)


def two_at_once(place: Workplace) -> Outcome:
    """Two builds are started together."""
    place.fresh()
    place.log.unlink(missing_ok=True)
    first = place.start_build({"BENCH_SLEEP": "0.1"}, ".bench-first")
    time.sleep(0.4)
    second = place.start_build({"BENCH_SLEEP": "0.1"}, ".bench-second")
    codes = [_waited(first), _waited(second)]
    said = "".join(
        (place.folder / name).read_text(errors="replace") for name in (".bench-first", ".bench-second")
    )
    ran = len(place.tool.ran(place.folder, said))
    wrong = place.wrong()
    shown = f"{ran}, {codes}" + " **wrong**" * bool(wrong)
    return Outcome(
        shown, ran <= len(place.steps.steps) and codes == [0, 0] and not wrong, wrong, said[-2000:]
    )


def fail(place: Workplace) -> Outcome:
    """One step raises while the rest keeps going; then it is mended and built again."""
    place.fresh()
    step = place.step(place.steps.caller)
    failed = place.build(place.tool.break_step(place.folder, step), keep_going=True)
    blocked = place.steps.downstream(step.name)
    missing = set(place.wrong())
    place.tool.mend_step(place.folder, step)
    again = place.build()
    wrong = place.wrong()
    free = len(place.steps.steps) - len(blocked)
    done = free - len(missing - blocked)
    shown = f"{done}/{free}, {_cell(again, wrong)}"
    right = failed.exit_code != 0 and done == free and len(again.ran) == len(blocked) and not wrong
    return Outcome(shown, right and again.exit_code == 0, wrong, failed.output[-1000:] + again.output[-1000:])


SCENARIOS = {
    "cutoff": Scenario("cutoff", "1", cutoff),
    "comment": Scenario("comment", "0", comment),
    "helper": Scenario("helper", "5", helper),
    "delete-figure": Scenario("del fig", "0", delete_figure),
    "delete-table": Scenario("del table", "0", delete_table),
    "tamper-figure": Scenario("tamper fig", "0", tamper_figure),
    "tamper-table": Scenario("tamper table", "0", tamper_table),
    "touch": Scenario("touch", "0", touch),
    "kill": Scenario("kill -9, rerun", "the rest", kill),
    "switch-back": Scenario("input there / back", "6 / 0", switch_back),
    "two-at-once": Scenario("two at once: steps, exit codes", "12, [0, 0]", two_at_once),
    "fail": Scenario("fail: kept going, then ran", "7/7, 5", fail),
}
"""By name; the ideals are those of the pipeline of 12 steps."""


def play(place: Workplace, name: str) -> Outcome:
    """Play a scenario and end what the tool left running."""
    try:
        return SCENARIOS[name].play(place)
    finally:
        place.end()


def _judged(place: Workplace, build: Build, ideal: Collection[int], *, scale: int | None = None) -> Outcome:
    wrong = place.wrong() if scale is None else place.wrong(scale)
    right = build.exit_code == 0 and not wrong and len(build.ran) in ideal
    return Outcome(_cell(build, wrong), right, wrong, build.output[-2000:])


def _cell(build: Build, wrong: Collection[str]) -> str:
    return f"{len(build.ran)}" + " error" * bool(build.exit_code) + " **wrong**" * bool(wrong)


def _half_way(place: Workplace) -> bool:
    return place.log.exists() and "PARTIAL" in place.log.read_text()


def _waited(process: "subprocess.Popen[bytes]") -> int | str:
    try:
        return process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "timeout"
