"""What the study is: its factors, its damage, its refits. Nothing is computed here."""

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass

from assets.engine.errors import UserError

SUBJECT_KEY = b"The WDBC patients are public data"
"""The key of this study's subject codes: public on purpose, so that two clones get the same codes."""

EXPERIMENT = "BreastCancer_Classification"
OUTLIER_METHODS = ("reference", "MAD", "IQR", "LOF", "none")
IMPUTATION_METHODS = ("reference", "median", "kNN", "iterative")
CLASSIFIERS = ("LogisticRegression", "GaussianNB", "RandomForest", "GradientBoosting")

# Size (radius, perimeter, area) and concavity are left out: with them every pipeline ends near an AUROC of
# .99, where no preprocessing choice can show. The first feature is always recorded, and correctly.
_SURFACE = ("texture", "smoothness", "compactness", "symmetry", "fractal dimension")
FEATURIZATIONS = {"texture1.0": tuple(f"{part} {name}" for part in ("mean", "worst") for name in _SURFACE)}

# To be raised whenever a change of code changes numbers: old and new runs are then refused to be mixed.
_METHODS_VERSION = 1


@dataclass(frozen=True)
class Configuration:
    """One cell of the factorial design, and so one MLflow run."""

    classifier: str
    featurization: str
    imputation: str
    outlier: str

    @property
    def run_name(self) -> str:
        """`CLASSIFIER_eval-auc__featurization__imputation__outlier`."""
        return f"{self.classifier}_eval-auc__{self.featurization}__{self.imputation}__{self.outlier}"


@dataclass(frozen=True)
class Study:
    """The whole design; equal studies give equal numbers.

    Parameters
    ----------
    n_bootstrap
        Refits of each configuration, at least 2; refit k uses the same patients in all configurations.
    seed
        Fixes test set, damage, resamples and the classifiers' own chance.
    missing_rate
        Mean share of deleted cells in each feature but the first.
    contamination_rate
        Share of the remaining cells of those features that hold a false value.
    slip_share
        Share of the false values that are slips of the decimal point; the others are shifted.
    shift_sd
        Size of a shift, in standard deviations of the feature.

    Raises
    ------
    UserError
        A level is unknown or repeated, or a number is out of range.

    """

    n_bootstrap: int = 50
    seed: int = 1993
    featurization: str = "texture1.0"
    outlier_methods: tuple[str, ...] = OUTLIER_METHODS
    imputation_methods: tuple[str, ...] = IMPUTATION_METHODS
    classifiers: tuple[str, ...] = CLASSIFIERS
    test_fraction: float = 0.3
    missing_rate: float = 0.2
    contamination_rate: float = 0.08
    slip_share: float = 0.5
    shift_sd: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what cannot be run before anything is run."""
        _require_levels("featurization", (self.featurization,), tuple(FEATURIZATIONS))
        _require_levels("outlier_methods", self.outlier_methods, OUTLIER_METHODS)
        _require_levels("imputation_methods", self.imputation_methods, IMPUTATION_METHODS)
        _require_levels("classifiers", self.classifiers, CLASSIFIERS)
        _require_range("n_bootstrap", self.n_bootstrap, 2, 100_000)
        _require_range("seed", self.seed, 0, 2**32 - 1)
        _require_range("test_fraction", self.test_fraction, 0.1, 0.9)
        # 2 x missing_rate is the largest probability of a cell to be deleted.
        _require_range("missing_rate", self.missing_rate, 0.0, 0.5)
        _require_range("contamination_rate", self.contamination_rate, 0.0, 1.0)
        _require_range("slip_share", self.slip_share, 0.0, 1.0)

    def configurations(self) -> list[Configuration]:
        """Every combination of the levels; those that share their preprocessing are neighbours."""
        levels = itertools.product(self.outlier_methods, self.imputation_methods, self.classifiers)
        return [
            Configuration(
                classifier=classifier,
                featurization=self.featurization,
                imputation=imputation,
                outlier=outlier,
            )
            for outlier, imputation, classifier in levels
        ]

    def digest(self) -> str:
        """Name all that a configuration's numbers depend on besides its own levels.

        The lists of levels are left out: a study may grow by a classifier without losing its runs.
        """
        said = asdict(self) | {"methods_version": _METHODS_VERSION}
        for levels in ("outlier_methods", "imputation_methods", "classifiers"):
            del said[levels]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _require_levels(field: str, chosen: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [level for level in chosen if level not in known]
    if unknown or not chosen or len(set(chosen)) < len(chosen):
        raise UserError(f"Study.{field} = {chosen}: choose each at most once from {', '.join(known)}.")


def _require_range(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UserError(f"Study.{field} = {value}: choose a number from {low:g} to {high:g}.")
