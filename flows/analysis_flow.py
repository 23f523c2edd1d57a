"""Block 2: from the tables of the DuckDB file to checked figures, then to the files that speak of all of it.

Needs only the DuckDB file, opens it read-only and computes no measure. A figure that fails its checks
is kept out; the others are finished, and the report says what is missing.
"""

import sys
from collections.abc import Sequence
from typing import Any

from loguru import logger
from prefect import allow_failure, flow
from prefect.futures import PrefectFuture

from assets import study
from assets.engine.build import Result
from assets.engine.file_build import FileBuild
from assets.engine.project import STATE, Project
from flows.artifacts import sending, show_checks, show_figures, show_results
from flows.asset_events import announce
from flows.logs import logging_to
from flows.outage import guarded
from flows.tasks.analysis import drawing, export_json, load_duckdb, validate_figures, write_document
from flows.tasks.steps import THREADS, Ended, chosen, outcome, settled, submit

Steps = list[PrefectFuture[Any]]


@flow(name="generate_figures", persist_result=False, task_runner=THREADS)
@guarded
def generate_figures(force: bool = False, selection: list[str] | None = None) -> list[Result]:
    """Bring the selected figures and files up to date; all of them when none is selected.

    A figure that fails its checks fails alone; BlockError then says what became of each. An error that is a
    bug is raised as it is.
    """
    project = study.load()
    keys = chosen(project.definitions, selection, "figure", "file")
    with logging_to(STATE / "logs", "analyze"):
        return settled(_analyze(project, keys, keys if force else ()))


def _analyze(project: Project, keys: Sequence[str], forced: Sequence[str]) -> Sequence[Ended]:
    """Make the figures and files, then show what became of each, the pictures, and what the checks found."""
    with project.build_files(forced=forced, tell=logger.warning) as build:
        before = dict(build.inventory.records)
        steps = _submit(build, keys)
        found = [outcome(build, key, steps[key]) for key in keys]
    results = [result for result, _ in found]
    with sending():
        show_results("analysis-results", build, results)
        show_figures(project, results)
        show_checks(project, results)
        announce(project, build, results, before)
    return found


def _submit(build: FileBuild, keys: Sequence[str]) -> dict[str, Steps]:
    """Submit the steps of every figure and file, each waiting for what it comes after."""
    loaded, steps = submit(load_duckdb, build, keys), dict[str, Steps]()
    for key in keys:
        is_figure = build.inventory.definitions.assets[key].kind == "figure"
        made = _figure(build, key, loaded) if is_figure else _document(build, key, loaded, steps)
        steps[key] = [loaded, *made]
    return steps


def _figure(build: FileBuild, key: str, loaded: PrefectFuture[Any]) -> Steps:
    drawn = submit(drawing(key), build, wait_for=[loaded])
    exported = submit(export_json, build, key, wait_for=[drawn])
    return [drawn, exported, submit(validate_figures, build, key, wait_for=[exported])]


def _document(build: FileBuild, key: str, loaded: PrefectFuture[Any], steps: dict[str, Steps]) -> Steps:
    """Submit the writing of a file: once what it reads is there, and what it only tells of was tried."""
    definitions = build.inventory.definitions
    read = [steps[upstream][-1] for upstream in definitions.assets[key].upstream if upstream in steps]
    told = [allow_failure(steps[other][-1]) for other in definitions.told(key) if other in steps]
    return [submit(write_document, build, key, wait_for=[loaded, *read, *told])]


if __name__ == "__main__":
    from flows.__main__ import main

    sys.exit(main(["analyze", *sys.argv[1:]]))
