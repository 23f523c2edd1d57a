"""Files that speak of the whole study: the report, numbers and tables for a manuscript, the sheet of all figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assets import charts, latex
from assets import report as html_report
from assets.engine import Observation, asset, observable_source_asset
from assets.figures.highlighted import highlighted

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pandas as pd

    from assets.engine import Lineage
    from assets.engine.lineage.entries import Entry
    from assets.settings import Settings


@asset(path="{figures_dir}/numbers.tex", group_name="documents", deps="schema_version")
def latex_numbers(
    essential_metrics: ir.Table,
    runs: ir.Table,
    stratos_measures: ir.Table,
    quarantined_runs: pd.DataFrame,
    variance_decomposition: pd.DataFrame,
    tables: duckdb.DuckDBPyConnection,
    settings: Settings,
    output: Path,
) -> Path:
    """Numbers of the study as LaTeX macros, each with its origin; one that does not exist stops LaTeX."""
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    study = essential_metrics.to_pandas()
    measures = latex.measures.reported(settings.reported_per_cents)
    read = ("essential_metrics", "runs", "stratos_measures", "quarantined_runs", "variance_decomposition")
    origins = latex.provenance.origins(tables, read, settings.database)
    known = latex.measures.estimates(_of_runs(stratos_measures, chosen.runs))
    text = latex.numbers.document(
        latex.numbers.of_study(
            study, n_set_aside=len(quarantined_runs), resamples=settings.resamples, origins=origins
        ),
        latex.numbers.of_variance(variance_decomposition, origins),
        latex.numbers.of_runs(chosen.runs, known, measures, origins),
        header=latex.provenance.header(origins, latex.numbers.USE, asset="latex_numbers", notes=chosen.rule),
    )
    output.write_text(text, "utf-8")
    return output


@asset(path="{figures_dir}/tables/highlighted_runs.tex", group_name="documents", deps="schema_version")
def latex_highlighted_runs(
    essential_metrics: ir.Table,
    runs: ir.Table,
    stratos_measures: ir.Table,
    tables: duckdb.DuckDBPyConnection,
    settings: Settings,
    output: Path,
) -> Path:
    """LaTeX table of the highlighted runs: a row for each measure, with its interval."""
    chosen = highlighted(essential_metrics, runs, settings.highlight_rule, settings.highlighted_runs)
    origins = latex.provenance.origins(
        tables, ("essential_metrics", "runs", "stratos_measures"), settings.database
    )
    text = latex.tables.of_highlighted(
        chosen.runs[["run_id"]].merge(essential_metrics.to_pandas(), on="run_id"),
        latex.measures.estimates(_of_runs(stratos_measures, chosen.runs)),
        latex.measures.reported(settings.reported_per_cents),
        rule=chosen.rule,
    )
    header = latex.provenance.header(origins, latex.tables.USE, asset="latex_highlighted_runs")
    output.write_text(f"{header}\n{text}", "utf-8")
    return output


@asset(path="{figures_dir}/tables/all_runs.tex", group_name="documents", deps="schema_version")
def latex_all_runs(
    essential_metrics: pd.DataFrame,
    stratos_measures: ir.Table,
    tables: duckdb.DuckDBPyConnection,
    settings: Settings,
    output: Path,
) -> Path:
    """LaTeX longtable of all runs with the core measures, ordered by method, never by result."""
    measures = latex.tables.core(latex.measures.reported(settings.reported_per_cents))
    wanted = stratos_measures.filter(stratos_measures.measure.isin([m.measure for m in measures]))
    origins = latex.provenance.origins(tables, ("essential_metrics", "stratos_measures"), settings.database)
    text = latex.tables.of_all(essential_metrics, latex.measures.estimates(wanted.to_pandas()), measures)
    header = latex.provenance.header(origins, latex.tables.LONG_USE, asset="latex_all_runs")
    output.write_text(f"{header}\n{text}", "utf-8")
    return output


@asset(path="{figures_dir}/contact_sheet.png", group_name="documents")
def contact_sheet(lineage: Lineage, output: Path) -> Path:
    """All figures on one sheet, each at a third of its printed size, under its name; none of single subjects."""
    figures = {figure.key: _picture(figure) for figure in lineage.of_kind("figure")}
    output.write_bytes(charts.contact_sheet.contact_sheet(figures))
    return output


@observable_source_asset
def report_templates() -> Observation:
    """The frame, the style and the scripts of the report's page."""
    return html_report.templates.observe()


@asset(path="{figures_dir}/report.html", group_name="documents")
def report(
    lineage: Lineage,
    report_templates: Mapping[str, str],
    tables: duckdb.DuckDBPyConnection,
    settings: Settings,
    output: Path,
) -> Path:
    """The study on one page that works offline: runs, figures, checks, lineage, provenance, how to cite."""
    return html_report.writing.write(
        output,
        lineage,
        tables,
        report_templates,
        html_report.writing.Chosen(
            settings.study_title,
            settings.study_citation,
            settings.highlight_rule,
            settings.highlighted_runs,
            settings.reported_per_cents,
        ),
    )


def _picture(figure: Entry) -> Path | str:
    """The picture of a figure, or what a sheet that is passed on says in its place."""
    files = {file.name.partition(".")[2]: file for file in figure.files}
    if not {"png", "json"} <= set(files):
        return "not in place"
    public = json.loads(files["json"].read_bytes())["privacy"] == "aggregate"
    return files["png"] if public else "shows single subjects"


def _of_runs(stratos_measures: ir.Table, chosen: pd.DataFrame) -> pd.DataFrame:
    """The measures of these runs alone: all runs have tens of thousands of rows."""
    return stratos_measures.filter(stratos_measures.run_id.isin(list(chosen.run_id))).to_pandas()
