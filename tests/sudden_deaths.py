"""A build that ends at a chosen point, as if its process had been killed there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assets.engine import ledger
from assets.engine.build import Build
from assets.engine.files import Files
from assets.engine.working_copy import WorkingCopy


class Died(BaseException):
    """As if the process had been killed here."""


POINTS = {
    "before a commit": (WorkingCopy, "commit", False),
    "after a commit": (WorkingCopy, "commit", True),
    "within a commit": (ledger, "write", True),
    "before a rename": (Path, "replace", False),
    "after a rename": (Path, "replace", True),
    "before publishing": (WorkingCopy, "publish", False),
    "after publishing": (WorkingCopy, "publish", True),
    "before a file": (Files, "commit", False),
    "after a file": (Files, "commit", True),
}


@contextmanager
def dying(point: str, number: int) -> Iterator[tuple[set[str], set[str]]]:
    """Die at the given point, the n-th time that it is reached; yield which assets were begun, and which settled."""
    owner, name, after = POINTS[point]
    whole, left = getattr(owner, name), [number]
    begun, settled = set[str](), set[str]()
    settle, decide = Build._settle, Build.decide

    def step(*given: Any) -> Any:
        left[0] -= 1
        if left[0] < 0 and not after:
            raise Died
        result = whole(*given)
        if left[0] < 0:
            raise Died
        return result

    def noting_settled(self: Build, staged: Any) -> Any:
        settled.add(staged.record.key)
        return settle(self, staged)

    def noting_begun(self: Build, key: str) -> Any:
        begun.add(key)
        return decide(self, key)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, name, step)
        patched.setattr(Build, "_settle", noting_settled)
        patched.setattr(Build, "decide", noting_begun)
        yield begun, settled
