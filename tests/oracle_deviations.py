"""How far `evaluate` is from each reference number: `python -m tests.oracle_deviations` prints the table.

Largest is what takes the largest share of its tolerance.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from assets.stratos import Evaluation, evaluate
from tests.measure_cases import ALL_CASES, expected, subjects

# What other packages mean by a name of ours, and what they get from clipped probabilities: on record, not ours.
OTHER_DEFINITIONS = (
    "__direct",
    "__loess_on_logit",
    "__rcs5",
    "__lowess",
    "__logistic",
    "_fit_clipped_0_1",
    "__clip_1e-10",
    "__clip_1e-06",
    "__clip_eps",
)
WIDER = {
    # R interpolates the profile by a spline; ours is the root itself, which test_stratos_profile.py checks.
    ("vaso_n20", "calibration_slope_profile_ci"): 0.05,
    # Of 9 events and 11 others an AUROC moves in steps of 1/99; the limits are one step apart.
    ("vaso_n20", "auroc_ci_bootstrap_stratified"): 1 / 99 + 1e-9,
}
"""Tolerances wider than the suggested ones, by case and name."""

# Of more rows than that nothing is compared with limits from resamples, and none are drawn.
LARGEST_RESAMPLED = 10_000

# In pima_knn_ties ours leaves out the certain rows, which is on record as ...__drop01.
LEFT_OUT = ("calibration_intercept", "calibration_slope", "calibration_intercept_joint")


@dataclass(frozen=True)
class Number:
    """A number on record; `part` is the field of `Measure` that it is compared with."""

    case: str
    name: str
    part: str
    reference: float | None
    tolerance: float

    @property
    def row(self) -> tuple[str, str]:
        """The row of the table that it belongs to."""
        return self.name, "value" if self.part == "value" else "limits"


@dataclass(frozen=True)
class Deviation(Number):
    """A number of ours beside the reference."""

    ours: float | None

    @property
    def size(self) -> float:
        """Absolute deviation; infinite if only one of the two is there."""
        if self.ours is None or self.reference is None:
            return 0.0 if self.ours is self.reference else float("inf")
        return abs(self.ours - self.reference)

    @property
    def share(self) -> float:
        """The part of its tolerance that it takes."""
        return self.size / self.tolerance


@cache
def evaluated(case: str) -> Evaluation:
    """Everything that we say of a case."""
    rows = subjects(case)
    resamples = 2000 if len(rows) <= LARGEST_RESAMPLED else 0
    return evaluate(rows.y_true, rows.y_prob, resamples=resamples, advised_against=True)


def compared(case: str) -> list[str]:
    """The names on record for a case that mean what ours mean."""
    resampled_alike = expected(case)["n"] <= LARGEST_RESAMPLED
    return [
        name
        for name in expected(case)["measures"]
        if not name.endswith(OTHER_DEFINITIONS)
        and not (name.startswith(LEFT_OUT) and "__clip" in name)
        and (resampled_alike or "bootstrap" not in name)
    ]


def numbers(case: str) -> Iterator[Number]:
    """Every number on record for a case that is compared."""
    for name in compared(case):
        wanted = expected(case)["measures"][name]
        # The value of a bootstrap is on record under its own name; here R stopped iterating earlier.
        if not (name.endswith("__bootstrap_ci") or (case == "pima_knn_ties" and name in LEFT_OUT)):
            yield Number(case, name, "value", wanted["value"], wanted["tolerance_suggested"])
        for limit in ("ci_low", "ci_high"):
            if wanted[limit] is not None and wanted.get("status") != "delong_variance_zero":
                tolerance = WIDER.get((case, name), wanted["ci_tolerance_suggested"])
                yield Number(case, name, limit, wanted[limit], tolerance)


def deviations(case: str) -> Iterator[Deviation]:
    """Every number on record for a case beside ours."""
    for number in numbers(case):
        yield Deviation(**vars(number), ours=evaluated(case)[number.name][number.part])


def counted() -> Counter[tuple[str, str]]:
    """How many numbers each row of the table is about, in its order."""
    return Counter(number.row for case in ALL_CASES for number in numbers(case))


def table() -> list[str]:
    """The largest deviation of each measure over all cases, as lines of Markdown."""
    found = [deviation for case in ALL_CASES for deviation in deviations(case)]
    lines = [
        "| measure | | numbers | largest deviation | in | tolerance |",
        "| --- | --- | ---: | ---: | --- | ---: |",
    ]
    for row, count in counted().items():
        worst = max((one for one in found if one.row == row), key=lambda one: one.share)
        name, part = row
        lines.append(
            f"| `{name}` | {part} | {count} | {worst.size:.0e} | `{worst.case}` | {worst.tolerance:.0e} |"
        )
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
