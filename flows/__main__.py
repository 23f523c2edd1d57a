"""Run the flows: `python -m flows reproduce`, `extract`, `analyze` or `experiment`.

Whether there is anything to do is decided before Prefect, MLflow, ibis or DuckDB is imported.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from assets.engine import stamp
from assets.engine.errors import told
from assets.environment import PREFIXES

_SCOPES = {"reproduce": "all", "extract": "tables", "analyze": "figures"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when everything asked for is fresh at the end, else 1."""
    started = time.monotonic()
    options = _parser().parse_args(arguments)
    scope = _SCOPES.get(options.command)
    if scope and not options.force:
        found = stamp.read(stamp.path_of(scope), PREFIXES)
        if found is not None:
            print(_nothing_to_do(found, time.monotonic() - started))
            return 0
    return told(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    from flows import reproduce_flow

    return reproduce_flow.run(options.command, force=options.force, engine=options.engine)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flows", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    abouts = {
        "reproduce": "everything: the default study if there is no MLflow store, then tables, then figures",
        "experiment": "Block 0: the default study, into a local MLflow store",
        "extract": "Block 1: from the MLflow store to the DuckDB file",
        "analyze": "Block 2: from the DuckDB file to the figures",
    }
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in abouts.items():
        sub = commands.add_parser(name, help=about, description=about)
        sub.add_argument("--force", action="store_true", help="rebuild whatever the state")
        sub.add_argument(
            "--engine",
            choices=("prefect", "plain"),
            default="prefect",
            help="who schedules stale work: Prefect (default), or the plain scheduler, which starts at once",
        )
    return parser


def _nothing_to_do(found: dict, seconds: float) -> str:  # type: ignore[type-arg]  # plain JSON
    kinds = [row["kind"] for row in found["assets"]]
    counts = [f"{kinds.count(kind)} {kind}s" for kind in ("table", "figure") if kind in kinds]
    return f"Everything is fresh: {' and '.join(counts)}; nothing to do (decided in {seconds * 1000:.0f} ms)."


if __name__ == "__main__":
    sys.exit(main())
