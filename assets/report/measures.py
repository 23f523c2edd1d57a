"""Which measures the page shows of each run, and what it says of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.stratos.catalogue import MEASURES, Definition


@dataclass(frozen=True)
class Shown:
    """A measure in a column: `row` is its name in the table `stratos_measures`."""

    row: str
    title: str
    digits: int = 2
    threshold: float | None = None

    @property
    def definition(self) -> Definition:
        """What the measure is, what is ideal, and where it comes from."""
        return MEASURES[self.row.partition("@")[0].removesuffix("_profile_ci").removesuffix("__bootstrap_ci")]

    @property
    def sentence(self) -> str:
        """What the measure is, and what is ideal."""
        told, at = (
            self.definition,
            "" if self.threshold is None else f" at a risk threshold of {self.threshold:.0%}",
        )
        ideal = "" if told.ideal is None else f"; {told.ideal:g} is ideal"
        return f"{told.title}{at}: {told.text}{ideal}"


_FIRST = (
    Shown("auroc", "AUROC"),
    Shown("calibration_slope_profile_ci", "Calibration slope"),
    Shown("calibration_intercept__bootstrap_ci", "Calibration intercept"),
    Shown("oe_ratio", "O:E"),
)
_FURTHER = (Shown("ici", "ICI", 3), Shown("brier", "Brier", 3))
_SCALED = Shown("scaled_brier", "Scaled Brier")
_USUAL = (10, 20)  # per cent; the thresholds that readers ask for first


def core(per_cents: Sequence[int]) -> tuple[Shown, ...]:
    """Return what is shown of a few runs: discrimination, calibration, overall performance, clinical utility.

    Net benefit at 10 and 20% as far as these are among the thresholds reported, otherwise at the first two reported.
    """
    at = [cent for cent in _USUAL if cent in per_cents] or per_cents[:2]
    return (*_FIRST, _SCALED, *(_net_benefit(cent) for cent in at))


def further(per_cents: Sequence[int]) -> tuple[Shown, ...]:
    """Return what is shown of all runs: the same in the same order, and more of calibration and overall performance."""
    return (*_FIRST, *_FURTHER, *core(per_cents)[len(_FIRST) :])


def _net_benefit(cent: int) -> Shown:
    return Shown(f"net_benefit@{cent / 100:.2f}", f"Net benefit at {cent}%", 3, cent / 100)
