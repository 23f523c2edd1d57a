"""Shell completion: a script for each shell, and the answers that those scripts ask for.

A script hands over the command line as typed up to the cursor; the answer is one candidate a line.
"""

import argparse
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assets.commands.catalogue import COMMANDS, JSON, MODULE, Argument, Command

_BASH = """\
_assets() {
    # Readline takes words apart at : and =, so what stands before the last of them is typed already.
    local word="${COMP_LINE:0:COMP_POINT}" IFS=$'\\n'
    word="${word##* }"
    COMPREPLY=($("$1" --complete "${COMP_LINE:0:COMP_POINT}" 2> /dev/null))
    local typed="${word%"${word##*[:=]}"}"
    [[ -n $typed ]] && COMPREPLY=("${COMPREPLY[@]#"$typed"}")
}
complete -o default -F _assets assets
"""

_ZSH = """\
#compdef assets
_assets() {
    local -a found=("${(@f)$("${words[1]}" --complete "${(j: :)words[1,CURRENT]}" 2> /dev/null)}")
    [[ -n ${found[1]} ]] && compadd -- "${found[@]}" || _files
}
(( $+functions[compdef] )) && compdef _assets assets
"""

_FISH = """\
complete -c assets -f -a '(assets --complete (commandline -cp) 2> /dev/null)'
complete -c assets -r -F %s
"""

_FILES = {a.names[0] for command in COMMANDS for a in command.arguments if a.how.get("metavar") == "FILE"}
_SCRIPTS = {
    "bash": _BASH,
    "zsh": _ZSH,
    "fish": _FISH % " ".join(f"-l {name.lstrip('-')}" for name in sorted(_FILES)),
}


def completion_command(options: argparse.Namespace) -> int:
    """Print the script that completes names in a shell."""
    print(_SCRIPTS[options.shell], end="")
    return 0


def complete(arguments: Sequence[str]) -> int:
    """Print what could stand at the end of a command line; nothing when that cannot be told."""
    line = arguments[0] if arguments else ""
    with contextlib.suppress(Exception):  # at the prompt nobody wants to read of a mistake in a file
        print(*candidates(line), sep="\n")
    return 0


def candidates(line: str) -> list[str]:
    """Return the words that could end this line, which begins with the program's name."""
    words = line.split()[1:]
    last = words.pop() if words and not line[-1].isspace() else ""
    typed = _Typed.of(words)
    if typed.waiting is not None:
        found = _values(typed.waiting, typed.module, last)
    elif last.startswith("-"):
        options = [*typed.command.arguments, JSON, MODULE] if typed.command else [MODULE]
        found = [name for option in options for name in option.names if name.startswith("--")]
    elif typed.command is None:
        found = [command.name for command in COMMANDS]
    else:
        places = [argument for argument in typed.command.arguments if not argument.is_option]
        several = [argument for argument in places if argument.how.get("nargs") == "*"]
        here = places[typed.places : typed.places + 1] or several
        found = _values(here[0], typed.module, last) if here else []
    return [word for word in found if word.startswith(last)]


@dataclass(frozen=True)
class _Typed:
    """What the words before the cursor say."""

    command: Command | None = None
    module: str | None = None
    places: int = 0
    """Arguments given that are no options."""
    waiting: Argument | None = None
    """The option whose value comes next."""

    @classmethod
    def of(cls, words: Iterable[str]) -> "_Typed":
        typed = cls()
        for word in words:
            typed = typed._and(word)
        return typed

    def _and(self, word: str) -> "_Typed":
        if self.waiting is not None:
            module = word if self.waiting is MODULE else self.module
            return replace(self, module=module, waiting=None)
        if word.startswith("-"):
            known = [MODULE, *(self.command.arguments if self.command else ())]
            option = next((option for option in known if word in option.names), None)
            return replace(self, waiting=option if option and option.takes_value else None)
        if self.command is None:
            return replace(self, command=next((c for c in COMMANDS if c.name == word), None))
        return replace(self, places=self.places + 1)


def _values(argument: Argument, module: str | None, last: str) -> Iterable[str]:
    if "choices" in argument.how:
        return list(argument.how["choices"])
    if argument.completes == "module":
        return sorted(path.stem for path in Path().glob("*.py"))
    if not argument.completes:
        return []
    from assets.commands.loading import project_of

    assets = project_of(module).definitions.assets
    if argument.completes == "asset":
        return list(assets)
    terms = [*assets]
    for asset in assets.values():
        terms += [f"group:{asset.group_name}", f"kind:{asset.kind}"]
        terms += [f"kind:{kind}" for kind in asset.kinds]
        terms += [f"tag:{tag}" for tag in asset.tags]
        terms += [f"owner:{owner}" for owner in asset.owners]
    start = last[: len(last) - len(last.rpartition(",")[2].lstrip("+"))]  # terms before, and a plus
    return [start + term for term in dict.fromkeys(terms)]
