"""The mixed model with the subject as a random factor, crossed with all methods: its test in closed form."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from assets.stratos.comparisons.factorial import Term, contrasts

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MixedTest:
    """F of a term against its interaction with the subjects, its corrected degrees of freedom and p."""

    f: float
    df1: float
    df2: float
    p: float


def mixed_test(term: Term, losses: Array) -> MixedTest | None:
    """Test a term of the runs with subjects as a random factor: `losses` has shape (subjects, runs).

    F = MS_term / MS_term x subject with Greenhouse & Geisser's epsilon: the test of the mixed model with a random
    subject and a random interaction of it with the term, whose REML estimates have a closed form as every subject is
    in every run. None where the term does not vary between the subjects.

    Greenhouse & Geisser 1959, Psychometrika 24:95.
    """
    of_subjects = np.ascontiguousarray(contrasts(term, losses).T)
    df, n = of_subjects.shape
    mean = of_subjects.mean(axis=1)
    centred = of_subjects - mean[:, None]
    covariance = np.stack([(centred * row).sum(axis=1) for row in centred]) / max(n - 1, 1)
    trace, square = np.trace(covariance), (covariance**2).sum()
    if square == 0:
        return None
    f, epsilon = n * (mean**2).sum() / trace, trace**2 / (df * square)
    df1, df2 = epsilon * df, epsilon * df * (n - 1)
    return MixedTest(float(f), float(df1), float(df2), float(fdtrc(df1, df2, f)))
