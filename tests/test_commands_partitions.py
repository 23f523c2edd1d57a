"""What is said of a table that is computed partition by partition."""

import json
from pathlib import Path

import pytest

from tests.command_runs import run
from tests.project_folders import Folder

LOTS = '''
import json

@observable_source_asset
def lots():
    """Lots of measurements."""
    lots = json.loads(Path("lots.json").read_text())
    return Observation(json.dumps(lots), lots, {name: json.dumps(values) for name, values in lots.items()})


@asset(partitions_def="lots", primary_key=["lot", "place"])
def items(lots, partition_keys) -> pa.Table:
    """One number of one lot."""
    rows = [(lot, place, v) for lot in partition_keys for place, v in enumerate(lots[lot])]
    return pa.table([list(column) for column in zip(*rows)], names=["lot", "place", "v"])
'''


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.write(LOTS)
    write(folder, a=[1, 2], b=[3], c=[4])
    return folder


def write(folder: Folder, **lots: list[int]) -> None:
    (folder.path / "lots.json").write_text(json.dumps(lots))


def due(folder: Folder, command: str = "status") -> dict[str, int] | None:
    told = run(folder, *command.split(), "--json").json
    row = told["assets"][0] if "assets" in told else told
    partitions: dict[str, int] | None = row["partitions"]
    return partitions


def test_status_counts_the_partitions_and_those_to_compute(folder: Folder) -> None:
    assert due(folder) == {"total": 3, "to_compute": 3}
    folder.ran()
    assert due(folder) == {"total": 3, "to_compute": 0}
    write(folder, a=[1, 2], b=[7], d=[5], e=[6])
    assert (
        due(folder) == due(folder, "why items") == due(folder, "show items") == {"total": 4, "to_compute": 3}
    )
    assert run(folder, "status").lines[-1].endswith("input changed: lots; partitions: 4, 3 to compute")
    assert "input changed: lots; partitions: 4, 3 to compute" in run(folder, "plan").lines[0]
    assert "partitions 4, 3 to compute" in run(folder, "show", "items").lines
    folder.ran()
    assert run(folder, "status").lines[-1].endswith("just now partitions: 4")


def test_changed_code_concerns_every_partition(folder: Folder) -> None:
    folder.ran()
    folder.edit('"place", "v"])\n', '"place", "w"])\n')
    assert due(folder) == {"total": 3, "to_compute": 3}


def test_nothing_is_counted_where_it_cannot_be_known(folder: Folder) -> None:
    folder.edit("def lots():", "def lots():\n    if not Path('lots.json').exists(): return Absent('away')")
    (folder.path / "lots.json").unlink()
    assert due(folder) is None
