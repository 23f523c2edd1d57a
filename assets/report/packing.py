"""A figure's data by column, for a script to read: numbers to five digits, texts that recur by their number."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

DIGITS = 5
"""Significant digits: more than a screen can show, and half the bytes of a double's."""


def packed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return rows by column. A column is a list of values; or `of`, its texts, and `at`, the number of each row's."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {"n": len(rows), "columns": {name: _column([row.get(name) for row in rows]) for name in names}}


def _column(values: list[Any]) -> Any:
    texts = list(dict.fromkeys(values)) if all(isinstance(value, str) for value in values) else values
    if len(texts) * 2 > len(values):
        return [_rounded(value) for value in values]
    number = {text: position for position, text in enumerate(texts)}
    return {"of": texts, "at": [number[value] for value in values]}


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    short = float(f"{value:.{DIGITS}g}")
    if not math.isfinite(short):
        return value  # the largest doubles of all, rounded up
    return int(short) if short.is_integer() and abs(short) < 10**DIGITS else short
