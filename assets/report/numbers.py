"""Numbers and names as the page prints them."""

from typing import Any

import pandas as pd

from assets.charts.composition.numbers import fixed


def known(value: Any) -> bool:
    """Return whether there is a value: no null, no NaN."""
    return value is not None and bool(pd.notna(value))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not one: `3 runs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def ranged(values: pd.Series) -> str:
    """Return the one whole number that a column holds, or its least and largest: `63`, `63 to 171`."""
    there = values.dropna().astype(int)
    if there.empty:
        return "unknown"
    least, largest = int(there.min()), int(there.max())
    return f"{least:,}" if least == largest else f"{least:,} to {largest:,}"


def interval(lower: Any, upper: Any, digits: int) -> str:
    """Return an interval, `0.84 to 0.98`; nothing where a limit does not exist."""
    if not (known(lower) and known(upper)):
        return ""
    return f"{fixed(lower, digits)} to {fixed(upper, digits)}"


def in_words(status: Any) -> str:
    """Return a status as words: `not_identified` is `not identified`."""
    return str(status).replace("_", " ") if known(status) else "not in the table"
