"""Numbers as a journal prints them."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

NOT_ESTIMABLE = "not estimable"


def fixed(value: float, digits: int = 2) -> str:
    """The number with so many decimals and a true minus sign; never a negative zero."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def with_interval(value: Any, lower: Any, upper: Any, digits: int = 2) -> str:
    """A point estimate with its interval, `0.91 (0.84–0.98)`; with `to` where a sign could be misread."""
    if not _known(value):
        return NOT_ESTIMABLE
    if not (_known(lower) and _known(upper)):
        return f"{fixed(value, digits)} (interval {NOT_ESTIMABLE})"
    between = " to " if lower < 0 else "–"
    return f"{fixed(value, digits)} ({fixed(lower, digits)}{between}{fixed(upper, digits)})"


def unit_range(values: Iterable[Any]) -> list[float]:
    """The ends of an axis for these parts of 1, in steps of 0.05 and never of no length; 0 to 1 if none is known."""
    known = [value for value in values if _known(value)]
    if not known:
        return [0.0, 1.0]
    low = min(math.floor(min(known) * 20), 19)
    return [low / 20, max(math.ceil(max(known) * 20), low + 1) / 20]


def _known(value: Any) -> bool:
    return bool(pd.notna(value)) and math.isfinite(value)
