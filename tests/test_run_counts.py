"""The line at the end of `make extract` that says how many runs are used, and why the others are not."""

import duckdb

from flows.run_counts import run_counts


def counted(used: int, *aside: tuple[str, str, str]) -> str:
    """The line for runs in use and others, each with its stage, field and MLflow status."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE runs AS SELECT * FROM range(?)", [used])
    connection.execute("CREATE TABLE quarantined_runs (run_id INTEGER, stage VARCHAR, field VARCHAR)")
    connection.execute(
        "CREATE TABLE extracted_runs (run_id INTEGER, status VARCHAR, lifecycle_stage VARCHAR)"
    )
    for run_id, (stage, field, status) in enumerate(aside):
        connection.execute("INSERT INTO quarantined_runs VALUES (?, ?, ?)", [run_id, stage, field])
        connection.execute("INSERT INTO extracted_runs VALUES (?, ?, 'deleted')", [run_id, status])
    return run_counts(connection)


def test_runs_set_aside_are_counted_by_stage_in_the_order_of_the_stages() -> None:
    line = counted(
        1406,
        ("duplicate", "", "FINISHED"),
        ("validate", "y_prob", "FINISHED"),
        ("listing", "status", "FAILED"),
        ("artifact", "metrics/*", "FINISHED"),
        ("listing", "status", "FAILED"),
    )
    parts = "2 listing (2 FAILED), 1 artifact, 1 validate, 1 duplicate"
    assert line == f"1,406 used, 5 set aside: {parts}; why: table quarantined_runs"


def test_different_reasons_of_the_listing_are_told_apart() -> None:
    fields = ("status", "lifecycle_stage", "lifecycle_stage", "is_synthetic", "meta.yaml")
    line = counted(0, *(("listing", field, "RUNNING") for field in fields))
    expected = "5 listing (2 deleted, 1 RUNNING, 1 damaged, 1 synthetic)"
    assert line == f"0 used, 5 set aside: {expected}; why: table quarantined_runs"


def test_nothing_set_aside_is_said_in_three_words() -> None:
    assert counted(80) == "80 used, 0 set aside"


def test_a_file_without_tables_of_runs_says_so() -> None:
    assert run_counts(duckdb.connect()) == "none published"
