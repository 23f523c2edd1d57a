"""The tables of a study that was built from the command line: described throughout, and right."""

import json
import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

from assets.columns import COLUMNS
from assets.stratos import evaluate_runs
from tests.study_clones import DATABASE, ROOT, Clone

pytest_plugins = ["study_clones"]

pytestmark = [pytest.mark.study, pytest.mark.xdist_group("flows")]


@pytest.fixture(scope="module")
def tables(built: Clone) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(built.folder / DATABASE), read_only=True)


def test_every_table_and_every_column_says_what_it_is(tables):
    missing = tables.sql(
        """
        SELECT table_name, column_name FROM duckdb_columns()
        WHERE NOT internal AND comment IS NULL AND NOT starts_with(table_name, '_')
        UNION ALL SELECT table_name, NULL FROM duckdb_tables()
        WHERE comment IS NULL AND NOT starts_with(table_name, '_')
        UNION ALL SELECT view_name, NULL FROM duckdb_views() WHERE comment IS NULL AND NOT internal
        """
    ).fetchall()
    assert missing == []


def test_no_text_is_of_a_column_that_no_table_has(tables):
    names = tables.sql("SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    when_asked_for = {name for name in COLUMNS if "_at_prevalence" in name}
    assert COLUMNS.keys() - {name for (name,) in names} == when_asked_for


def test_no_measure_is_kept_in_single_precision(tables):
    single = "SELECT column_name FROM duckdb_columns() WHERE NOT internal AND data_type LIKE '%FLOAT%'"
    assert tables.sql(single).fetchall() == []


def test_the_long_table_says_what_evaluate_says(tables):
    """Ranks, counts and sums come from SQL here, and from arrays there."""
    rows = tables.sql("SELECT run_id, subject_code, y_true, y_prob FROM predictions").df()
    wanted = evaluate_runs(rows, thresholds=[0.05, 0.1, 0.15, 0.2, 0.3, 0.5])
    wanted = wanted[~wanted.measure.str.startswith("risk_")]  # they are in distribution_stats
    wanted = wanted.rename(columns={"ci_low": "ci_lower", "ci_high": "ci_upper"}).set_index(
        ["run_id", "measure"]
    )
    found = tables.sql("FROM stratos_measures WHERE measure <> 'auroc_refit_spread'").df()
    found = found.set_index(["run_id", "measure"])
    assert len(found) > 900
    assert set(found.index) == set(wanted.index)
    wanted = wanted.loc[found.index]
    for column in ("value", "ci_lower", "ci_upper", "limit"):
        numbers = wanted[column].astype(float)
        np.testing.assert_allclose(found[column], numbers, rtol=0, atol=1e-12, err_msg=column)
    for column in ("method", "status", "n"):
        assert list(found[column]) == list(wanted[column]), column


def test_settings_say_which_measures_are_computed_and_how(clone):
    asked = {
        "REPORTED_PER_CENTS": "10,35",
        "TARGET_PREVALENCE": "0.2",
        "ADVISED_AGAINST": "true",
        "RESAMPLES": "20",
        "RESAMPLING_SEED": "7",
    }
    settings = {f"FOUNDATION_PLR_{name}": value for name, value in asked.items()}
    clone.run("assets", "materialize", "+stratos_measures,supplementary_metrics", **settings)
    with duckdb.connect(str(clone.folder / DATABASE), read_only=True) as connection:
        methods = dict(connection.execute("SELECT DISTINCT measure, method FROM stratos_measures").fetchall())
        advised = {
            measure
            for (measure,) in connection.execute("SELECT measure FROM supplementary_metrics").fetchall()
        }
    assert {name for name in methods if name.startswith("net_benefit@") and "__" not in name} == {
        "net_benefit@0.10",
        "net_benefit@0.35",
    }
    assert "B=20, seed=7" in methods["net_benefit@0.35"]
    assert {"ppv_at_prevalence@0.10", "npv_at_prevalence@0.35"} <= methods.keys()
    assert {"f1@0.35", "auprc"} <= advised


def test_the_page_of_the_schema_is_the_one_that_the_file_tells(built):
    page = Path(ROOT / "data" / "schema.md").read_text("utf-8")
    assert page == built.run("assets", "schema").stdout, "write it anew: assets schema > data/schema.md"


def test_the_questions_of_the_data_page_have_answers(tables):
    questions = re.findall(r"```sql\n(.*?)```", (ROOT / "data" / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(questions) == 5
    for question in questions:
        assert tables.sql(question.strip().rstrip(";")).fetchall(), question


def test_the_command_that_shows_a_table_shows_its_own_columns(built):
    shown = json.loads(built.run("assets", "show", "schema_version", "--json").stdout)
    assert [column["name"] for column in shown["columns"]] == ["version"]
