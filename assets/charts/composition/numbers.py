"""Numbers as a journal prints them."""

import math
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


def _known(value: Any) -> bool:
    return bool(pd.notna(value)) and math.isfinite(value)
