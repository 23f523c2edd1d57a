"""Console sessions written in Markdown, run for real: the commands of README.md and of tests/stories/.

A block that starts with ```console holds lines `$ command`, each with the output that it prints; `...`
stands for anything, and runs of blanks count as one. An expected exit code other than 0 is written as
`[exit 1]` on the last line of the output.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_WILDCARD = re.compile(r"\s*\.\.\.\s*")


@dataclass(frozen=True)
class Command:
    """One command of a session, what it should print, and its exit code."""

    line: str
    output: str
    exit_code: int = 0


def commands(markdown: str) -> Iterator[Command]:
    """Yield the commands of all console blocks, in order."""
    for block in _BLOCK.findall(markdown):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            code = re.search(r"^\[exit (\d+)\]\n?\Z", output, flags=re.MULTILINE)
            yield Command(line, output[: code.start()] if code else output, int(code.group(1)) if code else 0)


def run(session: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a session in a folder; raise AssertionError at the first command that prints or ends otherwise."""
    for command in commands(session.read_text("utf-8")):
        done = subprocess.run(
            ["sh", "-c", command.line + " 2>&1"],
            cwd=folder,
            # lines come in the order in which they are printed, as on a terminal
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            capture_output=True,
            text=True,
            timeout=1200,
        )
        told = f"$ {command.line}\n{done.stdout}\n[exit {done.returncode}]"
        assert done.returncode == command.exit_code, told
        assert _pattern(command.output).fullmatch(done.stdout.strip()), f"{told}\nexpected:\n{command.output}"


def _pattern(expected: str) -> re.Pattern[str]:
    texts = (r"\s+".join(map(re.escape, text.split())) for text in _WILDCARD.split(expected.strip()))
    return re.compile(".*".join(texts), re.DOTALL)
