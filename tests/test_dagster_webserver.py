"""Dagster's own webserver shows what we decide and declare: over GraphQL, and on the page of an asset in Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests

from assets.on_dagster import truth
from tests.dagster_lots import MADE_OF_LOTS
from tests.dagster_statuses import loaded
from tests.project_folders import ROOT, Folder
from tests.report_browser import chromium

__all__ = ["chromium"]

pytestmark = pytest.mark.xdist_group("dagster_webserver")

STUDY = '''
@observable_source_asset
def lots():
    """Numbers by lot."""
    return Observation("1", {"a": [1, 2], "b": [3]}, {"a": "of a", "b": "of b"})


@asset(
    primary_key=["lot", "place"],
    partitions_def="lots",
    group_name="evidence",
    owners=["ann@example.com"],
    tags={"privacy": "none"},
    kinds={"measurement"},
    ranges={"v": (0, 9)},
    columns={"v": "what was measured, in grams"},
)'''
DEFINITIONS = """
from assets.on_dagster import build_definitions, project_of

defs = build_definitions(project_of("my_assets"))
"""
INSTANCE = "telemetry:\n  enabled: false\n"

ASSETS = """{assetNodes{assetKey{path} description groupName kinds opVersion dataVersion staleStatus
  staleCauses{category reason dependency{path}} owners{... on UserAssetOwner{email}} tags{key value}
  dependencyKeys{path} isPartitioned isObservable partitionKeys
  assetMaterializations(limit: 1){metadataEntries{__typename label ... on IntMetadataEntry{intValue}
    ... on TextMetadataEntry{text}
    ... on TableSchemaMetadataEntry{schema{columns{name type description constraints{nullable}}}}}}
  assetChecksOrError{... on AssetChecks{checks{name blocking description
    executionForLatestMaterialization{status}}}}}}"""
STARTED = "{repositoriesOrError{... on RepositoryConnection{nodes{jobs{name} schedules{name scheduleState{status}} sensors{name sensorState{status}}}}}}"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("pages"))
    folder.write(STUDY + MADE_OF_LOTS)
    folder.write(DEFINITIONS, "definitions.py")
    folder.write(INSTANCE, "dagster.yaml")
    folder.ran()
    folder.edit("items.v.sum()", "items.v.max()")
    (folder.path / "total.txt").unlink()
    with dg.DagsterInstance.from_config(str(folder.path)) as instance, loaded(folder, instance) as it:
        truth.report(it.bridge, instance)
    return folder


@pytest.fixture(scope="module")
def server(study: Folder) -> Iterator[str]:
    """The webserver over the study; its code server ends with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DAGSTER_HOME": str(study.path), "PYTHONPATH": str(ROOT)}
    command = [
        str(Path(sys.executable).with_name("dagster-webserver")),
        "-m",
        "definitions",
        "-h",
        "127.0.0.1",
    ]
    with (study.path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "-p", str(port)], cwd=study.path, env=environment, stdout=log, stderr=log
        )
    try:
        yield answering(f"http://127.0.0.1:{port}", process, study.path / "server.log")
    finally:
        process.terminate()
        process.wait(30)


def answering(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server answers; AssertionError with its log if it ends, or does not in three minutes."""
    for _ in range(900):
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(f"{url}/server_info", timeout=5).ok:
                return url
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def asked(server: str, query: str) -> Any:
    answer = requests.post(f"{server}/graphql", json={"query": query}, timeout=60).json()
    assert "errors" not in answer, answer
    return answer["data"]


@pytest.fixture(scope="module")
def nodes(server: str) -> dict[str, Any]:
    return {node["assetKey"]["path"][0]: node for node in asked(server, ASSETS)["assetNodes"]}


def test_all_that_is_declared_is_there(nodes: dict[str, Any]) -> None:
    items = nodes["items"]
    assert items["description"] == "One number of one lot."
    assert (items["groupName"], nodes["lots"]["groupName"]) == ("evidence", "sources")
    assert {"duckdb", "measurement", "table"} <= {*items["kinds"]}
    assert items["owners"] == [{"email": "ann@example.com"}]
    assert {"key": "privacy", "value": "none"} in items["tags"]
    assert items["dependencyKeys"] == [{"path": ["lots"]}]
    assert nodes["lots"]["isObservable"]
    assert (nodes["lot"]["isPartitioned"], nodes["lot"]["partitionKeys"]) == (True, ["a", "b"])


def test_status_and_cause_are_ours(nodes: dict[str, Any], study: Folder) -> None:
    assert study.states() == {"items": "fresh", "total": "stale", "told": "missing"}
    assert {key: nodes[key]["staleStatus"] for key in study.states()} == {
        "items": "FRESH",
        "total": "STALE",
        "told": "MISSING",
    }
    assert [cause["category"] for cause in nodes["total"]["staleCauses"]] == ["CODE"]
    assert nodes["items"]["dataVersion"] == study.versions()["items"]
    assert nodes["items"]["opVersion"]


def test_columns_rows_and_checks_are_shown(nodes: dict[str, Any]) -> None:
    (event,) = nodes["items"]["assetMaterializations"]
    entries = {entry["label"]: entry for entry in event["metadataEntries"]}
    assert entries["dagster/row_count"]["intValue"] == 3
    columns = {column["name"]: column for column in entries["dagster/column_schema"]["schema"]["columns"]}
    assert columns["v"]["description"] == "what was measured, in grams"
    assert (columns["v"]["type"], columns["lot"]["constraints"]["nullable"]) == ("BIGINT", False)
    checks = nodes["items"]["assetChecksOrError"]["checks"]
    assert checks
    assert {check["executionForLatestMaterialization"]["status"] for check in checks} == {"SUCCEEDED"}
    assert all(check["blocking"] for check in checks)


def test_jobs_schedule_and_sensor_are_there_and_off(server: str) -> None:
    (found,) = asked(server, STARTED)["repositoriesOrError"]["nodes"]
    assert {"all_assets", "all_tables", "all_files", "report_status"} <= {
        job["name"] for job in found["jobs"]
    }
    assert [s["scheduleState"]["status"] for s in found["schedules"]] == ["STOPPED"]
    assert [s["sensorState"]["status"] for s in found["sensors"]] == ["STOPPED"]


def test_the_page_of_an_asset_says_what_it_is(server: str, chromium: Any) -> None:
    page = chromium.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server}/assets/items?view=overview")
    page.get_by_text("One number of one lot.").first.wait_for()
    page.get_by_text("what was measured, in grams").first.wait_for()
    shown = page.locator("body").inner_text()
    assert "ann@example.com" in shown
