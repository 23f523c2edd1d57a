"""The classifiers, with fixed hyperparameters: nothing is tuned, so nothing is selected on the test set."""

from collections.abc import Callable
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    "LogisticRegression": {"C": 1.0, "max_iter": 1000},
    "GaussianNB": {"var_smoothing": 1e-9},
    "RandomForest": {"n_estimators": 20, "min_samples_leaf": 5},
    "GradientBoosting": {"max_iter": 30, "max_depth": 3, "learning_rate": 0.15, "early_stopping": False},
}


def make_classifier(name: str, *, seed: int) -> ClassifierMixin:
    """Return an unfitted classifier whose chance depends on the seed alone."""
    return _MAKERS[name](seed, HYPERPARAMETERS[name])


def _logistic_regression(_seed: int, hyperparameters: dict[str, Any]) -> ClassifierMixin:
    return make_pipeline(StandardScaler(), LogisticRegression(**hyperparameters))


def _gaussian_nb(_seed: int, hyperparameters: dict[str, Any]) -> ClassifierMixin:
    return GaussianNB(**hyperparameters)


def _random_forest(seed: int, hyperparameters: dict[str, Any]) -> ClassifierMixin:
    return RandomForestClassifier(**hyperparameters, random_state=seed)


def _gradient_boosting(seed: int, hyperparameters: dict[str, Any]) -> ClassifierMixin:
    return HistGradientBoostingClassifier(**hyperparameters, random_state=seed)


_MAKERS: dict[str, Callable[[int, dict[str, Any]], ClassifierMixin]] = {
    "LogisticRegression": _logistic_regression,
    "GaussianNB": _gaussian_nb,
    "RandomForest": _random_forest,
    "GradientBoosting": _gradient_boosting,
}
