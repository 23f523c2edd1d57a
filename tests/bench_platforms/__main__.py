"""What Prefect and Dagster add to the plain engine: with nothing to do, with one figure to restore, with all to build.

Each line is a command in a process of its own, with all processes that it starts: CPU seconds (user + system) and
wall-clock seconds. The commands are run in turn, on one study. Machines are noisy: compare ratios.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench_platforms import report, scenarios
from tests.bench_platforms.platforms import Platform, platforms
from tests.prefect_servers import prefect_server


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print it as Markdown, and return the exit code."""
    options = _parser().parse_args(arguments)
    chosen = options.scenarios or [*scenarios.SCENARIOS]
    if unknown := set(chosen) - {*scenarios.SCENARIOS}:
        known = ", ".join(scenarios.SCENARIOS)
        _parser().error(f"there is no scenario {', '.join(sorted(unknown))}; there are {known}")
    if not (options.study / scenarios.DATABASE).is_file():
        _parser().error(f"{options.study} holds no built study: give one, as `make reproduce` leaves it")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        study, homes = (Path(folder) / name for name in ("study", "homes"))
        for made in (study, homes, homes / "server"):
            made.mkdir()
        scenarios.copied(options.study, study)
        with prefect_server(homes / "server") as server:
            compared = _chosen(platforms(homes, server), options.platforms)
            scenarios.warm_up(study, compared)
            for name in chosen:
                scenario = scenarios.SCENARIOS[name]
                rounds = options.rounds or scenario.rounds
                found = [*scenarios.measured(scenario, study, compared, rounds)]
                print(f"### {scenario.title}\n", *report.lines(found), "", sep="\n", flush=True)
    return 0


def _chosen(known: Sequence[Platform], names: Sequence[str] | None) -> list[Platform]:
    """Return the platforms of these names, behind the plain engine; all without any."""
    if unknown := {*(names or ())} - {platform.name for platform in known}:
        there = ", ".join(platform.name for platform in known)
        _parser().error(f"there is no platform {', '.join(sorted(unknown))}; there are {there}")
    return [p for place, p in enumerate(known) if not place or names is None or p.name in names]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench_platforms", description=(__doc__ or "").split("\n")[0]
    )
    known = ", ".join(scenarios.SCENARIOS)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=f"{known} (default: all)")
    parser.add_argument(
        "--study", type=Path, default=Path(), help="folder of a built study (default: this one); it is copied"
    )
    parser.add_argument("--platforms", nargs="+", help="some by name, beside the plain engine (default: all)")
    parser.add_argument("--rounds", type=int, help="how often each is measured (default: 5, 3 and 1)")
    parser.add_argument("--folder", type=Path, help="where the copy is put for the time (default: /tmp)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
