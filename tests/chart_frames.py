"""The charts' input frames, computed here with NumPy and scikit-learn from the breast-cancer data.

Classifiers are fitted on four weak features, after extreme cells were flagged by one of several
outlier rules and filled by one of several imputations: a small factorial study on real patients,
made without any code of the project, so that the charts are tested on their contract alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

FEATURES = ["mean texture", "mean smoothness", "mean symmetry", "texture error"]
CLASSIFIERS: dict[str, Any] = {
    "LogisticRegression": lambda: LogisticRegression(),
    "RandomForest": lambda: RandomForestClassifier(20, min_samples_leaf=8, random_state=0),
    "GaussianNB": lambda: GaussianNB(),
    "KNeighbors": lambda: KNeighborsClassifier(25),
    "DecisionTree": lambda: DecisionTreeClassifier(min_samples_leaf=12, random_state=0),
    "GradientBoosting": lambda: GradientBoostingClassifier(n_estimators=20, random_state=0),
}
OUTLIERS = {"z-score-2": 2.0, "z-score-2.5": 2.5, "z-score-3": 3.0, "z-score-1.5": 1.5}
IMPUTATIONS: dict[str, Any] = {
    "kNN": lambda: KNNImputer(n_neighbors=5),
    "mean": lambda: SimpleImputer(strategy="mean"),
    "median": lambda: SimpleImputer(strategy="median"),
    "mode": lambda: SimpleImputer(strategy="most_frequent"),
}


@dataclass(frozen=True)
class Study:
    """What a figure may read: the contract's tables as frames, and the runs to show in colour."""

    metrics: pd.DataFrame
    roc_curves: pd.DataFrame
    calibration_curves: pd.DataFrame
    dca_curves: pd.DataFrame
    probability_distributions: pd.DataFrame
    predictions: pd.DataFrame
    highlights: pd.DataFrame


@cache
def study(n_classifiers: int = 4, n_outliers: int = 4, n_imputations: int = 4) -> Study:
    """A factorial study of so many methods each, one run per combination."""
    runs = [
        (classifier, outlier, imputation)
        for classifier in list(CLASSIFIERS)[:n_classifiers]
        for outlier in list(OUTLIERS)[:n_outliers]
        for imputation in list(IMPUTATIONS)[:n_imputations]
    ]
    tables = [_tables(f"run{i:03d}", run) for i, run in enumerate(runs)]
    joined = {name: pd.concat([t[name] for t in tables], ignore_index=True) for name in tables[0]}
    highlights = joined["metrics"].drop_duplicates("classifier")[["run_id", "classifier"]]
    return Study(**joined, highlights=highlights.assign(label=highlights.classifier).reset_index(drop=True))


@cache
def _patients() -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return tuple(train_test_split(x[FEATURES], 1 - y.to_numpy(), test_size=0.3, random_state=1, stratify=y))


def _tables(run_id: str, run: tuple[str, str, str]) -> dict[str, pd.DataFrame]:
    y, p = _predictions(*run)
    return {
        "metrics": _metrics(run_id, run, y, p),
        "roc_curves": _roc(run_id, y, p),
        "calibration_curves": _calibration(run_id, y, p),
        "dca_curves": _net_benefit(run_id, y, p),
        "probability_distributions": _distribution(run_id, y, p),
        "predictions": _of_subjects(run_id, y, p),
    }


@cache
def _predictions(classifier: str, outlier: str, imputation: str) -> tuple[np.ndarray, np.ndarray]:
    train, test, y_train, y_test = _patients()
    centre, spread = train.mean(), train.std()
    kept = [frame.where(((frame - centre) / spread).abs() <= OUTLIERS[outlier]) for frame in (train, test)]
    model = make_pipeline(IMPUTATIONS[imputation](), StandardScaler(), CLASSIFIERS[classifier]())
    return y_test, model.fit(kept[0], y_train).predict_proba(kept[1])[:, 1]


def _of_subjects(run_id: str, y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    codes = [f"s{i:03d}" for i in range(len(y))]
    return pd.DataFrame({"run_id": run_id, "subject_code": codes, "y_true": y, "y_prob": p})


def _metrics(run_id: str, run: tuple[str, str, str], y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    wins = (p[y == 1][:, None] > p[y == 0]) + 0.5 * (p[y == 1][:, None] == p[y == 0])
    auroc, v10, v01 = wins.mean(), wins.mean(axis=1), wins.mean(axis=0)
    se = np.sqrt(v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01))
    low, high = max(auroc - 1.96 * se, 0), min(auroc + 1.96 * se, 1)
    row = {
        "run_id": run_id, "classifier": run[0], "featurization": "weak4", "outlier_method": run[1],
        "imputation_method": run[2], "n_test": len(y), "n_events": int(y.sum()), "prevalence": y.mean(),
        "auroc": auroc, "auroc_se": se, "auroc_ci_lower": low, "auroc_ci_upper": high, "auroc_status": "ok",
        "o_e_ratio": y.mean() / p.mean(), "o_e_ratio_status": "ok", "brier": np.mean((y - p) ** 2),
    }  # fmt: skip
    return pd.DataFrame([row | _recalibration(y, p)])


def _recalibration(y: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """Intercept and slope on the logit by Newton's method, with limits of Wald in the place of others."""
    logit = np.log(np.clip(p, 1e-3, 1 - 1e-3) / np.clip(1 - p, 1e-3, 1 - 1e-3))
    found = {}
    for name, design, offset in (
        ("intercept", np.ones((len(y), 1)), logit),
        ("slope", np.column_stack([logit, np.ones(len(y))]), 0 * logit),
    ):
        beta = np.zeros(design.shape[1])
        for _ in range(30):
            mean = 1 / (1 + np.exp(-(design @ beta + offset)))
            information = design.T @ (design * (mean * (1 - mean))[:, None])
            beta = beta + np.linalg.solve(information, design.T @ (y - mean))
        margin = 1.96 * np.sqrt(np.linalg.inv(information)[0, 0])
        kind = "bootstrap" if name == "intercept" else "profile"
        limits = {"": beta[0], f"_{kind}_lower": beta[0] - margin, f"_{kind}_upper": beta[0] + margin}
        found |= {f"calibration_{name}{side}": value for side, value in limits.items()}
    return found


def _roc(run_id: str, y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    false, true, threshold = roc_curve(y, p, drop_intermediate=False)
    low, high = _wilson(true, y.sum())
    return pd.DataFrame({
        "run_id": run_id, "point": np.arange(len(false)), "threshold": np.where(np.isinf(threshold), np.nan, threshold),
        "false_positive_rate": false, "true_positive_rate": true, "sensitivity_ci_lower": low,
        "sensitivity_ci_upper": high,
    })  # fmt: skip


def _wilson(share: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    z = 1.96
    middle, width = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (middle - width) / (1 + z**2 / n), (middle + width) / (1 + z**2 / n)


def _calibration(run_id: str, y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    grid = np.linspace(p.min(), p.max(), 101)
    smoother = np.array([_loess_row(x, p) for x in grid])
    observed = smoother @ y
    residual = np.sqrt(np.mean((y - np.interp(p, grid, observed)) ** 2))
    margin = 1.96 * residual * np.linalg.norm(smoother, axis=1)
    return pd.DataFrame({
        "run_id": run_id, "point": np.arange(101), "predicted": grid, "observed": observed,
        "ci_lower": observed - margin, "ci_upper": observed + margin, "status": "ok",
    })  # fmt: skip


def _loess_row(x: float, p: np.ndarray) -> np.ndarray:
    distance = np.abs(p - x)
    nearest = np.sort(distance)[int(0.75 * len(p)) - 1]
    weight = np.clip(1 - (distance / max(nearest, 1e-9)) ** 3, 0, None) ** 1.5
    design = weight[:, None] * np.vander(p - x, 3, increasing=True)
    return np.linalg.pinv(design)[0] * weight


def _net_benefit(run_id: str, y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    t = np.arange(1, 100) / 100
    positive = p[:, None] >= t
    true, false = (positive & (y == 1)[:, None]).sum(axis=0), (positive & (y == 0)[:, None]).sum(axis=0)
    odds, n = t / (1 - t), len(y)
    benefit = true / n - false / n * odds
    margin = 1.96 * np.sqrt((true / n + false / n * odds**2 - benefit**2) / n)
    return pd.DataFrame({
        "run_id": run_id, "threshold": t, "true_positives": true, "false_positives": false,
        "net_benefit_model": benefit, "net_benefit_all": y.mean() - (1 - y.mean()) * odds,
        "net_benefit_none": 0.0, "net_benefit_ci_lower": benefit - margin, "net_benefit_ci_upper": benefit + margin,
    })  # fmt: skip


def _distribution(run_id: str, y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    counts = {group: np.histogram(p[y == group], bins=20, range=(0, 1))[0] for group in (0, 1)}
    rows: Sequence[dict[str, Any]] = [
        {"run_id": run_id, "y_true": group, "bin": b, "bin_start": b / 20, "bin_end": (b + 1) / 20,
         "n": int(n[b]), "density": n[b] / n.sum() * 20}
        for group, n in counts.items() for b in range(20)
    ]  # fmt: skip
    return pd.DataFrame(rows)
