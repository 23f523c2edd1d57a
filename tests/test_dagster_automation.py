"""What happens by itself in Dagster: jobs, a schedule, a sensor that looks as we do, and the partitions of sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from assets.engine.lock import build_lock
from assets.engine.stamp import LOCK
from assets.on_dagster import run_partitions
from assets.on_dagster.automation import automated, on_change
from tests.dagster_lots import MADE_OF_LOTS
from tests.dagster_statuses import Loaded, loaded
from tests.project_folders import Folder

STUDY = '''
import json


@observable_source_asset
def lots():
    """Numbers by lot."""
    if not Path("lots.json").exists():
        raise UserError("lots.json is not there: write it")
    lots = json.loads(Path("lots.json").read_text())
    partitions = {name: hashlib.sha256(repr(values).encode()).hexdigest() for name, values in lots.items()}
    return Observation(repr(sorted(partitions.items())), lots, partitions)


@asset(primary_key=["lot", "place"], partitions_def="lots")'''


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("lots"))
    folder.write(STUDY + MADE_OF_LOTS)
    write(folder, a=[1, 2], b=[3])
    folder.ran()
    return folder


@pytest.fixture
def folder(built: Folder, tmp_path: Path) -> Folder:
    return built.copy(tmp_path / "it")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def write(folder: Folder, **lots: list[int]) -> None:
    (folder.path / "lots.json").write_text(json.dumps(lots))


def tick(it: Loaded, cursor: str | None = None) -> tuple[set[str], str, str | None]:
    """Let the sensor look; return what it asks for, why it does not ask, and what it remembers."""
    (sensor,) = automated(it.bridge).sensors
    with dg.build_sensor_context(instance=it.instance, cursor=cursor, definitions=it.definitions) as context:
        data = sensor.evaluate_tick(context)
    asked = {key.path[0] for request in data.run_requests or () for key in request.asset_selection or ()}
    return asked, data.skip_message or "", data.cursor


def test_there_is_a_job_for_each_block_and_nothing_starts_by_itself(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    with loaded(folder, instance) as it:
        made = automated(it.bridge)
        assert [job.name for job in made.jobs] == ["all_assets", "all_tables", "all_files", "report_status"]
        assert [job.name for job in automated(it.bridge, {"figures": ("figure",)}).jobs] == ["report_status"]
        assert {s.default_status for s in made.schedules} == {dg.DefaultScheduleStatus.STOPPED}
        assert {s.default_status for s in made.sensors} == {dg.DefaultSensorStatus.STOPPED}
        layer = it.definitions.resolve_job_def("all_tables").asset_layer
        assert {key.path[0] for key in layer.selected_asset_keys} == {"items", "total"}


def test_a_job_tells_dagster_what_is_in_place_and_builds_nothing(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    with loaded(folder, instance) as it:
        (folder.path / "total.txt").unlink()
        assert it.definitions.resolve_job_def("report_status").execute_in_process(instance=instance).success
        assert {key: status for key, (status, _) in it.statuses().items()} == {
            "items": "FRESH",
            "total": "FRESH",
            "told": "MISSING",
        }


def test_a_source_that_cannot_be_read_is_said_in_a_line(folder: Folder, instance: dg.DagsterInstance) -> None:
    """By the job that tells Dagster, and where it is observed by itself: a traceback would only hide it."""
    with loaded(folder, instance) as it:
        (folder.path / "lots.json").unlink()
        everywhere = it.definitions.get_implicit_global_asset_job_def()
        observing = everywhere.get_subset(asset_selection={dg.AssetKey(["lots"])})
        for job in (it.definitions.resolve_job_def("report_status"), observing):
            result = job.execute_in_process(instance=instance, raise_on_error=False)
            (failed,) = [
                event.step_failure_data.error for event in result.all_events if event.is_step_failure
            ]
            assert failed and failed.message.endswith("Failure: lots.json is not there: write it\n")


def test_the_sensor_asks_for_what_is_not_fresh_and_for_one_state_once(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    with loaded(folder, instance) as it:
        assert tick(it)[:2] == (set(), "everything is fresh; Dagster was told of 5 changes")
        (folder.path / "total.txt").unlink()
        asked, _, cursor = tick(it)
        assert asked == {"told"}
        assert tick(it, cursor)[:2] == (set(), "asked for already: told (output is gone)")
        write(folder, a=[1, 2], b=[4])
        asked, _, cursor = tick(it, cursor)
        assert asked == {"items", "total", "told"}
        assert it.run()
        assert tick(it, cursor)[0] == set()
        (folder.path / "total.txt").unlink()  # as it was before, but it was made good in between
        asked, _, cursor = tick(it, cursor)
        assert asked == {"told"}
        (folder.path / "lots.json").unlink()
        assert tick(it, cursor)[:2] == (set(), "could not look: lots.json is not there: write it")


def test_what_is_lost_is_asked_for_again_though_dagster_forgot_that_it_was_made(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    """Else the sensor would take it for the state that it has asked for already."""
    (folder.path / "total.txt").unlink()
    cursor = None
    with loaded(folder, instance) as it:
        for _ in range(2):
            asked, _, cursor = tick(it, cursor)
            assert asked == {"told"}
            assert it.run("told")
            _, _, cursor = tick(it, cursor)
            (folder.path / "total.txt").unlink()
            instance.wipe_assets([dg.AssetKey(["told"])])


def test_the_sensor_waits_for_a_build_and_not_for_a_run_that_was_killed(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    with loaded(folder, instance) as it:
        (folder.path / "total.txt").unlink()
        job = it.definitions.resolve_implicit_global_asset_job_def()
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        with build_lock(Path(LOCK), print):
            assert tick(it)[:2] == (set(), "a build is going on: looked at when it is over")
        assert tick(it)[0] == {"told"}


def test_what_dagster_loaded_before_an_edit_asks_for_nothing(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    with loaded(folder, instance) as it:
        assert it.definitions, "loaded, before the edit"
        (folder.path / "total.txt").unlink()
        folder.edit("The sum, written down.", "The sum, told.")
        _, why, _ = tick(it)
        assert why == "code or settings were edited since Dagster loaded them: reload the definitions"


def test_what_a_source_consists_of_comes_changes_and_leaves(
    folder: Folder, instance: dg.DagsterInstance
) -> None:
    write(folder, a=[1, 2], b=[3], **{"bad...name": [1], "": [2]})
    with loaded(folder, instance) as it:
        described = replace(it.bridge, partitions={"lots": lambda: {"a": {"used": True}}})
        it = Loaded(described, instance)
        (spec,) = run_partitions.assets(it.bridge.project.definitions)
        assert (spec.key.path, [dep.asset_key.path for dep in spec.deps]) == (["lot"], [["lots"]])
        assert "lot" in it.report()
        assert {*instance.get_dynamic_partitions("lots")} == {"a", "b"}, "Dagster cannot hold the others"
        assert instance.get_materialized_partitions(spec.key) == {"a", "b"}
        (found,) = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=spec.key, asset_partitions=["a"]), limit=1
        ).records
        assert found.asset_materialization is not None
        assert found.asset_materialization.metadata["used"].value is True
        assert "lot" not in it.report()
    write(folder, a=[1, 2], c=[5])
    with loaded(folder, instance) as it:
        it = Loaded(replace(it.bridge, partitions=described.partitions), instance)
        assert "lot" in it.report()
        assert {*instance.get_dynamic_partitions("lots")} == {"a", "c"}
        events = instance.fetch_materializations(spec.key, limit=9).records
        assert [e.partition_key for e in events] == ["c", "b", "a"], "of `a` nothing is new"


def test_assets_that_dagster_runs_itself_wake_for_new_content_only() -> None:
    @dg.asset
    def up() -> None: ...

    @dg.asset(deps=[up], automation_condition=on_change())
    def down() -> None: ...

    def seen(version: str) -> None:
        tags = {"dagster/data_version": version}
        instance.report_runless_asset_event(dg.AssetMaterialization("up", tags=tags))

    def asked() -> int:
        nonlocal cursor
        result = dg.evaluate_automation_conditions([up, down], instance, cursor=cursor)
        cursor = result.cursor
        return result.total_requested

    cursor = None
    with dg.DagsterInstance.ephemeral() as instance:
        seen("1")
        instance.report_runless_asset_event(dg.AssetMaterialization("down"))
        asked()
        seen("1")
        assert asked() == 0
        seen("2")
        assert asked() == 1
