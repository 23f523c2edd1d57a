"""Figures of one's own predictions: no MLflow, no files, the queries and drawings of the study."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table
from numpy.typing import ArrayLike

import queries
from assets import charts, stratos
from assets.charts.composition.style import COLOURS
from assets.charts.publication.on_screen import on_screen
from assets.engine.errors import UserError
from assets.stratos.bootstrap.resampling import RESAMPLES, SEED

_METHODS = ("featurization", "outlier_method", "imputation_method")
"""What distinguishes runs of a study beside the classifier; models of one's own have none of it."""

_THRESHOLDS = (0.01, 0.50)
_FIRST = "In colour are the first {} models that were given; no other rule chose them."


class Models:
    """The risks that several models predicted for the same subjects, and figures of them.

    Parameters
    ----------
    y_true
        Outcomes, 0 or 1, shape (n,).
    y_prob
        Name of each model -> predicted risks of the outcome, within [0, 1], shape (n,). The first seven models are
        shown in colour, in this order; further ones in grey.

    Raises
    ------
    UserError
        No models, a name that is no text or empty, or what `assets.stratos.evaluate` refuses: no rows, lengths that
        differ, outcomes other than 0 and 1, risks that are missing or outside [0, 1].

    Examples
    --------
    >>> models = Models([0, 0, 1, 1, 0, 1], {"Logistic regression": [0.1, 0.4, 0.35, 0.8, 0.2, 0.7]})
    >>> models.roc().usermeta["n_subjects"]
    6
    """

    def __init__(self, y_true: ArrayLike, y_prob: Mapping[str, ArrayLike]) -> None:
        if not isinstance(y_prob, Mapping) or not y_prob:
            raise UserError(
                'give the risks of each model under its name: Models(y_true, {"Logistic regression": y_prob})'
            )
        self._rows = pd.concat(
            [_rows(name, y_true, risks) for name, risks in y_prob.items()], ignore_index=True
        )
        self._names = list(y_prob)
        shown = self._names[: len(COLOURS)]
        self._shown = pd.DataFrame({"run_id": shown, "classifier": shown, "label": shown})
        self._notes = [_FIRST.format(len(shown))] if len(shown) < len(self._names) else []

    def roc(self) -> Any:
        """ROC curves, with the AUROC and its 95 % DeLong interval, and pointwise bands of the sensitivity."""
        curves = self._asked(queries.discrimination.roc_curve)
        return on_screen(charts.roc.roc(curves, self._metrics, self._shown, notes=self._notes))

    def calibration(self) -> Any:
        """Smooth calibration curves (loess) with pointwise 95 % intervals, above the predicted risks."""
        tables = (self._smooth, self._bins, self._shown)
        chart = charts.calibration.calibration(*tables, metrics=self._metrics, notes=self._notes)
        return on_screen(chart)

    def dca(self, *, thresholds: tuple[float, float] = _THRESHOLDS) -> Any:
        """Decision curves beside treating everybody and nobody, between two risk thresholds."""
        chart = charts.decision_curves.decision_curves(
            self._decisions, self._shown, thresholds=thresholds, metrics=self._metrics, notes=self._notes
        )
        return on_screen(chart)

    def distributions(self) -> Any:
        """Predicted risks by outcome."""
        chart = charts.distributions.distributions(
            self._bins, self._shown, metrics=self._metrics, notes=self._notes
        )
        return on_screen(chart)

    def forest(self) -> Any:
        """AUROC of every model with its 95 % DeLong interval."""
        named = pd.Categorical(self._metrics.run_id, categories=self._names)  # shown in the order given
        metrics = self._metrics.assign(classifier=named)
        return on_screen(charts.forest.forest(metrics, self._shown, notes=self._notes))

    def stratos_panel(self, *, thresholds: tuple[float, float] = _THRESHOLDS) -> Any:
        """The core STRATOS four: AUROC, calibration, net benefit between two risk thresholds, predicted risks."""
        tables = (self._metrics, self._smooth, self._decisions, self._bins)
        chart = charts.stratos_panel.stratos_panel(
            *tables, self._shown, thresholds=thresholds, notes=self._notes
        )
        return on_screen(chart)

    @cached_property
    def _predictions(self) -> Table:
        """The rows as the table `predictions` of a database in memory."""
        connection = ibis.duckdb.connect(threads=1)
        return connection.create_table("predictions", self._rows)

    def _asked(self, query: Callable[[Table], Table]) -> pd.DataFrame:
        return query(self._predictions).to_pandas()

    @cached_property
    def _metrics(self) -> pd.DataFrame:
        measured = self._asked(queries.discrimination.auroc_with_delong)
        recalibrated = stratos.calibration.tables.recalibrate(self._rows).to_pandas()
        known = measured.merge(recalibrated, on="run_id", validate="one_to_one")
        known = known.merge(self._resampled, on="run_id", validate="one_to_one")
        return known.assign(classifier=known.run_id, **dict.fromkeys(_METHODS, ""))

    @cached_property
    def _resampled(self) -> pd.DataFrame:
        """Bootstrap limits of the calibration intercept of each model."""
        found = stratos.intervals.intervals(
            self._rows, per_cents=(), resamples=RESAMPLES, seed=SEED
        ).to_pandas()
        limits = found[found.measure == "calibration_intercept__bootstrap_ci"]
        names = {f"ci_{end}": f"calibration_intercept_bootstrap_{end}" for end in ("lower", "upper")}
        return limits[["run_id", *names]].rename(columns=names)

    @cached_property
    def _decisions(self) -> pd.DataFrame:
        return self._asked(queries.net_benefit.decision_curves)

    @cached_property
    def _smooth(self) -> pd.DataFrame:
        return stratos.calibration.tables.calibration_curves(self._rows).to_pandas()

    @cached_property
    def _bins(self) -> pd.DataFrame:
        return self._asked(queries.distributions.probability_histogram)


def _rows(name: str, y_true: ArrayLike, y_prob: ArrayLike) -> pd.DataFrame:
    """One model as rows of the table `predictions`; subjects are told by their position."""
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"a model's name is {name!r}: give each a text to be shown in the figures")
    try:
        cohort = stratos.cohorts.cohort_of(y_true, y_prob)
    except ValueError as error:
        raise UserError(f"model `{name}`: {error}") from error
    return pd.DataFrame(
        {
            "run_id": name,
            "subject_code": np.arange(cohort.n),
            "y_true": cohort.outcome.astype(np.int8),
            "y_prob": cohort.probability[0],
            "y_prob_sd": np.nan,
        }
    )
