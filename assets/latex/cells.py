"""The cells of a table for LaTeX: an estimate with its interval, and notes on what needs one; no cell is ever blank."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from assets.charts.composition.numbers import NOT_ESTIMABLE, fixed, with_interval
from assets.latex.macros import UNSAID
from assets.latex.measures import Estimated
from assets.latex.texts import escaped

_OUTSIDE = r"\textsuperscript{*}"
_MISSING = "n.e."


@dataclass
class Notes:
    """Reasons why something could not be estimated, with a letter each in the order in which they came up."""

    letters: dict[str, str] = field(default_factory=dict)
    outside: bool = False
    """Whether an estimate was outside its interval."""

    def cell(self, estimated: Estimated, digits: int) -> str:
        """The estimate with its interval, which may go on in a new line but stays whole."""
        e = estimated.estimate
        if e.value is None:
            return self._missing(e.why_not)
        value = escaped(fixed(e.value, digits))
        if e.lower is None or e.upper is None:
            none_made = not e.why_not and not estimated.method
            return value if none_made else f"{value} ({self._missing(e.why_not)})"
        _, interval = with_interval(e.value, e.lower, e.upper, digits).split(" ", 1)
        if not e.lower <= e.value <= e.upper:
            self.outside, value = True, value + _OUTSIDE
        return rf"{value} \mbox{{{escaped(interval)}}}"

    def sentences(self) -> Sequence[str]:
        """What the letters and the star mean (LaTeX)."""
        said = "; ".join(f"{letter}: {why}" for why, letter in self.letters.items())
        missing = [escaped(f"{_MISSING}, {NOT_ESTIMABLE} ({said}).")] if said else []
        star = "outside its interval: resampling moves a distance away from zero, so it is too large in most resamples."
        return [*missing, *([f"{_OUTSIDE}, {star}"] if self.outside else [])]

    def _missing(self, why_not: str) -> str:
        letter = self.letters.setdefault(why_not or UNSAID, _letter(len(self.letters)))
        return rf"{_MISSING}\textsuperscript{{{letter}}}"


def _letter(place: int) -> str:
    """The letter at that place, counted from 0: after z come aa, ab and so on."""
    before, last = divmod(place, 26)
    return (_letter(before - 1) if before else "") + chr(ord("a") + last)
