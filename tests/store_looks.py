"""Looks at a store as the study takes them, and the rows that are read from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assets.engine.declarations import Observation
from assets.inputs import evidence
from assets.inputs.candidates import ExtractionRules
from assets.inputs.extraction import read
from assets.inputs.subjects import ensure_key


def look(
    uri: str,
    private: Path,
    *,
    memo: Any = None,
    rules: ExtractionRules | None = None,
    experiment: str | None = None,
) -> Observation:
    ensure_key(private)
    seen = evidence.observe(
        tracking_uri=uri,
        experiment=experiment,
        rules=rules or ExtractionRules(),
        private_dir=str(private),
        memo=memo,
        max_artifact_mb=256,
    )
    assert isinstance(seen, Observation), seen.reason
    return seen


def rows(seen: Observation, run_ids: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """Read the runs of a look; return their rows by run id."""
    tables = read(seen.value, sorted(seen.partitions) if run_ids is None else run_ids)
    return {row["run_id"]: row for table in tables for row in table.to_pylist()}
