"""Upper bounds of dependencies: each has a reason, and each says when it can go."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
BOUNDED = re.compile(r'^\s+"([^"]*<[^"]*)",(.*)$', re.MULTILINE)

# bound -> the release because of which it is there; once the lock has a newer one, try without the bound
CULPRITS = {
    "duckdb": ("ibis-framework", "12.0.0"),
    "sqlglot": ("ibis-framework", "12.0.0"),
    "ibis-framework": ("ibis-framework", "12.0.0"),
    "fastapi": ("prefect", "3.8.8"),
    "prefect": ("prefect", "3.8.8"),
    "mlflow": ("mlflow", "3.17.2"),
    "dagster": ("dagster", "1.13.27"),
}


def bounds() -> dict[str, str]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return {Requirement(line).name: comment for line, comment in BOUNDED.findall(text)}


def test_every_upper_bound_says_why_on_its_line() -> None:
    silent = [name for name, comment in bounds().items() if "#" not in comment]
    assert not silent


def test_every_upper_bound_has_a_release_to_watch() -> None:
    assert bounds().keys() == CULPRITS.keys()


@pytest.mark.parametrize("bound", CULPRITS)
def test_the_bound_is_still_needed(bound: str) -> None:
    culprit, release = CULPRITS[bound]
    assert version(culprit) == release, (
        f"{culprit} moved: lift the bound on {bound}, run `make lock` and the tests"
    )


def test_the_lock_is_what_is_installed() -> None:
    pinned = dict(
        re.findall(
            r"^([\w.-]+)==([^ ;\\]+)(?= \\| ;)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
        )
    )
    ours = {name: pinned[name] for name in CULPRITS}
    assert ours == {name: version(name) for name in CULPRITS}, "run `make setup`"
