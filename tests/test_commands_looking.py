"""What the commands that only look say: status, list, show, graph, history; in words, and on a terminal in colours."""

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.command_runs import run
from tests.project_folders import MODULE, ROOT, Folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder.numbers(tmp_path_factory.mktemp("built"))
    folder.ran()
    return folder


@pytest.fixture
def edited(built: Folder, tmp_path: Path) -> Folder:
    """A helper changed: `measured` is stale, what reads it unsure."""
    folder = built.copy(tmp_path)
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    return folder


def test_status_counts_the_states_and_says_why(edited: Folder) -> None:
    told = run(edited, "status")
    assert told.code == 0
    assert told.lines == [
        "my_assets.duckdb: 5 assets, 1 fresh, 1 stale, 3 unsure",
        "raw source",
        "measured table stale 4 rows just now code changed: helpers:FACTOR",
        "by_parity table unsure 1 row just now waits for measured",
        "extremes table unsure 2 rows just now waits for measured",
        "summary table unsure 1 row just now waits for by_parity, extremes",
        "lines table fresh 1 row just now",
    ]


@pytest.mark.parametrize(
    ("selection", "code"), [("lines", 0), ("measured", 1), ("by_parity", 0), ("+by_parity", 1)]
)
def test_check_fails_unless_the_selection_is_fresh(edited: Folder, selection: str, code: int) -> None:
    assert run(edited, "status", selection, "--check").code == code
    assert run(edited, "status", selection).code == 0


def test_looking_writes_nothing(edited: Folder) -> None:
    before = edited.files()
    for command in ("status", "list", "show measured", "why measured", "plan", "graph", "history measured"):
        assert run(edited, *command.split()).code == 0
    assert edited.files() == before


def test_nothing_is_wrong_with_a_project_that_was_never_built(tmp_path: Path) -> None:
    folder = Folder.numbers(tmp_path)
    before = folder.files()
    assert "5 assets, 5 missing" in run(folder, "status").out
    assert "never built" in run(folder, "show", "measured").out
    assert run(folder, "why", "measured").out == "measured is missing: never built.\n"
    assert run(folder, "history", "measured").out == "measured was never built.\n"
    assert run(folder, "plan").lines[-1] == "5 to run"
    assert "missing" in run(folder, "graph").out
    assert folder.files() == before


def test_list_says_what_the_assets_are(built: Folder) -> None:
    assert run(built, "list", "+by_parity").lines == [
        "measured table default One measurement.",
        "by_parity table default One parity.",
    ]


def test_show_tells_all_of_an_asset(edited: Folder) -> None:
    told = run(edited, "show", "measured").lines
    assert told[:4] == [
        "measured: table of group default",
        "One measurement.",
        "state stale: code changed: helpers:FACTOR",
        "kept in my_assets.duckdb",
    ]
    for line in ("rows 4", "reads raw", "read by by_parity, extremes", "code my_assets:measured"):
        assert line in told
    columns = told.index("columns")
    assert told[columns + 1 : columns + 3] == ["id BIGINT", "v BIGINT what was measured, in 'units'"]
    assert told[columns + 3] == "materialisations, the newest first"
    assert re.match(r"\S+ 4 rows [\d.]+ s data \w{8} inputs \w{8} never built", told[columns + 4])


def test_history_says_what_had_changed_each_time(edited: Folder) -> None:
    edited.ran()
    edited.ran("measured", force=True)
    told = run(edited, "history", "measured").lines
    assert [line.partition(" inputs ")[2][9:] for line in told] == [
        "made from the same: forced, or its output was gone or edited",
        "code changed: helpers:FACTOR",
        "never built",
    ]
    assert run(edited, "history", "measured", "--limit", "2").lines == told[:2]


def test_graph_is_drawn_in_each_format(edited: Folder) -> None:
    assert run(edited, "graph", "+by_parity").lines == [
        "raw source",
        "└─ measured table stale",
        "└─ by_parity table unsure",
    ]
    assert run(edited, "graph", "--format", "mermaid").out.startswith("flowchart LR\n")
    root = ElementTree.fromstring(run(edited, "graph", "--format", "svg").out)
    assert "5 assets, 1 source" in str(root.findtext("{http://www.w3.org/2000/svg}title"))
    page = run(edited, "graph", "--format", "html").out
    assert f"<title>Lineage of {MODULE}</title>" in page and "code changed: helpers:FACTOR" in page


def test_graph_writes_a_file_whole(edited: Folder) -> None:
    shown = run(edited, "graph", "--format", "svg").out
    written = run(edited, "graph", "--format", "svg", "--output", "lineage.svg")
    assert (written.out, written.code) == ("", 0)
    assert (edited.path / "lineage.svg").read_text("utf-8") == shown
    assert not list(edited.path.glob(".*.tmp"))


def on_a_terminal(folder: Folder, *arguments: str, **variables: str) -> str:
    """Run a command on a terminal of its own, 100 columns wide, and return all that it wrote there."""
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "assets", "-m", MODULE, *arguments],
        cwd=folder.path,
        env={**environment, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "100", **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
    os.close(ours)
    assert process.wait(30) == 0
    return shown.decode()


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A project that is quick to load, and was never built."""
    folder = Folder(tmp_path_factory.mktemp("light"))
    code = "from assets.engine import asset\n\n@asset\ndef first() -> 'pa.Table':\n    'One.'\n"
    folder.write(code, header="")
    return folder


def test_a_terminal_shows_colours_and_a_pipe_does_not(light: Folder) -> None:
    assert re.search("\x1b\\[31mmissing *\x1b\\[0m", on_a_terminal(light, "status"))
    assert "\x1b" not in run(light, "status").out


@pytest.mark.parametrize("forbidden", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_can_be_forbidden(light: Folder, forbidden: dict[str, str]) -> None:
    shown = on_a_terminal(light, "status", **forbidden)
    assert "missing" in shown and "\x1b" not in shown


def test_a_build_on_a_terminal_counts_what_is_done_and_names_what_was_built(edited: Folder) -> None:
    shown = on_a_terminal(edited, "materialize")
    assert "5/5" in shown and re.search(r"built .*measured .*4 rows", shown)
    assert not re.search(r"skipped +.*lines", shown)
