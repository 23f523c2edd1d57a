"""What is measured: figures drawn anew in a copy of a built study."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench_extraction.measured import ROOT, CommandError, Cost, cost

DATABASE = "data/public/foundation_plr_results.db"
GENERATED = "figures/generated"
THREE = ("roc", "calibration", "dca")
"""The figures that matplotlib draws too."""


@dataclass(frozen=True)
class Step:
    """Something that was done in a process of its own, what it took, and what to remark."""

    name: str
    cost: Cost
    remark: str = ""


@dataclass(frozen=True)
class Phases:
    """One figure: drawn cold, in a process of its own, and warm, CPU seconds by phase."""

    key: str
    cold: Cost
    chart: float
    pictures: float
    checks: float
    wall: float

    @property
    def warm(self) -> float:
        """CPU seconds of all phases."""
        return self.chart + self.pictures + self.checks


def copied(study: Path, folder: Path) -> Path:
    """Copy what figures are drawn from: the DuckDB file and the settings."""
    for name in (DATABASE, "pyproject.toml"):
        if (study / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(study / name, folder / name)
    return folder


def start(study: Path) -> None:
    """Draw one figure, so that the code and the tables have been looked at once, as they have in any study."""
    _forced(study, THREE[0])


def figures(study: Path) -> list[str]:
    """Return the names of all declared figures, in order."""
    listed = json.loads(_said("assets", "list", "--json", folder=study))
    return [asset["key"] for asset in listed["assets"] if asset["kind"] == "figure"]


def each(study: Path, keys: Sequence[str]) -> Iterator[Phases]:
    """Draw each figure by itself: cold, then once more in a process that has drawn it before."""
    for key in keys:
        cold = _forced(study, key)
        yield Phases(key, cold, **json.loads(_said("tests.bench_figures.warm", key, folder=study)))


def together(study: Path, keys: Sequence[str]) -> Iterator[Step]:
    """Draw all figures on one and on two workers; CommandError if they do not come out the same, to the byte."""
    made: dict[str, dict[str, str]] = {}
    for jobs in ("1", "2"):
        taken = _forced(study, ",".join(keys), FOUNDATION_PLR_JOBS=jobs)
        made[jobs] = _digests(study / GENERATED)
        yield Step(f"{len(keys)} figures, {jobs} at a time", taken, f"{len(made[jobs])} files")
    if differing := {name for name, digest in made["1"].items() if made["2"].get(name) != digest}:
        raise CommandError(f"two builds differ in {', '.join(sorted(differing))}")


def beside_matplotlib(study: Path) -> Iterator[Step]:
    """Draw three figures ours, and the same three plots with matplotlib; without it the second is left out."""
    yield Step(
        "ROC, calibration, decision curves: ours", _forced(study, ",".join(THREE)), "checked, with sidecars"
    )
    if importlib.util.find_spec("matplotlib") is None:
        print("matplotlib is not installed: pip install matplotlib, and run this again", file=sys.stderr)
        return
    taken = cost(("tests.bench_figures.peer", DATABASE, "peer"), study, {"MPLCONFIGDIR": str(study / "mpl")})
    yield Step("ROC, calibration, decision curves: matplotlib", taken, _pictures(study / "peer"))


def page(study: Path) -> Iterator[Step]:
    """Write the report anew, with everything it shows in place."""
    _forced(study, "kind:figure,kind:file")
    taken = _forced(study, "report")
    size = (study / GENERATED / "report.html").stat().st_size
    yield Step("the report", taken, f"{size / 1e6:.2f} MB")


def _forced(study: Path, selection: str, **environment: str) -> Cost:
    return cost(("assets", "materialize", selection, "--force"), study, environment)


def _said(*command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**_environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FOUNDATION_PLR_")}


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def _pictures(folder: Path) -> str:
    return f"{len(list(folder.iterdir()))} files"
