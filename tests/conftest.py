"""How the tests are shared out between processes."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups, and after files that name one
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a file to one worker, so that what they share is made once; a group may span files."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
