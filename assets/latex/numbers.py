"""The numbers that a manuscript quotes: of the highlighted runs, of the study, and what the choices explain."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from assets.charts.composition.datasets import columns
from assets.charts.composition.numbers import fixed
from assets.engine.errors import UserError
from assets.latex.macros import STOP, Estimate, Macro, printed
from assets.latex.measures import Estimated, Key, Reported, found, number, why
from assets.latex.provenance import Origins
from assets.latex.texts import escaped, named

_METHODS = {
    "Classifiers": "classifier",
    "Featurizations": "featurization",
    "ImputationMethods": "imputation_method",
    "OutlierMethods": "outlier_method",
}
_SIZES = {"TestSubjects": "n_test", "Events": "n_events", "Refits": "n_bootstrap"}
_LIMITS = ("value", "ci_lower", "ci_upper")
_ETA2 = ("eta2", "eta2_ci_lower", "eta2_ci_upper")

USE = (
    "Numbers of the study as macros.",
    r"Preamble: \input{numbers}",
    r"Text: \AurocGradientBoosting{} (95\% CI \AurocGradientBoostingCi{}) and the like. The bare name is the estimate;",
    "with Lower, Upper or Ci behind it, it is the interval.",
)


def document(*parts: Sequence[Macro], header: str) -> str:
    """The file of all macros, a blank line between its parts. Raises UserError for two of one name."""
    macros = [macro for part in parts for macro in part]
    names = [macro.name for macro in macros]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UserError(f"two numbers would be called \\{twice}: give one of the methods another name")
    blocks = ["\n".join(macro.line() for macro in part) + "\n" for part in parts if part]
    return "\n".join([header + STOP, *blocks])


def of_runs(
    highlights: pd.DataFrame,
    known: Mapping[Key, Estimated],
    measures: Sequence[Reported],
    origins: Origins,
) -> list[Macro]:
    """What each run is called and how good it is: `Label`, `Auroc` and the like, with a name of the run behind.

    Reads run_id, classifier and label of `highlights`. The name is the run's classifier, or its label where several
    runs have that classifier.
    """
    made: list[Macro] = []
    for run, name in zip(highlights.itertuples(), _names(highlights), strict=True):
        of_label = origins.of("essential_metrics", "run_id", (f"run {run.run_id}",))
        made.append(Macro(f"Label{name}", escaped(run.label), of_label))
        for measure in measures:
            where = f"measure {measure.measure}", f"run {run.run_id}"
            estimate = found(known, run.run_id, measure.measure).estimate
            origin = partial(origins.of, "stratos_measures", where=where)
            made += printed(measure.macro + name, estimate, origin, _LIMITS, digits=measure.digits)
    return made


def _names(highlights: pd.DataFrame) -> list[str]:
    short, long = ([named(text) for text in highlights[column]] for column in ("classifier", "label"))
    names: list[str] = []
    for name, longer in zip(short, long, strict=True):
        wanted = name if short.count(name) == 1 else longer
        while wanted in names:
            wanted += "Another"
        names.append(wanted)
    return names


def of_study(
    essential_metrics: pd.DataFrame, *, n_set_aside: int, resamples: int, origins: Origins
) -> list[Macro]:
    """How many runs, methods and subjects there are, and from where to where the AUROC goes."""
    table = columns(
        essential_metrics, "essential_metrics", [*_METHODS.values(), *_SIZES.values(), "prevalence", "auroc"]
    )
    counts = {"Runs": ("run_id", len(table)), **{n: (c, table[c].nunique()) for n, c in _METHODS.items()}}
    made = [
        Macro(f"Study{name}", _whole(count), origins.of("essential_metrics", column, ("how many there are",)))
        for name, (column, count) in counts.items()
    ]
    made.append(Macro("StudyRunsSetAside", _whole(n_set_aside), origins.of("quarantined_runs", "run_id")))
    made += [_shared(f"Study{name}", table[column], origins) for name, column in _SIZES.items()]
    made.append(_shared("StudyPrevalence", table["prevalence"], origins))
    made.append(Macro("StudyResamples", _whole(resamples), "setting resamples"))
    return made + _extremes(table["auroc"], origins)


def of_variance(variance_decomposition: pd.DataFrame, origins: Origins) -> list[Macro]:
    """How much of the spread of AUROC each choice of method explains: eta squared of each term of the model."""
    wanted = ["measure", "term", *_ETA2, "status"]
    table = columns(variance_decomposition, "variance_decomposition", wanted)
    made: list[Macro] = []
    for row in table[(table.measure == "auroc") & (table.term != "total")].sort_values("term").itertuples():
        name = "By".join(map(named, row.term.split(":")))
        why_not = why(row.status)
        value, lower, upper = (number(getattr(row, column)) for column in _ETA2)
        origin = partial(origins.of, "variance_decomposition", where=("measure auroc", f"term {row.term}"))
        estimate = Estimate(value, lower, upper, why_not)
        made += printed(f"AurocEtaSquared{name}", estimate, origin, _ETA2, digits=2)
    return made


def _shared(name: str, values: pd.Series, origins: Origins) -> Macro:
    """A number that all runs have in common; a prevalence in per cent."""
    origin, known = origins.of("essential_metrics", str(values.name)), values.dropna().unique()
    if len(known) != 1:
        return Macro(name, "", origin, "it differs between runs" if len(known) else "no run tells")
    share = values.name == "prevalence"
    return Macro(name, escaped(f"{fixed(100 * known[0], 1)}%") if share else _whole(int(known[0])), origin)


def _extremes(auroc: pd.Series, origins: Origins) -> list[Macro]:
    known = auroc.dropna()
    ends = (
        {"Lowest": known.min(), "Highest": known.max()} if len(known) else {"Lowest": None, "Highest": None}
    )
    return [
        Macro(
            f"Auroc{name}",
            "" if value is None else fixed(value),
            origins.of("essential_metrics", "auroc", (f"{name.lower()} of all runs",)),
            "no run has an AUROC" if value is None else "",
        )
        for name, value in ends.items()
    ]


def _whole(count: int) -> str:
    return f"{count:,}"
