"""How the tests are shared out between processes."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker where pytest-xdist, which declares it, is switched off."""
    config.addinivalue_line("markers", "xdist_group(name): one worker runs all tests of the group")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups, and after files that name one
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a file to one worker, so that what they share is made once; a group may span files."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
