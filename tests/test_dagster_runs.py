"""A Dagster run is our scheduler, watched: what it tells Dagster is what is in place."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.engine.errors import UserError
from assets.engine.schedule import Attempts, materialize
from assets.on_dagster.figures import Figures
from tests.dagster_runs import Ran, run, staged
from tests.gallery_folders import Drawing, Here
from tests.project_folders import EVERY, Folder

pytestmark = pytest.mark.xdist_group("dagster")

SIDE_BY_SIDE = '''
import threading

both = threading.Barrier(2, timeout=20)

@asset
def left() -> pa.Table:
    """One."""
    both.wait()
    return pa.table({"v": [1]})

@asset
def right() -> pa.Table:
    """One."""
    both.wait()
    return pa.table({"v": [2]})
'''


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture(scope="module")
def numbers_built(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder.numbers(tmp_path_factory.mktemp("numbers"))
    folder.build()
    return folder


@pytest.fixture
def built(numbers_built: Folder, tmp_path: Path) -> Folder:
    return numbers_built.copy(tmp_path / "copy")


@pytest.fixture
def numbers(tmp_path: Path) -> Folder:
    return Folder.numbers(tmp_path)


def test_a_run_builds_what_it_selects_and_a_second_one_skips_it(
    numbers: Folder, instance: dg.DagsterInstance
) -> None:
    with staged(numbers, instance) as stage:
        first, second = stage.run(), stage.run()
    assert first.succeeded and second.succeeded
    assert first.outcomes == dict.fromkeys(EVERY, "built")
    assert second.outcomes == dict.fromkeys(EVERY, "skipped")
    assert first.versions == second.versions == numbers.versions()


def test_what_was_built_elsewhere_is_skipped_and_what_is_built_here_is_seen_there(
    built: Folder, instance: dg.DagsterInstance
) -> None:
    built.edit("FACTOR = 2", "FACTOR = 3", "helpers.py")
    found = run(built, instance, "measured", "lines")
    assert found.outcomes == {"measured": "built", "lines": "skipped"}
    assert "code changed" in str(found.events["measured"].metadata["assets/because"].value)
    assert built.states()["measured"] == "fresh" and built.states()["by_parity"] == "stale"


def test_an_event_tells_columns_rows_and_what_it_was_made_from(
    built: Folder, instance: dg.DagsterInstance
) -> None:
    event = run(built, instance, "measured").events["measured"]
    schema = event.metadata["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    assert [(c.name, c.type) for c in schema.columns] == [("id", "BIGINT"), ("v", "BIGINT")]
    assert schema.columns[0].constraints == dg.TableColumnConstraints(nullable=False, unique=True)
    assert schema.columns[1].description == "what was measured, in 'units'"
    assert event.metadata["dagster/row_count"].value == 4
    assert event.metadata["dagster/table_name"].value == "my_assets.main.measured"
    with built.open() as project:
        assert event.metadata["assets/input_hash"].value == project.look().records["measured"].input_hash


def test_independent_tables_are_computed_side_by_side(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    folder = Folder(tmp_path)
    folder.write(SIDE_BY_SIDE)
    assert run(folder, instance).outcomes == {"left": "built", "right": "built"}


def test_the_force_tag_builds_what_is_selected_and_nothing_else(
    built: Folder, instance: dg.DagsterInstance
) -> None:
    assert run(built, instance, "by_parity", force=True).outcomes == {"by_parity": "unchanged"}


def test_a_failing_asset_says_our_line_and_leaves_the_others_alone(
    built: Folder, instance: dg.DagsterInstance
) -> None:
    built.edit("values = [helpers", "raise RuntimeError('no batteries')\n    values = [helpers")
    with built.inside():
        (built.path / "raw.txt").write_text("5 6")
    found = run(built, instance)
    assert not found.succeeded and found.outcomes == {}
    assert found.failures["measured"] == "`measured`: RuntimeError: no batteries"
    assert "my_assets.py" in found.traceback("measured"), "a bug shows where it is"
    assert "nothing was published" in found.failures["lines"], "readers must not find half a change"


def test_what_was_held_back_is_there_after_the_next_run(built: Folder, instance: dg.DagsterInstance) -> None:
    built.edit("values = [helpers", "1 / 0\n    values = [helpers")
    (built.path / "raw.txt").write_text("5 6")
    assert not run(built, instance).succeeded
    built.edit("1 / 0\n    values", "values")
    found = run(built, instance)
    assert found.succeeded and found.outcomes["lines"] == "skipped", "its rows were kept"
    assert found.versions == built.versions()


def test_an_upstream_that_was_never_built_is_named_with_what_to_do(
    numbers: Folder, instance: dg.DagsterInstance
) -> None:
    found = run(numbers, instance, "by_parity")
    assert found.failures == {
        "by_parity": "`by_parity`: `by_parity` reads `measured`, which is not built: build it first"
    }


def test_a_key_that_is_not_unique_fails_its_check_and_is_not_kept(
    numbers: Folder, instance: dg.DagsterInstance
) -> None:
    numbers.edit("pa.array(range(len(values)), pa.int64())", "pa.array([7 for _ in values], pa.int64())")
    found = run(numbers, instance, "measured", "by_parity")
    assert found.checks == {("measured", "key_unique"): False}
    assert list(found.failures) == ["measured"] and "more than once" in found.failures["measured"]
    assert found.outcomes == {} and not numbers.database.exists()


def test_checks_that_are_run_alone_look_at_what_is_in_place(
    built: Folder, instance: dg.DagsterInstance
) -> None:
    with staged(built, instance) as stage:
        assert stage.run(checks={"measured": "range_of_v"}).checks[("measured", "range_of_v")]
        built.sql("UPDATE measured SET v = -1")
        found = stage.run(checks={"measured": "range_of_v"})
        (evaluation,) = found.result.get_asset_check_evaluations()
    assert not evaluation.passed and evaluation.metadata["failing_rows"].value == 4
    assert found.outcomes == {}


def test_a_gate_that_refuses_fails_the_run_and_nothing_is_claimed(
    numbers: Folder, instance: dg.DagsterInstance
) -> None:
    def refuse(_: object) -> None:
        raise UserError("there is a name in it")

    found = run(numbers, instance, before_publishing=refuse)
    assert not found.succeeded and found.outcomes == {}
    assert set(found.failures.values()) == {"there is a name in it"}
    assert not numbers.database.exists()


def test_a_second_build_waits_for_the_first_and_finds_nothing_to_do(
    numbers: Folder, instance: dg.DagsterInstance
) -> None:
    (waiting, go_on) = threading.Event(), threading.Event()
    numbers.edit("    values = [helpers", "    ENTERED.set(); LEFT.wait(30)\n    values = [helpers")
    with staged(numbers, instance) as stage:
        namespace = stage.project.definitions.assets["measured"].function.__globals__
        namespace.update(ENTERED=waiting, LEFT=go_on)
        quiet = Attempts(0, 0)
        keys = stage.project.definitions.order
        other = threading.Thread(
            target=materialize, args=(stage.project, keys), kwargs={"attempts": quiet, "tell": lambda _: None}
        )
        other.start()
        assert waiting.wait(30)
        threading.Timer(1.0, go_on.set).start()
        found = stage.run()
        other.join()
    assert found.outcomes == dict.fromkeys(EVERY, "skipped")
    assert any(line.startswith("another build is running") for line in found.log)


def test_a_locked_database_is_said_in_a_line(built: Folder, instance: dg.DagsterInstance) -> None:
    (built.path / "raw.txt").write_text("5 6")
    code = f"import duckdb; c = duckdb.connect({str(built.database)!r}); print('open', flush=True); input()"
    with staged(built, instance) as stage:
        holder = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert holder.stdout and holder.stdout.readline() == "open\n"
            found = [stage.run("lines"), stage.run(checks={"measured": "range_of_v"})]
        finally:
            holder.kill()
            holder.communicate()
    line = f"{built.database.name} is locked by process {holder.pid}: close the program"
    assert [ran.failures.keys() for ran in found] == [{"lines"}, {"measured"}]
    assert all(said.startswith(line) for ran in found for said in ran.failures.values())


SILENT = """
@observable_source_asset
def server():
    if Path("down").exists():
        raise TransientError("The server does not answer.")
    return Observation("1", value=[1])

@asset
def read(server) -> pa.Table:
    return pa.table({"v": server})

@asset(path="told.txt")
def told(read: pa.Table, output) -> Path:
    output.write_text("1")
    return output
"""


def test_a_source_that_nothing_selected_reads_may_be_silent(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    folder = Folder(tmp_path)
    folder.write(SILENT)
    folder.build()
    (tmp_path / "down").touch()
    (tmp_path / "told.txt").unlink()
    found = run(folder, instance, "told")
    assert found.succeeded and found.outcomes == {"told": "restored"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawing:
    return Drawing.dots(tmp_path_factory.mktemp("dots"))


def drawing(folder: Drawing, instance: dg.DagsterInstance, **asked: dict[str, str]) -> Ran:
    gallery = Here(Path("figures"))
    with staged(folder, instance, kinds={"figure": Figures(gallery)}, stores={"figure": gallery}) as stage:
        return stage.run("dots", **asked)


LEVELS = ("qa_p0_integrity", "qa_p1_statistics", "qa_p2_print", "qa_p3_accessibility")


def test_a_figure_shows_a_preview_its_files_and_its_verdict(
    drawn: Drawing, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    found = drawing(drawn.copy(tmp_path / "copy"), instance)
    event = found.events["dots"]
    preview = str(event.metadata["assets/preview"].value)
    assert found.outcomes == {"dots": "skipped"}
    assert preview.startswith("![dots](data:image/png;base64,") and len(preview) < 40_000
    assert event.metadata["assets/svg"].value == "figures/dots.svg"
    assert found.checks == {("dots", level): True for level in LEVELS}


def test_a_figure_that_fails_its_checks_tells_which_and_is_not_claimed(
    drawn: Drawing, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    folder = drawn.copy(tmp_path / "copy")
    folder.edit('["a", "b", "c"], None)', '["a", "b"], None)')
    found = drawing(folder, instance)
    assert found.outcomes == {} and "is kept out" in found.failures["dots"]
    assert found.checks[("dots", "qa_p2_print")], "its other levels are told as well"
    failed = [e for e in found.result.get_asset_check_evaluations() if not e.passed]
    assert [e.check_name for e in failed] == ["qa_p1_statistics"]
    assert failed[0].severity is dg.AssetCheckSeverity.ERROR
    assert str(failed[0].metadata["findings"].value) in found.failures["dots"].replace("P1 ", "")


def test_the_checks_of_a_figure_that_are_run_alone_see_an_edited_picture(
    drawn: Drawing, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    folder = drawn.copy(tmp_path / "copy")
    with (folder.path / "figures/dots.png").open("ab") as file:
        file.write(b" ")
    found = drawing(folder, instance, checks={"dots": LEVELS[0]})
    assert found.checks[("dots", LEVELS[0])] is False and found.outcomes == {}
