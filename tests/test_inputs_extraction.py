"""From any store to the same rows: candidates and extracted runs."""

import pickle
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from written_stores import EXPERIMENT, WrittenStore, artifact, metrics, opened

from assets.engine.errors import UserError
from assets.inputs.artifacts.assignment import Limits
from assets.inputs.candidates import Candidate, ExtractionRules
from assets.inputs.evidence import MlflowRuns
from assets.inputs.extraction import EXTRACTED_RUNS, read
from assets.inputs.fingerprints import fingerprints
from assets.inputs.grammar import MethodSources
from assets.inputs.registry import Registry
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.runs import RunStore
from assets.inputs.subjects import read_lookup

pytest_plugins = ["store_fixtures"]


USABLE = {"named", "by_params"}


def extract(store: RunStore, candidates: Sequence[Candidate], *, private_dir: Path, **more: Any) -> pa.Table:
    """All rows at once."""
    runs = MlflowRuns(store, {item.run.run_id: item for item in candidates}, private_dir)
    return pa.concat_tables(read(runs, list(runs.candidates), **more))


def rows_of(written: WrittenStore, private: Path) -> dict[str, dict[str, Any]]:
    """The extracted rows by what is special about each run."""
    store, candidates = opened(written.uri)
    table = extract(store, candidates, private_dir=private)
    kinds = {run_id: kind for kind, run_id in written.runs.items()}
    return {kinds[row["run_id"]]: row for row in table.to_pylist()}


def test_each_run_has_a_row_usable_or_with_its_reason(sqlite_store: WrittenStore, tmp_path: Path) -> None:
    rows = rows_of(sqlite_store, tmp_path / "private")
    stages = {kind: (row["quarantine_stage"], row["quarantine_field"]) for kind, row in rows.items()}
    assert stages == {
        "named": (None, None),
        "by_params": (None, None),
        "failed": ("listing", "status"),
        "running": ("listing", "status"),
        "deleted": ("listing", "lifecycle_stage"),
        "synthetic": ("listing", "is_synthetic"),
        "misnamed": ("name", "run_name"),
        "without_artifact": ("artifact", "metrics/metrics_*.pickle"),
        "truncated": ("unpickle", "metrics/metrics_run.pickle"),
    }
    assert all(row["quarantine_reason"] for kind, row in rows.items() if kind not in USABLE)
    assert all(row["y_prob"] is None for kind, row in rows.items() if kind not in USABLE)


def test_a_usable_row_holds_methods_times_and_predictions(sqlite_store: WrittenStore, tmp_path: Path) -> None:
    row = rows_of(sqlite_store, tmp_path / "private")["by_params"]
    methods = [row[name] for name in ("classifier", "featurization", "imputation_method", "outlier_method")]
    assert methods == ["XGBoost", "simple1.0", "CSDI", "LOF"]
    assert (row["experiment"], row["status"], row["lifecycle_stage"]) == (EXPERIMENT, "FINISHED", "active")
    assert row["finished_at"] >= row["started_at"]
    assert (row["artifact_path"], row["n_bootstrap"]) == ("metrics/metrics_run.pickle", 5)
    lengths = {len(row[name]) for name in ("subject_codes", "y_true", "y_prob", "y_prob_sd", "y_prob_refits")}
    assert lengths == {30}
    assert [np.mean(refits) for refits in row["y_prob_refits"]] == row["y_prob"]
    assert 0 < sum(row["y_true"]) < 30


def test_the_table_has_the_agreed_columns_in_run_order(sqlite_store: WrittenStore, tmp_path: Path) -> None:
    store, candidates = opened(sqlite_store.uri)
    table = extract(store, candidates[::-1], private_dir=tmp_path / "private")
    assert table.schema == EXTRACTED_RUNS
    assert table["run_id"].to_pylist() == sorted(sqlite_store.runs.values())


def test_times_are_utc(sqlite_store: WrittenStore, tmp_path: Path) -> None:
    store, candidates = opened(sqlite_store.uri)
    table = extract(store, candidates, private_dir=tmp_path / "private")
    started = candidates[0].run.started_at
    assert started is not None
    assert table["started_at"].cast(pa.int64())[0].as_py() == round(started.timestamp() * 1e6)


def test_no_candidates_make_no_rows_and_touch_no_private_folder(
    sqlite_store: WrittenStore, tmp_path: Path
) -> None:
    table = extract(open_store(sqlite_store.uri), [], private_dir=tmp_path / "private")
    assert (table.num_rows, table.schema) == (0, EXTRACTED_RUNS)
    assert not (tmp_path / "private").exists()


def test_database_and_folder_give_the_same_rows(
    sqlite_store: WrittenStore, file_store: WrittenStore, tmp_path: Path
) -> None:
    # Two writings of the same runs: ids and times differ, nothing else may.
    private, own = tmp_path / "private", ("run_id", "started_at", "finished_at")
    first, second = (
        {kind: {name: value for name, value in row.items() if name not in own} for kind, row in rows.items()}
        for rows in (rows_of(sqlite_store, private), rows_of(file_store, private))
    )
    assert first == second


@pytest.mark.server
def test_database_and_server_give_the_same_rows_and_fingerprints(
    sqlite_store: WrittenStore, server_store: WrittenStore, tmp_path: Path
) -> None:
    assert rows_of(sqlite_store, tmp_path / "private") == rows_of(server_store, tmp_path / "private")
    versions = [
        {run_id: item.version for run_id, item in fingerprints(*opened(uri), None).items()}
        for uri in (sqlite_store.uri, server_store.uri)
    ]
    assert versions[0] == versions[1]


def test_original_codes_appear_in_the_private_folder_only(sqlite_store: WrittenStore, tmp_path: Path) -> None:
    store, candidates = opened(sqlite_store.uri)
    private = tmp_path / "private"
    table = extract(store, candidates, private_dir=private)
    assert f"PLR{0}" not in str(table.to_pylist())
    lookup = read_lookup(private)
    assert sorted(lookup.values()) == [f"PLR{number:04d}" for number in range(30)]
    assert set(table["subject_codes"].combine_chunks().flatten().to_pylist()) == set(lookup)
    assert stat.S_IMODE((private / "subject_lookup.csv").stat().st_mode) == 0o600


def test_rows_follow_their_subjects_and_position_says_nothing(
    moved: tuple[Path, Callable[[str], Path]], tmp_path: Path
) -> None:
    root, run = moved
    codes, labels = [f"PLR{number}" for number in range(20)], np.arange(20) % 2
    risks = np.linspace(0, 1, 40).reshape(20, 2)
    artifact(run("named")).write_bytes(pickle.dumps(metrics(codes, labels, risks)))
    artifact(run("by_params")).write_bytes(pickle.dumps(metrics(codes[::-1], labels[::-1], risks[::-1])))
    store, candidates = opened(str(root))
    rows = [
        row for row in extract(store, candidates, private_dir=tmp_path / "p").to_pylist() if row["y_prob"]
    ]
    assert len(rows) == 2
    assert rows[0]["subject_codes"] == sorted(rows[0]["subject_codes"]) == rows[1]["subject_codes"]
    assert rows[0]["y_prob"] == rows[1]["y_prob"]
    lookup = read_lookup(tmp_path / "p")
    found = {
        lookup[code]: risk for code, risk in zip(rows[0]["subject_codes"], rows[0]["y_prob"], strict=True)
    }
    assert found == dict(zip(codes, risks.mean(axis=1).tolist(), strict=True))
    refits = zip(rows[0]["subject_codes"], rows[0]["y_prob_refits"], strict=True)
    assert {lookup[code]: of_subject for code, of_subject in refits} == dict(
        zip(codes, risks.tolist(), strict=True)
    )


def test_a_lookup_that_others_may_read_stops_the_extraction(
    sqlite_store: WrittenStore, tmp_path: Path
) -> None:
    store, candidates = opened(sqlite_store.uri)
    extract(store, candidates, private_dir=tmp_path)
    (tmp_path / "subject_lookup.csv").chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        extract(store, candidates, private_dir=tmp_path)


def test_an_artifact_beyond_the_size_limit_is_set_aside(sqlite_store: WrittenStore, tmp_path: Path) -> None:
    store, candidates = opened(sqlite_store.uri)
    table = extract(
        store, candidates, private_dir=tmp_path / "private", limits=Limits.for_artifacts(0, seconds=20)
    )
    reasons = {row["quarantine_reason"] for row in table.to_pylist() if row["artifact_path"]}
    assert len(reasons) == 1
    assert "the size limit" in reasons.pop()


def test_an_artifact_that_vanished_since_the_listing_is_set_aside(
    moved: tuple[Path, Callable[[str], Path]], tmp_path: Path
) -> None:
    root, run = moved
    store, candidates = opened(str(root))
    artifact(run("named")).unlink()
    rows = extract(store, candidates, private_dir=tmp_path / "p").to_pylist()
    (row,) = (row for row in rows if row["run_id"] == run("named").name)
    assert (row["quarantine_stage"], row["quarantine_reason"]) == ("artifact", "is not there")
    assert fingerprints(store, candidates, None)[run("named").name].artifact_sha256 is None


def test_several_fitting_artifacts_are_not_chosen_between(moved: tuple[Path, Callable[[str], Path]]) -> None:
    root, run = moved
    shutil.copy(artifact(run("named")), artifact(run("named")).with_name("metrics_again.pickle"))
    _, candidates = opened(str(root))
    (found,) = (item for item in candidates if item.run.run_id == run("named").name)
    assert found.artifact is None
    assert found.quarantine is not None
    assert found.quarantine.stage == "artifact"
    assert "2 artifacts" in found.quarantine.reason
    assert "metrics/metrics_again.pickle, metrics/metrics_run.pickle" in found.quarantine.reason


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("metrics/*.pickle", "metrics/metrics_run.pickle"),
        ("*/readme.txt", "notes/readme.txt"),
        ("*.pickle", None),
        ("notes", None),
        ("metrics/nested/*.pickle", None),
        ("*", None),
    ],
)
def test_a_pattern_stays_within_folder_names(
    sqlite_store: WrittenStore, pattern: str, chosen: str | None
) -> None:
    _, candidates = opened(sqlite_store.uri, ExtractionRules(artifact_pattern=pattern))
    (found,) = (item for item in candidates if item.run.run_id == sqlite_store.runs["named"])
    assert found.artifact == chosen


def test_a_registry_and_other_sources_are_obeyed(sqlite_store: WrittenStore) -> None:
    rules = ExtractionRules(
        sources=MethodSources(classifier=("notes/free text",)),
        registry=Registry(outlier_method=frozenset({"LOF"})),
    )
    _, candidates = opened(sqlite_store.uri, rules)
    found = {item.run.run_id: item for item in candidates}
    named, by_params = (found[sqlite_store.runs[kind]] for kind in ("named", "by_params"))
    assert named.quarantine is not None
    assert (named.quarantine.stage, named.quarantine.field) == ("registry", "outlier_method")
    assert named.columns()["outlier_method"] == "pupil-gt"
    assert by_params.quarantine is None
    assert by_params.columns()["classifier"] == "line 1\nline 2"


def test_a_run_with_a_damaged_description_is_listed_and_set_aside(
    moved: tuple[Path, Callable[[str], Path]],
) -> None:
    root, run = moved
    (run("named") / "meta.yaml").write_text("status: [")
    _, candidates = opened(str(root))
    (found,) = (item for item in candidates if item.run.run_id == run("named").name)
    assert found.quarantine is not None
    assert (found.quarantine.stage, found.quarantine.field) == ("listing", "meta.yaml")
