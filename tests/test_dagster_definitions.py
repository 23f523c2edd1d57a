"""Our assets as Dagster's definitions: what its command line, and its Python interface, make of them."""

import ast
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._cli import create_dagster_cli

from assets.engine.errors import TransientError, UserError
from assets.on_dagster import build_definitions
from tests.project_folders import ROOT, Folder

STRANGER = '''
from assets.engine import AssetKey  # a name that Dagster has, too


@observable_source_asset
def raw(memo):
    """A file."""
    return observed_files("raw.txt", memo=memo)


@asset(primary_key="id", group_name="first", kinds="csv", owners="ann@example.com", tags={"area": "eyes"},
       metadata={"unit": "mm"}, ranges={"v": (0, 100)})
def measured(raw) -> pa.Table:
    """One measurement."""
    if Path("break").exists():
        raise UserError("raw.txt is upside down: turn it")
    values = [int(word) for word in raw[0].read_text().split()]
    return pa.table({"id": list(range(len(values))), "v": values})


@asset
def total(measured: ir.Table) -> ir.Table:
    """The sum."""
    return measured.aggregate(total=measured.v.sum())


@asset(path="out/report.txt", group_name="last")
def report(total: pa.Table, output) -> Path:
    """What came out."""
    while Path("wait").exists():
        time.sleep(0.01)
    output.write_text(str(total["total"][0]))
    return output
'''
DEFS = """
from assets.on_dagster import build_definitions, project_of

defs = build_definitions(project_of("my_assets"))
"""
ODD_COLUMNS = """
@asset(ranges={"p-value": (0, 1), "p value": (0, 1), "é": (0, 1)})
def tests() -> pa.Table:
    return pa.table({"p-value": [0.1], "p value": [0.2], "é": [0.3]})
"""
ALIKE = """
@asset(name="a-b")
def one() -> pa.Table:
    return pa.table({"v": [1]})


@asset(name="NAME")
def other() -> pa.Table:
    return pa.table({"v": [1]})
"""
ALL = ["measured", "report", "total"]


pytestmark = pytest.mark.xdist_group("dagster")


def stranger(path: Path) -> Folder:
    found = Folder(path)
    found.write("import time\nfrom assets.engine import UserError\n" + STRANGER)
    found.write(DEFS, "defs.py")
    (path / "raw.txt").write_text("1 2 3")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A stranger's folder, built, as `dagster` is used in it."""
    found = stranger(tmp_path_factory.mktemp("stranger"))
    found.build()
    found.write("telemetry: {enabled: false}", "home/dagster.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(found.path / "home"))
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{found.path}")
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        yield found


def dagster(folder: Folder, *words: str) -> tuple[int, str]:
    """Run `dagster` in this process; return its exit code and what it printed, errors included."""
    with folder.inside():
        found = CliRunner().invoke(create_dagster_cli(), [*words])
        said = str(found.exception) if found.exception else ""
        return found.exit_code, f"{found.output}\n{said}"


def listed(folder: Folder, selection: str) -> list[str]:
    code, said = dagster(folder, "asset", "list", "-m", "defs", "--select", selection)
    assert code == 0, said
    return said.split()


def materialized(folder: Folder, selection: str) -> dict[str, str]:
    """Materialise with the command line; return the outcome of each asset of which Dagster was told."""
    code, said = dagster(folder, "asset", "materialize", "-m", "defs", "--select", selection)
    assert code == 0, said
    return outcomes()


def outcomes() -> dict[str, str]:
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_run_records(limit=1)
        events = instance.all_logs(run.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    told = [e.asset_materialization for e in events if e.asset_materialization]
    return {event.asset_key.path[0]: str(event.metadata["assets/outcome"].value) for event in told}


def test_everything_that_is_declared_is_said_to_dagster(folder: Folder) -> None:
    with folder.open() as project:
        defs = build_definitions(project)
        graph = defs.resolve_asset_graph()
    node = graph.get(dg.AssetKey("measured"))
    assert (node.group_name, node.description) == ("first", "One measurement.") and node.code_version
    assert node.kinds == {"csv", "table", "duckdb"} and list(node.owners) == ["ann@example.com"]
    assert node.tags["area"] == "eyes" and node.metadata["unit"] == "mm"
    assert node.parent_keys == {dg.AssetKey("raw")} and graph.get(dg.AssetKey("raw")).is_observable
    checks = {key.name for key in graph.get_check_keys_for_assets({dg.AssetKey("measured")})}
    assert checks == {"key_not_null", "key_unique", "range_of_v"}
    assert defs.executor is dg.in_process_executor


def test_dagster_validates_a_strangers_definitions(folder: Folder) -> None:
    code, said = dagster(folder, "definitions", "validate", "-m", "defs")
    assert code == 0, said


@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        ("*", ALL),
        ("group:first", ["measured"]),
        ("kind:table", ["measured", "total"]),
        ("kind:txt", ["report"]),
        ("tag:area=eyes", ["measured"]),
        ('owner:"ann@example.com"', ["measured"]),
        ("+total", ["measured", "total"]),
        ("total+", ["report", "total"]),
        ("roots(*)", ["measured"]),
        ("not kind:table", ["report"]),
    ],
)
def test_dagster_selects_as_we_do(folder: Folder, selection: str, keys: list[str]) -> None:
    assert listed(folder, selection) == keys


def test_an_unknown_key_is_refused_by_name(folder: Folder) -> None:
    code, said = dagster(folder, "asset", "materialize", "-m", "defs", "--select", "nope")
    assert code == 1 and "nope" in said


def test_an_upstream_that_was_never_built_is_named(folder: Folder, tmp_path: Path) -> None:
    code, said = dagster(stranger(tmp_path), "asset", "materialize", "-m", "defs", "--select", "total")
    assert code == 1 and "`total` reads `measured`, which is not built: build it first" in said


def test_a_run_that_is_killed_goes_on_where_it_was(folder: Folder) -> None:
    """The process imports names of ours that Dagster has, too, before Dagster; other tests do so after."""
    (folder.path / "raw.txt").write_text("1 2 3 4")
    (folder.path / "wait").touch()
    code = "import my_assets, dagster._cli; dagster._cli.main()"
    command = [sys.executable, "-c", code, "asset", "materialize", "-m", "defs", "--select", "*"]
    process = subprocess.Popen(command, cwd=folder.path, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr and any("Materialized value total." in line for line in process.stderr)
        assert process.poll() is None, "the report waits"
    finally:
        process.kill()
        process.communicate()
    assert outcomes() == {"measured": "built", "total": "built"}
    (folder.path / "wait").unlink()
    assert materialized(folder, "*") == {"measured": "skipped", "total": "skipped", "report": "built"}


def test_everything_is_skipped_when_nothing_changed_also_when_dagster_forgot_it(folder: Folder) -> None:
    folder.build()
    assert materialized(folder, "*") == dict.fromkeys(ALL, "skipped")
    code, said = dagster(folder, "asset", "wipe", "--noprompt", "--all")
    assert code == 0 and "Removed asset indexes from event logs" in said
    assert materialized(folder, "+total") == {"measured": "skipped", "total": "skipped"}


def test_a_failing_asset_fails_the_command(folder: Folder) -> None:
    (folder.path / "break").touch()
    (folder.path / "raw.txt").write_text("4 5")
    code, said = dagster(folder, "asset", "materialize", "-m", "defs", "--select", "measured")
    assert code == 1 and "raw.txt is upside down: turn it" in said
    (folder.path / "break").unlink()


def test_what_nobody_declares_is_refused_when_dagster_loads_it(folder: Folder, tmp_path: Path) -> None:
    broken = Folder(tmp_path)
    broken.write(
        "@asset\ndef total(mesured: ir.Table) -> ir.Table:\n    'One.'\n"
        + "@asset\ndef measured() -> pa.Table: 'One.'"
    )
    with pytest.raises(UserError, match=r"reads `mesured`, which nobody declares. Did you mean `measured`\?"):
        dagster_load(broken)


def dagster_load(folder: Folder) -> dg.Definitions:
    with folder.open() as project:
        return build_definitions(project)


def test_loading_looks_at_no_source_and_keeps_nothing_open(folder: Folder) -> None:
    with folder.open() as project:
        build_definitions(project)
        assert project.standing == {}, "no source was looked at"
        folder.sql("CREATE TABLE another AS SELECT 1")  # refused while anybody has the file open
        folder.sql("DROP TABLE another")


def test_a_database_that_somebody_writes_to_is_named_when_dagster_loads(folder: Folder) -> None:
    code = f"import duckdb; c = duckdb.connect({str(folder.database)!r}); print('open', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout and holder.stdout.readline() == "open\n"
        with pytest.raises(TransientError, match=f"is locked by process {holder.pid}"):
            dagster_load(folder)
    finally:
        holder.kill()
        holder.communicate()


def test_columns_of_any_name_may_have_ranges(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(ODD_COLUMNS)
    with folder.open() as project:
        loaded = build_definitions(project).resolve_asset_graph()
    (key,) = loaded.materializable_asset_keys
    assert {check.name for check in loaded.get_check_keys_for_assets({key})} == {
        "range_of_p_value",
        "range_of_p_value_2",
        "range_of__",
    }


@pytest.mark.parametrize("name", ["a_b", "all_assets", "report_status"])
def test_names_that_dagster_does_not_tell_apart_are_refused_in_a_line(tmp_path: Path, name: str) -> None:
    folder = Folder(tmp_path)
    folder.write(ALIKE.replace("NAME", name))
    with (
        folder.open() as project,
        pytest.raises(UserError, match=f"`{name}` have one name on Dagster's pages"),
    ):
        build_definitions(project)


def test_no_name_of_ours_is_taken_for_dagsters() -> None:
    """Dagster compiles the checks of its records among the names of whoever calls it first."""
    theirs = {
        name for name, thing in vars(dg).items() if inspect.isclass(thing) and "dagster" in thing.__module__
    }
    for path in [ROOT / "assets" / "definitions.py", *(ROOT / "assets" / "on_dagster").glob("*.py")]:
        nodes = [*ast.walk(ast.parse(path.read_text("utf-8")))]
        ours = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                ours |= {alias.asname or alias.name for alias in node.names}
        assert not ours & theirs, f"{path.name}: Dagster has {ours & theirs}, too"
