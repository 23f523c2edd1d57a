"""What is measured: a study brought up to date from three states, by each platform in turn."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench_extraction.measured import ROOT, CommandError, Cost, cost
from tests.bench_platforms.platforms import Platform

DATABASE = "data/public/foundation_plr_results.db"
_STUDY = ("data", "figures", "pyproject.toml")


@dataclass(frozen=True)
class Taken:
    """What one platform took once, and CPU seconds of the server that runs beside it."""

    platform: str
    cost: Cost
    server: float


@dataclass(frozen=True)
class Scenario:
    """A state that the study is put into, how often that is measured, and whether a run may write."""

    title: str
    prepare: Callable[[Path], None]
    rounds: int
    writes: bool = True


def copied(study: Path, folder: Path) -> Path:
    """Copy a study with its results, without what is kept to spare time."""
    for name in _STUDY:
        copy = shutil.copytree if (study / name).is_dir() else shutil.copy2
        copy(study / name, folder / name)
    return folder


def warm_up(study: Path, platforms: Sequence[Platform]) -> None:
    """Bring the study up to date, then restore a figure on each platform, which sets up its home."""
    cost(("assets", "materialize"), study, {})
    for platform in platforms:
        delete_a_figure(study)
        cost(platform.command, study, platform.environment)


def measured(
    scenario: Scenario, study: Path, platforms: Sequence[Platform], rounds: int
) -> Iterator[Sequence[Taken]]:
    """Yield what each platform took, round by round: A B C, A B C.

    Raises
    ------
    CommandError
        A platform failed, left other results than the rest, or wrote where there was nothing to do.
    """
    versions = _versions(study)
    for _ in range(rounds):
        found = []
        for platform in platforms:
            scenario.prepare(study)
            before = None if scenario.writes else _sha256(study / DATABASE)
            found.append(_taken(platform, study))
            if _versions(study) != versions:
                raise CommandError(f"{platform.name}: other results than before")
            if before not in (None, _sha256(study / DATABASE)):
                raise CommandError(f"{platform.name}: wrote to the DuckDB file with nothing to do")
        yield found


def leave(study: Path) -> None:
    """Leave everything as it is."""


def delete_a_figure(study: Path) -> None:
    """Delete the pictures of one figure, which the cache still has."""
    for picture in (study / "figures/generated").glob("roc.*"):
        picture.unlink()


def delete_everything(study: Path) -> None:
    """Delete all results, and all that is remembered of them."""
    for folder in ("data/public", "figures/generated", ".assets"):
        shutil.rmtree(study / folder, ignore_errors=True)


SCENARIOS: Mapping[str, Scenario] = {
    "nothing": Scenario("Nothing to do", leave, rounds=5, writes=False),
    "figure": Scenario("One figure was deleted", delete_a_figure, rounds=3),
    "everything": Scenario("Everything is to be built", delete_everything, rounds=1),
}


def _taken(platform: Platform, study: Path) -> Taken:
    before = platform.server_seconds()
    taken = cost(platform.command, study, platform.environment)
    return Taken(platform.name, taken, platform.server_seconds() - before)


def _versions(study: Path) -> dict[str, str]:
    """Return the data version of every asset; CommandError if one is not fresh."""
    done = subprocess.run(
        [sys.executable, "-m", "assets", "status", "--check", "--json"],
        cwd=study,
        env={"PYTHONPATH": str(ROOT), "HOME": str(study), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CommandError(f"not everything is fresh: {done.stdout}{done.stderr}")
    return {asset["key"]: asset["data_version"] for asset in json.loads(done.stdout)["assets"]}


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
