"""The patients: 569 women, ten measurements each, some deleted and some falsified by us."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from flows.study.definition import FEATURIZATIONS, Study

Cells = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MISSINGNESS, _CONTAMINATION = 1, 2  # independent random streams of one seed


@dataclass(frozen=True)
class Cohort:
    """All patients, as they are and as they were recorded.

    codes (n,): `WDBC-` and four digits, the row of the public table. y (n,): 1 = malignant. truth (n, p): the
    measurements. observed (n, p): what the pipelines see; NaN = not recorded. contaminated (n, p): True where
    `observed` is false. train, test: row numbers, disjoint, in ascending order.
    """

    codes: NDArray[np.str_]
    y: NDArray[np.int8]
    features: tuple[str, ...]
    truth: Cells
    observed: Cells
    contaminated: Mask
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def load_cohort(study: Study) -> Cohort:
    """Return the study's patients with their declared damage and their fixed, stratified test set."""
    table = load_breast_cancer()
    features = FEATURIZATIONS[study.featurization]
    columns = [list(table.feature_names).index(feature) for feature in features]
    truth = np.ascontiguousarray(table.data[:, columns], dtype=np.float64)
    y = (1 - table.target).astype(np.int8)  # scikit-learn codes benign as 1
    missing = delete_cells(truth, study)
    false_values, contaminated = contaminate_cells(truth, missing, study)
    rows = np.arange(len(y))
    train, test = train_test_split(rows, test_size=study.test_fraction, stratify=y, random_state=study.seed)
    return Cohort(
        codes=np.array([f"WDBC-{row:04d}" for row in rows]),
        y=y,
        features=features,
        truth=truth,
        observed=np.where(missing, np.nan, np.where(contaminated, false_values, truth)),
        contaminated=contaminated,
        train=np.sort(train),
        test=np.sort(test),
    )


def delete_cells(truth: Cells, study: Study) -> Mask:
    """Choose the cells (n, p) that nobody recorded: missing at random given the first feature.

    The probability rises linearly with the patient's rank in the first feature, from 0 to twice
    `missing_rate`; the first feature itself is always recorded, so the mechanism is MAR in the sense of Rubin
    (1976, https://doi.org/10.1093/biomet/63.3.581).
    """
    n, p = truth.shape
    rank = np.argsort(np.argsort(truth[:, 0], kind="stable"), kind="stable")
    probability = 2 * study.missing_rate * (rank + 0.5) / n
    rng = np.random.default_rng([study.seed, _MISSINGNESS])
    missing: Mask = rng.random((n, p)) < probability[:, np.newaxis]
    missing[:, 0] = False
    return missing


def contaminate_cells(truth: Cells, missing: Mask, study: Study) -> tuple[Cells, Mask]:
    """Return the false values (n, p) and the cells that hold one.

    `contamination_rate` of the recorded cells, never of the first feature: a slip of the decimal point (x 10
    or / 10, evenly) or a shift by `shift_sd` standard deviations (up or down, evenly).
    """
    rng = np.random.default_rng([study.seed, _CONTAMINATION])
    chosen, slips, upwards = (rng.random(truth.shape) for _ in range(3))
    contaminated = (chosen < study.contamination_rate) & ~missing
    contaminated[:, 0] = False
    up = upwards < 0.5
    slipped = truth * np.where(up, 10.0, 0.1)
    shifted = truth + np.where(up, 1.0, -1.0) * study.shift_sd * truth.std(axis=0)
    return np.where(slips < study.slip_share, slipped, shifted), contaminated
