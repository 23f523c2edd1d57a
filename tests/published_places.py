"""Fixture: a published study with what lies around it. Test modules name this module in `pytest_plugins`."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from private_codes import private_folder

from assets.engine import ledger
from assets.inputs.privacy.gates import Places
from assets.inputs.subjects import read_lookup

DATABASE = "data/public/results.db"


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """A folder with a published database of one prediction per subject, figures, a log and a repository."""
    with contextlib.chdir(tmp_path):
        lookup = read_lookup(private_folder(Path("data/private")))
        for folder in ("data/public", "figures/data", ".assets/logs"):
            Path(folder).mkdir(parents=True)
        with duckdb.connect(DATABASE) as connection:
            ledger.create(connection)
            connection.execute("CREATE TABLE runs (run_id VARCHAR, run_name VARCHAR, experiment VARCHAR)")
            connection.execute(
                "INSERT INTO runs VALUES ('r', 'CATBOOST__simple1.0__SAITS__LOF', 'Classification')"
            )
            connection.execute(
                "CREATE TABLE predictions (run_id VARCHAR, subject_code VARCHAR, y_prob DOUBLE)"
            )
            rows = [("r", code, 0.1 + n / 7) for n, code in enumerate(lookup)]
            connection.executemany("INSERT INTO predictions VALUES (?, ?, ?)", rows)
        Path(".assets/logs/2-run.log").write_text("nothing")
        subprocess.run(["git", "init", "--quiet"], check=True)
        Path(".gitignore").write_text("data\nfigures\n.assets\n")
        Path("notes.md").write_text("nothing")
        subprocess.run(["git", "add", "."], check=True)
        yield Places(Path("data/private"), Path(DATABASE), Path("figures"))
