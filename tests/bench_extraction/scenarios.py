"""What is measured: each step is a command in a process of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench_extraction.agreement import check
from tests.bench_extraction.measured import Cost, cost
from tests.bench_extraction.stores import written
from tests.large_stores import LargeStore, Shape, add_runs, change_run, remove_run

DATABASE = "data/public/foundation_plr_results.db"
UP_TO_PREDICTIONS = ("assets", "materialize", "+predictions")
EVERY_TABLE = ("flows", "extract", "--engine")
PEER, OURS = "the straightforward way", "ours"
ALL, PREFECT = "everything", "everything, under Prefect"


@dataclass(frozen=True)
class Measured:
    """One step: of which store, with how many runs, what was done, and what it took."""

    store: str
    runs: int
    step: str
    cost: Cost


def extraction(kind: str, shape: Shape, folder: Path, *, peer: bool = True) -> Iterator[Measured]:
    """Extract a store the straightforward way and ours, then look again, and after one run came, changed and went."""
    title = f"{kind}, whole pickles" if shape.complete else kind
    with written(kind, folder / "store", shape) as (store, uri):
        if peer:
            command = ("tests.bench_extraction.peer", uri, "peer.db")
            yield Measured(title, shape.runs, PEER, _cost(command, folder, uri))
        yield Measured(title, shape.runs, OURS, _cost(UP_TO_PREDICTIONS, folder, uri))
        if peer:
            check(folder / DATABASE, folder / "data/private", folder / "peer.db")
        for step in _steps(store):
            yield Measured(title, shape.runs, step, _cost(UP_TO_PREDICTIONS, folder, uri))


def every_table(shape: Shape, folder: Path) -> Iterator[Measured]:
    """Build all tables under the plain scheduler, look again, and after one run came; then under Prefect."""
    title, plain, prefect = "sqlite, all tables", (*EVERY_TABLE, "plain"), (*EVERY_TABLE, "prefect")
    with written("sqlite", folder / "store", shape) as (store, uri):
        yield Measured(title, shape.runs, ALL, _cost(plain, folder, uri))
        yield Measured(title, shape.runs, "nothing to do", _cost(plain, folder, uri))
        add_runs(store)
        yield Measured(title, shape.runs, "one run more", _cost(plain, folder, uri))
        other = folder / "prefect"
        other.mkdir()
        yield Measured(title, shape.runs, PREFECT, _cost(prefect, other, uri))


def start(folder: Path) -> Iterator[Measured]:
    """Start Python alone, and with what a build imports: what no command can do without."""
    for module, step in (
        ("this", "python alone"),
        ("tests.bench_extraction.imports", "python and the imports of a build"),
    ):
        yield Measured("", 0, step, cost((module,), folder, {}))


def _steps(store: LargeStore) -> Iterator[str]:
    """Change the store and say how."""
    yield "nothing to do"
    add_runs(store)
    yield "one run more"
    change_run(store, 1)
    yield "one run changed"
    remove_run(store, 2)
    yield "one run less"


def _cost(command: tuple[str, ...], folder: Path, uri: str) -> Cost:
    return cost(command, folder, {"MLFLOW_TRACKING_URI": uri, "MLFLOW_ALLOW_FILE_STORE": "true"})
