"""The measures that a manuscript reports of a run, out of all that `stratos_measures` has."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assets.charts.composition.datasets import columns
from assets.engine.errors import UserError
from assets.latex.macros import Estimate
from assets.latex.texts import named
from assets.stratos.catalogue import MEASURES
from assets.stratos.estimates import STATUSES

_COLUMNS = ["run_id", "measure", "value", "ci_lower", "ci_upper", "method", "status"]
_OVERALL = {
    "auroc": 2,
    "calibration_intercept__bootstrap_ci": 2,
    "calibration_slope_profile_ci": 2,
    "oe_ratio": 2,
    "ici": 3,
    "brier": 3,
    "scaled_brier": 2,
    "log_loss": 3,
    "discrimination_slope": 2,
}
"""Measures without a threshold, in the order of a table, and how many decimals are printed."""
_AT_THRESHOLD = {
    "net_benefit": 3,
    "standardised_net_benefit": 2,
    "sensitivity": 2,
    "specificity": 2,
    "ppv": 2,
    "npv": 2,
}
Key = tuple[str, str]
"""Run and measure."""


@dataclass(frozen=True)
class Reported:
    """One measure as it is reported: its row in `stratos_measures`, its title, its domain, its macro, its decimals."""

    measure: str
    title: str
    domain: str
    macro: str
    digits: int


@dataclass(frozen=True)
class Estimated:
    """An estimate, and how its interval was made; empty if none is made of that measure."""

    estimate: Estimate
    method: str


def reported(per_cents: Sequence[int]) -> list[Reported]:
    """The measures in the order of a table; those that need a threshold at each of these, in per cent."""
    listed = [_reported(measure, digits) for measure, digits in _OVERALL.items()]
    for measure, digits in _AT_THRESHOLD.items():
        listed += [_reported(measure, digits, per_cent) for per_cent in per_cents]
    return listed


def estimates(stratos_measures: pd.DataFrame) -> Mapping[Key, Estimated]:
    """Every row by run and measure; reads run_id, measure, value, ci_lower, ci_upper, method, status."""
    table = columns(stratos_measures, "stratos_measures", _COLUMNS)
    return {(row.run_id, row.measure): _estimated(row) for row in table.itertuples()}


def found(known: Mapping[Key, Estimated], run_id: str, measure: str) -> Estimated:
    """The estimate of a run; UserError if the table has no such row, for then nobody can say why."""
    try:
        return known[run_id, measure]
    except KeyError:
        raise UserError(
            f"`stratos_measures` has no row of `{measure}` of run {run_id}: build it anew"
        ) from None


def why(status: str) -> str:
    """Why there is no value or no interval: the status, and what it says in words; empty for `ok`."""
    return "" if status == "ok" else f"{status}, {STATUSES.get(status, status)}"


def number(value: Any) -> float | None:
    """The number, or None for a null or what is not finite."""
    return None if pd.isna(value) or not math.isfinite(value) else float(value)


def _reported(measure: str, digits: int, per_cent: int | None = None) -> Reported:
    name = measure.removesuffix("_profile_ci").removesuffix("__bootstrap_ci")
    known = MEASURES[name]
    macro = named(name.replace("_", " "))
    if per_cent is None:
        return Reported(measure, known.title, known.domain, macro, digits)
    return Reported(
        f"{measure}@{per_cent / 100:.2f}",
        f"{known.title} at {per_cent}%",
        known.domain,
        f"{macro}At{named(str(per_cent))}PerCent",
        digits,
    )


def _estimated(row: Any) -> Estimated:
    why_not = why(row.status) if isinstance(row.status, str) else ""
    limits = (number(row.value), number(row.ci_lower), number(row.ci_upper))
    return Estimated(Estimate(*limits, why_not), row.method if isinstance(row.method, str) else "")
