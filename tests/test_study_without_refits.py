"""The tables of a whole study whose refits are not kept, from a store in which most runs cannot be used."""

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pytest
from study_clones import DATABASE, Clone
from written_stores import WrittenStore, artifact

pytest_plugins = ["store_fixtures"]
pytestmark = pytest.mark.xdist_group("server")

PER_REFIT = ("bootstrap_predictions", "refit_spread", "model_instability", "instability_summary")
ASIDE = "4 listing (1 FAILED, 1 RUNNING, 1 deleted, 1 synthetic), 1 name, 1 artifact, 1 unpickle"


@pytest.fixture(scope="module")
def extracted(file_store: WrittenStore, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with the DuckDB file, and what the extraction said."""
    clone = Clone(tmp_path_factory.mktemp("clone"))
    done = clone.run(
        "flows", "extract", "--engine", "plain",
        MLFLOW_TRACKING_URI=file_store.uri, FOUNDATION_PLR_KEEP_REFITS="false",
    )  # fmt: skip
    return clone.folder, done.stdout


def ask(folder: Path, question: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(folder / DATABASE, read_only=True) as connection:
        return connection.execute(question).fetchall()


def test_the_last_lines_say_what_was_used_and_why_not_the_rest(extracted: tuple[Path, str]) -> None:
    assert f"runs     2 used, 7 set aside: {ASIDE}; why: table quarantined_runs\n" in extracted[1]


def test_what_is_said_of_single_refits_has_no_rows_and_all_else_has_some(extracted: tuple[Path, str]) -> None:
    folder, _ = extracted
    names = [
        name
        for (name,) in ask(folder, "SELECT name FROM (SHOW TABLES) WHERE name NOT LIKE '\\_%' ESCAPE '\\'")
    ]
    empty = {name for name in names if ask(folder, f"SELECT count(*) FROM {name}") == [(0,)]}
    assert len(names) > 30
    assert empty >= {*PER_REFIT}
    assert not empty & {"runs", "predictions", "essential_metrics", "stratos_measures", "retention_metrics"}
    assert ask(folder, "SELECT count(*) FROM stratos_measures WHERE measure LIKE 'auroc_refit%'") == [(0,)]
    assert ask(folder, "SELECT count(y_prob_refits), min(n_bootstrap) FROM extracted_runs") == [(0, 5)]
    assert ask(folder, "SELECT count(*) FROM predictions WHERE y_prob_sd IS NULL") == [(0,)]


def test_every_artifact_that_was_read_is_told_by_its_bytes_also_of_a_run_set_aside(
    extracted: tuple[Path, str], file_store: WrittenStore
) -> None:
    read = "SELECT run_id, artifact_sha256 FROM runs UNION ALL SELECT run_id, artifact_sha256 FROM quarantined_runs"
    digests = dict(ask(extracted[0], read))
    for kind in ("named", "by_params", "truncated"):
        (run,) = file_store.folder.glob(f"*/{file_store.runs[kind]}")
        assert digests[run.name] == hashlib.sha256(artifact(run).read_bytes()).hexdigest()
    assert digests[file_store.runs["without_artifact"]] is None
    (path,) = ask(
        extracted[0],
        f"SELECT artifact_path FROM quarantined_runs WHERE run_id = '{file_store.runs['truncated']}'",
    )
    assert path == ("metrics/metrics_run.pickle",)
