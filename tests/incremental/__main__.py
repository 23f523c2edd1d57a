"""The benchmark of incremental builders: `python -m tests.incremental --help`."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

from tests.incremental import peers, results, scale, tables
from tests.incremental.further import FURTHER
from tests.incremental.peers import HOME, TOOLS
from tests.incremental.pipelines import pipeline
from tests.incremental.processes import become_subreaper
from tests.incremental.scenarios import SCENARIOS, play
from tests.incremental.timings import Samples, measure
from tests.incremental.workplace import Workplace

RESULTS, WORK = HOME / "results", HOME / "work"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    become_subreaper()
    return int(options.run(options))


def set_up(options: argparse.Namespace) -> int:
    """Make the environments of the peers."""
    for name in options.tools or [tool.name for tool in peers.PEERS]:
        try:
            peers.set_up(name)
            print(f"{name}: ready")
        except subprocess.CalledProcessError as error:
            print(f"{name}: not installed: {error}", file=sys.stderr)
    return 1 if peers.missing() else 0


def measure_all(options: argparse.Namespace) -> int:
    """Do all that follows, one after the other, with the tools that are installed."""
    tools = _chosen([])
    for size in _COMPARED:
        _compare(tools, size, rounds=options.rounds, full_rounds=1)
    _play(tools, list(SCENARIOS))
    _play_further()
    _grow(scale.ASSETS, scale.PARTITIONS, rounds=options.rounds)
    return show(options)


def measure_times(options: argparse.Namespace) -> int:
    """Measure tools in one run of one size."""
    _compare(_chosen(options.tools), options.size, rounds=options.rounds, full_rounds=options.full_rounds)
    return show(options)


def play_scenarios(options: argparse.Namespace) -> int:
    """Play the twelve scenarios with tools, and with ours what no peer does."""
    _play(_chosen(options.tools), options.only or list(SCENARIOS))
    if not (options.tools or options.only):
        _play_further()
    return show(options)


def measure_scale(options: argparse.Namespace) -> int:
    """Measure ours by size: thousands of assets, and of partitions."""
    _grow(options.assets, options.partitions, rounds=options.rounds)
    return show(options)


def show(options: argparse.Namespace) -> int:
    """Print the tables of what was measured last."""
    small, large = (results.speed(RESULTS, str(size)) for size in _COMPARED)
    sizes = [(count, kind) for kind, counts in _GROWN.items() for count in counts]
    grown = {f"{count:,} {kind}": results.speed(RESULTS, f"{count}-{kind}") for count, kind in sizes}
    outcomes = results.outcomes(RESULTS)
    further = outcomes.pop(_FURTHER, {})
    shown = {
        "Speed (seconds)": tables.speed(small, large),
        "Ours beside others in the same run": tables.ratios(small, large),
        "Right or wrong": tables.right_or_wrong(outcomes),
        "What no peer does": tables.further(further),
        "Ours by size": tables.scale(grown),
    }
    print("\n\n".join(f"### {title}\n\n{table}" for title, table in shown.items()))
    return 0


_COMPARED = (12, 200)
_GROWN = {"assets": scale.ASSETS, "partitions": scale.PARTITIONS}
_FURTHER = "further"  # the name that these scenarios are kept under, beside those of the tools


def _compare(tools: Sequence[str], size: int, *, rounds: int, full_rounds: int) -> None:
    places = [_place(name, size) for name in tools]
    measure(places, rounds=rounds, full_rounds=full_rounds, after=_keeping(f"{size}", f"{size} steps"))


def _keeping(name: str, title: str) -> Callable[[str, Samples], None]:
    def keep(phase: str, taken: Samples) -> None:
        results.keep_speed(RESULTS, name, taken)
        _tell(f"{title}: {phase}")

    return keep


def _play(tools: Sequence[str], scenarios: Sequence[str]) -> None:
    for name in tools:
        for scenario in scenarios:
            outcome = play(_place(name, 12), scenario)
            results.keep_outcomes(RESULTS, name, {scenario: outcome})
            _tell(f"{name:<16} {scenario:<14} {outcome.shown:<24} {'right' if outcome.right else ''}")


def _play_further() -> None:
    for name, scenario in FURTHER.items():
        outcome = scenario.play(WORK / name)
        results.keep_outcomes(RESULTS, _FURTHER, {name: outcome})
        _tell(f"{name:<31} {outcome.shown:<24} {'right' if outcome.right else ''}")


def _grow(assets: Sequence[int], partitions: Sequence[int], *, rounds: int) -> None:
    for count in assets:
        scale.of_assets(WORK, count, rounds=rounds, after=_keeping(f"{count}-assets", f"{count} assets"))
    for count in partitions:
        keep = _keeping(f"{count}-partitions", f"{count} partitions")
        scale.of_partitions(WORK, count, rounds=rounds, after=keep)


def _chosen(names: Sequence[str]) -> list[str]:
    ready = [name for name in names or TOOLS if peers.installed(name)]
    if absent := [name for name in names or TOOLS if name not in ready]:
        _tell(f"not installed: {', '.join(absent)} (`python -m tests.incremental setup` installs them)")
    return ready


def _place(name: str, size: int) -> Workplace:
    tool = peers.installed(name)
    assert tool is not None, name
    return Workplace(tool, pipeline(size), WORK / f"{name}-{size}", inherited=True)


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.incremental", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        sub.set_defaults(run=run)
        return sub

    def with_tools(sub: argparse.ArgumentParser) -> argparse.ArgumentParser:
        sub.add_argument(
            "tools", nargs="*", metavar="TOOL", help=f"{', '.join(TOOLS)}; all that are installed"
        )
        return sub

    with_tools(command("setup", set_up))
    command("all", measure_all).add_argument("--rounds", type=int, default=5)
    timed = with_tools(command("times", measure_times))
    timed.add_argument("--size", type=int, default=12, help="steps: 12, or a multiple of 20 from 60 up")
    timed.add_argument("--rounds", type=int, default=5)
    timed.add_argument("--full-rounds", type=int, default=1, help="full builds")
    with_tools(command("scenarios", play_scenarios)).add_argument(
        "--only", action="append", choices=list(SCENARIOS), help="a scenario; may be repeated"
    )
    grown = command("scale", measure_scale)
    grown.add_argument("--assets", type=int, nargs="*", default=scale.ASSETS)
    grown.add_argument("--partitions", type=int, nargs="*", default=scale.PARTITIONS)
    grown.add_argument("--rounds", type=int, default=3)
    command("show", show)
    return parser


if __name__ == "__main__":
    sys.exit(main())
