"""Bootstrap refits: the same classifier on many resamples of the training patients."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.study.classifiers import make_classifier
from flows.study.patients import Cells, Cohort

_RESAMPLING, _FITTING = 3, 4  # random streams of their own, see patients.py


@dataclass(frozen=True)
class Split:
    """Patients of one role with the risks that every refit gave them.

    codes, y (m,). risk (m, n_bootstrap): predicted probability of malignancy. times (m, n_bootstrap): how
    often the patient counts in that refit: in `train` the number of draws, in `val` 1 if never drawn, in
    `test` always 1.
    """

    codes: NDArray[np.str_]
    y: NDArray[np.int8]
    risk: Cells
    times: NDArray[np.int64]

    def refit(self, number: int) -> tuple[NDArray[np.int8], Cells]:
        """Outcomes and risks of the patients of one refit, repeated as often as they count."""
        times = self.times[:, number]
        return np.repeat(self.y, times), np.repeat(self.risk[:, number], times)


def resample(y: NDArray[np.int8], *, seed: int, refit: int) -> NDArray[np.intp]:
    """Draw as many rows as there are, with replacement, within each outcome.

    The draw depends on seed and refit only, never on the configuration: refit k of two pipelines learns from
    the same patients, so their difference is paired.
    """
    rng = np.random.default_rng([seed, _RESAMPLING, refit])
    by_outcome = [np.flatnonzero(y == outcome) for outcome in (0, 1)]
    return np.concatenate([rng.choice(rows, size=len(rows)) for rows in by_outcome])


def refit_classifier(
    cohort: Cohort, cells: Cells, classifier: str, *, seed: int, n_bootstrap: int
) -> dict[str, Split]:
    """Refit on `n_bootstrap` resamples of the training rows of `cells` and return train, val and test."""
    y_train = cohort.y[cohort.train]
    times = np.zeros((len(cohort.train), n_bootstrap), dtype=np.int64)
    risk = np.empty((len(cells), n_bootstrap))
    for refit in range(n_bootstrap):
        drawn = resample(y_train, seed=seed, refit=refit)
        times[:, refit] = np.bincount(drawn, minlength=len(y_train))
        rows = cohort.train[drawn]
        chance = int(np.random.default_rng([seed, _FITTING, refit]).integers(2**31))
        model = make_classifier(classifier, seed=chance)
        risk[:, refit] = model.fit(cells[rows], cohort.y[rows]).predict_proba(cells)[:, 1]
    always = np.ones((len(cohort.test), n_bootstrap), dtype=np.int64)
    return {
        "train": _split(cohort, cohort.train, risk, times),
        "val": _split(cohort, cohort.train, risk, (times == 0).astype(np.int64)),
        "test": _split(cohort, cohort.test, risk, always),
    }


def _split(cohort: Cohort, rows: NDArray[np.intp], risk: Cells, times: NDArray[np.int64]) -> Split:
    return Split(codes=cohort.codes[rows], y=cohort.y[rows], risk=risk[rows], times=times)
