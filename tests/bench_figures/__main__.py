"""What figures cost: each by itself, all together, and three of them beside matplotlib, in one run.

Lines with "process" are a command in a process of its own, with all processes that it starts: CPU seconds (user +
system) and wall-clock seconds. Machines are noisy: compare ratios.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench_figures import report, scenarios

PARTS = ("each", "all", "peer", "report")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print it as Markdown, and return the exit code."""
    options = _parser().parse_args(arguments)
    parts = options.parts or PARTS
    if unknown := set(parts) - {*PARTS}:
        _parser().error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if not (options.study / scenarios.DATABASE).is_file():
        _parser().error(f"{options.study} holds no built study: give one, as `make reproduce` leaves it")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        study = scenarios.copied(options.study, Path(folder))
        scenarios.start(study)
        for part in PARTS:
            if part in parts:
                for line in _measured(part, study, options.figures):
                    print(line, flush=True)
                print()
    return 0


def _measured(part: str, study: Path, figures: Sequence[str] | None) -> Iterator[str]:
    """Yield the lines of one part's table while they are found."""
    if part == "each":
        return report.each(scenarios.each(study, figures or scenarios.figures(study)))
    if part == "all":
        return report.steps(scenarios.together(study, figures or scenarios.figures(study)))
    return report.steps({"peer": scenarios.beside_matplotlib, "report": scenarios.page}[part](study))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench_figures", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--study", type=Path, default=Path(), help="folder of a built study (default: this one); it is copied"
    )
    parser.add_argument(
        "--figures", nargs="+", help="figures by name, for `each` and `all` (default: every one)"
    )
    parser.add_argument("--folder", type=Path, help="where the copy is put for the time (default: /tmp)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
