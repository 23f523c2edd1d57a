"""A real tracking server over PostgreSQL that hands artifacts through itself, and what all kinds of store share."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from store_looks import look, rows
from written_stores import ARTIFACT, EXPERIMENT, WrittenStore, one

from assets.inputs.stores import fetched
from assets.inputs.stores.addresses import open_store
from assets.inputs.stores.experiments import choose_experiment

pytest_plugins = ["store_fixtures"]
pytestmark = [pytest.mark.server, pytest.mark.xdist_group("server")]

OF_THE_WRITER = {"run_id", "started_at", "finished_at"}


def rows_by_kind(written: WrittenStore, private: Path) -> dict[str, dict[str, Any]]:
    found = rows(look(written.uri, private, experiment=EXPERIMENT))
    return {
        kind: {name: value for name, value in found[run_id].items() if name not in OF_THE_WRITER}
        for kind, run_id in written.runs.items()
    }


def test_every_kind_of_store_gives_the_same_rows(
    file_store: WrittenStore,
    sqlite_store: WrittenStore,
    server_store: WrittenStore,
    postgres_store: WrittenStore,
    tmp_path: Path,
) -> None:
    expected = rows_by_kind(file_store, tmp_path)
    assert [kind for kind, row in expected.items() if row["quarantine_stage"] is None] == [
        "named",
        "by_params",
    ]
    for store in (sqlite_store, server_store, postgres_store):
        assert rows_by_kind(store, tmp_path) == expected


def test_a_server_has_the_versions_of_its_database(
    sqlite_store: WrittenStore, server_store: WrittenStore, tmp_path: Path
) -> None:
    assert look(server_store.uri, tmp_path).partitions == look(sqlite_store.uri, tmp_path).partitions


def test_a_large_artifact_comes_in_bounded_memory(postgres_store: WrittenStore) -> None:
    store = open_store(postgres_store.uri)
    run = one(store, postgres_store.runs["named"])
    (small,) = postgres_store.folder.glob(f"*/{run.run_id}/artifacts/{ARTIFACT}")
    size = 32 * 2**20
    with (small.parent / "large.bin").open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        store.digest(run, "metrics/large.bin", size)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        (small.parent / "large.bin").unlink()
    assert peak < fetched.LARGEST_BYTES + 8 * 2**20


def test_the_mark_of_an_artifact_moves_with_its_content(postgres_store: WrittenStore) -> None:
    store = open_store(postgres_store.uri)
    run = one(store, postgres_store.runs["failed"])
    (artifact,) = postgres_store.folder.glob(f"*/{run.run_id}/artifacts/{ARTIFACT}")
    before, data = store.stamp(run, ARTIFACT), artifact.read_bytes()
    assert before is not None
    artifact.write_bytes(bytes(reversed(data)))
    assert store.stamp(run, ARTIFACT) != before
    artifact.write_bytes(data)


def test_more_runs_than_a_page_holds_are_all_listed_once(
    postgres_store: WrittenStore, postgres_uri: str
) -> None:
    import sqlalchemy

    insert = (
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage, artifact_location, creation_time, last_update_time)"
        " VALUES (77, 'Many', 'active', '', 1000, 1000);"
        "INSERT INTO runs (run_uuid, name, status, lifecycle_stage, start_time, end_time, experiment_id, source_type,"
        " artifact_uri, user_id, source_name, source_version, entry_point_name)"
        " SELECT 'many' || n, 'run ' || n, 'FINISHED', 'active', 1000 + n / 7, 2000, 77, 'LOCAL', '', '', '', '', ''"
        " FROM generate_series(1, 2345) n"
    )
    engine = sqlalchemy.create_engine(postgres_uri)
    try:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(insert))
        store = open_store(postgres_store.uri)
        experiment = choose_experiment(store, "Many")
        assert [run.run_id for run in store.runs("77")] == sorted(f"many{n}" for n in range(1, 2346))
        assert store.finished_runs(experiment.experiment_id) == 2345
    finally:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("DELETE FROM runs WHERE experiment_id = 77"))
            connection.execute(sqlalchemy.text("DELETE FROM experiments WHERE experiment_id = 77"))
        engine.dispose()
