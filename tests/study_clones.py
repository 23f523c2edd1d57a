"""Folders in which commands run as in a clone, and a small study of real models in one, built."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "data/public/foundation_plr_results.db"


@dataclass(frozen=True)
class Clone:
    """A folder in which commands run as in a clone, with a home of its own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", *arguments], **self.options(environment), capture_output=True, timeout=600
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def options(self, environment: Mapping[str, str]) -> dict[str, Any]:
        given = {"PYTHONPATH": str(ROOT), "HOME": str(self.folder), **self.environment, **environment}
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return {"cwd": self.folder, "env": {**outside, **given}, "text": True}

    def status(self) -> dict[str, dict[str, Any]]:
        return {
            row["key"]: row for row in json.loads(self.run("assets", "status", "--json").stdout)["assets"]
        }

    def versions(self, *kinds: str) -> dict[str, str]:
        """Data versions of everything, or of some kinds."""
        rows = self.status().items()
        return {key: row["data_version"] for key, row in rows if not kinds or row["kind"] in kinds}

    def count(self, kind: str) -> int:
        """How many assets there are of a kind."""
        return sum(row["kind"] == kind for row in self.status().values())

    def stale(self) -> dict[str, str]:
        return {key: row["because"] for key, row in self.status().items() if row["state"] != "fresh"}

    def forget(self, *figures: str) -> None:
        """Lose all tables, what is cached, and some pictures: to build again, without drawing all the others."""
        shutil.rmtree(self.folder / ".assets")
        (self.folder / DATABASE).unlink()
        for figure in figures:
            (self.folder / f"figures/generated/{figure}.png").unlink()

    def copy(self, folder: Path) -> "Clone":
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Clone(folder, self.environment)


class Built(Clone):
    """One that nobody changes: its status is asked for once."""

    def status(self) -> dict[str, dict[str, Any]]:
        return self._status

    @cached_property
    def _status(self) -> dict[str, dict[str, Any]]:
        return super().status()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from assets.inputs.subjects import ensure_key
    from flows.study import Study, run_study

    folder = tmp_path_factory.mktemp("store")
    study = Study(
        n_bootstrap=4,
        outlier_methods=("reference", "none"),
        imputation_methods=("reference", "median"),
        classifiers=("LogisticRegression", "GaussianNB"),
    )
    run_study(study, folder, jobs=2)
    ensure_key(
        folder / "private", declared=bytes(32)
    )  # one key, so that subjects have the same codes everywhere
    return folder


@pytest.fixture(scope="session")
def built(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with everything built by the plain scheduler; copied, never changed."""
    clone = Built(tmp_path_factory.mktemp("built"))
    shutil.copytree(store, clone.folder / "data")
    clone.run("flows", "reproduce", "--engine", "plain")
    return clone


@pytest.fixture
def clone(built: Clone, tmp_path: Path) -> Clone:
    return built.copy(tmp_path / "clone")
