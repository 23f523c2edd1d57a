"""What can be typed: every command, where options may stand, and what is said of a slip of the pen."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assets.cli import main
from assets.commands.catalogue import COMMANDS
from assets.commands.completion import candidates
from tests.command_runs import run, said
from tests.project_folders import MODULE, ROOT, Folder

PROJECT = """
@asset(group_name="numbers", tags={"slow": "yes"}, owners=["me@example.org"], kinds={"sql"})
def first() -> pa.Table:
    '''One number.'''
    return pa.table({"v": [1]})


@asset
def second(first: pa.Table) -> pa.Table:
    '''One number more.'''
    return first
"""
SHELLS = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("typed"))
    made.write(PROJECT, header="from __future__ import annotations\nfrom assets.engine import asset\n")
    return made


def test_every_command_of_the_catalogue_has_a_function_and_says_what_it_does() -> None:
    from importlib import import_module

    for command in COMMANDS:
        function = getattr(import_module(f"assets.commands.{command.module}"), f"{command.name}_command")
        assert function.__doc__
        assert command.about[0].islower() and not command.about.endswith(".")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_of_each_command_ends_with_examples_that_parse(command, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from assets import cli

    told = said(command.name, "--help")
    assert told.code == 0 and command.examples
    assert told.out.rstrip().endswith("\n  ".join(["examples:", *command.examples]))
    monkeypatch.setattr(cli, "run", lambda module, name, options: int(options.command is not command))
    for example in command.examples:
        words = example.replace("source <(", "").replace(")", "").partition(" > ")[0].split()
        assert words[0] == "assets" and said(*words[1:]).code == 0


def test_the_help_of_all_lists_the_commands_the_selections_and_the_exit_codes() -> None:
    told = said("--help").out
    for command in COMMANDS:
        assert f"    {command.name} " in told
    for word in ("-m MODULE", "--json", "group:", "+name", "exit codes:", "  2    ", "  130  "):
        assert word in told


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["staus"], "Error: `staus` is no command. Did you mean `status`? See `assets --help`.\n"),
        (["status", "--chek"], "`--chek` is not understood here. Did you mean `--check`?"),
        (["status", "--checks", "first"], "Did you mean `--check`?"),
        (["graph", "--format", "svgg"], "`svgg` is no format. Did you mean `svg`?"),
        (["completion", "fihs"], "`fihs` is no shell. Did you mean `fish`?"),
        (["completion", "cmd"], "`cmd` is no shell. There are: bash, zsh, fish."),
        (["why"], "the following arguments are required: ASSET. See `assets why --help`."),
        (["materialize", "--jobs", "many"], "invalid int value: 'many'"),
        ([], "the following arguments are required: COMMAND"),
    ],
    ids=" ".join,
)
def test_what_does_not_parse_is_one_line_with_a_hint_and_exit_code_2(typed: list[str], says: str) -> None:
    told = said(*typed)
    assert (told.code, told.out) == (2, "")
    assert says in told.err and told.err.count("\n") == 1 and told.err.startswith("Error: ")


def test_options_are_not_guessed_from_how_they_begin() -> None:
    assert said("materialize", "--forc").code == 2


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["status", "secon"], "no asset is called `secon`. Did you mean `second`?"),
        (["why", "frist"], "no asset is called `frist`. Did you mean `first`?"),
        (["list", "group:number"], "no asset has group:number. Did you mean `numbers`?"),
        (["plan", "tag:slwo"], "no asset has tag:slwo. Did you mean `slow`?"),
        (["show", "xyzzy"], "no asset is called `xyzzy`. There are: first, second."),
        (["materialize", "--jobs", "0"], "--jobs 0 would compute nothing"),
        (["history", "first", "--limit", "0"], "--limit 0 would list nothing"),
        (["gc", "--max-size", "much"], "--max-size much is no size"),
        (["gc", "--keep", "-1"], "--keep -1 is no number of results"),
        (["graph", "--output", "nowhere/x.svg"], "nowhere is no folder"),
        (["graph", "--output", "."], ". is a folder: give --output the name of a file"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line_with_a_hint_and_exit_code_1(
    folder: Folder, typed: list[str], says: str
) -> None:
    told = run(folder, *typed)
    assert (told.code, told.out) == (1, "")
    assert says in told.err and told.err.count("\n") == 1 and told.err.startswith("Error: ")


def test_the_module_may_stand_before_or_after_the_command(folder: Folder) -> None:
    with folder.inside():
        before, after = said("-m", MODULE, "list"), said("list", "--module", MODULE)
    assert before.out == after.out and "first" in before.out


def test_a_module_without_assets_or_that_cannot_be_imported_is_a_mistake(folder: Folder) -> None:
    with folder.inside():
        Path("empty.py").write_text("x = 1\n")
        Path("broken.py").write_text("x = = 1\n")
        assert "declares no assets" in said("list", "-m", "empty").err
        assert "broken.py:1: invalid syntax" in said("list", "-m", "broken").err
        assert "cannot import `absent`" in said("list", "-m", "absent").err


def python(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_command_loads_the_code_of_no_other(tmp_path: Path) -> None:
    code = "import sys; from assets.cli import main; main(['completion', 'bash']); print(*sys.modules)"
    loaded = set(python("-c", code, folder=tmp_path).stdout.splitlines()[-1].split())
    assert {name for name in loaded if name.startswith("assets.commands.")} == {
        "assets.commands.catalogue",
        "assets.commands.completion",
        "assets.commands.running",
    }


def test_looking_at_what_was_looked_at_before_loads_nothing_heavy(tmp_path: Path) -> None:
    for name in ("penguins.py", "penguins.csv"):
        shutil.copy(ROOT / "tests" / "stories" / name, tmp_path)
    assert python("-m", "assets", "-m", "penguins", "materialize", folder=tmp_path).returncode == 0
    for command in (["status", "weights"], ["plan"], ["list"], ["graph"], ["materialize", "--dry-run"]):
        code = f"import sys; from assets.cli import main; main({['-m', 'penguins', *command]}); print(*sys.modules)"
        loaded = set(python("-c", code, folder=tmp_path).stdout.splitlines()[-1].split())
        assert "assets.engine.definitions" in loaded
        assert not {"duckdb", "ibis", "numpy", "pandas", "pyarrow", "rich", "fsspec"} & loaded, command


def test_a_reader_that_goes_away_is_no_accident(folder: Folder) -> None:
    program = f"{sys.executable} -m assets -m {MODULE}"
    for command in ("list", "graph --format html", "status --json"):
        shown = subprocess.run(
            ["bash", "-c", f"{program} {command} | true; echo ${{PIPESTATUS[0]}}"],
            cwd=folder.path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert shown.stderr == "" and shown.stdout.strip() in ("0", "141")


CASES = {
    "assets st": {"status"},
    "assets ": {command.name for command in COMMANDS},
    "assets -": {"--module"},
    "assets status --c": {"--check"},
    "assets materialize --force": {"--force", "--force-downstream"},
    f"assets -m {MODULE} why ": {"first", "second"},
    f"assets -m {MODULE} why f": {"first"},
    f"assets -m {MODULE} why first ": set(),
    f"assets why -m {MODULE} s": {"second"},
    f"assets -m {MODULE} status first s": {"second"},
    f"assets -m {MODULE} status +f": {"+first"},
    f"assets -m {MODULE} status first,+s": {"first,+second"},
    f"assets -m {MODULE} list group:": {"group:numbers", "group:default"},
    f"assets -m {MODULE} list kind:": {"kind:table", "kind:sql"},
    f"assets -m {MODULE} list tag:": {"tag:slow"},
    f"assets -m {MODULE} list owner:": {"owner:me@example.org"},
    f"assets -m {MODULE} graph --format m": {"mermaid"},
    f"assets -m {MODULE} graph --output ": set(),
    f"assets -m {MODULE} materialize --jobs 2 f": {"first"},
    "assets completion ": {"bash", "zsh", "fish"},
    f"assets -m {MODULE[:3]}": {MODULE},
    "assets -m absent why ": set(),
    "assets frobnicate ": {command.name for command in COMMANDS},
}


@pytest.mark.parametrize("line", CASES)
def test_completion_offers_what_fits(folder: Folder, line: str) -> None:
    with folder.inside():
        offered = said("--complete", line)
    assert (offered.code, set(offered.out.split())) == (0, CASES[line])


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("assets st", ["status"]),
        (f"assets -m {MODULE} why f", ["first"]),
        (f"assets -m {MODULE} list group:n", ["numbers"]),
        (f"assets -m {MODULE} list kind:", ["table", "sql"]),
        (f"assets -m {MODULE} status +s", ["+second"]),
        (f"assets -m {MODULE} status zzz", []),
    ],
)
def test_bash_completes_the_line(folder: Folder, line: str, replies: list[str]) -> None:
    """In a real bash: words are taken apart at `:`, so only what follows it is put in."""
    program = f'#!/bin/sh\nexec {sys.executable} -m assets "$@"\n'
    (folder.path / "assets").write_text(program)
    (folder.path / "assets").chmod(0o755)
    script = f"""
        source <(./assets completion bash)
        complete -p assets | grep -q 'complete -o default -F _assets assets' || echo not registered
        COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
        _assets ./assets
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=folder.path, env=environment, capture_output=True, text=True
    )
    assert (done.stdout.split(), done.stderr) == (replies, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_that_is_here_parses(shell: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(said("completion", shell).out)
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_completion_never_fails_however_the_line_looks() -> None:
    for line in (
        "",
        "assets",
        "assets 'open",
        'assets "',
        "assets -m",
        "assets \\",
        "\t",
        "assets --complete",
    ):
        assert isinstance(candidates(line), list)
    assert main(["--complete"]) == 0
