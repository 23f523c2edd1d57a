"""Reports of small studies: tables in memory, figures of a few points, lineage by hand."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from assets.charts.composition.about import about
from assets.charts.composition.datasets import join
from assets.charts.publication.render import svg_of
from assets.charts.publication.sidecar import Sidecar, dump
from assets.charts.qa.verdict import Checked, Verdict
from assets.engine.lineage.entries import ColumnEntry, Entry, Lineage
from assets.report import figure_files, page, results, templates
from tests.tiny_sidecars import tiny

PER_CENTS = (5, 10, 15, 20, 30, 50)
HOSTILE = '</script><script>alert("1")</script>&amp;'
CURVE = [
    {"run_id": run, "x": x / 4, "y": (x / 4) ** power, "y_ci_lower": None, "y_ci_upper": None}
    for run, power in (("run0", 0.5), ("run1", 2.0))
    for x in range(5)
]
RUNS = [
    ("run0", "first", "Boosting", "LOF", "kNN", 0.91),
    ("run1", HOSTILE, "Boosting", "none", "kNN", 0.85),
    ("run2", "third", "Regression", "LOF", "median", None),
    ("run3", "fourth", "Regression", "none", "median", 0.10),
]
QUARANTINE = [
    ("validate", "y_prob", "a risk of 1.2", "run8", "late"),
    ("listing", "status", "FAILED", "run9", None),
]


@contextmanager
def tables(
    runs: Sequence[tuple[Any, ...]] = RUNS, aside: Sequence[tuple[Any, ...]] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with what the report reads, of these runs and those set aside."""
    methods = "run_id VARCHAR, run_name VARCHAR, classifier VARCHAR, outlier_method VARCHAR, imputation_method VARCHAR"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE listed ({methods}, auroc DOUBLE)")
        connection.executemany("INSERT INTO listed VALUES (?, ?, ?, ?, ?, ?)", runs)
        connection.execute(
            "CREATE TABLE quarantined_runs (stage VARCHAR, field VARCHAR, reason VARCHAR, run_id VARCHAR, run_name VARCHAR)"
        )
        for row in aside:
            connection.execute("INSERT INTO quarantined_runs VALUES (?, ?, ?, ?, ?)", row)
        connection.execute(
            "CREATE TABLE runs AS SELECT * EXCLUDE auroc, 'all' AS featurization, 63 AS n_test, 21 AS n_events, 1 / 3 AS prevalence, 50 AS n_bootstrap FROM listed"
        )
        connection.execute(
            "CREATE TABLE essential_metrics AS SELECT runs.*, auroc FROM runs JOIN listed USING (run_id)"
        )
        connection.execute(
            "CREATE TABLE stratos_measures AS SELECT run_id, 'auroc' AS measure, auroc AS value, auroc - 0.05 AS ci_lower, "
            "auroc + 0.05 AS ci_upper, 'DeLong' AS method, if(auroc IS NULL, 'single_class', 'ok') AS status FROM listed"
        )
        yield connection


def curve(key: str, **said: Any) -> Sidecar:
    """A sidecar of a line for each of two runs."""
    scale = {"domain": [0, 1]}
    axes = {
        name: {"field": name, "type": "quantitative", "scale": scale, "title": f"The {name}"}
        for name in ("x", "y")
    }
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json", "width": 200, "height": 200, "background": "white",
        "data": {"name": "lines"}, "mark": {"type": "line", "clip": True}, "encoding": {**axes, "detail": {"field": "run_id", "type": "nominal"}},
    }  # fmt: skip
    told = about(
        "Two curves",
        "Two curves from 0 to 1.",
        {"x": "mm", "y": "kg", "y_ci_lower": "kg", "y_ci_upper": "kg"},
        ["run0", "run1"],
        None,
    )
    return {
        **tiny(key),
        **told,
        "caption": f"Curves of {HOSTILE}.",
        "spec": spec,
        "data": {"lines": CURVE},
        **said,
    }


@cache
def _svg() -> str:
    sidecar = curve("curve")
    return svg_of(join(sidecar["spec"], sidecar["data"]))


def placed(sidecar: Sidecar, folder: Path, *checks: Checked) -> Entry:
    """The entry of a figure whose files are put into the folder, with a verdict of these checks if there are any."""
    key = sidecar["figure_id"]
    content = {f"{key}.svg": _svg().encode(), f"{key}.json": dump(sidecar)}
    if checks:
        content = {f"{key}.qa.json": Verdict(key, {}, checks).dump(), **content}
    for name, text in content.items():
        (folder / name).write_bytes(text)
    return Entry(
        key,
        "figure",
        "figures",
        "Curves.",
        ("runs",),
        "f" * 64,
        "fresh",
        files=tuple(folder / name for name in content),
    )


def lineage(*figures: Entry) -> Lineage:
    """A source, the tables that the report reads, and these figures."""
    columns = (ColumnEntry("run_id", "VARCHAR", "MLflow's id"),)
    known = [Entry("mlflow_runs", "source", description="The runs.", data_version="0" * 64)]
    known += [
        Entry(
            key,
            "table",
            "evidence",
            f"A table: {key}.",
            ("mlflow_runs",),
            "1" * 64,
            "fresh",
            n_rows=4,
            columns=columns,
        )
        for key in ("runs", "essential_metrics", "stratos_measures", "quarantined_runs")
    ]
    return Lineage({entry.key: entry for entry in (*known, *figures)})


def written(told: Lineage, at: Path, connection: duckdb.DuckDBPyConnection) -> str:
    """The page of what is told and of the tables."""
    there = [entry.key for entry in told.of_kind("table") if entry.data_version]
    found = results.read(connection, there, rule="median", listed=(), per_cents=PER_CENTS)
    study = page.Study("A study", "Cite us.", found, figure_files.pictures(told), told, Path("results.db"))
    return page.page(study, templates.observe().value, at=at)


def drawing(html: str, key: str) -> Any:
    """What the page holds for a script to draw a figure from."""
    return json.loads(html.partition(f'id="drawing-{key}">')[2].partition("</script>")[0])
