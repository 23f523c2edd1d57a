"""Frames for the figures of stability: small models of real patients, refitted, and the tables of what they predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from assets.stratos.stability import instability_curves, refits, retention

FEATURES = ["mean texture", "mean smoothness", "mean symmetry", "texture error"]
MODELS: dict[str, Any] = {
    "LogisticRegression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "GaussianNB": GaussianNB,
    "DecisionTree": lambda: DecisionTreeClassifier(min_samples_leaf=25, random_state=0),
}


@dataclass(frozen=True)
class Stability:
    """What the figures of stability read: tables as frames, and the runs to show in colour."""

    curves: pd.DataFrame
    summary: pd.DataFrame
    subjects: pd.DataFrame
    retained: pd.DataFrame
    areas: pd.DataFrame
    metrics: pd.DataFrame
    highlights: pd.DataFrame


@cache
def stability(shown: Sequence[str] = ("LogisticRegression", "GaussianNB"), n_refits: int = 12) -> Stability:
    """Three runs, of which some are in colour."""
    parts = [_predictions(name, n_refits) for name in MODELS]
    long = pd.concat(parts, ignore_index=True)
    table = pa.Table.from_pandas(long, preserve_index=False)
    risks = long.y_prob_refits.map(np.array)
    spread = risks.map(lambda risk: risk.std(ddof=1) if n_refits > 1 else np.nan)
    averaged = long.drop(columns="y_prob_refits").assign(y_prob=risks.map(np.mean), y_prob_sd=spread)
    counted = long.groupby("run_id").y_true.agg(n_test="size", n_events="sum").reset_index()
    return Stability(
        curves=instability_curves.instability_curves(table).to_pandas(),
        summary=refits.instability_summary(table).to_pandas(),
        subjects=refits.model_instability(table).to_pandas(),
        retained=retention.retention_metrics(averaged).to_pandas(),
        areas=retention.retention_areas(averaged).to_pandas(),
        metrics=counted.assign(n_bootstrap=n_refits),
        highlights=pd.DataFrame({"run_id": name, "classifier": name, "label": name} for name in shown),
    )


@cache
def _patients() -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return tuple(train_test_split(x[FEATURES], 1 - y.to_numpy(), test_size=0.3, random_state=1, stratify=y))


def _predictions(name: str, n_refits: int) -> pd.DataFrame:
    train, test, y_train, y_test = _patients()
    random = np.random.default_rng(1)
    draws = [random.integers(0, len(train), len(train)) for _ in range(n_refits)]
    models = [MODELS[name]().fit(train.iloc[draw], y_train[draw]) for draw in draws]
    risks = np.column_stack([model.predict_proba(test)[:, 1] for model in models])
    return pd.DataFrame(
        {
            "run_id": name,
            "subject_code": [f"s{i:03d}" for i in range(len(test))],
            "y_true": y_test,
            "y_prob_refits": list(risks),
        }
    )
