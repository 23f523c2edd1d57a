"""What the page tells of the runs, read from the tables that are there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from assets.figures.highlighted import Highlighted, highlighted
from assets.report import measures

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import duckdb
    import pandas as pd


Rule = Literal["median", "listed"]

METHODS = {
    "classifier": "Classifier",
    "outlier_method": "Outliers",
    "imputation_method": "Imputation",
    "featurization": "Features",
}
"""Choices of method, as columns of `runs` and as the page calls them."""

_RUNS = """
SELECT run_id, run_name, classifier, outlier_method, imputation_method, featurization, n_test, n_events,
    prevalence, n_bootstrap
FROM runs ORDER BY classifier, outlier_method, imputation_method, featurization, run_id
"""
_MEASURES = """
SELECT run_id, measure, value, ci_lower, ci_upper, method, status FROM stratos_measures
WHERE measure IN (SELECT unnest($shown)) ORDER BY run_id, measure
"""
_QUARANTINE = "SELECT stage, field, reason, run_id, run_name FROM quarantined_runs ORDER BY ALL"


@dataclass(frozen=True)
class Value:
    """A measure of a run; `value` and limits are None where they do not exist, and `status` says why."""

    value: float | None
    lower: float | None
    upper: float | None
    method: str
    status: str


@dataclass(frozen=True)
class Results:
    """The runs by preprocessing, their measures, which of them are in colour, and those set aside.

    A frame is None where its table is not in place. `core` is what is shown of a few runs, `further` of all.
    """

    core: tuple[measures.Shown, ...]
    further: tuple[measures.Shown, ...]
    runs: pd.DataFrame | None
    measured: pd.DataFrame | None
    quarantine: pd.DataFrame | None
    chosen: Highlighted | None

    @cached_property
    def values(self) -> dict[tuple[str, str], Value]:
        """Return the measures by run and name."""
        if self.measured is None:
            return {}
        plain = self.measured.astype(object).where(self.measured.notna(), None)
        return {(run, measure): Value(*told) for run, measure, *told in plain.itertuples(index=False)}

    @property
    def varied(self) -> list[str]:
        """Return the choices of method in which runs differ, and always the classifier."""
        if self.runs is None:
            return []
        return [name for name in METHODS if name == "classifier" or self.runs[name].nunique() > 1]

    def methods_of(self, shown: measures.Shown) -> list[str]:
        """Return how the intervals of a measure are made, each way once."""
        if self.measured is None:
            return []
        rows = self.measured[(self.measured.measure == shown.row) & self.measured.value.notna()]
        return sorted({method for method in rows.method if method})


def read(
    connection: duckdb.DuckDBPyConnection,
    there: Collection[str],
    *,
    rule: Rule,
    listed: Sequence[str],
    per_cents: Sequence[int],
) -> Results:
    """Return what the tables that are `there` hold.

    `rule` and `listed` say which runs are in colour, `per_cents` the risk thresholds that are reported.
    """

    def frame(table: str, query: str, **given: Any) -> pd.DataFrame | None:
        return connection.execute(query, given or None).df() if table in there else None

    core, further = measures.core(per_cents), measures.further(per_cents)
    return Results(
        core,
        further,
        frame("runs", _RUNS),
        frame("stratos_measures", _MEASURES, shown=[shown.row for shown in further]),
        frame("quarantined_runs", _QUARANTINE),
        _chosen(connection, rule, listed) if {"essential_metrics", "runs"} <= set(there) else None,
    )


def _chosen(connection: duckdb.DuckDBPyConnection, rule: Rule, listed: Sequence[str]) -> Highlighted:
    import ibis

    tables = ibis.duckdb.from_connection(connection)
    return highlighted(
        tables.table("essential_metrics"),
        tables.table("runs"),
        rule=rule,
        listed=listed,
    )
