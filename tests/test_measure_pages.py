"""assets/stratos/README.md says what the code says."""

from tests import measure_pages
from tests.measure_pages import PAGE, block
from tests.oracle_deviations import counted


def columns(lines, *chosen):
    return [[line.split("|")[column].strip() for column in chosen] for line in lines[2:]]


def test_the_tables_of_measures_and_statuses_are_those_of_the_code():
    page = PAGE.read_text("utf-8")
    assert block(page, "measures") == measure_pages.measures()
    assert block(page, "statuses") == measure_pages.statuses()


def test_the_table_of_deviations_lists_every_number_that_is_compared():
    # Not the deviations themselves: their last digit differs from machine to machine.
    said = block(PAGE.read_text("utf-8"), "deviations")
    found = [[f"`{name}`", part, str(count)] for (name, part), count in counted().items()]
    assert columns(said, 1, 2, 3) == found
