"""The benchmark's scenarios, played with our engine: every one comes out right, and no step runs in vain."""

import sys
from pathlib import Path

import pytest

from tests.incremental.further import FURTHER
from tests.incremental.ours import Ours, OursExpressions
from tests.incremental.pipelines import answers, pipeline, write_raw
from tests.incremental.scenarios import SCENARIOS, play
from tests.incremental.workplace import Workplace

BIN = Path(sys.executable).parent
OF_EXPRESSIONS = ("cutoff", "comment", "helper", "tamper-table", "switch-back", "fail")
"""What compiling an expression, rather than running a function, could get wrong."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_comes_out_right_with_no_step_in_vain(name: str, tmp_path: Path) -> None:
    outcome = play(Workplace(Ours(BIN), pipeline(12), tmp_path / "project"), name)
    assert outcome.right, outcome
    if name != "kill":  # how much was finished before, chance decides
        assert outcome.shown == SCENARIOS[name].ideal, outcome.said


@pytest.mark.parametrize("name", OF_EXPRESSIONS)
def test_a_scenario_comes_out_right_with_expressions_too(name: str, tmp_path: Path) -> None:
    outcome = play(Workplace(OursExpressions(BIN), pipeline(12), tmp_path / "project"), name)
    assert outcome.right, outcome
    assert outcome.shown == SCENARIOS[name].ideal, outcome.said


@pytest.mark.parametrize("name", FURTHER)
def test_what_no_peer_does_comes_out_right_too(name: str, tmp_path: Path) -> None:
    outcome = FURTHER[name].play(tmp_path / "project")
    assert outcome.right, outcome
    assert outcome.shown == FURTHER[name].ideal, outcome.said


def test_an_output_that_is_wrong_is_found_wrong(tmp_path: Path) -> None:
    place = Workplace(Ours(BIN), pipeline(12), tmp_path / "project")
    place.settled()
    assert place.wrong() == []
    place.tool.tamper(place.folder, place.step("t3"))
    place.tool.delete(place.folder, place.step("f4"))
    assert place.wrong() == ["t3", "f4"]
    assert place.wrong(scale=5) == ["t1", "t3", "t5", "f1", "f3", "f4"]


def test_the_right_answer_follows_the_raw_files_and_the_helper(tmp_path: Path) -> None:
    small = pipeline(12)

    def write(*, note: int = 1, bump: int = 0) -> None:
        for step in small.steps[:3]:
            write_raw(tmp_path, step, note=note, bump=bump)

    write()
    before = answers(tmp_path, small, scale=3)
    write(note=2)
    assert answers(tmp_path, small, scale=3) == before
    changed = {name for name, answer in answers(tmp_path, small, scale=5).items() if answer != before[name]}
    assert changed == small.downstream("t1")


@pytest.mark.parametrize("size", [13, 40, 210])
def test_a_pipeline_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"no pipeline of {size} steps"):
        pipeline(size)


@pytest.mark.parametrize("size", [12, 60, 200])
def test_a_pipeline_has_as_many_steps_as_asked_for_upstream_first(size: int) -> None:
    steps = pipeline(size).steps
    seen: set[str] = set()
    for step in steps:
        assert seen.issuperset(step.reads)
        seen.add(step.name)
    assert len(seen) == size
