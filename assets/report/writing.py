"""The report as a file: what the tables, the sidecars and the lineage tell, written as one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.engine.lineage.entries import Lineage
from assets.report import figure_files, page, results


@dataclass(frozen=True)
class Chosen:
    """What the settings say of the page: its title, how to cite the study, which runs and thresholds it shows."""

    title: str
    citation: str
    rule: results.Rule
    listed: Sequence[str]
    per_cents: Sequence[int]


def write(
    output: Path,
    lineage: Lineage,
    connection: duckdb.DuckDBPyConnection,
    texts: Mapping[str, str],
    chosen: Chosen,
) -> Path:
    """Write the page and return where it is; with the tables that are in place, and of the others that they are not.

    `texts` are those of `templates`.
    """
    there = [entry.key for entry in lineage.of_kind("table") if entry.data_version]
    told = results.read(connection, there, rule=chosen.rule, listed=chosen.listed, per_cents=chosen.per_cents)
    figures = figure_files.pictures(lineage)
    study = page.Study(chosen.title, chosen.citation, told, figures, lineage, _file_of(connection))
    output.write_text(page.page(study, texts, at=output), encoding="utf-8")
    return output


def _file_of(connection: duckdb.DuckDBPyConnection) -> Path:
    found = connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchone()
    return Path(found[0] if found and found[0] else "the DuckDB file")
