"""The documents of a study: made from its tables and nothing else, the same bytes whatever the order of the rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pytest
from latex_frames import ORIGINS, PER_CENTS, essential_metrics, stratos_measures, variance_decomposition

from assets import documents
from assets.engine import ledger
from assets.engine.errors import UserError
from assets.engine.records import Ingredients, Record
from assets.settings import Settings

SETTINGS = Settings(reported_per_cents=PER_CENTS, database="somewhere/study.db")
TABLES = {
    "essential_metrics": essential_metrics(),
    "stratos_measures": stratos_measures(),
    "variance_decomposition": variance_decomposition(),
    "runs": essential_metrics()[["run_id"]].assign(run_name=["one", "two", "three"]),
    "quarantined_runs": pd.DataFrame({"run_id": ["r9"]}),
    "schema_version": pd.DataFrame({"version": [ORIGINS.layout]}),
}


class Study:
    """Tables and their records in a DuckDB file, and the documents made from them."""

    def __init__(self, folder: Path, *, seed: int | None = None) -> None:
        self.folder, self.connection = folder, duckdb.connect()
        ledger.create(self.connection)
        for name, frame in TABLES.items():
            rows = frame if seed is None else frame.sample(frac=1, random_state=seed)
            self.connection.execute(f"CREATE TABLE {name} AS FROM rows")
            assert len(rows) == len(frame)
            made = Record(
                name,
                "hash",
                ORIGINS.versions[name],
                Ingredients(),
                rows=len(rows),
                built_at="2026-01-01",
                seconds=1.0,
            )
            ledger.write(self.connection, made)

    def written(self, name: str, settings: Settings = SETTINGS) -> str:
        asset = getattr(documents, name)
        output = self.folder / Path(asset.path).name
        backend = ibis.duckdb.from_connection(self.connection)
        given: dict[str, Any] = {
            parameter: backend.table(key)
            if asset.wants[parameter] == "expression"
            else backend.table(key).to_pandas()
            for parameter, key in asset.inputs.items()
        }
        given |= {asset.connection_parameter: self.connection, asset.settings_parameter: settings}
        assert asset.function(**given, output=output) == output
        return output.read_text("utf-8")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    yield Study(tmp_path_factory.mktemp("documents"))


LATEX = ["latex_numbers", "latex_highlighted_runs", "latex_all_runs"]


@pytest.mark.parametrize("name", LATEX)
def test_a_document_has_the_same_bytes_whatever_the_order_of_the_rows(
    name: str, study: Study, tmp_path: Path
) -> None:
    assert Study(tmp_path, seed=1).written(name) == study.written(name)


@pytest.mark.parametrize("name", LATEX)
def test_a_document_says_the_data_version_of_each_table_that_it_reads(name: str, study: Study) -> None:
    text = study.written(name)
    for key in getattr(documents, name).inputs.values():
        assert f"% {key} {ORIGINS.versions[key]}\n" in text
    assert "% From study.db, layout 9.9 of its tables" in text and f"assets materialize {name}`" in text


def test_the_numbers_are_of_the_study_its_choices_and_the_highlighted_runs(study: Study) -> None:
    text = study.written("latex_numbers")
    for name in (
        "StudyRunsSetAside}{1}",
        "AurocEtaSquaredClassifierByOutlierMethod}{0.57}",
        "AurocBoosting}{0.50}",
    ):
        assert name in text
    assert "AurocForest}{0.60}" in text, "the lower median of the two runs of that classifier"


def test_runs_that_settings_list_are_the_ones_that_are_shown(study: Study) -> None:
    listed = Settings(
        reported_per_cents=PER_CENTS,
        highlight_rule="listed",
        highlighted_runs=("three",),
        database="study.db",
    )
    assert "AurocForest}{0.70}" in study.written("latex_numbers", listed)
    assert study.written("latex_highlighted_runs", listed).count("Boosting") == 0
    unknown = Settings(reported_per_cents=PER_CENTS, highlight_rule="listed", highlighted_runs=("thre",))
    with pytest.raises(UserError, match="three"):
        study.written("latex_numbers", unknown)


def test_the_long_table_has_every_run(study: Study) -> None:
    assert study.written("latex_all_runs").count("0.25--0.88") == 3 * 4  # runs, measures with two decimals
