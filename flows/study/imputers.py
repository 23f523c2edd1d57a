"""Imputation: a value for every cell that is empty or was flagged.

An imputer is fitted on the training rows alone. The level `reference` is not here: it is the known truth.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (scikit-learn asks for this import)
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import StandardScaler

from flows.study.detectors import flag_cells
from flows.study.patients import Cells, Cohort


def preprocess(cohort: Cohort, *, outlier: str, imputation: str) -> Cells:
    """Return complete measurements (n, p): flagged cells are emptied, then every empty cell is filled.

    Nothing is learnt from test patients, except by the levels `reference`, which are the truth.
    """
    cells = np.where(flag_cells(cohort, outlier), np.nan, cohort.observed)
    known = imputation == "reference"
    filled = cohort.truth if known else _fill(cells, cohort.train, IMPUTERS[imputation]())
    return np.where(np.isnan(cells), filled, cells)


def _fill(cells: Cells, train: np.ndarray, imputer: BaseEstimator) -> Cells:
    scaler = StandardScaler().fit(cells[train])  # distances between features of different units mean nothing
    scaled = scaler.transform(cells)
    imputer.fit(scaled[train])
    filled: Cells = scaler.inverse_transform(imputer.transform(scaled))
    return filled


def _median() -> BaseEstimator:
    return SimpleImputer(strategy="median")


def _knn() -> BaseEstimator:
    return KNNImputer(n_neighbors=10, weights="distance")


def _iterative() -> BaseEstimator:
    # Chained Bayesian ridge regressions, one deterministic completion; not called MICE: nothing is multiple.
    return IterativeImputer(max_iter=100, tol=1e-2, random_state=0)


IMPUTERS = {"median": _median, "kNN": _knn, "iterative": _iterative}
