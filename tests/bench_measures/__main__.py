"""What the measures cost, each beside a loop over scikit-learn and statsmodels in the same run.

Each line is CPU seconds (user + system, with children) of a process of its own, without its imports and the making
of its data; its peak of memory has both. `copy` is what numpy takes to copy the numbers once that a loop would look
at. Compare ratios: machines are noisy.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_AGREE = 1e-6


@dataclass(frozen=True)
class Part:
    """One kind of work on one size of data; the peer may do a part of it, which is then extrapolated."""

    title: str
    work: str
    runs: int
    n: int
    resamples: int = 0
    peer_runs: int = 1
    peer_resamples: int = 0

    @property
    def times(self) -> float:
        """How much more ours does than the peer."""
        return self.runs * max(1, self.resamples) / (self.peer_runs * max(1, self.peer_resamples))


PARTS = {
    "points": [Part("point measures, 400 x 1,000", "points", 400, 1000, peer_runs=400)],
    "bootstrap": [
        Part("AUROC, Brier, log loss, 400 x 1,000 x 1,000", "bootstrap", 400, 1000, 1000, 10, 100),
        Part("AUROC, Brier, log loss, 1 x 50,000 x 1,000", "bootstrap", 1, 50_000, 1000, 1, 20),
        Part("AUROC, Brier, log loss, 1 x 1,000,000 x 1,000", "bootstrap", 1, 1_000_000, 1000, 1, 2),
    ],
    "recalibration": [
        Part("intercept and slope, 400 x 1,000 x 1,000", "recalibration", 400, 1000, 1000, 5, 100)
    ],
    "large": [
        Part("point measures, 1 x 50,000", "points", 1, 50_000),
        Part("point measures, 1 x 1,000,000", "points", 1, 1_000_000),
    ],
    "sql": [Part("point measures in SQL, 10,000 x 1,000", "sql", 10_000, 1000, peer_runs=200)],
}
"""What can be measured, by the name that the command line takes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts that are asked for; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench_measures", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)} (default: all)")
    asked = parser.parse_args(arguments).parts or [*PARTS]
    if unknown := set(asked) - {*PARTS}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    print("CPU seconds and peak of memory; models x rows x resamples\n")
    for part in (part for name in asked for part in PARTS[name]):
        print(_line(part), flush=True)
    return 0


def _line(part: Part) -> str:
    """Measure a part and its peer, and return what both took."""
    ours = _cost("ours", part.work, part.runs, part.n, part.resamples)
    copied = _cost("ours", "copy", part.runs, part.n, part.resamples)["cpu"]
    line = f"{part.title:<46} {ours['cpu']:8.2f} s {ours['peak_mb']:7,.0f} MB   copy {copied:7.3f} s"
    peer = _cost("peer", part.work, part.peer_runs, part.n, part.peer_resamples)
    _check(part, ours["found"], peer["found"])
    cpu = peer["cpu"] * part.times
    note = f"   peer extrapolated from 1/{part.times:,.0f}" if part.times > 1 else ""
    return f"{line}   peer {cpu:9.2f} s {peer['peak_mb']:7,.0f} MB   ratio {ours['cpu'] / cpu:8.5f}{note}"


def _cost(side: str, work: str, *size: int) -> Any:
    command = [sys.executable, "-m", f"tests.bench_measures.{side}", work, *map(str, size)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def _check(part: Part, ours: dict[str, float], peer: dict[str, float]) -> None:
    """Refuse to compare the cost of different numbers."""
    for name in ours.keys() & peer.keys():
        if abs(ours[name] - peer[name]) > _AGREE * max(1.0, abs(peer[name])):
            raise SystemExit(f"{part.title}: {name} is {ours[name]} with us, {peer[name]} with the peer")


if __name__ == "__main__":
    sys.exit(main())
