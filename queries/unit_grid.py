"""The unit interval cut into equal parts, with edges that are exact quotients."""

import ibis
from ibis.expr.types import IntegerValue, NumericValue, Table


def cell(probability: NumericValue, parts: int) -> IntegerValue:
    """In which part does a probability lie: the largest j with p >= j / parts, from 0 to parts.

    The floor of p * parts is one off where the product rounds across an edge (0.29 * 100 = 28.999...), so
    it is compared with the quotients themselves.
    """
    guess = (probability * parts).floor().cast("int64")
    return (
        guess + (probability >= (guess + 1) / parts).ifelse(1, 0) - (probability < guess / parts).ifelse(1, 0)
    )


def whole_numbers(start: int, stop: int, name: str) -> Table:
    """List the whole numbers from start to stop - 1, one a row."""
    return ibis.range(start, stop).unnest().name(name).as_table()
