"""A Dagster run that is cancelled or fails: what is finished is kept, nothing more is begun, the next goes on there."""

import errno
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import duckdb
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan, execute_run
from dagster._core.execution.plan.state import KnownExecutionState

from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.on_dagster import running
from assets.on_dagster.bridge import Metadata, in_a_line
from assets.on_dagster.building import Building
from assets.on_dagster.files import FilesShown
from tests.dagster_runs import run, staged
from tests.project_folders import Folder

pytestmark = pytest.mark.xdist_group("dagster")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


CANCELLED = "    import signal; signal.raise_signal(signal.SIGINT); STOPPED.wait(30)\n"


def test_cancelling_keeps_what_is_finished(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = Folder.numbers(tmp_path)
    stopped, stop, before = threading.Event(), Building.stop, signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Building, "stop", lambda self: (stop(self), stopped.set()))
    numbers.edit("    odd = (measured", CANCELLED + "    odd = (measured")
    with staged(numbers, instance) as stage:
        stage.project.definitions.assets["by_parity"].function.__globals__["STOPPED"] = stopped
        found = stage.run()
    assert not found.succeeded and any(line.startswith("Stopping as soon as") for line in found.log)
    assert signal.getsignal(signal.SIGINT) is before
    assert not numbers.database.exists()
    with duckdb.connect(str(numbers.working_copy), read_only=True) as kept:
        assert kept.execute("SELECT count(*) FROM measured").fetchone() == (4,)
    numbers.edit(CANCELLED, "")
    again = run(numbers, instance)
    assert again.succeeded and again.outcomes["measured"] == "skipped"


CHAIN = """
@asset(path="first.txt")
def first(output) -> Path:
    output.write_text("1")
    return output

@asset(path="second.txt")
def second(first: Path, output) -> Path:
    STOPPED.wait(30)
    output.write_text("2")
    return output

@asset(path="third.txt")
def third(second: Path, output) -> Path:
    output.write_text("3")
    return output
"""


def test_a_run_that_is_cancelled_between_two_steps_begins_nothing_more(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, stop, metadata = threading.Event(), Building.stop, FilesShown.metadata

    def cancelled(self: FilesShown, inventory: Inventory, asset: Asset) -> Metadata:
        signal.raise_signal(signal.SIGINT)  # while Dagster is told of `first`
        return metadata(self, inventory, asset)

    monkeypatch.setattr(Building, "stop", lambda self: (stop(self), stopped.set()))
    monkeypatch.setattr(FilesShown, "metadata", cancelled)
    folder = Folder(tmp_path)
    folder.write(CHAIN)
    with staged(folder, instance) as stage:
        stage.project.definitions.assets["second"].function.__globals__["STOPPED"] = stopped
        assert not stage.run().succeeded
    assert stopped.is_set() and (tmp_path / "first.txt").exists()
    assert not (tmp_path / "third.txt").exists()


def test_a_file_that_cannot_be_written_is_said_in_a_line(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """As on a full disk, or in a folder that is read-only."""
    (tmp_path / ".assets" / "build.lock").mkdir(parents=True)
    found = run(Folder.numbers(tmp_path), instance)
    assert set(found.failures.values()) == {".assets/build.lock: Is a directory; mend that and run again"}


def test_an_error_in_which_the_system_says_nothing_is_a_bug() -> None:
    with pytest.raises(TimeoutError, match="late"), in_a_line():
        raise TimeoutError("late")


def test_work_that_is_finished_does_not_fail_because_the_rest_cannot_be_told(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(running, "report", Mock(side_effect=full))
    found = run(Folder.numbers(tmp_path), instance)
    assert found.succeeded and found.log[-1].startswith(
        "Dagster was not told of the rest: [Errno 28] No space left"
    )


FAILS = """
@asset
def good() -> pa.Table:
    with open("made.txt", "a") as made:
        made.write("once")
    return pa.table({"v": [1]})

@asset
def bad() -> pa.Table:
    if not Path("mended").exists():
        raise UserError("it is not mended")
    return pa.table({"v": [2]})
"""


def test_going_on_from_a_failure_does_what_is_left_and_forces_nothing_else(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """A run that goes on has the tags of the one before, the one that forces too."""
    folder = Folder(tmp_path)
    folder.write(FAILS)
    with staged(folder, instance) as stage:
        job = stage.definitions.resolve_job_def("all_assets")
        tags = {"assets/force": "true"}
        failed = job.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
        (tmp_path / "mended").touch()
        assert not failed.success and _go_on(job, failed.run_id, instance)
    assert (tmp_path / "made.txt").read_text() == "once"
    assert set(folder.states().values()) == {"fresh"}


def _go_on(job: dg.JobDefinition, failed: str, instance: dg.DagsterInstance) -> bool:
    """Do what the button "Re-execute from failure" does; return whether it went well."""
    parent = instance.get_run_by_id(failed)
    assert parent is not None
    left, known = KnownExecutionState.build_resume_retry_reexecution(instance, parent)
    plan = create_execution_plan(
        InMemoryJob(job), step_keys_to_execute=left, known_state=known, tags=parent.tags
    )
    run = instance.create_run_for_job(
        job_def=job,
        execution_plan=plan,
        parent_run_id=parent.run_id,
        root_run_id=parent.run_id,
        tags=parent.tags,
    )
    return execute_run(InMemoryJob(job), run, instance, raise_on_error=False).success
