"""Run the flows: `python -m flows reproduce`, `extract`, `analyze` or `experiment`.

Whether there is anything to do is decided before Prefect, MLflow, ibis or DuckDB is imported.
"""

from __future__ import annotations

import sys

from assets.engine import stamp
from assets.environment import PREFIXES
from flows import recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_SCOPES = {"reproduce": "all", "extract": "tables", "analyze": "files"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when everything asked for is fresh at the end, else 1."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) == 1 and _is_fresh(given[0], "prefect"):  # before a parser is even imported
        return 0
    from assets.engine.errors import told

    options = _parser().parse_args(given)
    if not options.force and _is_fresh(options.command, options.engine):
        return 0
    return told(lambda: _run(options))


def _is_fresh(command: str, engine: str) -> bool:
    """Tell from the stamp whether a command has nothing to do, and say so, also to a configured Prefect server."""
    scope = _SCOPES.get(command)
    found = stamp.read(stamp.path_of("study", scope), PREFIXES) if scope else None
    if found is not None:
        print(found.summary)
        if engine == "prefect" and recording.page():
            import json

            recording.record_idle(command, found.summary, json.loads(found.report)["assets"])
    return found is not None


def _run(options: argparse.Namespace) -> int:
    from pathlib import Path

    from assets.engine.importing import import_warily

    import_warily(Path(__file__).resolve().parents[1])
    from flows import reproduce_flow

    return reproduce_flow.run(options.command, force=options.force, engine=options.engine)


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="flows", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    abouts = {
        "reproduce": "everything: the default study if there is no MLflow store, then tables, then figures and report",
        "experiment": "Block 0: the default study, into a local MLflow store",
        "extract": "Block 1: from the MLflow store to the DuckDB file",
        "analyze": "Block 2: from the DuckDB file to the figures, the report and the LaTeX files",
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


if __name__ == "__main__":
    sys.exit(main())
