"""Block 2: from the tables of the DuckDB file to checked figures.

Needs only the DuckDB file, opens it read-only and computes no measure. A figure that fails its checks
is kept out; the others are finished.
"""

import sys
from typing import Any

from loguru import logger
from prefect import flow
from prefect.futures import PrefectFuture

from assets import study
from assets.engine.build import Result
from flows.tasks.analysis import drawing, export_json, load_duckdb, validate_figures
from flows.tasks.steps import outcome, settled, submit, threads

generate_roc = drawing("roc")
generate_calibration = drawing("calibration")
generate_dca = drawing("dca")
generate_distributions = drawing("distributions")
generate_forest = drawing("forest")
generate_heatmap = drawing("heatmap")

GENERATE = {
    "roc": generate_roc,
    "calibration": generate_calibration,
    "dca": generate_dca,
    "distributions": generate_distributions,
    "forest": generate_forest,
    "heatmap": generate_heatmap,
}


@flow(name="generate_figures", task_runner=threads())
def generate_figures(force: bool = False, figures: list[str] | None = None) -> list[Result]:
    """Bring the named figures up to date; all of them when none is named.

    A figure that fails its checks fails alone; BlockError then says what became of each. An error that is a
    bug is raised as it is.
    """
    project = study.load()
    keys = project.definitions.select(figures or ["kind:figure"])
    keys = [key for key in keys if project.definitions.assets[key].kind == "figure"]
    with project.build_files(forced=keys if force else (), tell=logger.warning) as build:
        loaded = submit(load_duckdb, build, keys)
        steps: dict[str, list[PrefectFuture[Any]]] = {}
        for key in keys:
            drawn = submit(GENERATE.get(key) or drawing(key), build, wait_for=[loaded])
            exported = submit(export_json, build, key, wait_for=[drawn])
            checked = submit(validate_figures, build, key, wait_for=[exported])
            steps[key] = [loaded, drawn, exported, checked]
        found = [outcome(build, key, steps[key]) for key in keys]
    return settled(found)


if __name__ == "__main__":
    from flows.__main__ import main

    sys.exit(main(["analyze", *sys.argv[1:]]))
