"""How Prefect runs the flows: their tasks in order, where they are in the code, and the commands that start them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from assets.charts import code_tree, flow_lanes
from assets.charts.code_tree import Leaf
from assets.charts.composition.about import about_diagram
from assets.charts.composition.canvas import Canvas
from assets.charts.composition.style import PAGE, REFERENCE, SMALL, TITLE, finished
from assets.charts.composition.typesetting import wrapped
from assets.charts.flow_lanes import SOFT, Lane

TITLE_TEXT = "Prefect Orchestration: Two Flows, One Pipeline"
_RATIO, _PADDING, _HEADING = 16 / 10, 4, 11.0
_LANES, _RIGHT, _COMMAND, _FEATURE = 40.5, 240.0, 8.0, 10.6
_WHAT = (
    ("graph", "Coordinates tasks", "each waits for what it needs"),
    ("retry", "Retries failed tasks", "automatically, after a delay"),
    ("page", "Tracks states and logs", "of every run of flow and task"),
    ("screen", "Shows what happens", "in a dashboard in the browser"),
)


@dataclass(frozen=True)
class Command:
    """A target of make, what it runs, and what that is for."""

    target: str
    runs: str
    says: str


@dataclass(frozen=True)
class Feature:
    """Something that Prefect does here: an icon, its name, and how."""

    icon: str
    name: str
    says: str


def orchestration(
    lanes: Sequence[Lane], tree: Sequence[Leaf], commands: Sequence[Command], features: Sequence[Feature]
) -> alt.LayerChart:
    """The flows as lanes of tasks between what they read and write; below them code, commands and features."""

    def draw(width: float) -> tuple[Any, dict[str, pd.DataFrame]]:
        sheet = Canvas(width, round(PAGE / _RATIO) - _PADDING)
        _header(sheet)
        top = flow_lanes.drawn(sheet, lanes, _LANES) + 11
        _headed(sheet, "Code structure", 0, top, _RIGHT - 16)
        code_tree.drawn(sheet, tree, top + 5.5, names=86)
        _headed(sheet, "Running flows: make (recommended) or Python", _RIGHT, top, width)
        below = _commands(sheet, commands, top + 7) + 10
        _headed(sheet, "Key features", _RIGHT, below, width)
        _features(sheet, features, below + 7.5)
        return sheet.drawn(), sheet.frames()

    # Vega takes the outermost texts and lines for a little wider than the sheet.
    return finished(draw, _said(lanes, commands), PAGE, margin=_PADDING + 3)


def _said(lanes: Sequence[Lane], commands: Sequence[Command]) -> dict[str, Any]:
    flows = [
        f"{lane.heading}, @flow {lane.function}: {' → '.join(step.name for step in lane.steps)}, from "
        f"{lane.reads.name} to {lane.writes.name} ({lane.note})."
        for lane in lanes
    ]
    made = "; ".join(f"make {command.target} ({command.says})" for command in commands)
    text = f"Prefect orchestration diagram showing two flows. {' '.join(flows)} Below: code structure in flows/ with "
    return about_diagram(TITLE_TEXT, f"{text}@flow and @task decorators, and key features. Commands: {made}.")


def _header(sheet: Canvas) -> None:
    sheet.text(0, 6, TITLE_TEXT, size=_HEADING)
    sheet.text(sheet.width, 7, "Coordinating the two-block pipeline", size=TITLE, align="right", fill=SOFT)
    sheet.line((0, 14.5), (sheet.width, 14.5), stroke=REFERENCE, width=0.4)
    sheet.text(0, 23, "What is Prefect?", size=TITLE)
    sheet.text(0, 32.5, "A workflow orchestration framework:", size=SMALL, fill=SOFT)
    for i, (icon, name, says) in enumerate(_WHAT):
        left = 112 + i * 102
        sheet.icon(icon, left, 28, 11)
        sheet.text(left + 11, 23.5, name)
        sheet.text(left + 11, 32.5, says, size=SMALL, fill=SOFT)


def _headed(sheet: Canvas, heading: str, left: float, y: float, right: float) -> None:
    sheet.text(left, y, heading, size=TITLE)
    sheet.line((left, y + 5), (right, y + 5), stroke=REFERENCE, width=0.4)


def _commands(sheet: Canvas, commands: Sequence[Command], top: float) -> float:
    """Put a line for each command; return where the last one ends."""
    for command in commands:
        sheet.text(_RIGHT, top + _COMMAND / 2, f"make {command.target}", size=SMALL)
        sheet.text(_RIGHT + 52, top + _COMMAND / 2, command.runs, size=SMALL)
        for line in wrapped(command.says, sheet.width - _RIGHT - 134, SMALL):
            sheet.text(_RIGHT + 134, top + _COMMAND / 2, line, size=SMALL, fill=SOFT)
            top += _COMMAND
    return top


def _features(sheet: Canvas, features: Sequence[Feature], top: float) -> None:
    for i, feature in enumerate(features):
        y = top + (i + 0.5) * _FEATURE
        sheet.icon(feature.icon, _RIGHT + 4, y, 7.5)
        sheet.text(_RIGHT + 13, y, feature.name, size=SMALL)
        sheet.text(_RIGHT + 82, y, feature.says, size=SMALL, fill=SOFT)
