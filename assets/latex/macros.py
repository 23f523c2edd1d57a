"""Numbers as LaTeX macros, each with its origin in a comment; one that does not exist stops LaTeX when it is used."""

from collections.abc import Callable
from dataclasses import dataclass

from assets.charts.composition.numbers import fixed
from assets.latex.texts import comment, escaped

UNSAID = "the tables do not say why"

Columns = tuple[str, str, str]
"""Names of the columns of an estimate and its two limits."""

STOP = r"""% A number that does not exist ends LaTeX, in whatever mode, rather than leave a gap in a sentence.
\protected\def\NumberMissing#1#2{%
  \PackageError{numbers.tex}{\expandafter\string\csname #1\endcsname\space has no value: #2}%
    {Say in words why there is none, or take the macro out of the text.}%
  \batchmode\read-1 to\NumberMissing}
"""
"""What ends LaTeX where a number is used that does not exist."""


@dataclass(frozen=True)
class Macro:
    """One macro: its name in letters, what it prints (LaTeX), where that is from, or why there is nothing to print."""

    name: str
    text: str
    origin: str
    missing: str = ""

    def line(self) -> str:
        """The definition, its origin in a comment behind it; nothing to print is never a blank."""
        why_not = self.missing or ("" if self.text else UNSAID)
        text = f"\\NumberMissing{{{self.name}}}{{{escaped(why_not)}}}" if why_not else self.text
        return f"\\newcommand{{\\{self.name}}}{{{text}}} {comment(self.origin)}"


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % limits, None where they do not exist, and why they do not."""

    value: float | None
    lower: float | None = None
    upper: float | None = None
    why_not: str = ""


def printed(
    name: str, estimate: Estimate, origin_of: Callable[[str], str], columns: Columns, *, digits: int
) -> list[Macro]:
    """Four macros of an estimate: `name` is the value, with `Lower`, `Upper` and `Ci` behind it the interval.

    `origin_of` says of one of the `columns` (of value, lower and upper limit) where a number is from.
    """
    value, lower, upper = (_text(n, digits) for n in (estimate.value, estimate.lower, estimate.upper))
    between = " to " if lower.startswith("$") else "--"
    interval = f"{lower}{between}{upper}" if lower and upper else ""
    no_limits = estimate.why_not or "no interval is made of it"
    return [
        Macro(name, value, origin_of(columns[0]), "" if value else estimate.why_not),
        Macro(f"{name}Lower", lower, origin_of(columns[1]), "" if lower else no_limits),
        Macro(f"{name}Upper", upper, origin_of(columns[2]), "" if upper else no_limits),
        Macro(f"{name}Ci", interval, origin_of(" to ".join(columns[1:])), "" if interval else no_limits),
    ]


def _text(value: float | None, digits: int) -> str:
    return "" if value is None else escaped(fixed(value, digits))
