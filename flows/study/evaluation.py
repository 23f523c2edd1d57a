"""One configuration from the damaged cells to its record: what a worker process does."""

import time
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sklearn

from flows.study.artifact import Record, build_record, to_pickle
from flows.study.classifiers import HYPERPARAMETERS
from flows.study.definition import Configuration, Study
from flows.study.detectors import flag_cells
from flows.study.imputers import preprocess
from flows.study.patients import Cells, Cohort, load_cohort
from flows.study.refits import refit_classifier


@dataclass(frozen=True)
class Evaluation:
    """All that is to be logged of one run. started, finished: milliseconds since 1970."""

    configuration: Configuration
    pickled: bytes
    params: dict[str, str]
    metrics: dict[str, float]
    started: int
    finished: int


def evaluate(study: Study, configuration: Configuration) -> Evaluation:
    """Preprocess, refit, measure; the same arguments give the same bytes."""
    started = _now()
    cohort = _cohort(study)
    cells = _cells(study, configuration.outlier, configuration.imputation)
    splits = refit_classifier(
        cohort, cells, configuration.classifier, seed=study.seed, n_bootstrap=study.n_bootstrap
    )
    record = build_record(splits)
    metrics = _logged_metrics(record) | preprocessing_quality(cohort, cells, configuration)
    finished = _now()
    return Evaluation(
        configuration=configuration,
        pickled=to_pickle(record),
        params=_params(study, cohort, configuration),
        metrics=metrics | {"bootstrap_time": (finished - started) / 1000},
        started=started,
        finished=finished,
    )


def preprocessing_quality(cohort: Cohort, cells: Cells, configuration: Configuration) -> dict[str, float]:
    """Compare with the truth on the test patients, which only a study that damages its own data can do.

    Outlier_f1: false cells found, against false alarms. Imputation_mae: mean error of the filled cells, in
    standard deviations of the true training values. Left out where nothing was false or filled.
    """
    flagged = flag_cells(cohort, configuration.outlier)[cohort.test]
    false = cohort.contaminated[cohort.test]
    filled = np.isnan(cohort.observed[cohort.test]) | flagged
    error = np.abs(cells - cohort.truth)[cohort.test] / cohort.truth[cohort.train].std(axis=0)
    quality = {}
    if flagged.any() or false.any():
        quality["Outlier_f1"] = float(2 * np.sum(flagged & false) / (np.sum(flagged) + np.sum(false)))
    if filled.any():
        quality["Imputation_mae"] = float(error[filled].mean())
    return quality


def _logged_metrics(record: Record) -> dict[str, float]:
    """Pick the means over the refits, and the spread of the test AUROC over them (no standard error)."""
    logged = {
        f"{split}/{name}": summary["mean"]
        for split, statistics in record["metrics_stats"].items()
        for name, summary in statistics["metrics"]["scalars"].items()
    }
    logged["test/AUROC_std"] = record["metrics_stats"]["test"]["metrics"]["scalars"]["AUROC"]["std"]
    return {name: value for name, value in logged.items() if np.isfinite(value)}


def _params(study: Study, cohort: Cohort, configuration: Configuration) -> dict[str, str]:
    params: dict[str, object] = {
        "model_name": configuration.classifier,
        "anomaly_source": configuration.outlier,
        "imputation_source": configuration.imputation,
        "mlflow_run_featurization": configuration.featurization,
        "features": ", ".join(cohort.features),
        "n_train": len(cohort.train),
        "n_test": len(cohort.test),
        "versions": f"numpy {np.__version__}, scikit-learn {sklearn.__version__}",
    }
    for name in ("seed", "n_bootstrap", "missing_rate", "contamination_rate", "slip_share", "shift_sd"):
        params[name] = getattr(study, name)
    for name, value in HYPERPARAMETERS[configuration.classifier].items():
        params[f"hparam_{name}"] = value
    return {name: str(value) for name, value in params.items()}


@lru_cache(maxsize=1)
def _cohort(study: Study) -> Cohort:
    return load_cohort(study)


@lru_cache(maxsize=1)  # neighbouring configurations differ in their classifier only
def _cells(study: Study, outlier: str, imputation: str) -> Cells:
    return preprocess(_cohort(study), outlier=outlier, imputation=imputation)


def _now() -> int:
    return time.time_ns() // 1_000_000
