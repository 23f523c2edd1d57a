"""What a terminal shows: coloured and fitted to its width by rich; plain, stable text in a pipe."""

import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

STYLES = {
    "fresh": "green", "built": "green", "same": "green", "restored": "green", "passed": "green",
    "stale": "yellow", "run": "yellow", "differs": "bold red", "warned": "yellow", "kept out": "bold red",
    "missing": "red", "failed": "bold red", "blocked": "red", "gone": "bold red",
    "new": "cyan", "unsure": "cyan", "maybe": "cyan", "restore": "blue",
    "unchanged": "dim", "skipped": "dim", "keep": "dim", "source": "dim",
}  # fmt: skip
"""Colour of a cell that is one of our words."""

Rows = Sequence[Sequence[str]]


def coloured() -> bool:
    """Tell whether standard output is a terminal that shows colours, and rich is there to make them."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    from importlib.util import find_spec

    return find_spec("rich") is not None


def table(
    rows: Rows,
    *,
    right: Collection[int] = (),
    words: Collection[int] = (),
    indent: int = 2,
    first: int = 0,
) -> None:
    """Print rows in columns; the first is at least so wide, those of the numbers in `right` are flush right.

    On a terminal our words are coloured in the columns `words`, and the last column is wrapped; in a pipe
    each row is one line.
    """
    if not rows:
        return
    if coloured():
        _rich_table(rows, right, words, indent, first)
        return
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    widths = [max([*widths[:1], first]), *widths[1:]]
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        print((" " * indent + "  ".join(cells)).rstrip())


def _rich_table(rows: Rows, right: Collection[int], words: Collection[int], indent: int, first: int) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    columns = max(map(len, rows))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for number in range(columns):
        last = number == columns - 1
        grid.add_column(
            justify="right" if number in right else "left",
            no_wrap=not last,
            overflow="fold" if last else "ellipsis",
            min_width=first if number == 0 else None,
        )
    for row in rows:
        styles = [STYLES.get(cell, "") if number in words else "" for number, cell in enumerate(row)]
        grid.add_row(*map(Text, row, styles))
    Console(highlight=False).print(Padding(grid, (0, 0, 0, indent)))


def as_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def age(built_at: str | None) -> str:
    """Say how long ago that was, in the largest unit that fits."""
    if built_at is None:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(built_at)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def counted(number: int | None, noun: str) -> str:
    """Say how many there are; nothing when that is not known."""
    if number is None:
        return ""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(value: Any) -> str:
    """Spell a value in little room: of a hash its first 8 letters."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:8] if len(text) == 64 else text


def partitions(due: Mapping[str, int] | None) -> str:
    """Say how many partitions there are, and how many a build would compute; nothing when that is not known."""
    if due is None:
        return ""
    to_compute = f", {due['to_compute']:,} to compute" if due["to_compute"] else ""
    return f"partitions: {due['total']:,}{to_compute}"


def joined(*texts: str) -> str:
    """Join what there is to say."""
    return "; ".join(filter(None, texts))
