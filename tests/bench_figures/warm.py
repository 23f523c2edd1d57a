"""Draw one figure twice in this process and print what the second time took, by phase, as JSON."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

from assets import study
from assets.engine.arguments import read_inputs
from assets.engine.records import Record
from assets.engine.warehouse import open_if_there


def main(key: str) -> None:
    """Draw, picture and check the figure twice; nothing is put in place."""
    project = study.load()
    inventory, gallery = project.look(), project.file_stores["figure"]
    asset = project.definitions.named(key)
    ingredients = inventory.ingredients(asset)
    record = Record(key, ingredients.input_hash(key), "", ingredients)
    with open_if_there(project.database) as connection:
        for _ in range(2):
            started = time.perf_counter()
            given = read_inputs(inventory, asset, connection)
            chart, drawing = _timed(lambda given=given: asset.function(**given))
            (_, drawn), picturing = _timed(lambda chart=chart: gallery.stage(asset, chart, record))
            _, checking = _timed(lambda drawn=drawn: gallery.export(drawn))
            wall = time.perf_counter() - started
    gallery.close()
    print(json.dumps({"chart": drawing, "pictures": picturing, "checks": checking, "wall": wall}))


def _timed(step: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a step returns, and the CPU seconds that this process and its children took for it."""
    before = _cpu()
    return step(), _cpu() - before


def _cpu() -> float:
    me = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in [me, *me.children(recursive=True)])


if __name__ == "__main__":
    main(sys.argv[1])
