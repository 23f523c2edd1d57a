"""Tests that share something dear run in one process: under pytest-xdist, for it is it that shares them out."""

import pytest


@pytest.mark.xdist_group("named")
def test_a_test_with_a_group_is_handed_out_with_it(request: pytest.FixtureRequest) -> None:
    assert given(request) == "named"


def test_a_test_without_a_group_is_handed_out_with_its_file(request: pytest.FixtureRequest) -> None:
    assert given(request) == "test_grouping"


def given(request: pytest.FixtureRequest) -> str:
    """The group that pytest-xdist goes by, which it writes behind a test's name."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("told by `make test`: pytest -n 2 --dist loadgroup")
    name: str = request.node.nodeid
    return name.rpartition("@")[2]
