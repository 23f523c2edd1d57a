"""What none of the peers does: scenarios for our engine alone."""

import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.incremental import partitioned
from tests.incremental.ours import Ours, OursExpressions
from tests.incremental.pipelines import EDITED_SCALE, SCALE, Step, pipeline
from tests.incremental.scenarios import Outcome
from tests.incremental.tool import HELPERS, replace
from tests.incremental.workplace import Workplace

_PYTHON = Path(sys.executable)
_RUNS = 400
_MAY = {
    "keep": {"skipped"},
    "run": {"built", "unchanged"},
    "restore": {"restored"},
    "maybe": {"built", "unchanged", "restored", "skipped"},
}
"""What may become of an asset, by what the plan said of it."""


@dataclass(frozen=True)
class Further:
    """One scenario: played in a folder of its own."""

    title: str
    ideal: str
    play: Callable[[Path], Outcome]


class _KeepsNotes(OursExpressions):
    """Sources keep the column `note`, which no expression reads."""

    name = "ours-notes"

    def declared(self, step: Step) -> str:
        return super().declared(step).replace("SELECT id, grp, val FROM read_csv", "SELECT * FROM read_csv")


def unread_column(folder: Path) -> Outcome:
    """A column changes that is in a table, and that nothing downstream reads: only the table itself is made again."""
    place = Workplace(_KeepsNotes(_PYTHON.parent), pipeline(12), folder)
    place.settled()
    place.edit_raw(note=2)
    build = place.build()
    return _outcome(" ".join(build.ran), build.exit_code == 0, place.wrong(), build.output)


def helper_there_and_back(folder: Path) -> Outcome:
    """A value in the code changes and is built, changes back and is built: the first results are restored."""
    place = _place(folder)
    place.settled()
    place.tool.edit_helper(place.folder)
    there, wrong = place.build(), place.wrong(EDITED_SCALE)
    replace(place.folder / HELPERS, f"return {EDITED_SCALE}", f"return {SCALE}")
    back = place.build()
    fine = there.exit_code == back.exit_code == 0
    return _outcome(f"{len(there.ran)} / {len(back.ran)}", fine, [*wrong, *place.wrong()], back.output)


def one_run_more(folder: Path) -> Outcome:
    """To 400 partitions one is added, then one changes, then one goes: steps of partitions run each time."""
    runs = partitioned.some_runs(_RUNS)
    place = partitioned.workplace(_PYTHON, folder, runs)
    place.settled()
    counts, wrong = [], []
    for change in ({"added": [5]}, {"run00007": [6]}, {"run00009": None}):
        runs = {run: values for run, values in {**runs, **change}.items() if values is not None}
        partitioned.write_runs(folder, runs)
        build = place.build()
        counts.append(sum(name.startswith("measured-") for name in build.ran))
        if build.exit_code or partitioned.totals(place) != partitioned.right_totals(runs):
            wrong.append(str(change))
    return _outcome(" / ".join(map(str, counts)), True, wrong, build.output)


def clones_agree(folder: Path) -> Outcome:
    """Two clones, with other hash seeds and the raw rows in another order, have the same data versions."""
    versions = []
    for seed in (1, 2):
        place = _place(folder / str(seed))
        place.fresh()
        _shuffle(place, seed)
        build = place.build({"PYTHONHASHSEED": str(seed)})
        versions.append({row["key"]: row["data_version"] for row in _json(place, "status")["assets"]})
    same = sum(version is not None and versions[1][key] == version for key, version in versions[0].items())
    return _outcome(f"{same} of {len(versions[0])}", build.exit_code == 0, place.wrong(), build.output)


def foretold(folder: Path) -> Outcome:
    """What the plan says is what the build does: actions and predicted data versions, change after change."""
    place = _place(folder)
    place.fresh()
    kept = total = 0
    wrong: list[str] = []
    for change in _changes(place):
        planned = {row["key"]: row for row in _json(place, "plan")["steps"]}
        done = {row["key"]: row["outcome"] for row in _json(place, "materialize")["assets"]}
        found = {row["key"]: row["data_version"] for row in _json(place, "status")["assets"]}
        broken = [key for key, row in planned.items() if not _came_true(row, done[key], found[key])]
        total, kept = total + len(planned), kept + len(planned) - len(broken)
        wrong += [f"{change}: {key} {planned[key]['action']} -> {done[key]}" for key in broken]
    return _outcome(f"{kept} of {total}", True, wrong, "")


FURTHER = {
    "unread-column": Further("a column changes that nothing downstream reads: steps", "s1", unread_column),
    "helper-there-and-back": Further(
        "a value in the code there / back: steps", "5 / 0", helper_there_and_back
    ),
    "one-run-more": Further(
        "of 400 partitions 1 added / changed / gone: computed", "1 / 1 / 0", one_run_more
    ),
    "clones-agree": Further("two clones: equal data versions", "12 of 12", clones_agree),
    "foretold": Further("the plan came true: assets over 6 builds", "72 of 72", foretold),
}


def _changes(place: Workplace) -> Iterator[str]:
    """Change the project, one change at a time; yield what was done."""
    steps, tool = place.steps, place.tool
    yield "nothing built"
    place.edit_raw(note=2)
    yield "a raw file, not its table"
    place.edit_raw(bump=3)
    yield "a raw file and its table"
    tool.edit_helper(place.folder)
    yield "the helper"
    replace(place.folder / HELPERS, f"return {EDITED_SCALE}", f"return {SCALE}")
    yield "the helper, back"
    tool.delete(place.folder, place.step(steps.middle))
    tool.tamper(place.folder, place.step(steps.leaf))
    yield "a table deleted, a figure edited"


def _came_true(said: Mapping[str, Any], outcome: str, version: str) -> bool:
    return outcome in _MAY[said["action"]] and said["predicted"] in (None, version)


def _json(place: Workplace, command: str) -> Any:
    tool = place.tool
    assert isinstance(tool, Ours)
    return json.loads(place.run(tool.assets(command, "--json")).output)


def _shuffle(place: Workplace, seed: int) -> None:
    for step in place.steps.steps:
        if step.kind == "source":
            head, *lines = (place.folder / step.raw).read_text().splitlines(keepends=True)
            random.Random(seed).shuffle(lines)
            (place.folder / step.raw).write_text(head + "".join(lines))


def _place(folder: Path) -> Workplace:
    return Workplace(Ours(_PYTHON.parent), pipeline(12), folder)


def _outcome(shown: str, fine: bool, wrong: list[str], said: str) -> Outcome:
    return Outcome(shown + " **wrong**" * bool(wrong or not fine), fine and not wrong, wrong, said[-2000:])
