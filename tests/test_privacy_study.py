"""From the store to the published file: no subject's name leaves, and a whole command says so in one line."""

import json
import re
import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inputs.extracted_rows import ORIGINAL_CODES, RAW, relabelled
from assets.inputs.privacy.gates import known
from assets.inputs.subjects import read_lookup
from tests.study_clones import DATABASE, Clone

pytest_plugins = ["study_clones"]

KEYED = re.compile(r"S[A-Z2-7]{10}")
CODES = st.lists(st.text(min_size=1).filter(str.isprintable), unique=True, min_size=1, max_size=6)


@settings(deadline=None, max_examples=50)  # the disk is asked for each, and may be slow
@given(runs=st.lists(CODES, min_size=1, max_size=3))
def test_every_code_of_an_extracted_run_is_a_keyed_one(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[str]]
) -> None:
    """There is no way past the look-up, whatever the originals look like: even like keyed codes."""
    private = tmp_path_factory.mktemp("private")
    rows = [
        {
            "run_id": str(n),
            "run_name": "",
            "experiment": "",
            "status": "",
            "lifecycle_stage": "",
            ORIGINAL_CODES: run,
        }
        | {"y_true": [1] * len(run), "y_prob": [0.5] * len(run), "y_prob_sd": [0.1] * len(run)}
        | {"y_prob_refits": [[0.5]] * len(run)}
        for n, run in enumerate(runs)
    ]
    found = relabelled(pa.Table.from_pylist(rows, RAW), private)["subject_codes"].to_pylist()
    lookup = read_lookup(private)
    assert all(KEYED.fullmatch(code) for codes in found for code in codes)
    assert [{lookup[code] for code in codes} for codes in found] == [set(run) for run in runs]


class Study:
    """A clone that was built: its look-up, its tables, and the name of one of its runs in the store."""

    def __init__(self, clone: Clone) -> None:
        self.clone, self.database = clone, clone.folder / DATABASE
        self.private = clone.folder / "data/private"

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def rename_a_run(self, name: str) -> None:
        with sqlite3.connect(self.clone.folder / "data/mlflow.db") as store:
            store.execute(
                "UPDATE runs SET name = ? WHERE run_uuid = (SELECT min(run_uuid) FROM runs)", [name]
            )


@pytest.fixture
def mine(clone: Clone) -> Study:
    return Study(clone)


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_what_is_published_is_proved_to_name_nobody(mine: Study) -> None:
    codes = {code for (code,) in mine.query("SELECT DISTINCT unnest(subject_codes) FROM extracted_runs")}
    lookup = known(mine.private)
    assert codes == set(lookup) and all(KEYED.fullmatch(str(code)) for code in codes)
    audits = {a["name"]: a for a in json.loads(mine.clone.run("assets", "verify", "--json").stdout)["audits"]}
    assert all(audit["holds"] for audit in audits.values())
    tables, figures, files = map(mine.clone.count, ("table", "figure", "file"))
    assert audits["manifest"]["told"].startswith(f"the file has the sha256, and its {tables} tables the rows")
    # the contact sheet is a file and a picture, the manifest neither; figures have their checks beside them,
    # files their records
    assert audits["privacy"]["told"].startswith(
        f"no original subject code in {tables} tables, {3 * figures + 1} pictures, {figures} sidecars, "
        f"{figures + 2 * files} other files, 0 tracked files, "
    )


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_a_run_named_after_a_subject_keeps_everything_back_until_it_is_renamed(mine: Study) -> None:
    original = min(known(mine.private).values())
    before = mine.database.read_bytes()
    mine.rename_a_run(f"run of {original}")
    done = mine.clone.run("flows", "reproduce", "--engine", "plain", check=False)
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert error.startswith("Error: original subject codes stand in column `run_name` of `")
    assert re.search(r"`, run [0-9a-f]{32} \(1\)", error), "the run is named by its id"
    assert "nothing was published. Rename the run" in error
    assert original not in done.stdout + done.stderr
    assert mine.database.read_bytes() == before
    assert sorted(path.name for path in mine.database.parent.iterdir()) == [
        "foundation_plr_results.db",
        "foundation_plr_results.manifest.json",
    ]
    assert not [p for p in (mine.clone.folder / ".assets/logs").iterdir() if original in p.read_text()]
    mine.rename_a_run("nobody's run")
    mine.clone.run("flows", "extract", "--engine", "plain")
    assert not set(mine.clone.stale()) & set(mine.clone.versions("table"))
    assert original.encode() not in mine.database.read_bytes()


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_with_another_key_all_subjects_have_other_codes_and_the_look_up_follows(mine: Study) -> None:
    before = known(mine.private)
    (mine.private / "subject_key").unlink()
    mine.clone.run("flows", "extract", "--engine", "plain")
    after = known(mine.private)
    codes = {code for (code,) in mine.query("SELECT DISTINCT unnest(subject_codes) FROM extracted_runs")}
    assert codes == set(after) and not codes & set(before)
    assert sorted(after.values()) == sorted(before.values())


@pytest.mark.study
@pytest.mark.xdist_group("flows")
def test_the_file_and_its_manifest_are_all_that_a_reviewer_needs(built: Clone, tmp_path: Path) -> None:
    (tmp_path / "data/public").mkdir(parents=True)
    for path in (built.folder / "data/public").iterdir():
        (tmp_path / "data/public" / path.name).write_bytes(path.read_bytes())
    reviewer = Clone(tmp_path)
    done = reviewer.run("assets", "verify", check=False)
    tables, others = built.count("table"), built.count("figure") + built.count("file")
    assert f"{tables} of {tables + others} tables, figures and files hold what" in done.stdout
    assert f"the file has the sha256, and its {tables} tables the rows" in done.stdout
    assert "not checked for original subject codes: no look-up of subjects is in data/private" in done.stdout
    with duckdb.connect(str(tmp_path / DATABASE)) as connection:
        connection.execute("UPDATE runs SET n_events = 1")
    assert (
        "is not the file that data/public/foundation_plr_results.manifest.json describes"
        in reviewer.run("assets", "verify", check=False).stdout
    )
