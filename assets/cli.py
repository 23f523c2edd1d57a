"""The `assets` command: look at assets, ask why they are stale, build them, prove what they hold.

Each command's code is loaded when it is run. Looking never writes and never takes a lock.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from assets.commands.catalogue import COMMANDS, JSON, MODULE, Argument
from assets.commands.running import run

_EPILOG = """\
every command takes:
  -m MODULE, before or after the command, and --json, whose fields assets/README.md documents

selections:
  name, +name (and all that it reads), name+ (and all that reads it), group:measures, kind:figure, tag:slow,
  owner:me; several are joined

exit codes:
  0    done
  1    a mistake of yours, an asset that failed, or the answer is no: `status --check` finds something that is
       not fresh, `verify` something that differs
  2    a command that does not parse
  130  interrupted; 141  whoever read our output went away

examples:
  assets status
  assets -m my_assets materialize
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a user's mistake is one line on standard error."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["--complete"]:  # asked by a shell, at every tab
        from assets.commands.completion import complete

        return complete(given[1:])
    parser = _parser()
    options, unknown = parser.parse_known_args(given)
    if unknown:
        known = [name for a in (*options.command.arguments, JSON, MODULE) for name in a.names]
        options.parser.error(f"`{unknown[0]}` is not understood here.{_hint(unknown[0], known)}")
    return run(options.command.module, options.command.name, options)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, with a guess at what was meant."""

    def error(self, message: str) -> NoReturn:
        """Say what does not parse and leave with 2."""
        found = re.match(r"argument (\S+): invalid choice: '(.*)' \(choose from (.*)\)", message)
        if found:
            word, known = found[2], re.findall("'(.*?)'", found[3])
            message = f"`{word}` is no {found[1].lstrip('-').lower()}.{_hint(word, known)}"
        end = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"Error: {message}{end} See `{self.prog} --help`.\n")


def _hint(word: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # costs more than all of the parser

    near = get_close_matches(word, known, n=1)
    return f" Did you mean `{near[0]}`?" if near else f" There are: {', '.join(known)}."


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="assets",
        description=(__doc__ or "").split("\n")[0].partition(": ")[2].capitalize(),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add(parser, MODULE)
    # named, or argparse would load all that it takes to format a usage line
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", prog="assets")
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.about,
            description=f"{command.about[0].upper()}{command.about[1:]}.",
            epilog="\n  ".join(["examples:", *command.examples]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for argument in command.arguments:
            _add(sub, argument)
        _add(sub, JSON)
        _add(sub, MODULE, default=argparse.SUPPRESS)  # what was given before the command holds
        sub.set_defaults(command=command, parser=sub)
    return parser


def _add(parser: argparse.ArgumentParser, argument: Argument, **more: object) -> None:
    parser.add_argument(*argument.names, help=argument.about, **{**argument.how, **more})
