"""A stranger's experiment, as assets/inputs/README.md tells it: its code, its settings and its commands are run."""

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from tests import console

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "assets" / "inputs" / "README.md").read_text("utf-8")
pytestmark = pytest.mark.xdist_group("other_peoples_store")  # all look at one extraction


def block(language: str) -> str:
    """The only block of a language in the README."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a reader of the README followed it."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "train.py").write_text(block("python"))
    (folder / "pyproject.toml").write_text(block("toml"))
    plain = f"$ {sys.executable} -m flows extract --engine plain"
    (folder / "session.md").write_text(
        f"```console\n{block('console').replace('$ make extract', plain)}```\n"
    )
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    console.run(folder / "session.md", folder, environment)
    return folder


def ask(folder: Path, question: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(folder / "data/public/foundation_plr_results.db", read_only=True) as connection:
        return connection.execute(question).fetchall()


def test_every_run_is_in_use_under_its_classifier_and_the_methods_of_the_settings(extracted: Path) -> None:
    rows = ask(
        extracted, "SELECT classifier, featurization, imputation_method, outlier_method FROM runs ORDER BY 1"
    )
    assert rows == [
        (name, "all", "none", "none")
        for name in ("GaussianNB", "KNeighborsClassifier", "RandomForestClassifier")
    ]


def test_measures_are_those_of_scikit_learn(extracted: Path) -> None:
    features, benign = load_breast_cancer(return_X_y=True)
    training, test, outcome, observed = train_test_split(features, 1 - benign, random_state=0)
    found = {
        name: (auroc, brier)
        for name, auroc, brier in ask(extracted, "SELECT classifier, auroc, brier FROM essential_metrics")
    }
    for classifier in (
        GaussianNB(),
        KNeighborsClassifier(),
        RandomForestClassifier(random_state=0),
    ):
        risk = classifier.fit(training, outcome).predict_proba(test)[:, 1]
        expected = roc_auc_score(observed, risk), brier_score_loss(observed, risk)
        assert found[type(classifier).__name__] == pytest.approx(expected, rel=1e-12)


def test_every_measure_leads_back_to_the_bytes_of_an_artifact(extracted: Path) -> None:
    rows = ask(extracted, block("sql"))
    assert len(rows) == ask(extracted, "SELECT count(*) FROM stratos_measures")[0][0] > 100
    artifacts = {(run_id, path, digest) for _, _, run_id, _, path, digest in rows}
    assert len(artifacts) == 3
    for run_id, path, digest in artifacts:
        (kept,) = extracted.glob(f"mlruns/*/{run_id}/artifacts/{path}")
        assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest
