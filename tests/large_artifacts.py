"""Metrics pickles in the layout of the original study, made by the thousand.

Risks are those of logistic regressions refitted to bootstrap samples of public data (breast cancer), moved by seeded
noise so that no two runs agree: fit to measure what reading costs, not to say anything of a model.
"""

import os
import pickle
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

SCALARS = (
    "AUROC",
    "AUPR",
    "F1",
    "sensitivity",
    "specificity",
    "PPV",
    "NPV",
    "accuracy",
    "tpAUC",
    "Brier",
    "ECE",
)
CURVES = {"AUROC": ("fpr", "tpr", "thresholds"), "AUPR": ("precision", "recall", "thresholds")}
CURVE_POINTS, TRAINING_SUBJECTS = 200, 145

Values = npt.NDArray[np.float64]


class Refused:
    """Unpickles by a call that no reader should make for it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.getcwd, ()


def predicted(subjects: int, refits: int, seed: list[int]) -> tuple[npt.NDArray[np.int64], Values]:
    """Outcomes of shape (subjects,) and risks of shape (subjects, refits)."""
    labels, logits = _refitted(subjects, refits)
    draw = np.random.default_rng(seed)
    moved = logits + draw.normal(0, 0.3, (subjects, 1)) + draw.normal(0, 0.1, logits.shape)
    return labels, 1 / (1 + np.exp(-moved))


def metrics_pickle(labels: npt.NDArray[np.int64], risks: Values, *, complete: bool) -> bytes:
    """Lay predictions out as the study's metrics pickle; `complete` adds all that it holds beside them."""
    subjects, refits = risks.shape
    repeated = np.repeat(labels[:, None].astype(float), refits, axis=1)
    arrays = {"y_pred_proba": risks, "y_pred": (risks > 0.5) * 1.0, "label": repeated}
    codes = np.asarray([f"PLR{number:04d}" for number in range(subjects)], dtype=object)
    ballast = _ballast(refits, complete=complete)
    tests = ballast["metrics_iter"]["test"] | {"preds": {"arrays": {"predictions": arrays}}}
    content = {
        "metrics_iter": ballast["metrics_iter"] | {"test": tests},
        "metrics_stats": ballast["metrics_stats"],
        "subjectwise_stats": {"test": {"subject_code": codes, "labels": labels}},
        "subject_global_stats": {"test": {"y_pred_proba": {"mean": {0.0: {"n": int((labels == 0).sum())}}}}},
    }
    return pickle.dumps(content, protocol=5)


@cache
def _ballast(refits: int, *, complete: bool) -> dict[str, dict[str, Any]]:
    """What a reader of predictions passes over: numbers of the right shapes, the same in every run."""
    draw = np.random.default_rng(refits)
    splits = ("train", "val", "test") if complete else ("test",)
    found: dict[str, dict[str, Any]] = {"metrics_iter": {}, "metrics_stats": {}}
    for split in splits:
        metrics: dict[str, Any] = {"scalars": {name: draw.uniform(size=refits).tolist() for name in SCALARS}}
        if complete:
            shape = (CURVE_POINTS, refits)
            metrics["arrays"] = {c: {a: draw.uniform(size=shape) for a in axes} for c, axes in CURVES.items()}
        found["metrics_iter"][split] = {"metrics": metrics}
        if split != "test":
            found["metrics_iter"][split]["preds_dict"] = {"arrays": _out_of_bag(refits, draw)}
        means = {
            name: {"n": refits, "mean": np.float64(np.mean(v))} for name, v in metrics["scalars"].items()
        }
        found["metrics_stats"][split] = {"metrics": {"scalars": means}}
    return found


def _out_of_bag(refits: int, draw: np.random.Generator) -> dict[str, dict[str, list[float]]]:
    """Predictions for the training subjects, of the refits that did not see them."""
    names = ("y_pred_proba", "y_pred", "label")
    subjects = [f"PLR{number:04d}" for number in range(1000, 1000 + TRAINING_SUBJECTS)]
    return {name: {code: draw.uniform(size=refits * 3 // 8).tolist() for code in subjects} for name in names}


@cache
def _refitted(subjects: int, refits: int) -> tuple[npt.NDArray[np.int64], Values]:
    """Outcomes and logits of held-out subjects, from models refitted to bootstrap samples of the others."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    features, labels = load_breast_cancer(return_X_y=True)
    shuffled = np.random.default_rng(0).permutation(len(labels))
    features, labels = (features / features.max(axis=0))[shuffled, :5], labels[shuffled]
    logits = []
    for refit in range(refits):
        sample = np.random.default_rng(refit).choice(np.arange(subjects, len(labels)), 200)
        model = LogisticRegression().fit(features[sample], labels[sample])
        logits.append(model.decision_function(features[:subjects]))
    return labels[:subjects].astype(np.int64), np.stack(logits, axis=1)
