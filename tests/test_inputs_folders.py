"""Classic `mlruns` folders, by any MLflow and after accidents."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from written_stores import FULL_NAME, MINIMAL, WrittenStore, minimal_store, one

from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.runs import ArtifactError, Experiment

pytest_plugins = ["store_fixtures"]


def test_a_link_that_leads_out_of_the_artifacts_is_not_followed(
    file_store: WrittenStore, tmp_path: Path
) -> None:
    shutil.copytree(file_store.folder, tmp_path / "mlruns")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    store = open_store(str(tmp_path / "mlruns"))
    run = replace(one(store, file_store.runs["named"]), artifact_uri="")
    root = tmp_path / "mlruns" / run.experiment_id / run.run_id / "artifacts"
    (root / "notes" / "link.txt").symlink_to(secret)
    (root / "outside").symlink_to(tmp_path)
    assert "outside/secret.txt" not in [item.path for item in store.artifacts(run)]
    for path in ("notes/link.txt", "outside/secret.txt"):
        with pytest.raises(ArtifactError, match="outside the run's artifact folder"):
            store.digest(run, path, 1000)


def test_a_run_of_mlflow_1_is_read(tmp_path: Path) -> None:
    run = minimal_store(tmp_path) / "abc"
    (run / "tags").mkdir(parents=True)
    (run / "tags" / "mlflow.runName").write_text(FULL_NAME)
    (run / "meta.yaml").write_text(MINIMAL + "run_uuid: abc\nname: ''\nstart_time: 1500\nend_time: null\n")
    (found,) = open_store(str(tmp_path)).runs("1")
    assert (found.name, found.status, found.defect, found.finished_at) == (FULL_NAME, "FINISHED", None, None)
    assert found.started_at is not None
    assert found.started_at.timestamp() == 1.5


def test_folders_that_are_no_runs_are_passed_over(tmp_path: Path) -> None:
    experiment = minimal_store(tmp_path)
    for name in ("half-written", "traces/tr-1", "models/m-1", "datasets", "tags"):
        (experiment / name).mkdir(parents=True)
    for name in (".trash/2", "models/registered"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "meta.yaml").write_text("name: x\nlifecycle_stage: active\n")
    (experiment / "models" / "m-1" / "meta.yaml").write_text(MINIMAL)
    store = open_store(str(tmp_path))
    assert store.experiments() == [Experiment("1", "Old")]
    assert store.runs("1") == []


@pytest.mark.parametrize(
    ("meta", "defect"),
    [
        ("", "no YAML mapping"),
        ("a: [", "no YAML mapping"),
        (MINIMAL + "run_id: other\n", "names another run"),
        (MINIMAL + "run_id: abc\nstart_time: yesterday\n", "something else than a whole number"),
        (MINIMAL.replace("3", "[3]") + "run_id: abc\n", "something else than a whole number"),
        (MINIMAL + "run_id: abc\nend_time: 99999999999999999999\n", "something else than a whole number"),
        (MINIMAL + "run_id: abc\nname: [a]\n", "something else than a text"),
        (MINIMAL + "run_id: abc\nname: 2024-99-99\n", "no YAML mapping"),
        ("[" * 100_000, "no YAML mapping"),
        ("a: &a [x]\n" + "".join(f"k{n}: &b{n} [*a, *a]\n" for n in range(9)), "names another run"),
    ],
)
def test_a_run_whose_description_is_damaged_is_listed_with_its_defect(
    tmp_path: Path, meta: str, defect: str
) -> None:
    run = minimal_store(tmp_path) / "abc"
    run.mkdir()
    (run / "meta.yaml").write_text(meta)
    (found,) = open_store(str(tmp_path)).runs("1")
    assert found.run_id == "abc"
    assert found.defect is not None
    assert defect in found.defect
