"""The last lines of a run: what became of everything, what to mend, and nothing that is not so any more."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from assets.engine.build import Outcome, Result
from flows.summary import summary
from tests.project_folders import EVERY, Folder


def said(folder: Folder, *results: Result) -> list[str]:
    with folder.open() as project:
        settings = SimpleNamespace(figures_dir="figures")
        told = replace(project, definitions=replace(project.definitions, settings=settings))
        return summary(told, {result.key: result for result in results}, 1.25, Path("x.log")).splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.numbers(tmp_path)


def test_what_came_out_is_counted_and_the_places_are_named(folder: Folder) -> None:
    built = [Result(key, Outcome.BUILT) for key in sorted(EVERY - {"lines"})]
    assert said(folder, *built, Result("lines", Outcome.SKIPPED)) == [
        "",
        "tables   4 built, 1 skipped",
        "results  my_assets.duckdb, figures/",
        "log      x.log",
        "took     1.2 s",
    ]


def test_one_failure_that_blocks_everything_takes_two_lines(folder: Folder) -> None:
    blocked = [Result(key, Outcome.BLOCKED, "") for key in ("by_parity", "extremes", "summary")]
    failed = Result("measured", Outcome.FAILED, "the server does not answer")
    assert said(folder, failed, *blocked)[1:4] == [
        "tables   1 failed, 3 blocked",
        "  failed measured: the server does not answer",
        "    it blocks by_parity, extremes, summary",
    ]
    folder.write("\n@asset\ndef more(summary: pa.Table) -> pa.Table:\n    return summary\n", "more.py")
    folder.edit("import helpers", "import helpers\nfrom more import more")
    folder.edit("\n@asset", "from assets.engine import asset\nimport pyarrow as pa\n\n@asset", "more.py")
    lines = said(folder, failed, *blocked, Result("more", Outcome.BLOCKED))
    assert lines[3] == "    it blocks 4 tables"


def test_what_is_blocked_by_no_failure_at_hand_says_why_itself(folder: Folder) -> None:
    held = Result("lines", Outcome.BLOCKED, "nothing was published")
    assert said(folder, Result("measured", Outcome.FAILED, "x"), held)[2:4] == [
        "  blocked lines: nothing was published",
        "  failed measured: x",
    ]


@pytest.mark.parametrize(("outcome", "told"), [(Outcome.SKIPPED, True), (Outcome.BLOCKED, False)])
def test_runs_are_counted_only_if_the_table_of_runs_is_as_it_should_be(
    folder: Folder, outcome: Outcome, told: bool
) -> None:
    folder.edit("def lines(raw)", "def runs(raw)")
    lines = said(folder, Result("runs", outcome))
    assert ("runs     none published" in lines) is told
