"""What `--json` prints is what assets/README.md documents: every field, and no other."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.commands import proving
from assets.commands.catalogue import COMMANDS
from assets.commands.loading import project_of
from tests.command_runs import run
from tests.project_folders import NUMBERS, ROOT, Folder
from tests.test_commands_partitions import LOTS
from tests.tiny_sidecars import dump, tiny

README = (ROOT / "assets" / "README.md").read_text("utf-8")
DOCUMENTED = {
    name: {line.split()[0] for line in block.splitlines() if not line.startswith(" ")}
    for name, block in re.findall(r"^```fields (\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
}
OPEN = {
    "sources",
    "tags",
    "columns",
    "settings",
    "libraries",
    "unchanged",
    "columns_retyped",
    "changed",
    "key",
}
"""Objects whose keys are names of the project's."""

PROJECT = (
    NUMBERS
    + LOTS
    + '''

class Settings:
    unit = 1


SETTINGS = Settings()


@asset(primary_key="id", owners=["team:eyes"], tags={"slow": ""}, kinds={"sql"}, columns={"id": "a number"})
def scaled(measured: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """One measurement in units."""
    return measured.assign(v=measured.v * settings.unit)


@asset(path="notes.txt")
def notes(summary: pa.Table, output: Path) -> Path:
    """What came out."""
    output.write_text(str(summary.num_rows))
    return output
'''
)
AUDITS = {"counted": lambda: "there are numbers"}
COMMANDS_RUN = {
    "status": ["status"],
    "list": ["list"],
    "schema": ["schema"],
    "show": ["show scaled", "show notes", "show measured", "show items"],
    "why": ["why measured", "why scaled", "why by_parity", "why notes", "why items"],
    "plan": ["plan"],
    "graph": ["graph"],
    "render": ["render tiny.json", "render tiny.json --into again"],
    "data": ["data tiny.json", "data tiny.json --into again"],
    "history": ["history measured", "history notes"],
    "diff": ["diff measured", "diff extremes --with other.duckdb"],
    "verify": ["verify"],
    "gc": ["gc --dry-run"],
    "materialize": ["materialize"],
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each command printed in a project where much has happened."""
    folder = Folder.numbers(tmp_path_factory.mktemp("json"))
    folder.write(PROJECT)
    (folder.path / "lots.json").write_text('{"a": [1]}')
    folder.ran()
    folder.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    folder.ran()
    (folder.path / "other.duckdb").write_bytes(folder.database.read_bytes())
    (folder.path / "tiny.json").write_bytes(elsewhere())
    folder.sql("ALTER TABLE extremes ALTER v TYPE DOUBLE; ALTER TABLE extremes RENAME what TO which")
    folder.edit("FACTOR = 3", "FACTOR = 4", "helpers.py")
    (folder.path / "raw.txt").write_text("1 2 3 4 5")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proving, "project_of", lambda module: replace(project_of(module), audits=AUDITS))
        return {
            name: [run(folder, *line.split(), "--json").json for line in lines]
            for name, lines in COMMANDS_RUN.items()
        }


def elsewhere() -> bytes:
    """A sidecar from a machine with another library."""
    return dump({**tiny(), "libraries": {"altair": "0.1"}})


def paths(value: Any, path: str = "", name: str = "") -> Iterator[str]:
    """Yield the path of every plain value in a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            step = "*" if name in OPEN else key
            yield from paths(inner, f"{path}.{step}" if path else step, key if step != "*" else "")
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{path}[]")
    else:
        yield path


def test_every_command_that_can_print_json_is_documented() -> None:
    names = {command.name for command in COMMANDS}
    by_figure = {"qa"}  # which takes a figure: see test_commands_qa.py
    assert set(DOCUMENTED) == set(COMMANDS_RUN) | by_figure == names - {"completion"}
    for name in names:
        assert re.search(rf"^\| `assets {name}\b", README, re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS_RUN)
def test_json_has_the_documented_fields_and_no_others(name: str, printed: dict[str, list[Any]]) -> None:
    found = {path for value in printed[name] for path in paths(value)}
    nothing = {path for path in found if any(known.startswith(f"{path}.") for known in DOCUMENTED[name])}
    assert found - nothing - DOCUMENTED[name] == set(), "printed, and not documented"
    assert DOCUMENTED[name] - found == set(), "documented, and never printed"


@pytest.mark.parametrize("name", COMMANDS_RUN)
def test_an_object_always_has_the_same_fields(name: str, printed: dict[str, list[Any]]) -> None:
    """A field without a value is null or empty; it is never left out."""
    shapes: dict[str, set[frozenset[str]]] = {}
    for value in printed[name]:
        for path, shape in shapes_of(value):
            shapes.setdefault(path, set()).add(shape)
    assert shapes and all(len(found) == 1 for found in shapes.values()), shapes


def shapes_of(value: Any, path: str = "", name: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(value, dict) and name not in OPEN:
        yield path, frozenset(value)
        for key, inner in value.items():
            yield from shapes_of(inner, f"{path}.{key}", key)
    elif isinstance(value, list):
        for inner in value:
            yield from shapes_of(inner, f"{path}[]", "" if isinstance(inner, dict) else name)


def test_what_is_documented_of_words_is_what_the_code_has() -> None:
    from assets.engine.build import Outcome
    from assets.engine.decide import Cause, State
    from assets.engine.plan import Action

    for words in (
        Cause.__members__,
        [s.value for s in State],
        [a.value for a in Action],
        [o.value for o in Outcome],
    ):
        for word in words:
            assert re.search(rf"\b{word.lower()}\b", README.partition("## JSON")[2]), word


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    folder.write(code, "penguins.py")
    (tmp_path / "penguins.csv").write_bytes((ROOT / "tests" / "stories" / "penguins.csv").read_bytes())
    folder.command("materialize", module="penguins", check=True)
    assert "Everything is fresh" in folder.command("materialize", module="penguins", check=True).stdout
