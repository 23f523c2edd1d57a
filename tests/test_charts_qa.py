"""The gate: the specimen passes every check, and each check catches every mutant that it is for."""

import pytest
from chart_figures import TABLES
from chart_specimen import specimen

from assets.charts.qa import check_figure
from assets.charts.qa.checking import CHECKS
from tests.chart_mutants import Mutant
from tests.chart_mutants_numbers import P0, P1
from tests.chart_mutants_print import P2, P3

LEVELS = {"P0": P0, "P1": P1, "P2": P2, "P3": P3}
MUTANTS = [
    pytest.param(check, mutant, id=f"{level} {check}: {mutant.fault}")
    for level, table in LEVELS.items()
    for check, mutants in table.items()
    for mutant in mutants
]
BY_NAME = {check.name: check for check in CHECKS}


def test_the_specimen_passes_every_check_and_every_check_applies_to_it() -> None:
    verdict = check_figure(*specimen(), TABLES)
    assert {check.name: check.messages for check in verdict.checks if check.outcome != "passed"} == {}


def test_no_check_is_without_a_mutant_and_each_table_has_the_checks_of_its_level() -> None:
    assert {level: list(table) for level, table in LEVELS.items()} == {
        level: [check.name for check in CHECKS if check.level == level] for level in LEVELS
    }


@pytest.mark.parametrize(("check", "mutant"), MUTANTS)
def test_a_check_catches_its_mutant(check: str, mutant: Mutant) -> None:
    found = BY_NAME[check](mutant.exhibit())
    assert found.outcome == "failed"
    assert any(mutant.says in message for message in found.messages), found.messages
