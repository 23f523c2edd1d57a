"""Fixture: disks so small that they fill, in memory. Test modules name this module in `pytest_plugins`."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts an empty disk of so many megabytes; the test is skipped where the machine does not allow that."""
    with ExitStack() as mounted:

        def mount(megabytes: int) -> Path:
            place = tmp_path / "disk"
            place.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(place)]
            try:
                subprocess.run(command, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                pytest.skip("this machine does not let us mount a small disk")
            mounted.callback(partial(subprocess.run, ["umount", str(place)], check=True))
            return place

        yield mount
