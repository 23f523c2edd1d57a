"""Upper bounds of dependencies: each has a reason, and each says when it can go."""

import re
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
BOUNDED = re.compile(r'^\s+"([^"]*<[^"]*)",(.*)$', re.MULTILINE)

# bound -> the release because of which it is there; once the lock has a newer one, try without the bound
CULPRITS = {
    "duckdb": ("ibis-framework", "12.0.0"),
    "sqlglot": ("ibis-framework", "12.0.0"),
    "ibis-framework": ("ibis-framework", "12.0.0"),
    "fastapi": ("prefect", "3.8.8"),
    "sqlalchemy": ("prefect", "3.8.8"),
    "prefect": ("prefect", "3.8.8"),
    "mlflow": ("mlflow", "3.17.2"),
    "dagster": ("dagster", "1.13.27"),
    "pytest": ("pytest-xdist", "3.8.0"),
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


def locked() -> list[Requirement]:
    """The lines of the lock that hold on this machine."""
    lines = re.findall(
        r"^([\w.-]+(?:\[.*\])?==.*?) \\$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    every = map(Requirement, lines)
    return [line for line in every if line.marker is None or line.marker.evaluate()]


def wanted(line: Requirement) -> Iterator[Requirement]:
    """What the locked package asks for, with the extras that the lock takes it with."""
    for needed in map(Requirement, requires(line.name) or []):
        extras = line.extras | {""}
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
            yield needed


def pinned(line: Requirement) -> str:
    return str(line.specifier).removeprefix("==")


def test_the_lock_is_what_is_installed() -> None:
    lock = {line.name: pinned(line) for line in locked()}
    ours = {name: lock[name] for name in CULPRITS}
    assert ours == {name: version(name) for name in CULPRITS}, "run `make setup`"


def test_the_lock_names_all_that_its_packages_ask_for() -> None:
    """It is installed without looking for more (`--no-deps`)."""
    lock = {canonicalize_name(line.name): line for line in locked()}

    def holds(needed: Requirement) -> bool:
        line = lock.get(canonicalize_name(needed.name))
        return (
            line is not None
            and needed.extras <= line.extras
            and needed.specifier.contains(pinned(line), prereleases=True)
        )

    assert not [
        f"{line.name}: {needed}" for line in lock.values() for needed in wanted(line) if not holds(needed)
    ]
