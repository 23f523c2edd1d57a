"""Figures of how the project itself works, drawn from its source text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets import charts, inputs
from assets.engine import Absent, Observation, asset, observable_source_asset

if TYPE_CHECKING:
    import altair as alt

    from assets.charts.code_tree import Leaf
    from assets.charts.flow_lanes import Lane, Place
    from assets.charts.orchestration import Command, Feature
    from assets.inputs.flow_code import Flow, FlowCode, Module, Task
    from assets.settings import Settings

_BLOCK_1, _BLOCK_2 = 1, 2
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class _Setup:
    """What the settings say of the flows."""

    database: Path
    figures: Path
    retries: int
    delay: float
    jobs: int


@observable_source_asset
def flow_code() -> Observation | Absent:
    """The flows, their tasks and the commands that start them, as the source text has them."""
    return inputs.flow_code.observe(_ROOT)


@asset(group_name="figures")
def orchestration(flow_code: FlowCode, settings: Settings) -> alt.LayerChart:
    """Prefect coordinates the two-block pipeline.

    The extraction flow leads from MLflow to DuckDB, with the computation of the STRATOS metrics; the analysis flow
    leads from DuckDB to figures, with their validation. Each flow consists of tasks that are tried again after a
    fault that may pass. The analysis flow can run independently when the DuckDB file already exists, so that figures
    are redrawn fast, without another extraction.
    """
    setup = _Setup(
        database=Path(settings.database),
        figures=Path(settings.figures_dir),
        retries=settings.retries,
        delay=settings.retry_delay_seconds,
        jobs=settings.jobs,
    )
    return charts.orchestration.orchestration(
        list(_lanes(flow_code, setup)),
        list(_leaves(flow_code)),
        list(_commands(flow_code)),
        list(_features(flow_code, setup)),
    )


def _lanes(code: FlowCode, setup: _Setup) -> Iterator[Lane]:
    """Yield a lane for each flow of the pipeline; Block 0 makes what the first one reads."""
    retries = f"each task: retries = {setup.retries}, retry_delay = {setup.delay:g} s"
    notes = {
        _BLOCK_1: f"{retries}, after a fault that may pass (network, lock)",
        _BLOCK_2: f"{retries}; can run independently: it needs the DuckDB file alone",
    }
    for flow in code.flows:
        if flow.block in notes:
            steps = [charts.flow_lanes.Step(task.name, task.says) for task in flow.tasks]
            heading = f"{Path(flow.file).stem.replace('_', ' ').capitalize()} (Block {flow.block})"
            ends = _places(code, flow, setup)
            yield charts.flow_lanes.Lane(heading, flow.name, flow.block, steps, notes[flow.block], *ends)


def _places(code: FlowCode, flow: Flow, setup: _Setup) -> tuple[Place, Place]:
    """Return what a flow reads, and what it writes."""
    place = charts.flow_lanes.Place
    file = "DuckDB file"
    if flow.block == _BLOCK_1:
        makers = [f"by {other.name}()" for other in code.flows if other.block == 0]
        return (
            place("database", "MLflow runs", ["if there are none, made", *makers] if makers else []),
            place("database", file, [f"{_shown(setup.database.parent)}/", setup.database.name]),
        )
    folder = _shown(setup.figures)
    return (
        place("database", file, ["the same file"]),
        place("picture", "Figures and files", [f"{folder}/*.png", "*.svg, *.pdf, data/*.json"]),
    )


def _leaves(code: FlowCode) -> Iterator[Leaf]:
    """Yield the lines of the tree: files with flows, other files to run, then folders, those with tasks first.

    A flow of no block has the colour of the one that stands before the two.
    """
    leaf = charts.code_tree.Leaf
    tasks = [(task, flow.block or 0) for flow in code.flows for task in flow.tasks]
    yield leaf("flows/")
    for flow in code.flows:
        yield leaf(flow.file, flow.name, "@flow", flow.block or 0)
        yield from (leaf(t.file, t.name, "@task", block) for t, block in tasks if t.file == flow.file)
    for other in sorted(
        code.others, key=lambda other: (other.file.endswith("/"), _holds(other, tasks) == [])
    ):
        yield leaf(other.file, says=other.says)
        yield from (leaf(t.file, t.name, "@task", block) for t, block in _holds(other, tasks))


def _holds(module: Module, tasks: list[tuple[Task, int]]) -> list[tuple[Task, int]]:
    """Return the tasks that are defined in a folder."""
    return [(task, block) for task, block in tasks if task.file.startswith(module.file)]


def _commands(code: FlowCode) -> Iterator[Command]:
    for command in code.commands:
        says = re.split(r"[;,]", command.says)[0].replace("->", "→")
        yield charts.orchestration.Command(command.target, command.runs, says)


def _features(code: FlowCode, setup: _Setup) -> Iterator[Feature]:
    boards = [command for command in code.commands if "server" in command.runs]
    board = "".join(
        f": make {b.target}, {page}" for b in boards for page in re.findall(r"https?://\S+", b.says)
    )
    attempts = f"{setup.retries} more attempts, {setup.delay:g} s apart"
    for icon, name, says in (
        ("retry", "Automatic retries", f"{attempts}, before a task counts as failed"),
        ("graph", "Task dependencies", "each task waits for what it needs; what is fresh is skipped"),
        ("page", "Execution logs", "every task logs to Prefect and, by loguru, to .assets/logs"),
        ("screen", "Observability", f"optional dashboard{board}"),
        ("lanes", "Parallel execution", f"independent tasks run {setup.jobs} at a time (setting jobs)"),
    ):
        yield charts.orchestration.Feature(icon, name, says)


def _shown(path: Path) -> str:
    """The path if it is relative; of another only the last part: where somebody's folders are is theirs."""
    return path.name if path.is_absolute() else path.as_posix()
