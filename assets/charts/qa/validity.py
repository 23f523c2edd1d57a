"""P1: the numbers can be right: real numbers, in range, limits in order and around what they belong to."""

import math
import re
from collections.abc import Iterator

import pandas as pd

from assets.charts.qa.exhibit import Exhibit, NotApplicableError, check

_SHARES = re.compile(
    r"(auroc|sensitivity|specificity|prevalence|predicted|threshold|brier|p_value|probability_best)"
    r"(_ci_(lower|upper)|_upper|_lower)?|.*_rate|y_prob.*|risk(_\w+)?|refit_(lower|upper)|bin_(start|end)|.*eta2(_\w+)?"
)
"""Columns of proportions and probabilities, whatever figure they are in."""
_COUNTS = re.compile(r"n|n_\w+|density|.*_se|.*_sd|mean_absolute_deviation|sum_sq")
_LOWER = re.compile(r"(.*?)_?(lower|low)")
_HELD = frozenset({"auroc", "observed", "net_benefit", "sensitivity", "specificity", "true_positive_rate"})
"""Estimates whose interval is made around them. Percentiles of resamples need not hold the estimate."""
_ROUNDING = 1e-9


@check("P1")
def numbers_are_real(figure: Exhibit) -> Iterator[str]:
    """No value is NaN or infinite: what is missing is null."""
    for name, rows in figure.sidecar["data"].items():
        strange = [
            (column, value)
            for row in rows
            for column, value in row.items()
            if isinstance(value, float) and not math.isfinite(value)
        ]
        if strange:
            yield f"`{name}` has {len(strange)} values that are no numbers: {strange[0][0]} is {strange[0][1]}"


@check("P1")
def values_are_in_range(figure: Exhibit) -> Iterator[str]:
    """Rates, risks and other proportions lie in 0 to 1; counts, densities and spreads are not negative."""
    for name, frame in figure.frames.items():
        for column in frame.columns:
            share = _SHARES.fullmatch(column)
            if not (share or _COUNTS.fullmatch(column)):
                continue
            values = pd.to_numeric(frame[column], errors="coerce").dropna()
            highest = 1.0 if share else math.inf
            wrong = values[(values < -_ROUNDING) | (values > highest + _ROUNDING)]
            if len(wrong):
                yield f"`{name}.{column}` has {len(wrong)} impossible values, such as {wrong.iloc[0]}"


@check("P1")
def limits_are_in_order(figure: Exhibit) -> Iterator[str]:
    """Limits come in pairs, the lower one below the upper."""
    for name, _, lower, upper in _intervals(figure):
        if (lower.isna() != upper.isna()).any():
            yield f"`{name}`: `{lower.name}` and `{upper.name}` are not known for the same rows"
        if (reversed_ := (lower > upper + _ROUNDING)).any():
            yield f"`{name}`: `{lower.name}` is above `{upper.name}` in {reversed_.sum()} rows"


@check("P1")
def intervals_hold_their_estimates(figure: Exhibit) -> Iterator[str]:
    """An interval that is made around an estimate has it inside."""
    found = [interval for interval in _intervals(figure) if interval[1] is not None]
    if not found:
        raise NotApplicableError("no estimate is drawn with an interval made around it")
    for name, estimate, lower, upper in found:
        assert estimate is not None  # those without one were left out
        known = lower.notna() & upper.notna()
        outside = known & ~estimate.between(lower - _ROUNDING, upper + _ROUNDING)
        if outside.any():
            yield f"`{name}` has {outside.sum()} of `{estimate.name}` outside its interval"


_Interval = tuple[str, pd.Series | None, pd.Series, pd.Series]


def _intervals(figure: Exhibit) -> list[_Interval]:
    """Every pair of limits by dataset, with the estimate that must lie between them, if it is there."""
    found: list[_Interval] = []
    for name, frame in figure.frames.items():
        for column in frame.columns:
            stem = _LOWER.fullmatch(column)
            other = stem and column[: stem.start(2)] + {"lower": "upper", "low": "high"}[stem[2]]
            if stem and other in frame.columns:
                estimate = _estimate(frame, stem[1])
                lower, upper = (pd.to_numeric(frame[c], errors="coerce") for c in (column, other))
                found.append((name, estimate, lower, upper))
    if not found:
        raise NotApplicableError("no intervals are drawn")
    return found


def _estimate(frame: pd.DataFrame, stem: str) -> pd.Series | None:
    """Return the column that limits named after a stem are of: `auroc_ci` of auroc, `ci` of the only one there is."""
    named = stem.removesuffix("ci").rstrip("_")
    held = [named] if named in _HELD else sorted(_HELD & set(frame.columns)) if not named else []
    if len(held) != 1 or held[0] not in frame.columns:
        return None
    return pd.to_numeric(frame[held[0]], errors="coerce")
