"""Each gate shuts: a code planted in any place keeps everything back, and one line names the place, not the code."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from private_codes import CODES
from published_places import DATABASE

from assets.engine.errors import TaintedError, UserError
from assets.inputs.privacy import synthetic
from assets.inputs.privacy.audit import audit
from assets.inputs.privacy.gates import PER_SUBJECT, Places, before_placing, before_publishing
from assets.inputs.subjects import read_lookup

pytest_plugins = ["published_places"]
CODE = "QX-0042"
CLASSES = {"predictions": PER_SUBJECT}


def look(places: Places, statement: str = "SELECT 1", classes: dict[str, str] = CLASSES) -> None:
    """Look through a copy of the published tables, changed by a statement, as before it is published."""
    shutil.copyfile(DATABASE, "working.db")
    with duckdb.connect("working.db") as connection:
        connection.execute(statement)
        before_publishing(connection, places, classes)


def test_a_study_that_names_nobody_passes(places: Places) -> None:
    look(places)
    assert (
        audit(places)
        == "no original subject code in 2 tables, 0 pictures, 0 sidecars, 2 tracked files, 1 log"
    )


def in_a_file(name: str) -> Callable[[], None]:
    def plant() -> None:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(CODE)

    return plant


@pytest.mark.parametrize(
    "name",
    [
        "data/public/export.csv",
        "figures/stray.svg",
        "figures/data/stray.json",
        ".assets/logs/3-run.log",
        "notes.md",
    ],
)
def test_a_code_beside_the_tables_keeps_them_back(places: Places, name: str) -> None:
    in_a_file(name)()
    for gate in (look, audit):
        with pytest.raises(UserError) as refused:
            gate(places)
        assert name in str(refused.value) and "original subject codes stand in" in str(refused.value)
        assert CODE not in str(refused.value) and "\n" not in str(refused.value)


def test_a_code_in_a_table_keeps_all_of_them_back_and_the_copy_is_not_kept(places: Places) -> None:
    with pytest.raises(
        TaintedError, match=r"column `run_name` of `runs`, run r \(1\): nothing was published"
    ) as refused:
        look(places, f"UPDATE runs SET run_name = '{CODE}'")
    assert CODE not in str(refused.value)


def test_many_places_are_counted_after_the_first(places: Places) -> None:
    columns = "; ".join(f"CREATE TABLE t{n} AS SELECT '{CODE}' AS a" for n in range(5))
    with pytest.raises(UserError, match="and 2 more places: nothing was published"):
        look(places, columns)


def test_an_older_log_is_for_the_audit_alone(places: Places) -> None:
    in_a_file(".assets/logs/1-run.log")()
    look(places)
    with pytest.raises(UserError, match=r"1-run\.log"):
        audit(places)


def test_a_code_that_no_look_up_explains_keeps_everything_back(places: Places) -> None:
    """Such as an original code that was never re-labelled, of a subject that nobody has met."""
    with pytest.raises(UserError, match="1 subject codes of the tables are in no look-up"):
        look(places, "INSERT INTO predictions VALUES ('r', 'ZZ-0001', 0.5)")


def test_without_any_look_up_nothing_new_is_published(places: Places) -> None:
    """A reviewer has no look-up and may heal what is there; an owner who lost it must not publish blindly."""
    (places.private_dir / "subject_lookup.csv").unlink()
    look(places)
    with pytest.raises(UserError, match="1 subject codes of the tables are in no look-up"):
        look(places, "INSERT INTO predictions VALUES ('r', 'SABCDEFGHIJ', 0.5)")
    assert audit(places).startswith("not checked for original subject codes")


def test_a_look_up_that_lost_subjects_keeps_everything_back(places: Places) -> None:
    path = places.private_dir / "subject_lookup.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-2]))
    for gate in (look, audit):
        with pytest.raises(UserError, match=r"2 subject codes .*materialize extracted_runs --force"):
            gate(places)


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ({}, "`predictions` has rows of single subjects, and is not declared so"),
        ({"predictions": "aggregate"}, 'tags={"privacy": "pseudonymous"}'),
        ({**CLASSES, "runs": "private"}, "`runs` is declared private: nothing was published"),
    ],
)
def test_a_table_leaves_only_if_it_declares_what_it_says_of_subjects(
    places: Places, classes: dict[str, str], says: str
) -> None:
    with pytest.raises(UserError) as refused:
        look(places, classes=classes)
    assert says in str(refused.value)


def test_a_private_file_that_can_be_joined_keeps_everything_back(places: Places) -> None:
    risks = [{"code": code, "outlier": 0.1 + n / 7} for n, code in enumerate(CODES)]
    lookup = {original: code for code, original in read_lookup(places.private_dir).items()}
    order = list(read_lookup(places.private_dir))
    for row in risks:
        row["outlier"] = 0.1 + order.index(lookup[str(row["code"])]) / 7
    (places.private_dir / "demo.json").write_text(json.dumps(risks))
    with pytest.raises(
        UserError, match=r"demo.json, field `outlier`, and column `y_prob` of `predictions` \(6 subjects\)"
    ):
        look(places)


def test_codes_in_the_order_of_the_originals_keep_everything_back(places: Places) -> None:
    path = places.private_dir / "subject_lookup.csv"
    path.write_text(path.read_text() + "".join(f"T{n:03d},QY-{n:04d}\n" for n in range(99)))
    with pytest.raises(UserError, match="codes come in the order of the original codes"):
        look(places)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runs SET run_name = '__SYNTHETIC_' || run_name",
        "UPDATE runs SET run_name = 'synth_' || run_name",
        "UPDATE runs SET experiment = 'synth_small'",
        "CREATE TABLE extracted_runs AS SELECT 'a/synthetic_x.pickle' AS artifact_path, NULL AS quarantine_stage",
    ],
)
def test_a_synthetic_run_that_slipped_through_the_listing_keeps_everything_back(
    places: Places, statement: str
) -> None:
    with pytest.raises(TaintedError, match="bear a mark of synthetic data, which must not be published"):
        look(places, statement)


def test_a_synthetic_subject_does_too(places: Places) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE predictions AS SELECT 'S1' AS subject_code")
        assert synthetic.in_runs(connection, {"S1": "SYNTH_001"}) == ["the subjects of the predictions"]
        assert synthetic.in_runs(connection, {"S1": "QX-1", "S2": "SYNTH_001"}) == []


def test_a_synthetic_run_that_was_set_aside_and_a_method_that_is_called_so_do_not(places: Places) -> None:
    look(places, "UPDATE runs SET run_name = 'CATBOOST__synthetic-minority__SAITS__LOF'")
    look(
        places,
        "CREATE TABLE extracted_runs AS SELECT '__SYNTHETIC_a' AS run_name, 'listing' AS quarantine_stage",
    )


@pytest.mark.parametrize(
    "said",
    [
        {"is_synthetic": True},
        {"_synthetic_warning": "x"},
        {"data_source": "synthetic"},
        {"run_name": "synth_1"},
    ],
)
def test_a_sidecar_of_synthetic_data_is_not_put_in_place(places: Places, said: dict[str, object]) -> None:
    Path("aside.json").write_text(json.dumps({"data": [said]}))
    with pytest.raises(TaintedError, match=r"figures/data/roc\.json says that its data are synthetic"):
        before_placing({Path("figures/data/roc.json"): Path("aside.json")}, places)
