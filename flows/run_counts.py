"""How many runs are used and how many are set aside, at which stage, so that nobody has to find out."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, get_args

from assets.inputs.quarantine import Stage

_STAGES = (*get_args(Stage), "duplicate")
# What MLflow says of a run is short enough for a line; other reasons stand in the table.
_SET_ASIDE = """
    SELECT stage, CASE field WHEN 'status' THEN status WHEN 'lifecycle_stage' THEN lifecycle_stage
                             WHEN 'is_synthetic' THEN 'synthetic' WHEN 'meta.yaml' THEN 'damaged' END AS why, count(*)
    FROM quarantined_runs JOIN extracted_runs USING (run_id) GROUP BY ALL ORDER BY count(*) DESC, why
"""


def run_counts(connection: Any) -> str:
    """Say in a line how many runs the tables of a DuckDB file use and set aside, by stage."""
    there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not {"runs", "quarantined_runs", "extracted_runs"} <= there:
        return "none published"
    ((used,),) = connection.execute("SELECT count(*) FROM runs").fetchall()
    return f"{used:,} used, {_set_aside(connection.execute(_SET_ASIDE).fetchall())}"


def _set_aside(rows: Iterable[tuple[str, str | None, int]]) -> str:
    by_stage = groupby(sorted(rows, key=lambda row: _STAGES.index(row[0])), key=lambda row: row[0])
    stages = {stage: [(why, count) for _, why, count in group] for stage, group in by_stage}
    total = sum(count for group in stages.values() for _, count in group)
    if not total:
        return "0 set aside"
    parts = ", ".join(
        f"{sum(n for _, n in group):,} {stage}{_reasons(group)}" for stage, group in stages.items()
    )
    return f"{total:,} set aside: {parts}; why: table quarantined_runs"


def _reasons(group: list[tuple[str | None, int]]) -> str:
    named = [(why, count) for why, count in group if why]
    return " (" + ", ".join(f"{count:,} {why}" for why, count in named) + ")" if named else ""
