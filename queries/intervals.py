"""What makes an interval a 95 % interval."""

from ibis.expr.types import NumericValue

NORMAL_975 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


def wilson_limits(count: NumericValue, n: NumericValue) -> tuple[NumericValue, NumericValue]:
    """Lower and upper score limits of the proportion count / n; null for n = 0.

    Wilson 1927, Journal of the American Statistical Association 22:209.
    """
    # Beside a whole number a literal like 1.96 is a DECIMAL, in DuckDB and in Spark, and has few digits.
    found, total = count.cast("float64"), n.cast("float64").nullif(0)
    square = NORMAL_975**2
    centre = found + square / 2
    half = NORMAL_975 * (found * ((total - found) / total) + square / 4).sqrt()
    low, high = (centre - half) / (total + square), (centre + half) / (total + square)
    # At the ends a limit is 0 or 1 itself, which rounding would miss; the product keeps the null of n = 0.
    return (count == 0).ifelse(low * 0, low), (count == n).ifelse(high * 0 + 1, high)
