"""The source text of the flows, read without running it, against the flows as Prefect has them."""

import ast
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import Flow, Task

from assets.engine.declarations import Absent, Observation
from assets.engine.errors import UserError
from assets.inputs import flow_code
from assets.settings import Settings
from flows import analysis_flow, experiment_flow, extraction_flow, study_flow
from flows.tasks import steps
from flows.tasks.analysis import drawing

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    m.__name__.replace(".", "/") + ".py": m
    for m in (analysis_flow, experiment_flow, extraction_flow, study_flow)
}


@pytest.fixture(scope="module")
def code() -> flow_code.FlowCode:
    return flow_code.read(ROOT)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for folder in (flow_code.FLOWS, flow_code.TASKS):
        (tmp_path / folder).mkdir()
        for path in (ROOT / folder).glob("*.py"):
            shutil.copy(path, tmp_path / folder)
    shutil.copy(ROOT / "Makefile", tmp_path)
    return tmp_path


def found(root: Path) -> Observation:
    seen = flow_code.observe(root)
    assert isinstance(seen, Observation)
    return seen


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def submitted(
    monkeypatch: pytest.MonkeyPatch, module: Any, keys: list[str], definitions: Any
) -> dict[str, set[str]]:
    """The tasks that a flow submits for these assets, and the tasks that each of them waits for."""
    waits: dict[str, set[str]] = {}

    def submit(task: Any, build: Any, *arguments: Any, wait_for: Any = ()) -> Any:
        name = task.name if task.name != "draw" else "generate"
        waits.setdefault(name, set()).update(waited.name for waited in wait_for)
        return SimpleNamespace(name=name, state=SimpleNamespace(is_completed=lambda: True), wait=lambda: None)

    monkeypatch.setattr(module, "submit", submit)
    module._submit(SimpleNamespace(inventory=SimpleNamespace(definitions=definitions)), keys)
    return waits


def test_every_flow_and_task_that_is_read_is_one_of_prefects(code: flow_code.FlowCode) -> None:
    for read in code.flows:
        module = MODULES[read.file]
        assert isinstance(getattr(module, read.name), Flow)
        for task in read.tasks:
            if "{" not in task.name:
                assert isinstance(getattr(module, task.name), Task)


def test_every_flow_and_task_of_prefects_is_read(code: flow_code.FlowCode) -> None:
    assert {flow.file for flow in code.flows} == set(MODULES)
    for read in code.flows:
        module = MODULES[read.file]
        imported = {
            k for k, v in vars(module).items() if isinstance(v, Flow) and v.fn.__module__ != module.__name__
        }
        there = {k for k, v in vars(module).items() if isinstance(v, Flow | Task)} - imported
        names = {read.name, *(task.name for task in read.tasks if "{" not in task.name)}
        assert there == names


def test_the_blocks_are_the_experiment_the_extraction_and_the_analysis_and_one_flow_runs_two(
    code: flow_code.FlowCode,
) -> None:
    assert [(flow.block, flow.name) for flow in code.flows] == [
        (0, "run_experiment"),
        (1, "extract_all_configs"),
        (2, "generate_figures"),
        (None, "reproduce_study"),
    ]


def test_the_task_of_a_figure_has_the_name_that_is_read(code: flow_code.FlowCode) -> None:
    factory = next(task for task in code.flows[2].tasks if "{" in task.name)
    assert factory.name.format(figure="roc") == drawing("roc").name == "generate_roc"


def test_tasks_stand_in_the_order_in_which_they_wait_for_each_other(
    code: flow_code.FlowCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, table = SimpleNamespace(upstream=()), SimpleNamespace(upstream=("runs",), partitions_def=None)
    tables = SimpleNamespace(sources={"runs": source}, assets={"table": table}, settings=Settings())
    waits = submitted(monkeypatch, extraction_flow, ["table"], tables)
    order = [task.name for task in code.flows[1].tasks]
    for name, before in waits.items():
        assert all(order.index(other) < order.index(name) for other in before)
    assert waits["write_duckdb"] == {"compute_stratos"}
    assert waits["compute_stratos"] == {"connect_mlflow"}


def test_figures_are_drawn_exported_and_validated_in_the_order_that_is_read(
    code: flow_code.FlowCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = SimpleNamespace(
        assets={"roc": SimpleNamespace(kind="figure", upstream=()), "report": SimpleNamespace(kind="file", upstream=("roc",))},
        told=lambda key: [],
    )  # fmt: skip
    waits = submitted(monkeypatch, analysis_flow, ["roc", "report"], definitions)
    order = [task.name.format(figure="roc") for task in code.flows[2].tasks]
    assert set(waits) == set(order)
    for name, before in waits.items():
        assert all(order.index(other) < order.index(name) for other in before)
    assert waits["validate_figures"] == {"export_json"}


def test_steps_are_tried_again_as_often_and_as_late_as_the_settings_say() -> None:
    chosen = Settings(retries=3, retry_delay_seconds=60)
    build = SimpleNamespace(inventory=SimpleNamespace(definitions=SimpleNamespace(settings=chosen)))
    assert steps.patience(build)["retries"] == 3  # type: ignore[arg-type]


def test_every_command_is_a_target_that_runs_what_is_read(code: flow_code.FlowCode) -> None:
    assert [c.target for c in code.commands] == ["reproduce", "experiment", "extract", "analyze", "ui"]
    for command in code.commands:
        dry = ["make", "-n", "-o", "setup", command.target]
        done = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True)
        assert command.runs.removeprefix("python ") in done.stdout


def test_what_else_is_there_is_named_with_what_it_says(code: flow_code.FlowCode) -> None:
    others = {other.file: other.says for other in code.others}
    assert set(others) == {"flows/reproduce_flow.py", "flows/serving.py", "flows/study/", "flows/tasks/"}
    assert all((ROOT / file).exists() for file in others)
    assert others["flows/reproduce_flow.py"] == "All blocks in their order"


def test_a_task_says_what_it_does_in_a_clause_of_its_docstring(code: flow_code.FlowCode) -> None:
    for flow in code.flows:
        for task in flow.tasks:
            tree = ast.parse((ROOT / task.file).read_text("utf-8"))
            texts = [ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)]
            assert any(task.says[1:] in " ".join(text.split()) for text in texts)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flows/tasks/analysis.py", "def export_json", "def write_sidecar"),
        ("flows/tasks/extraction.py", "Look at the MLflow store", "Open the MLflow store"),
        ("Makefile", "## Block 1: from the MLflow store", "## Block 1: from MLflow"),
        ("flows/extraction_flow.py", '"""Block 1:', '"""Block 3:'),
    ],
)
def test_what_the_picture_shows_is_part_of_the_data_version(
    copied: Path, file: str, old: str, new: str
) -> None:
    before = found(copied).data_version
    edited(copied / file, old, new)
    assert found(copied).data_version != before


def test_a_comment_and_the_place_of_the_files_are_not(copied: Path) -> None:
    before = found(ROOT).data_version
    with (copied / "flows/tasks/extraction.py").open("a", encoding="utf-8") as file:
        file.write("# a remark\n")
    shutil.copytree(ROOT / "flows/study", copied / "flows/study")
    assert found(copied).data_version == before


def test_all_that_was_read_is_watched_and_new_files_too(copied: Path) -> None:
    watched = found(copied).watched or {}
    assert {"flows", "flows/tasks", "flows/tasks/analysis.py", "Makefile"} <= {
        Path(path).relative_to(copied).as_posix() for path in watched
    }


def test_without_a_makefile_there_are_flows_and_no_commands(copied: Path) -> None:
    (copied / "Makefile").unlink()
    assert found(copied).value.commands == ()
    assert len(found(copied).value.flows) == 4


def test_without_flows_the_source_is_absent(tmp_path: Path) -> None:
    seen = flow_code.observe(tmp_path)
    assert isinstance(seen, Absent)
    assert "flows/" in seen.reason


def test_a_flow_that_does_not_parse_is_told_with_its_line(copied: Path) -> None:
    (copied / "flows/analysis_flow.py").write_text("x = 1\ndef broken(:\n", "utf-8")
    with pytest.raises(UserError, match=r"analysis_flow\.py:2"):
        flow_code.observe(copied)
