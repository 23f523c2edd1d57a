"""A Dagster run that is cancelled: what is finished is kept, and nothing more is begun."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.on_dagster.bridge import Metadata
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
