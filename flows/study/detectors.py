"""Outlier detection: which recorded cells are false.

A detector is fitted on the training rows alone and returns a rule for any rows; a rule never flags an empty
cell. The level `reference` is not here: it is the known truth, not a detector.
"""

from collections.abc import Callable

import numpy as np
from sklearn.neighbors import LocalOutlierFactor

from flows.study.patients import Cells, Cohort, Mask

Rule = Callable[[Cells], Mask]


def flag_cells(cohort: Cohort, method: str) -> Mask:
    """Return the cells (n, p) of all patients that the method calls false."""
    if method == "reference":
        return cohort.contaminated
    return DETECTORS[method](cohort.observed[cohort.train])(cohort.observed)


def fit_none(_train: Cells) -> Rule:
    """Trust every cell."""
    return lambda cells: np.zeros(cells.shape, dtype=np.bool_)


def fit_mad(train: Cells) -> Rule:
    """Distrust what lies more than 3.5 robust standard deviations from the median of its feature.

    Iglewicz and Hoaglin (1993), How to detect and handle outliers.
    """
    centre = np.nanmedian(train, axis=0)
    spread = 1.4826 * np.nanmedian(np.abs(train - centre), axis=0)
    return lambda cells: np.abs(cells - centre) > 3.5 * spread


def fit_iqr(train: Cells) -> Rule:
    """Distrust what lies more than 1.5 interquartile ranges outside the quartiles (Tukey 1977)."""
    low, high = np.nanquantile(train, [0.25, 0.75], axis=0)
    fence = 1.5 * (high - low)
    return lambda cells: (cells < low - fence) | (cells > high + fence)


def fit_lof(train: Cells) -> Rule:
    """Distrust what lies in sparser surroundings than its neighbours, feature by feature.

    Local outlier factor with 20 neighbours and scikit-learn's threshold of 1.5: Breunig et al. (2000),
    https://doi.org/10.1145/342009.335388.
    """
    models = [LocalOutlierFactor(n_neighbors=20, novelty=True).fit(_recorded(column)) for column in train.T]

    def rule(cells: Cells) -> Mask:
        flagged = np.zeros(cells.shape, dtype=np.bool_)
        for feature, model in enumerate(models):
            recorded = ~np.isnan(cells[:, feature])
            flagged[recorded, feature] = model.predict(_recorded(cells[:, feature])) == -1
        return flagged

    return rule


def _recorded(column: Cells) -> Cells:
    return column[~np.isnan(column), np.newaxis]


DETECTORS: dict[str, Callable[[Cells], Rule]] = {
    "none": fit_none,
    "MAD": fit_mad,
    "IQR": fit_iqr,
    "LOF": fit_lof,
}
