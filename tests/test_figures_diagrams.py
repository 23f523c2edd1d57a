"""The diagram of the orchestration: what it shows is what there is, and it fits."""

import dataclasses
import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from chart_figures import sidecar_of

from assets.charts.composition.datasets import split
from assets.charts.qa import check_figure, layout
from assets.charts.qa.exhibit import Exhibit
from assets.figures.diagrams import flow_code, orchestration
from assets.inputs.flow_code import FlowCode, Task
from assets.settings import Settings


@cache
def code() -> FlowCode:
    seen: Any = flow_code.function()
    assert isinstance(seen.value, FlowCode)
    return seen.value


def drawn(read: FlowCode | None = None, **settings: Any) -> Any:
    return orchestration.function(read or code(), Settings(**settings))


@cache
def figure() -> Any:
    return drawn()


def texts(figure: Any) -> list[str]:
    return [row["text"] for row in figure.datasets["texts"]]


def crowded() -> FlowCode:
    """A pipeline whose last flow has six tasks, one with a long name."""
    *others, last = code().flows
    more = Task("send_figures_to_the_journal", "flows/tasks/analysis.py", "Send what the journal asked for")
    return dataclasses.replace(code(), flows=(*others, dataclasses.replace(last, tasks=(*last.tasks, more))))


def test_the_diagram_is_sixteen_to_ten_and_passes_every_check() -> None:
    sidecar, files = sidecar_of("orchestration", figure())
    assert check_figure(sidecar, files).findings == ()
    size = sidecar["files"]["png"]
    assert size["width_mm"] / size["height_mm"] == pytest.approx(16 / 10, rel=0.005)
    assert sidecar["n_runs"] == 0


def test_the_drawing_in_the_architecture_is_the_one_that_the_code_gives() -> None:
    _, files = sidecar_of("orchestration", figure())
    copy = Path(__file__).resolve().parent.parent / "figures" / "orchestration.svg"
    assert copy.read_bytes() == files["svg"], (
        "copy figures/generated/orchestration.svg after a build to figures/"
    )


def test_there_is_room_for_another_task_with_a_long_name() -> None:
    spec, data = split(drawn(crowded()))
    figure = Exhibit({"spec": spec, "data": data}, {})
    assert layout.text_is_apart(figure).messages == layout.text_is_whole(figure).messages == ()


def test_what_a_command_says_goes_on_in_another_line_where_it_is_long() -> None:
    first, *others = code().commands
    long = dataclasses.replace(first, says="everything from the store of runs to the figures " * 2)
    spec, data = split(drawn(dataclasses.replace(code(), commands=(long, *others))))
    figure = Exhibit({"spec": spec, "data": data}, {})
    assert layout.text_is_apart(figure).messages == layout.text_is_whole(figure).messages == ()


@pytest.mark.parametrize(
    "element",
    [
        "Prefect Orchestration: Two Flows, One Pipeline",
        "What is Prefect?",
        "Extraction flow (Block 1)",
        "Analysis flow (Block 2)",
        "Code structure",
        "Running flows: make (recommended) or Python",
        "Key features",
        "foundation_plr_results.db",
        "figures/generated/*.png",
    ],
)
def test_every_part_of_the_diagram_is_there(element: str) -> None:
    assert element in texts(figure())


def test_every_flow_and_task_is_in_the_tree_with_its_decorator() -> None:
    shown = texts(figure())
    for flow in code().flows:
        assert shown[shown.index(f"{flow.name}()") + 1] == "@flow"
        for task in flow.tasks:
            assert shown[shown.index(f"{task.name}()") + 1] == "@task"


def test_every_command_is_shown_as_make_and_as_what_it_runs() -> None:
    for command in code().commands:
        assert {f"make {command.target}", command.runs} <= set(texts(figure()))


def test_tasks_stand_from_left_to_right_and_arrows_lead_from_each_to_the_next() -> None:
    rows = figure().datasets["texts"]
    for flow in code().flows[1:]:
        names = [task.name for task in flow.tasks]
        places = [next(row["x"] for row in rows if row["text"] == name) for name in names]
        assert places == sorted(places)
        heads = [head["x"] for head in figure().datasets["heads"]]
        for left, right in itertools.pairwise(places):
            assert any(left < x < right for x in heads)


def test_the_five_features_say_what_the_settings_say() -> None:
    shown = texts(drawn(retries=5, retry_delay_seconds=12.5, jobs=4))
    for name in ("retries", "dependencies", "logs", "Observability", "Parallel"):
        assert any(name in text for text in shown)
    assert "5 more attempts, 12.5 s apart, before a task counts as failed" in shown
    assert any("run 4 at a time" in text for text in shown)
    assert any("retries = 5, retry_delay = 12.5 s" in text for text in shown)


def test_the_alternative_text_names_tasks_in_order_and_commands() -> None:
    said = figure().usermeta["alt_text"]
    assert "connect_mlflow → load_pickle → compute_stratos → write_duckdb" in said
    assert "load_duckdb → generate_{figure} → export_json → validate_figures" in said
    assert all(f"make {command.target}" in said for command in code().commands)


def test_where_somebody_keeps_their_folders_is_not_shown() -> None:
    shown = drawn(database=str(Path.home() / "secret" / "mine.db"), figures_dir=str(Path.home() / "drawn"))
    assert "mine.db" in texts(shown)
    assert str(Path.home()) not in str(shown.datasets) + str(shown.usermeta)


def test_without_commands_the_rest_is_drawn() -> None:
    shown = texts(drawn(dataclasses.replace(code(), commands=())))
    assert "optional dashboard" in shown
    assert not any(text.startswith("make ") for text in shown)
