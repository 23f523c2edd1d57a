"""What extraction costs, beside the straightforward way, in one run.

Every line is a command in a process of its own: CPU seconds (user + system) with all processes that it starts,
wall-clock seconds, and the largest sum of their resident memory. Machines are noisy: compare ratios.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench_extraction.report import lines
from tests.bench_extraction.scenarios import Measured, every_table, extraction, start
from tests.bench_extraction.stores import KINDS, small
from tests.large_stores import Shape

PARTS = ("400", "complete", "10000", "tables")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print it as Markdown, and return the exit code."""
    options = _parser().parse_args(arguments)
    if unknown := set(options.parts) - {*PARTS}:
        _parser().error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = []
        for measured in _measured(options, Path(folder)):
            found.append(measured)
            print(f"{measured.store} {measured.runs} {measured.step}: {measured.cost}", file=sys.stderr)
    print("\n".join(lines(found)))
    return 0


def _measured(options: argparse.Namespace, folder: Path) -> Iterator[Measured]:
    yield from start(folder)
    for part in options.parts or PARTS:
        shape = Shape(runs=10_000 if part == "10000" else 400, complete=part == "complete")
        shape = small(shape) if options.quick else shape
        if part == "tables":
            yield from every_table(shape, _folder(folder, part))
            continue
        for kind in ("sqlite",) if part == "complete" else options.stores:
            yield from extraction(kind, shape, _folder(folder, f"{part}-{kind}"))


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench_extraction", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--stores", nargs="+", choices=KINDS, default=KINDS, help="kinds of store (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="a few small runs, to see that everything works")
    parser.add_argument(
        "--folder", type=Path, help="where stores and results are put for the time (default: /tmp)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
