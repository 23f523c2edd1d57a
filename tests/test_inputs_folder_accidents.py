"""What happens to `mlruns` folders in the hands of people and copying programs."""

import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from store_looks import look, rows
from written_stores import ARTIFACT, FULL_NAME, MINIMAL, WrittenStore, contents, minimal_store

from assets.inputs.candidates import STUDY_TAG, ExtractionRules, list_candidates
from assets.inputs.grammar import GrammarError, configuration_of, is_synthetic
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.experiments import choose_experiment
from assets.inputs.stores.meta_yaml import parse
from assets.inputs.stores.runs import Run

pytest_plugins = ["store_fixtures"]

Moved = tuple[Path, Callable[[str], Path]]


def written(folder: Path, run_id: str = "abc", **more: str) -> Path:
    """Write a finished run by hand, with one artifact."""
    run = folder / run_id
    (run / "artifacts" / "metrics").mkdir(parents=True)
    (run / "artifacts" / ARTIFACT).write_bytes(b"x")
    (run / "meta.yaml").write_text(yaml.safe_dump({**yaml.safe_load(MINIMAL), "run_id": run_id, **more}))
    return run


def listed(root: Path) -> list[Run]:
    return open_store(str(root)).runs("1")


def test_a_run_without_params_tags_or_artifacts_is_listed(tmp_path: Path) -> None:
    run = minimal_store(tmp_path) / "abc"
    run.mkdir()
    (run / "meta.yaml").write_text(MINIMAL + "run_id: abc\n")
    (found,) = listed(tmp_path)
    assert (found.defect, found.params, found.tags) == (None, {}, {})
    assert open_store(str(tmp_path)).artifacts(found) == []


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "its params/model_name is no regular file"),
        (lambda path: path.write_bytes(b"x" * (2**20 + 1)), "its params/model_name is larger than a MiB"),
        (lambda path: path.symlink_to(path), "its params/model_name cannot be read: Too many levels"),
        (lambda path: path.symlink_to("/dev/zero"), "its params/model_name is no regular file"),
    ],
    ids=["pipe", "huge", "loop", "endless"],
)
def test_a_param_that_cannot_be_read_is_a_defect_of_its_run(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    run = written(minimal_store(tmp_path))
    (run / "params").mkdir()
    make(run / "params" / "model_name")
    (found,) = listed(tmp_path)
    assert found.defect is not None and found.defect.startswith(reason)
    shutil.rmtree(run / "params")
    assert listed(tmp_path)[0].defect is None


def test_a_description_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    run = written(minimal_store(tmp_path))
    (run / "meta.yaml").unlink()
    os.mkfifo(run / "meta.yaml")
    assert [found.defect for found in listed(tmp_path)] == ["its meta.yaml is no regular file"]


def test_a_run_moved_by_hand_counts_where_it_is_now(tmp_path: Path) -> None:
    experiment = minimal_store(tmp_path)
    shutil.copytree(experiment, tmp_path / "2")
    written(experiment).rename(tmp_path / "2" / "abc")
    store = open_store(str(tmp_path))
    assert store.runs("1") == []
    (found,) = store.runs("2")
    assert found.experiment_id == "2"
    assert [item.path for item in store.artifacts(found)] == [ARTIFACT]


def test_a_run_behind_a_link_is_read(tmp_path: Path) -> None:
    run = written(minimal_store(tmp_path / "store"))
    (run.rename(tmp_path / "elsewhere"), run.symlink_to(tmp_path / "elsewhere"))
    (found,) = listed(tmp_path / "store")
    assert found.defect is None
    store = open_store(str(tmp_path / "store"))
    assert store.digest(found, ARTIFACT, 9) == sha256(b"x").hexdigest()


def test_names_of_any_letters_and_length_are_read(tmp_path: Path) -> None:
    name = "größer\u2028“ё”" * 14
    run = written(minimal_store(tmp_path), run_name=name)
    (run / "params" / "a" / "b").mkdir(parents=True)
    (run / "params" / "a" / "b" / ("ä" * 100)).write_text("wert")
    (found,) = listed(tmp_path)
    assert (found.name, found.params) == (name, {"a/b/" + "ä" * 100: "wert"})


def test_a_folder_whose_name_is_no_text_is_a_run_with_a_defect(tmp_path: Path) -> None:
    experiment = minimal_store(tmp_path)
    odd = os.fsdecode(os.fsencode(experiment) + b"/caf\xe9")
    written(experiment).rename(odd)
    (found,) = listed(tmp_path)
    assert found.run_id == "caf\N{REPLACEMENT CHARACTER}"
    assert found.defect is not None and "names another run" in found.defect


def test_an_artifact_whose_name_is_no_text_is_quarantined(tmp_path: Path) -> None:
    run = written(minimal_store(tmp_path), run_name=FULL_NAME)
    artifact = run / "artifacts" / ARTIFACT
    artifact.rename(os.fsdecode(os.fsencode(artifact.parent) + b"/metrics_caf\xe9.pickle"))
    (row,) = rows(look(str(tmp_path), tmp_path / "private")).values()
    assert row["quarantine_reason"] == "the name of the artifact is not UTF-8; rename it"


@pytest.mark.parametrize(
    "uri",
    [
        "./mlruns/1/abc/artifacts",
        "mlruns/1/abc/artifacts",
        "file:./mlruns/1/abc/artifacts",
        "mlflow-artifacts:/1/abc/artifacts",
        "mlflow-artifacts://host:5000/1/abc/artifacts",
        "/gone/mlruns/1/abc/artifacts",
        "file:///gone/my%20store/1/abc/artifacts",
        "s3://bucket/1/abc/artifacts",
        "",
    ],
)
@pytest.mark.parametrize("place", ["mlruns/1/abc/artifacts", "mlartifacts/1/abc/artifacts"])
def test_artifacts_are_found_beside_the_run_or_where_a_server_kept_them(
    tmp_path: Path, uri: str, place: str
) -> None:
    run = written(minimal_store(tmp_path / "mlruns"), artifact_uri=uri)
    (run / "artifacts").rename(tmp_path / "aside")
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "aside").rename(tmp_path / place)
    store = open_store(str(tmp_path / "mlruns"))
    assert store.digest(store.runs("1")[0], ARTIFACT, 9) == sha256(b"x").hexdigest()


def test_an_empty_artifact_folder_does_not_hide_the_recorded_one(tmp_path: Path) -> None:
    run = written(minimal_store(tmp_path / "mlruns"), artifact_uri=(tmp_path / "other").as_uri())
    (run / "artifacts").rename(tmp_path / "other")
    (run / "artifacts").mkdir()
    store = open_store(str(tmp_path / "mlruns"))
    (found,) = store.runs("1")
    assert [item.path for item in store.artifacts(found)] == [ARTIFACT]
    assert store.digest(found, ARTIFACT, 9) == sha256(b"x").hexdigest()


def test_a_copy_is_read_by_itself_while_its_original_is_there(
    file_store: WrittenStore, tmp_path: Path
) -> None:
    copy = tmp_path / "mlruns"
    shutil.copytree(file_store.folder, copy)
    (artifact,) = copy.glob(f"*/{file_store.runs['named']}/artifacts/{ARTIFACT}")
    artifact.unlink()
    found = rows(look(str(copy), tmp_path / "private"))[file_store.runs["named"]]
    assert found["quarantine_reason"] == "no artifact of the run fits this pattern"


@pytest.mark.parametrize("folder", ["with space", "50 %", "%20", "a#b", "a?b=c", "größe", "a:b"])
def test_a_store_may_lie_on_any_path(tmp_path: Path, folder: str) -> None:
    written(minimal_store(tmp_path / folder / "mlruns"))
    root = tmp_path / folder / "mlruns"
    for uri in (str(root), root.as_uri()):
        store = open_store(uri)
        assert store.digest(store.runs("1")[0], ARTIFACT, 9) == sha256(b"x").hexdigest()


def test_a_store_that_may_only_be_read_is_read_and_left_as_it_was(
    file_store: WrittenStore, tmp_path: Path
) -> None:
    copy = tmp_path / "mlruns"
    shutil.copytree(file_store.folder, copy)
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    before = contents(copy)
    assert len(rows(look(str(copy), tmp_path / "private"))) == len(file_store.runs)
    assert contents(copy) == before
    for folder in folders:
        folder.chmod(0o700)


class Noted(dict[str, str]):
    """A mapping that notes what it is asked for."""

    asked: ClassVar[set[str]] = set()

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return False

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        self.asked.add(key)
        return default


def test_the_rules_name_every_param_and_tag_that_they_read() -> None:
    rules = ExtractionRules()
    is_synthetic("", Noted(), "")
    with suppress(GrammarError):
        configuration_of(FULL_NAME, Noted(), Noted(), rules.sources)
    with suppress(GrammarError):
        configuration_of("", Noted(), Noted(), rules.sources)
    assert Noted.asked
    assert rules.names >= Noted.asked


def test_only_what_the_rules_name_is_read_of_a_run(moved: Moved) -> None:
    root, run = moved
    for kind in ("params", "tags"):
        (run("named") / kind).mkdir(exist_ok=True)
        (run("named") / kind / STUDY_TAG).write_text("x")
    store = open_store(str(root))
    list_candidates(store, choose_experiment(store, None), ExtractionRules())
    assert store.seen is not None
    read = {Path(path).name for path in store.seen if Path(path).parent.name in ("params", "tags")}
    assert STUDY_TAG in read
    assert read <= ExtractionRules().names


@given(
    st.dictionaries(
        st.sampled_from(["run_name", "status", "end_time", "artifact_uri", "tags", "yes"]),
        st.none()
        | st.integers()
        | st.booleans()
        | st.lists(st.nothing())
        | st.text()
        | st.from_regex("[0-9a-f]{32}|0b[01]{30}", fullmatch=True)
        | st.sampled_from(
            ["null", "NO", "1.5", "12", "0x1F", "'a'", "a: b", "/a b", "a #b", "2024-01-01", "~", "="]
        ),
    )
)
def test_a_description_is_read_as_yaml_reads_it(meta: dict[str, object]) -> None:
    text = yaml.safe_dump(meta, allow_unicode=True).encode()
    assert parse(text) == (yaml.safe_load(text) if meta else {})


@given(st.from_regex(rb"([a-z_]{1,3}: [ -~\n]{0,9}\n){1,3}", fullmatch=True))
def test_whatever_a_description_holds_is_read_as_yaml_reads_it(text: bytes) -> None:
    try:
        expected = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        expected = {}
    assert parse(text) == (expected if isinstance(expected, dict) else {})
