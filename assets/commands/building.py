"""The command that builds: `materialize`."""

import argparse
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from assets.commands import screen
from assets.commands.explaining import chosen, plan_command
from assets.commands.loading import project_of
from assets.engine.declarations import Absent
from assets.engine.errors import TransientError, UserError

if TYPE_CHECKING:
    from assets.engine.build import Result
    from assets.engine.inventory import Inventory
    from assets.engine.progress import Progress

Finished = Callable[["Result"], None]
Reporting = tuple[Finished, "Progress"]

_FAILED = ("failed", "blocked")


def materialize_command(options: argparse.Namespace) -> int:
    """Bring assets up to date; return 1 when one of them failed."""
    if options.dry_run:
        return plan_command(options)
    if options.jobs is not None and options.jobs < 1:
        raise UserError(f"--jobs {options.jobs} would compute nothing: give a number from 1 on")
    from assets.engine.schedule import Attempts, materialize

    project = project_of(options.module)
    settings = project.definitions.settings
    inventory = project.look()
    keys, forced = chosen(inventory, options)
    _refuse_empty_handed(inventory, keys)
    with _reporting(options, len(keys), project.unit) as (finished, progress):
        results = materialize(
            project,
            keys,
            forced=forced,
            jobs=options.jobs or getattr(settings, "jobs", 2),
            attempts=Attempts(
                getattr(settings, "retries", 3), getattr(settings, "retry_delay_seconds", 60.0)
            ),
            tell=_tell,
            finished=finished,
            progress=progress,
        )
    _tell_absent(inventory, keys)
    if options.json:
        order = [key for key in project.definitions.order if key in results]
        screen.as_json({"assets": [_result_row(results[key]) for key in order]})
    for result in results.values():
        if result.bug is not None:
            traceback.print_exception(result.bug)
    if any(result.outcome.value in _FAILED for result in results.values()):
        return 1
    project.seal()
    return 0


@contextmanager
def _reporting(options: argparse.Namespace, count: int, unit: str) -> Iterator[Reporting]:
    """Give what is called with each result as it comes, and what counts the parts of one."""
    from assets.engine.progress import Progress

    if options.json:
        yield lambda _: None, Progress(_tell, unit=unit)
    elif options.quiet:
        yield _print_failure, Progress(lambda _: None)
    elif screen.coloured():
        with _live(count, unit) as reporting:
            yield reporting
    else:
        yield _print_result, Progress(_tell, unit=unit)


def _refuse_empty_handed(inventory: "Inventory", keys: Sequence[str]) -> None:
    """Raise where nothing was ever built and a source is not there: most likely the wrong folder, or no `-m`."""
    absent = [] if inventory.records else [*_absent(inventory, keys)]
    if absent:
        source, reason = absent[0]
        way_out = "what does not read it can be built by name"
        raise UserError(f"nothing was ever built here, and source `{source}` is absent: {reason}; {way_out}")


def _tell_absent(inventory: "Inventory", keys: Sequence[str]) -> None:
    """Say which sources are not there: what was made from them was left as it is."""
    for source, reason in _absent(inventory, keys):
        _tell(f"source `{source}` is absent, and what was made from it stands: {reason}")


def _absent(inventory: "Inventory", keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The sources of these assets that are not there, and why."""
    read = {upstream for key in keys for upstream in inventory.definitions.assets[key].upstream}
    for source in sorted(read & inventory.definitions.sources.keys()):
        with suppress(UserError, TransientError):  # of a silent one its readers tell
            seen = inventory.observation(source)
            if isinstance(seen, Absent):
                yield source, seen.reason


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _print_failure(result: "Result") -> None:
    if result.outcome.value in _FAILED:
        _print_result(result)


def _print_result(result: "Result") -> None:
    size = screen.counted(result.rows, "row")
    done = f"{result.outcome.value:<9}  {result.key:<26}  {size:>12}  {result.seconds:6.2f} s"
    print(f"{done}  {result.because}".rstrip())


@contextmanager
def _live(count: int, unit: str) -> Iterator[Reporting]:
    """Show how far it is in a line that moves, above it what was done; assets that were fresh are counted only."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    from assets.engine.progress import Progress

    outcomes = Counter[str]()
    columns = (BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns) as bar:
        task = bar.add_task("", total=count)

        def finished(result: "Result") -> None:
            outcome = result.outcome.value
            outcomes[outcome] += 1
            if outcome != "skipped":
                size = screen.counted(result.rows, "row")
                line = f"{result.key:<26}  {size:>12}  {result.seconds:6.2f} s  {result.because}".rstrip()
                bar.console.print(Text.assemble((f"{outcome:<9}  ", screen.STYLES[outcome]), line))
            bar.update(task, advance=1, description=", ".join(f"{n} {name}" for name, n in outcomes.items()))

        def show(text: str) -> None:
            bar.update(task, description=text)

        yield finished, Progress(lambda _: None, show=show, unit=unit)


def _result_row(result: "Result") -> dict[str, Any]:
    return {
        "key": result.key,
        "outcome": result.outcome.value,
        "because": result.because,
        "rows": result.rows,
        "seconds": result.seconds,
    }
